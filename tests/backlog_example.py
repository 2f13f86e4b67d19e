"""Backlogs for tests: one invented product (an oven and its app) over twelve weeks, and its edge cases."""

from __future__ import annotations

from dataclasses import replace
from math import log1p

from feedback_mining.backlog.items import (
    Alert,
    Backlog,
    Campaign,
    Counts,
    EvidenceUnit,
    Factor,
    Item,
    Place,
    Praise,
    Question,
    Quote,
    Said,
    ThemeState,
    WeekFigures,
)
from feedback_mining.weeks import Week, last_weeks

WEEK = Week(2024, 16)
WEEKS = [str(week) for week in last_weeks(WEEK, 12)]
THEMES = {
    "stability": "稳定性",
    "performance": "性能",
    "connectivity": "连接与同步",
    "account": "账号与登录",
    "feature": "功能",
    "ui_ux": "界面与易用性",
    "content": "内容与搜索",
    "ads": "广告与打扰",
    "payment": "价格与支付",
    "service": "客服与售后",
    "product": "商品与硬件",
    "update_compat": "更新与兼容",
    "general": "整体评价",
}
WEIGHTS = {
    "reach": 0.3,
    "severity": 0.2,
    "sentiment": 0.15,
    "momentum": 0.2,
    "recency": 0.1,
    "confidence": 0.05,
}

# id, title, theme, intent, status, trend, weekly counts, negative share, what users say ("[…]" is the unit)
_SPEC: list[tuple[str, str, str, str, str, str, list[int], float, list[str]]] = [
    (
        "d-0041",
        "升级到 3.2.0 后打开菜谱闪退",
        "stability",
        "bug",
        "new",
        "surging",
        [0, 0, 1, 0, 2, 1, 0, 2, 1, 3, 9, 41],
        0.96,
        [
            "早上刚升完级，[一点红烧排骨那页就闪退]，重装两遍没用，正等着做饭呢。",
            "[3.2.0 进菜谱详情必崩]\n手机是前年的旗舰，不至于带不动吧。",
            "界面倒是变好看了，可是[看菜谱看到第二步自己退出去了]，锅里还烧着油。",
            "[收藏夹里的菜谱一个都打不开，点了就回桌面]。",
            "求求了，[新版本点开视频教程直接闪退]，旧版从来没有过。",
        ],
    ),
    (
        "d-0007",
        "烤箱频繁显示离线",
        "connectivity",
        "bug",
        "fixed",
        "cooling",
        [28, 31, 44, 52, 47, 39, 35, 33, 29, 27, 26, 9],
        0.9,
        [
            "路由器就在厨房隔壁，[烤箱还是一天掉线三四回]。",
            "[预热到一半显示设备离线]，人在楼下，不敢走开。",
            "客服让我重置了四次，[每次好两天又离线]。",
        ],
    ),
    (
        "d-0019",
        "平板横屏时菜谱能分两栏显示",
        "update_compat",
        "suggestion",
        "planned",
        "surging",
        [2, 3, 2, 4, 3, 5, 4, 6, 7, 9, 12, 15],
        0.2,
        [
            "平板立在料理台上，[希望横过来时左边食材右边步骤]，不用来回划。",
            "[横屏能不能分成两栏]？手上都是面粉，翻页太难了。",
            "[建议适配平板横屏]，买了支架就是为了看菜谱。",
        ],
    ),
    (
        "d-0023",
        "会员到期前没有提醒就自动续费",
        "payment",
        "complaint",
        "new",
        "steady",
        [6, 8, 7, 5, 9, 8, 6, 7, 9, 8, 7, 9],
        0.98,
        [
            "[一声不响扣了我九十八]，短信都没有一条。",
            "[续费前连个通知都不给]，找取消入口找了十分钟。",
        ],
    ),
    (
        "d-0030",
        "语音调温度总是听错数字",
        "feature",
        "bug",
        "accepted",
        "steady",
        [4, 5, 6, 5, 7, 6, 8, 7, 6, 9, 8, 8],
        0.8,
        [
            "我说一百八，[它给我调到一百一]，蛋糕塌成饼了。",
            "[四十和十分不清]，发酵差点烤熟。",
        ],
    ),
    (
        "d-0033",
        "新用户收不到注册验证码",
        "account",
        "bug",
        "reopened",
        "returned",
        [9, 14, 11, 3, 0, 0, 0, 0, 0, 0, 2, 12],
        0.94,
        [
            "[等了五分钟验证码也没来]，换了我妈的号一样。",
            "[注册页一直停在获取验证码]，新买的烤箱成摆设了。",
        ],
    ),
    (
        "d-0044",
        "开机广告太长且跳过按钮太小",
        "ads",
        "complaint",
        "new",
        "new",
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11],
        1.0,
        [
            "我就想关个火，[先让我看完五秒广告]？",
            "[跳过那个字小得像蚂蚁，一点就跳到购物页]。",
        ],
    ),
    (
        "d-0012",
        "定时结束后能自动保温",
        "feature",
        "suggestion",
        "declined",
        "steady",
        [5, 4, 6, 5, 4, 6, 5, 4, 5, 6, 4, 5],
        0.1,
        ["下班路上就烤好了，[要是到点能自己保温就完美了]。", "[想要烤完接着保温的选项]，冬天凉得快。"],
    ),
    (
        "d-0028",
        "搜索菜谱时不认近义的食材名",
        "content",
        "suggestion",
        "new",
        "steady",
        [3, 2, 4, 3, 3, 4, 2, 3, 4, 3, 4, 4],
        0.4,
        ["[搜洋芋什么都没有]，搜土豆一大堆，能不能认一下方言。", "[番茄和西红柿应该搜出同一批菜]。"],
    ),
    (
        "d-0016",
        "启动慢，首页要转圈很久",
        "performance",
        "bug",
        "fixed",
        "dormant",
        [18, 22, 19, 15, 8, 3, 1, 1, 0, 0, 0, 0],
        0.92,
        ["[点开要转七八秒]，水都开了它还没开。", "[首页那个圈转得我心慌]。"],
    ),
    (
        "d-0035",
        "家人共用一台烤箱要反复解绑",
        "account",
        "suggestion",
        "new",
        "steady",
        [1, 2, 1, 2, 2, 1, 3, 2, 2, 3, 2, 3],
        0.5,
        ["[希望能加家庭成员]，现在我和对象谁用谁得重新绑。"],
    ),
    (
        "d-0038",
        "售后电话打不通",
        "service",
        "complaint",
        "new",
        "steady",
        [2, 3, 1, 2, 3, 2, 2, 1, 3, 2, 2, 2],
        1.0,
        ["门封条裂了，[打了三天电话都是忙音]。"],
    ),
    (
        "d-0046",
        "深色模式下步骤文字看不清",
        "ui_ux",
        "bug",
        "new",
        "new",
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3],
        0.67,
        ["晚上烤面包开深色，[步骤那几行灰得看不见]。"],
    ),
]


def quote_of(said: str, number: int, rating: int | None = 1, url: str | None = None) -> Quote:
    """A quote from text whose unit stands in square brackets."""
    start, end = said.index("["), said.index("]") - 1
    return Quote(
        comment=f"qimai:{9000 + number}",
        text=said.replace("[", "").replace("]", ""),
        start=start,
        end=end,
        time=f"2024-04-{15 + number % 7:02d}T{8 + number % 12:02d}:30:00+08:00",
        rating=rating,
        version="3.2.0" if number % 2 else None,
        source="qimai" if number % 3 else "txc",
        url=url,
    )


def item_of(
    number: int,
    id: str,
    title: str,
    theme: str,
    intent: str,
    status: str,
    trend: str,
    counts: list[int],
    negative: float,
    says: list[str],
    weeks: list[str] = WEEKS,
) -> Item:
    """An item whose units, mixes, users and factors follow from its weekly counts."""
    mentions = sum(counts)
    bad = round(mentions * negative)
    units = []
    for week, count in reversed(list(zip(weeks, counts, strict=True))):
        for _ in range(count):
            k = len(units)
            said = says[k % len(says)]
            unit = said[said.index("[") + 1 : said.index("]")]
            version = None if k % 4 == 3 else "3.2.0" if week >= weeks[-2:][0] else "3.1.4"
            start = said.index("[")
            sentiment = "negative" if k < bad else "neutral"
            units.append(
                EvidenceUnit(
                    f"qimai:{number}{k:04d}", start, start + len(unit), unit, week, sentiment, version
                )
            )
    versions: dict[str, int] = {}
    for unit in units:
        if unit.version:
            versions[unit.version] = versions.get(unit.version, 0) + 1
    before = counts[-2] if len(counts) > 1 else 0
    users = max(round(counts[-1] * 0.93), round(mentions * 0.87), 1)
    seen = [week for week, count in zip(weeks, counts, strict=True) if count]
    ratio = (counts[-1] + 1) / (before + 1)
    values = {
        "reach": (min(1.0, log1p(counts[-1]) / 4), users * 0.6),
        "severity": ({"bug": 0.9, "complaint": 0.6}.get(intent, 0.4), 0.7),
        "sentiment": (negative, negative),
        "momentum": (counts[-1] / max(1, counts[-1] + before), ratio),
        "recency": (counts[-1] / max(1, max(counts)), 0.0 if counts[-1] else 4.0),
        "confidence": (0.8, 0.8),
    }
    factors = tuple(
        Factor(name, round(v, 3), WEIGHTS[name], round(raw, 3)) for name, (v, raw) in values.items()
    )
    return Item(
        id=id,
        title=title,
        theme=theme,
        intent=intent,
        status=status,
        trend=trend,
        priority=round(100 * sum(f.weight * f.value for f in factors) / sum(f.weight for f in factors), 2),
        factors=factors,
        users=users,
        mentions=mentions,
        users_this_week=round(counts[-1] * 0.93),
        units=tuple(units),
        first_seen=seen[0] if seen else weeks[-1],
        last_seen=seen[-1] if seen else weeks[-1],
        weekly_counts=dict(zip(weeks, counts, strict=True)),
        change_vs_last_week=counts[-1] - before,
        sentiment_mix={"negative": bad, "neutral": mentions - bad, "positive": 0},
        versions=versions,
        quotes=tuple(
            quote_of(said, number + k, url="https://example.com/review/1" if k == 0 else None)
            for k, said in enumerate(says[:3])
        ),
        keywords=tuple(title.split()[:2]),
        summary=_summary(units, says),
    )


def _summary(units: list[EvidenceUnit], says: list[str]) -> tuple[Said, ...]:
    """The first words as the need; from two sayings on, the second as what goes with it."""
    if not units:
        return ()
    first = units[0]
    told = [Said(first.text, len(units), (Place(first.comment, first.start, first.end),))]
    if len(says) > 1 and len(units) > 3:
        second = units[1]
        others = [Place(unit.comment, unit.start, unit.end) for unit in (second, units[2])]
        told.append(Said(second.text, 2, tuple(others), second.text[:2]))
    return tuple(told)


def typical() -> Backlog:
    """Twelve weeks, thirteen items, an outbreak, a relapse, a fix, two campaigns."""
    items = sorted(
        (item_of(number, *spec) for number, spec in enumerate(_SPEC, start=1)),
        key=lambda i: (-i.priority, i.id),
    )
    by_id = {item.id: item for item in items}

    def this_week(id: str) -> tuple[EvidenceUnit, ...]:
        return tuple(unit for unit in by_id[id].units if unit.week == WEEKS[-1])

    comments = [212, 230, 251, 240, 262, 248, 255, 239, 244, 260, 271, 338]
    shares = [0.44, 0.46, 0.49, 0.5, 0.48, 0.47, 0.46, 0.45, 0.46, 0.47, 0.47, 0.53]
    fresh = [3, 2, 1, 2, 0, 1, 2, 0, 1, 1, 1, 2]
    helping = [4, 3, 5, 4, 6, 5, 4, 7, 6, 5, 8, 9]
    return Backlog(
        product="栗子烤箱",
        week=str(WEEK),
        start=str(WEEK.monday),
        end=str(WEEK.sunday),
        timezone="Asia/Shanghai",
        versions={
            "code": "0.1.0",
            "taxonomy": "default-1",
            "dictionary": "2024.1",
            "models": {"intent": "2024-04-01", "sentiment": "2024-04-01"},
        },
        counts=Counts(
            rows_read=3307,
            stored=3050,
            duplicates=181,
            quarantined=76,
            duplicates_by_reason={"same_id": 140, "same_text": 41},
            quarantined_by_reason={"empty_text": 39, "not_a_comment": 31, "bad_time": 6},
            replies=48,
            near_duplicates=57,
            campaign_comments=63,
        ),
        figures=tuple(
            WeekFigures(week, n, round(n * 0.88), share, new)
            for week, n, share, new in zip(WEEKS, comments, shares, fresh, strict=True)
        ),
        items=tuple(items),
        alerts=(
            Alert(
                "d-0041",
                by_id["d-0041"].title,
                "surging",
                0.121,
                0.009,
                3e-22,
                this_week("d-0041"),
                "3.2.0",
                version_first_seen=WEEKS[-1],
                platform="iOS 17",
                people=38,
                usual=2.6,
            ),
            Alert("d-0033", by_id["d-0033"].title, "returned", 0.036, 0.012, 0.0007, this_week("d-0033")),
            Alert("d-0044", by_id["d-0044"].title, "new", 0.033, 0.0, 0.004, this_week("d-0044")),
        ),
        campaigns=(
            Campaign(
                "paid_praise",
                tuple(f"qimai:77{k:02d}" for k in range(41)),
                "41条五星好评在两天内发出，用词几乎相同，作者此前此后都没有别的评论。",
                "宝妈必备神器，全家都夸我手艺好，闭眼入不后悔！",
                "2024-04-11",
                "2024-04-12",
                5.0,
                id="C-94a0604e38",
                people=41,
                ratings={"5": 41},
                usual_ratings={"1": 820, "3": 240, "5": 1040},
            ),
            Campaign(
                "advertising",
                tuple(f"txc:55{k:02d}" for k in range(22)),
                "22条都留了同一个群号，内容与产品无关。",
                "烘焙副业月入过万，加群 ******** 领资料",
                "2024-04-16",
                "2024-04-18",
            ),
        ),
        themes=(
            ThemeState("connectivity", "surging", 52, 17.4, dict(zip(WEEKS, (*(17,) * 11, 52), strict=True))),
            ThemeState("ui_ux", "steady", 20, 19.0, dict.fromkeys(WEEKS, 19)),
            ThemeState("payment", "cooling", 3, 11.0, dict(zip(WEEKS, (*(11,) * 11, 3), strict=True))),
        ),
        praise=(
            Praise(
                "content",
                "跟着做从没翻过车",
                131,
                14,
                143,
                15,
                (quote_of("[跟着做从没翻过车]，连我爸都学会烤鸡翅了。", 61, 5),),
            ),
            Praise(
                "product",
                "受热很匀",
                90,
                8,
                96,
                8,
                (quote_of("用了大半年，[受热很匀]，比上一台强。", 62, 5),),
            ),
            Praise("general", "", 61, 5, 70, 6, (quote_of("[很好很好]，会一直用。", 63, 5),)),
        ),
        questions=(
            Question(
                "product",
                "请问烤盘能不能放洗碗机",
                7,
                2,
                8,
                2,
                (quote_of("[请问烤盘能不能放洗碗机]？说明书上没找到。", 71, 4),),
            ),
            Question(
                "feature",
                "老款烤箱也能用新的低温慢煮吗",
                1,
                1,
                1,
                1,
                (quote_of("[老款烤箱也能用新的低温慢煮吗]", 72, None),),
            ),
        ),
        signals={
            week: {"advocacy": 6 + k % 3, "churn": 3 + k // 3 + (5 if k == 11 else 0), "helping": helping[k]}
            for k, week in enumerate(WEEKS)
        },
    )


def first_week() -> Backlog:
    """One week only: nothing to compare with."""
    base = typical()
    week = [WEEKS[-1]]
    items = tuple(
        item_of(number, *spec[:5], "new", spec[6][-1:], *spec[7:], weeks=week)
        for number, spec in enumerate(_SPEC, start=1)
        if spec[6][-1]
    )
    return replace(
        base,
        items=tuple(sorted(items, key=lambda item: (-item.priority, item.id))),
        figures=(replace(base.figures[-1], new_demands=len(items)),),
        alerts=(),
        campaigns=(),
        signals={week[0]: base.signals[week[0]]},
    )


def empty() -> Backlog:
    """A week in which nothing was said, and no week before it."""
    return replace(
        typical(),
        items=(),
        alerts=(),
        campaigns=(),
        praise=(),
        questions=(),
        signals={},
        figures=(WeekFigures(WEEKS[-1], 0, 0, None, 0),),
        counts=Counts(0, 0, 0, 0),
        versions={},
    )


def quiet() -> Backlog:
    """Many comments, no outbreak, nothing new, a source that failed."""
    base = typical()
    calm = [
        item_of(number, *spec[:5], "steady", [spec[6][0] + 3] * 12, *spec[7:])
        for number, spec in enumerate(_SPEC, start=1)
    ]
    return replace(
        base,
        items=tuple(sorted(calm, key=lambda item: (-item.priority, item.id))),
        alerts=(),
        campaigns=(),
        figures=tuple(
            replace(figures, comments=240, people=201, negative_share=0.46, new_demands=0)
            for figures in base.figures
        ),
        notices=("应用商店抓取失败，以下不含周六以后的数据。",),
    )


def small() -> Backlog:
    """Under thirty comments in the week."""
    base = typical()
    few = [
        item_of(number, *spec[:6], [0, 1, 0, 2, 1, 0, 0, 1, 0, 1, 1, 2], *spec[7:])
        for number, spec in enumerate(_SPEC[:4], start=1)
    ]
    return replace(
        base,
        items=tuple(sorted(few, key=lambda item: (-item.priority, item.id))),
        alerts=(),
        campaigns=(),
        praise=(),
        figures=tuple(WeekFigures(week, 9 + k % 4, 8, 0.5, 1) for k, week in enumerate(WEEKS)),
    )


def one_item() -> Backlog:
    base = typical()
    return replace(base, items=base.items[:1], alerts=base.alerts[:1], campaigns=(), praise=(), questions=())


def hostile() -> Backlog:
    """Titles and words that try to become markup, formulas or a page wider than its reader's."""
    title = '=HYPERLINK("http://x")<script>alert(1)</script>' + "很长的标题" * 60
    said = "[" + "哈" * 1500 + "W" * 900 + "] <img src=x onerror=alert(2)> **粗** | 表 \x07"
    bad = item_of(
        1, "d-9", title, "theme_of_tomorrow", "bug", "triaged", "surging", list(range(1, 13)), 0.9, [said]
    )
    quote = replace(bad.quotes[0], url="javascript:alert(3)")
    base = typical()
    return replace(
        base,
        product="<b>产品</b>" + "A" * 120,
        items=(replace(bad, quotes=(quote,), why="-1+1 是<i>理由</i>"), *base.items),
        notices=("<script>alert(4)</script>",),
    )


def huge() -> Backlog:
    """Three hundred items."""
    base = typical()
    many = [replace(base.items[k % 13], id=f"d-{k:05d}", priority=90 - k * 0.25) for k in range(300)]
    return replace(base, items=tuple(many))


def english() -> Backlog:
    """A product whose users write English."""
    said = [
        "[It crashes whenever I open a recipe] since the update.",
        "Nice look, but [every recipe crashes].",
    ]
    items = (
        item_of(
            1,
            "d-1",
            "Recipes crash after 3.2.0",
            "stability",
            "bug",
            "new",
            "surging",
            [1] * 11 + [44],
            0.9,
            said,
        ),
        item_of(
            2,
            "d-2",
            "Two columns on a tablet",
            "feature",
            "suggestion",
            "planned",
            "steady",
            [4] * 12,
            0.1,
            said,
        ),
        item_of(
            3,
            "d-3",
            "Let the oven keep food warm",
            "feature",
            "suggestion",
            "new",
            "steady",
            [2] * 12,
            0.1,
            said,
        ),
    )
    base = typical()
    units = tuple(unit for unit in items[0].units if unit.week == WEEKS[-1])
    alert = Alert("d-1", items[0].title, "surging", 0.13, 0.004, 1e-9, units, "3.2.0")
    return replace(
        base, product="Chestnut Oven", items=items, alerts=(alert,), campaigns=(), praise=(), questions=()
    )
