"""Campaigns: floods are found with their evidence, and outages are never mistaken for them."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from feedback_mining.backlog.campaigns import find_campaigns, is_advertising
from feedback_mining.records import Comment, Quarantined
from feedback_mining.sources.files import read_comments
from feedback_mining.weeks import DEFAULT_ZONE

UNTIL = datetime(2024, 6, 3, 0, 0, tzinfo=UTC)
ORDINARY = [
    "看剧很流畅，缓存也快",
    "字幕大小可以调，挺贴心",
    "还行吧，偶尔转圈",
    "老人也会用，点赞",
    "片源比别家多",
    "画质清楚声音也好",
    "每天睡前听一集，不错",
    "开会员两年了，值",
    "投屏方便，家里电视能用",
    "弹幕好玩",
    "操作简单，喜欢",
    "推荐的片子合我口味",
]


def comment(
    number: int, text: str, *, days: float, author: str | None = "", rating: int | None = 5
) -> Comment:
    """`days` counts back from the end; every comment has its own author unless one is given."""
    return Comment(
        id=f"c{number:04d}",
        product="追剧盒",
        source="test",
        text=text,
        time=UNTIL - timedelta(days=days),
        author=f"u_{number}" if author == "" else author,
        rating=rating,
    )


def quiet(seed: int = 2) -> list[Comment]:
    """Twenty weeks of ordinary praise and some blame."""
    draw = random.Random(seed)
    texts = [(draw.choice(ORDINARY) + draw.choice(["", "！", "，加油", "，继续保持"]), 5) for _ in range(160)]
    texts += [(f"第{n}集放到一半就黑屏", 1) for n in range(30)]
    return [
        comment(5000 + n, text, days=draw.uniform(1, 140), rating=rating)
        for n, (text, rating) in enumerate(texts)
    ]


def mixed() -> list[Comment]:
    """As much blame as praise."""
    draw = random.Random(9)
    blame = [comment(6000 + n, f"片头广告第{n}次了", days=draw.uniform(1, 140), rating=2) for n in range(130)]
    return [*quiet(), *blame]


@pytest.mark.parametrize(
    "text",
    [
        "不错\n闲着的可以来玩，真人荷官，首存翻倍，加q：88345512",
        "【永乐娱乐城】百家乐、老虎机样样有，注册送58，上③⑥⑤⑧点com",
        "手 机 在 家 就 能 赚 钱，关注公众号〖小蜜蜂团队〗",
        "宝妈学生都能做的兼职，一天轻松八十，加薇❤️信 mifeng2024",
        "急用钱看这里，黑户也能秒下款，咨询微信13900001111",
        "买奶粉别被坑，appstore搜索【海小淘】，海外直邮",
        "填写我的邀请码7K9Q2M，登录就能领现金红包",
        "好用\n加q：*******，投注返水每天发",
    ],
)
def test_advertisements(text: str) -> None:
    assert is_advertising(text)


@pytest.mark.parametrize(
    "text",
    [
        "里面的彩票频道打不开了",
        "希望能接入微信登录，现在只能用手机号",
        "客服让我加微信13900001111，说红包能提现，结果一直不到账，骗人的",
        "广告太多了，全是兼职刷单和棋牌，能不能管管",
        "①字幕不同步 ②投屏断线 ③希望能倍速",
        "官网 www.example.com 和应用里的价格不一样",
        "关注了你们公众号也没看到活动",
        "很 好 用",
        "iPhone 8 更新 11.2 后打不开",
        "打折力度大，包邮，快递也快",
        "",
    ],
)
def test_opinions_are_no_advertisements(text: str) -> None:
    assert not is_advertising(text)


def test_advertising_is_collected_by_what_it_offers_with_its_evidence() -> None:
    gambling = [
        comment(n, f"{'好玩顶赞棒'[n % 5]}\n来永乐娱乐城，百家乐首存送58，加q：7712{n:04d}", days=20 + n / 10)
        for n in range(12)
    ]
    loan = comment(90, "信用卡代还，提额，无视征信花，咨询微信daihuan88", days=40)
    found = find_campaigns([*quiet(), *gambling, loan], UNTIL)
    assert [(c.kind, len(c.comments)) for c in found] == [("advertising", 12), ("advertising", 1)]
    assert set(found[0].comments) == {c.id for c in gambling}
    assert "12 条博彩广告" in found[0].evidence
    assert "12 个账号" in found[0].evidence
    assert (found[0].first, found[0].last) == ("2024-05-13", "2024-05-14")
    assert found[0].mean_rating == 5.0
    assert found[0].example in {c.text for c in gambling}


def test_a_copy_with_a_hidden_address_follows_its_original() -> None:
    body = "无意中找到的好地方，大家空闲的时候都可以来试试，操作特别简单，提现也很快，身边的朋友都在做，推荐"
    seen = comment(1, f"{body}，宝妈兼职，加微信 xiaomifeng1", days=5)
    hidden = comment(2, f"{body}，看我名片", days=4)
    found = find_campaigns([*quiet(), seen, hidden], UNTIL)
    assert [c.comments for c in found] == [("c0001", "c0002")]


def paid(count: int, days: float = 10) -> list[Comment]:
    slogans = ["影音新体验", "追剧好伙伴", "家庭大影院", "极致高画质"]
    frames = [
        "{}，很不错",
        "{}\n非常好的软件",
        "朋友推荐的，{}",
        "{}就选追剧盒",
        "用了一周，{}名不虚传",
        "{}",
    ]
    draw = random.Random(7)
    return [
        comment(n, draw.choice(frames).format(slogans[n % 4]), days=days - draw.uniform(0, 2))
        for n in range(count)
    ]


def test_paid_praise_is_found_by_its_slogans() -> None:
    ordered = paid(48)
    found = find_campaigns([*quiet(), *ordered], UNTIL)
    assert [c.kind for c in found] == ["paid_praise"]
    assert set(found[0].comments) == {c.id for c in ordered}
    assert "追剧好伙" in found[0].evidence or "剧好伙伴" in found[0].evidence


def test_one_feature_that_people_cheer_is_no_campaign() -> None:
    draw = random.Random(4)
    frames = ["终于有倍速播放了", "倍速播放太好用了", "{}，倍速播放好评", "谢谢加了倍速播放，{}"]
    cheers = [
        comment(n, draw.choice(frames).format(draw.choice(ORDINARY)), days=9 - draw.uniform(0, 2))
        for n in range(30)
    ]
    assert find_campaigns([*quiet(), *cheers], UNTIL) == []


def test_slogans_that_angry_people_use_too_are_no_paid_praise() -> None:
    ordered = paid(48)
    angry = [
        comment(200 + n, c.text + "？打不开", days=9 - n / 100, rating=1) for n, c in enumerate(ordered[:24])
    ]
    assert find_campaigns([*quiet(), *ordered, *angry], UNTIL) == []


def test_without_history_or_ratings_nothing_is_called_paid() -> None:
    assert find_campaigns(paid(48), UNTIL) == []
    unrated = [comment(n, c.text, days=9, rating=None) for n, c in enumerate(paid(48))]
    assert find_campaigns([*quiet(), *unrated], UNTIL) == []


def test_an_outage_is_no_campaign() -> None:
    draw = random.Random(6)
    cries = ["闪退", "一打开就闪退", "更新完闪退，赶紧修", "闪退闪退闪退", "今天更新后打开就闪退，请尽快修复"]
    outage = [
        comment(n, draw.choice(cries), days=3 - n / 200, rating=draw.choice([1, 1, 1, 2, 5]))
        for n in range(300)
    ]
    assert find_campaigns([*quiet(), *outage], UNTIL) == []


LONG = (
    "作为一个老用户必须说，这个软件的服务器真的太差劲了，"
    "建议大家都去用隔壁的小橙影院，那边片子又多又清楚还不用排队等加载"
)


def test_one_long_text_under_many_names_is_a_flood() -> None:
    brigade = [comment(n, LONG + "呀啊呢吧哦"[n], days=6 - n, rating=1) for n in range(5)]
    found = find_campaigns([*quiet(), *brigade], UNTIL)
    assert [(c.kind, len(c.comments), c.mean_rating) for c in found] == [("flood", 5, 1.0)]


def test_three_long_and_praising_texts_alike_are_a_flood() -> None:
    text = LONG + "，音质也对得起大屏幕，孩子动画老人戏曲各有专区，收藏夹还能同步到客厅那台旧盒子上继续看完"
    copies = [comment(n, text + "呀啊呢"[n], days=6 - n) for n in range(3)]
    assert [c.kind for c in find_campaigns([*quiet(), *copies], UNTIL)] == ["flood"]
    assert find_campaigns([*quiet(), *(replace(c, rating=1) for c in copies)], UNTIL) == []
    assert find_campaigns([*quiet(), *copies[:2]], UNTIL) == []


def test_the_same_words_of_one_author_or_spread_over_months_are_no_flood() -> None:
    loud = [comment(n, LONG, days=6 - n, author="u_loud", rating=1) for n in range(5)]
    slow = [comment(n, LONG, days=80 - 9 * n, rating=1) for n in range(5)]
    assert find_campaigns([*quiet(), *loud], UNTIL) == []
    assert find_campaigns([*quiet(), *slow], UNTIL) == []


def test_bought_stars_are_found_by_the_hour_in_which_they_come() -> None:
    short = ["好用", "不错", "挺好的", "赞一个", "很喜欢", "给力", "还可以", "真心推荐", "方便", "顶"]
    bought = [comment(n, short[n % 10] + "！" * (n % 3), days=5 - n / 24 / 20) for n in range(45)]
    (found,) = find_campaigns([*mixed(), *bought], UNTIL)
    assert (found.kind, set(found.comments)) == ("brigade", {c.id for c in bought})
    assert (found.people, found.ratings) == (45, {"5": 45})
    assert "45 个账号在 2 小时里给出 45 个五星" in found.evidence
    assert found.usual_ratings["1"] > 0


def test_stars_of_a_whole_day_or_among_blame_or_of_a_new_product_are_not_bought() -> None:
    def stars(hours: float) -> list[Comment]:
        return [comment(n, ORDINARY[n % 12], days=5 - n * hours / 24 / 45) for n in range(45)]

    assert find_campaigns([*mixed(), *stars(60)], UNTIL) == []
    blame = [comment(100 + n, f"第{n}集放不了", days=5 - n / 24 / 5, rating=1) for n in range(8)]
    assert find_campaigns([*mixed(), *stars(1.5), *blame], UNTIL) == []
    assert find_campaigns(stars(1.5), UNTIL) == []


def test_where_everybody_gives_top_ratings_a_crowd_is_no_brigade() -> None:
    sunny = [c for c in quiet() if c.rating == 5]
    crowd = [comment(n, f"{ORDINARY[n % 12]}{n}", days=5 - n / 24 / 20) for n in range(45)]
    coming = [comment(100 + n, f"{ORDINARY[n % 12]}{n}", days=5.1 + n / 40) for n in range(36)]
    assert find_campaigns([*sunny, *crowd], UNTIL) == []
    assert find_campaigns([*mixed(), *coming, *crowd], UNTIL) == []
    assert [c.kind for c in find_campaigns([*mixed(), *crowd], UNTIL)] == ["brigade"]


def test_days_without_hours_are_no_bursts() -> None:
    """A source that tells only the day puts all of a day into one instant."""
    steady = [
        comment(n, ORDINARY[n % 12] + str(n), days=int(n / 14)) for n in range(14 * 80)
    ]  # fourteen a day, for eighty days
    busy = [comment(5000 + n, ORDINARY[n % 12] + f"哦{n}", days=5) for n in range(20)]
    assert find_campaigns([*steady, *busy], UNTIL) == []


def test_a_crowd_that_cheers_one_thing_within_the_hour_is_not_bought() -> None:
    cheers = [
        comment(n, f"{'终于谢谢好评'[2 * (n % 3) :][:2]}倍速播放{ORDINARY[n % 12]}", days=5 - n / 24 / 20)
        for n in range(45)
    ]
    assert find_campaigns([*mixed(), *cheers], UNTIL) == []


def test_one_sentence_in_texts_of_many_names_is_a_campaign() -> None:
    sentence = "我觉得模式方面应该添加一些有趣的东西才对"
    around = ["挺好的软件", "老公推荐我下载的，平时看看电影", "画面干净", "夜里也看，声音不大，孩子不会醒"]
    spread = [comment(n, f"{around[n]}，{sentence}，{ORDINARY[n]}", days=5 - n) for n in range(4)]
    (found,) = find_campaigns([*quiet(), *spread], UNTIL)
    assert (found.kind, len(found.comments)) == ("phrase", 4)
    assert sentence in found.evidence
    angry = [replace(c, rating=1) for c in spread]  # an error message is copied so, too
    assert find_campaigns([*quiet(), *angry], UNTIL) == []
    assert find_campaigns([*quiet(), *spread, comment(9, sentence, days=70)], UNTIL) == []


def test_an_author_who_varies_one_text_counts_once() -> None:
    loud = [
        comment(n, f"这次更新以后放到一半就卡住了，第{n}次反馈", days=6 - n / 2, author="u_loud", rating=1)
        for n in range(8)
    ]
    (found,) = find_campaigns([*quiet(), *loud], UNTIL)
    assert (found.kind, found.people) == ("one_author", 1)
    assert set(found.comments) == {c.id for c in loud[1:]}
    assert find_campaigns([*quiet(), *(replace(c, author=c.id) for c in loud)], UNTIL) == []


def test_the_id_comes_from_the_first_comment() -> None:
    ordered = paid(48)
    (found,) = find_campaigns([*quiet(), *ordered], UNTIL)
    more = [*ordered, comment(99, "影音新体验，家庭大影院", days=7.9)]
    (grown,) = find_campaigns([*quiet(), *more], UNTIL)
    assert found.id == grown.id != ""
    assert len(grown.comments) == len(found.comments) + 1


FAULTS = [
    ("qimai/华为智能家居.xlsx", date(2018, 11, 5), "闪退|打不开"),
    ("qimai/美居.xlsx", date(2018, 1, 1), "闪退"),
    ("qimai/小米商城.xlsx", date(2016, 7, 11), "闪退"),
    ("timed/alipay_reviews.txt", date(2014, 9, 17), "登[陆录]|ios ?8"),
]


@pytest.mark.parametrize(("file", "start", "pattern"), FAULTS)
def test_no_voice_of_a_real_outage_is_called_a_campaign(
    shared_dir: Path, file: str, start: date, pattern: str
) -> None:
    zone = DEFAULT_ZONE
    rows = read_comments(shared_dir / "data" / file, zone=zone, product="x").rows
    comments = [
        Comment(str(k), "x", "test", row.text, row.time, row.author, row.rating)
        for k, row in enumerate(rows)
        if not isinstance(row, Quarantined) and row.time
    ]
    end = datetime.combine(start + timedelta(days=7), datetime.min.time(), zone)
    outage = {
        c.id
        for c in comments
        if end - timedelta(days=7) <= c.time < end and re.search(pattern, c.text, re.IGNORECASE)
    }
    flagged = {i for campaign in find_campaigns(comments, end) for i in campaign.comments}
    assert len(outage) >= 20
    assert not outage & flagged


def test_nothing_after_the_end_and_nothing_before_the_window_counts() -> None:
    late = [comment(n, "百家乐首存送58，加q：7712000", days=-n - 0.1) for n in range(4)]
    early = [comment(50 + n, "百家乐首存送58，加q：7712000", days=90 + n) for n in range(4)]
    assert find_campaigns([*quiet(), *late, *early], UNTIL) == []
    assert len(find_campaigns([*quiet(), *late, *early], UNTIL, weeks=16)) == 1


def test_order_of_the_comments_does_not_matter() -> None:
    comments = [*quiet(), *paid(48), *(comment(100 + n, LONG, days=n, rating=1) for n in range(5))]
    shuffled = random.Random(8).sample(comments, len(comments))
    assert find_campaigns(comments, UNTIL) == find_campaigns(shuffled, UNTIL) != []


def test_no_comments_no_campaigns() -> None:
    assert find_campaigns([], UNTIL) == []
