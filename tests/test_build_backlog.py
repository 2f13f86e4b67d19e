"""The backlog of a week: what counts, what does not, and the same from any order of inputs."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedback_mining.backlog.build import build_backlog
from feedback_mining.backlog.items import Backlog, Campaign, Counts
from feedback_mining.backlog.window import Timeline
from feedback_mining.backlog.wording import Wording, letter_pairs, letter_vectors
from feedback_mining.records import Analysis, Comment, Demand, Intent, Sentiment, Signal, Unit
from feedback_mining.weeks import Week

WEEK = Week(2024, 20)
MIDDAY = timedelta(hours=12)


class World:
    """Comments with one unit each, put together by hand."""

    def __init__(self) -> None:
        self.comments: list[Comment] = []
        self.analyses: dict[str, Analysis] = {}
        self.demands: dict[str, Demand] = {}
        self.memberships: dict[str, str] = {}

    def say(
        self,
        text: str,
        *,
        ago: int = 0,
        demand: str | None = None,
        author: str | None = "",
        intent: Intent = Intent.BUG,
        theme: str = "stability",
        sentiment: Sentiment = Sentiment.NEGATIVE,
        version: str | None = None,
        signals: tuple[Signal, ...] = (),
        hour: int = 0,
    ) -> str:
        number = len(self.comments)
        week = WEEK.plus(-ago)
        comment = Comment(
            id=f"c{number:05d}",
            product="记账本",
            source="test",
            text=text,
            time=week.start() + MIDDAY + timedelta(hours=hour, seconds=number),
            author=f"u_{number}" if author == "" else author,
            version=version,
        )
        unit = Unit(comment.id, 0, len(text), text, intent, theme, sentiment, 0.9)
        self.comments.append(comment)
        self.analyses[comment.id] = Analysis(comment.id, (unit,), signals)
        if demand:
            self.memberships[unit.id] = demand
            known = self.demands.get(demand)
            founded = min(str(week), known.founded) if known else str(week)
            self.demands[demand] = Demand(demand, "记账本", f"需求{demand}", theme, intent, founded)
        return comment.id

    def build(self, week: Week = WEEK, **changes: Any) -> Backlog:
        arguments: dict[str, Any] = {
            "product": "记账本",
            "week": week,
            "comments": self.comments,
            "analyses": self.analyses,
            "demands": list(self.demands.values()),
            "memberships": self.memberships,
            "campaigns": [],
            "repeats": set(),
            "counts": Counts(len(self.comments), len(self.comments), 0, 0),
            "versions": {"code": "test"},
        }
        return build_backlog(**(arguments | changes))


def lively(seed: int = 3) -> World:
    """Sixteen weeks of a few demands, an outbreak in the last."""
    draw = random.Random(seed)
    world = World()
    for ago in range(15, -1, -1):
        for _ in range(8):
            world.say(
                "记一笔很顺手", ago=ago, intent=Intent.PRAISE, theme="ui_ux", sentiment=Sentiment.POSITIVE
            )
        for demand, text in (("D1", "导出的表格打不开"), ("D2", "同步后账目少了"), ("D3", "预算提醒不响")):
            for _ in range(draw.randint(0, 2)):
                world.say(text, ago=ago, demand=demand, version="3.1", author=f"u_{draw.randint(0, 40)}")
    for n in range(14):
        world.say(f"点开账单就闪退了{n}", demand="D4", version="3.2")
    return world


def test_an_outbreak_is_alerted_ranked_first_and_told_from_its_version() -> None:
    backlog = lively().build()
    assert backlog.items[0].id == "D4"
    assert backlog.items[0].trend == "new"
    assert [i.priority for i in backlog.items] == sorted((i.priority for i in backlog.items), reverse=True)
    alert = backlog.alerts[0]
    assert (alert.demand, alert.kind, alert.since_version, len(alert.units)) == ("D4", "new", "3.2", 14)
    assert alert.rate > 5 * alert.expected
    assert backlog.figures[-1].new_demands == 1
    assert not [a for a in backlog.alerts if a.demand.startswith("theme:")]  # its own demand explains it


def test_a_theme_is_alerted_when_no_demand_of_it_is() -> None:
    world = World()
    for ago in range(11, 0, -1):
        for n in range(20):
            world.say(
                f"好用{n}", ago=ago, intent=Intent.PRAISE, theme="general", sentiment=Sentiment.POSITIVE
            )
        world.say("账目有点慢", ago=ago, demand="D1", theme="performance")
    for n in range(12):
        world.say(f"第{n}种打不开的办法", demand=f"S{n:02d}")
    alerts = world.build().alerts
    assert [(a.demand, len(a.units)) for a in alerts] == [("theme:stability", 12)]


def test_nothing_said_later_is_known() -> None:
    world = lively()
    before = world.build()
    for n in range(40):
        world.say(f"以后才有的问题{n}", ago=-1, demand="D9")
        world.say("导出的表格打不开", ago=-2, demand="D1", signals=(Signal.CHURN,))
    assert world.build(counts=before.counts).as_json() == before.as_json()


def test_the_week_ends_at_midnight_of_the_users() -> None:
    world = World()
    world.say("周一零点前一秒卡住了", demand="D1")
    last = replace(world.comments[0], time=WEEK.end() - timedelta(seconds=1))
    world.comments = [last]
    assert world.build().items[0].users_this_week == 1
    world.comments = [replace(last, time=WEEK.end())]
    assert world.build().items == ()
    assert world.build(week=WEEK.plus(1)).items[0].weekly_counts[str(WEEK.plus(1))] == 1
    tokyo = ZoneInfo("Asia/Tokyo")
    world.comments = [last]
    assert world.build(zone=tokyo).items == ()
    moved = world.build(week=WEEK.plus(1), zone=tokyo)
    assert moved.timezone == "Asia/Tokyo"
    assert moved.items[0].quotes[0].time.endswith("+09:00")


def test_campaigns_and_repeats_do_not_count() -> None:
    world = World()
    world.say("语音记账听不懂方言", demand="D1", author="u_a")
    again = world.say("语音记账听不懂方言！", demand="D1", author="u_a")
    bought = world.say("快来领钱", demand="D2")
    campaign = Campaign("advertising", (bought,), "1 条广告")
    backlog = world.build(campaigns=[campaign], repeats={again})
    assert [(i.id, i.users, i.mentions) for i in backlog.items] == [("D1", 1, 1)]
    assert (backlog.counts.near_duplicates, backlog.counts.campaign_comments) == (1, 1)
    assert (backlog.figures[-1].comments, backlog.figures[-1].people) == (1, 1)
    assert backlog.campaigns == (campaign,)
    assert len(world.build().items) == 2  # a person may overrule either


def test_people_are_authors_and_the_nameless_are_people_of_their_own() -> None:
    world = World()
    for n in range(5):
        world.say(f"登录要点{n}次", demand="D1", author="u_loud")
        world.say(f"广告关不掉第{n}天", demand="D2", author=None)
    items = {i.id: i for i in world.build().items}
    assert (items["D1"].users, items["D1"].mentions) == (1, 5)
    assert (items["D2"].users, items["D2"].mentions) == (5, 5)
    assert items["D2"].priority > items["D1"].priority
    assert len(items["D1"].quotes) == 1
    assert len(items["D2"].quotes) >= 1


def test_one_loud_user_raises_no_alarm() -> None:
    world = lively()
    for n in range(30):
        world.say(f"我的发票呢{n}", demand="D7", author="u_loud")
    backlog = world.build()
    assert "D7" not in [a.demand for a in backlog.alerts]
    assert backlog.items[0].id == "D4"


def test_quotes_are_of_different_people_recent_and_marked() -> None:
    world = World()
    for _ in range(6):
        world.say("导出的表格在电脑上打不开", ago=8, demand="D1")
    world.say("导出的表格打不开，提示格式不对", ago=1, demand="D1")
    world.say("手机里导出的账单表格，邮件收到以后打不开", demand="D1")
    quotes = world.build().items[0].quotes
    assert len({q.comment for q in quotes}) == len(quotes) == 3
    assert {q.text for q in quotes[:2]} == {c.text for c in world.comments[-2:]}
    assert all(q.text[q.start : q.end] == q.text for q in quotes)


def test_the_window_bounds_counts_and_the_history_says_when_it_began() -> None:
    world = World()
    world.say("小组件不刷新", ago=30, demand="D1")
    world.say("小组件不刷新了", ago=3, demand="D1")
    world.say("小组件还是不刷新", demand="D1", version="3.2")
    world.say("很久以前的问题", ago=20, demand="D2")
    backlog = world.build()
    (item,) = backlog.items
    assert (item.mentions, item.first_seen, item.last_seen) == (2, str(WEEK.plus(-30)), str(WEEK))
    assert list(item.weekly_counts) == [str(WEEK.plus(k - 11)) for k in range(12)]
    assert sum(item.weekly_counts.values()) == item.mentions
    assert item.change_vs_last_week == 1
    assert item.versions == {"3.2": 1}
    assert [u.week for u in item.units] == [str(WEEK), str(WEEK.plus(-3))]
    assert len(world.build(window_weeks=2).items[0].weekly_counts) == 2


def test_only_actionable_units_with_a_demand_are_items() -> None:
    world = World()
    world.say("垃圾", intent=Intent.COMPLAINT, theme="general")
    world.say("怎么换头像", intent=Intent.QUESTION, theme="account", sentiment=Sentiment.NEUTRAL, hour=1)
    world.say("在哪里看年度账单", intent=Intent.QUESTION, theme="feature", hour=2)
    world.say("上周问过的", ago=1, intent=Intent.QUESTION)
    world.say("界面清爽", intent=Intent.PRAISE, theme="ui_ux", demand="P1", sentiment=Sentiment.POSITIVE)
    world.say("界面好看", ago=2, intent=Intent.PRAISE, theme="ui_ux", sentiment=Sentiment.POSITIVE)
    backlog = world.build()
    assert backlog.items == ()
    asked = [(q.title, q.users_this_week) for q in backlog.questions]
    assert asked == [("怎么换头像", 1), ("在哪里看年度账单", 1), ("上周问过的", 0)]
    assert sorted((p.title, p.mentions, p.mentions_this_week) for p in backlog.praise) == [
        ("界面好看", 1, 0),
        ("界面清爽", 1, 1),
    ]
    assert backlog.figures[-1].negative_share == 0.5


def test_signals_are_counted_once_a_comment() -> None:
    world = World()
    world.say("卸载了", signals=(Signal.CHURN, Signal.CHURN))
    world.say("推荐给同事了", ago=1, signals=(Signal.ADVOCACY, Signal.HELPING))
    signals = world.build().signals
    assert signals[str(WEEK)] == {"advocacy": 0, "churn": 1, "helping": 0}
    assert signals[str(WEEK.plus(-1))] == {"advocacy": 1, "churn": 0, "helping": 1}
    assert len(signals) == 12


def test_an_empty_week_and_no_comments_at_all() -> None:
    nothing = World().build(notices=["应用商店抓取失败"])
    assert (nothing.items, nothing.alerts, nothing.praise, nothing.questions) == ((), (), (), ())
    assert [f.negative_share for f in nothing.figures] == [None] * 12
    assert nothing.notices == ("应用商店抓取失败",)
    assert (nothing.start, nothing.end) == ("2024-05-13", "2024-05-19")
    quiet = lively().build(week=WEEK.plus(2))
    assert quiet.figures[-1].comments == 0
    assert quiet.alerts == ()
    assert quiet.items[0].users_this_week == 0


def test_the_first_week_raises_no_alarm() -> None:
    world = World()
    for n in range(20):
        world.say(f"打开就闪退{n}", demand="D1")
    backlog = world.build()
    assert backlog.alerts == ()
    assert backlog.items[0].trend == "new"


def test_comments_without_an_analysis_count_as_comments_only() -> None:
    world = World()
    world.say("还没分析过", demand="D1")
    backlog = world.build(analyses={})
    assert backlog.items == ()
    assert backlog.figures[-1].comments == 1


def test_the_order_of_inputs_does_not_matter() -> None:
    world = lively()
    expected = json.dumps(world.build().as_json(), ensure_ascii=False)
    for seed in range(3):
        draw = random.Random(seed)

        def shuffled(mapping: dict[str, Any], draw: random.Random = draw) -> dict[str, Any]:
            return dict(draw.sample(list(mapping.items()), len(mapping)))

        found = world.build(
            comments=draw.sample(world.comments, len(world.comments)),
            analyses=shuffled(world.analyses),
            memberships=shuffled(world.memberships),
            demands=draw.sample(list(world.demands.values()), len(world.demands)),
        )
        assert json.dumps(found.as_json(), ensure_ascii=False) == expected


def test_a_prepared_timeline_gives_the_same() -> None:
    world = lively()
    assert world.build(comments=Timeline(world.comments)) == world.build()


def test_a_week_costs_what_its_window_costs() -> None:
    world = World()
    draw = random.Random(5)
    for n in range(5000):
        ago = draw.randint(0, 199)
        world.say(f"第{n}个问题说的是{draw.randint(0, 99)}", ago=ago, demand=f"D{draw.randint(0, 150)}")
    read: list[str] = []

    def encode(texts: Sequence[str]) -> Any:
        read.extend(texts)
        return letter_vectors(texts)

    def words(text: str) -> list[str]:
        read.append(text)
        return letter_pairs(text)

    timeline = Timeline(world.comments)
    for ago in range(10):
        within = timeline.between(WEEK.plus(-ago - 11), WEEK.plus(-ago), ZoneInfo("Asia/Shanghai"))
        world.build(week=WEEK.plus(-ago), comments=timeline, wording=Wording(encode, words))
        assert len(read) < 30 * len(within)
        read.clear()


@pytest.mark.parametrize("ago", [0, 5, 11])
def test_figures_agree_with_the_items(ago: int) -> None:
    backlog = lively().build(week=WEEK.plus(-ago))
    assert backlog.figures[-1].week == backlog.week
    assert sum(f.new_demands for f in backlog.figures) <= len(backlog.items)
    for item in backlog.items:
        assert item.mentions == len(item.units) == sum(item.sentiment_mix.values())
        assert item.users_this_week <= item.users <= item.mentions


def test_times_are_compared_as_instants() -> None:
    world = World()
    world.say("时区不同的评论", demand="D1")
    utc = world.comments[0].time
    world.comments = [replace(world.comments[0], time=utc.astimezone(ZoneInfo("America/New_York")))]
    assert utc.tzinfo is UTC
    assert (
        world.build().items[0].quotes[0].time
        == datetime(2024, 5, 13, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai")).isoformat()
    )
