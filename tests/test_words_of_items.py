"""Titles, keywords, quotes and summaries: of users' own words, and where each of them was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

import pytest

from feedback_mining.backlog.items import Said
from feedback_mining.backlog.quotes import representatives
from feedback_mining.backlog.summary import Background, summary_of
from feedback_mining.backlog.voices import praise_of, questions_of
from feedback_mining.backlog.window import Window, window_of
from feedback_mining.backlog.wording import Wording
from feedback_mining.demands.name import keywords_of
from feedback_mining.demands.statements import (
    condensed,
    is_content,
    names_something,
    plain_topic,
    readability,
    titles_of,
)
from feedback_mining.demands.topics import topics_of
from feedback_mining.pipeline.reader import Reader
from feedback_mining.records import Analysis, Comment, Intent, Sentiment, Unit
from feedback_mining.settings import Settings
from feedback_mining.weeks import DEFAULT_ZONE, Week

WEEK = Week(2024, 20)


@pytest.fixture(scope="module")
def wording() -> Wording:
    tracker = Reader.of(Settings()).tracker("拾光账本")
    return Wording(tracker.encode, tracker.words)


class World:
    """What people wrote: `[…]` marks the unit, or there is none."""

    def __init__(self) -> None:
        self.comments: list[Comment] = []
        self.units: list[Unit] = []

    def say(
        self,
        text: str,
        *,
        ago: int = 0,
        author: str | None = None,
        intent: Intent = Intent.BUG,
        theme: str = "stability",
    ) -> None:
        key = f"c{len(self.comments):03d}"
        start, end = text.find("["), text.find("]") - 1
        plain = text.replace("[", "").replace("]", "")
        time = WEEK.plus(-ago).start(DEFAULT_ZONE) + timedelta(hours=len(self.comments))
        self.comments.append(
            Comment(key, "拾光账本", "file", plain, time.astimezone(UTC), author=author or key)
        )
        if start >= 0:
            self.units.append(Unit(key, start, end, plain[start:end], intent, theme, Sentiment.NEGATIVE, 0.9))

    @property
    def analyses(self) -> dict[str, Analysis]:
        return {
            c.id: Analysis(c.id, tuple(u for u in self.units if u.comment == c.id)) for c in self.comments
        }

    @property
    def window(self) -> Window:
        return window_of(self.comments, WEEK, 12, DEFAULT_ZONE, self.analyses)

    def summary(self, wording: Wording, title: str, units: Sequence[Unit] | None = None) -> tuple[Said, ...]:
        window = self.window
        return summary_of(
            window.newest_first(self.units if units is None else units),
            title,
            window,
            self.analyses,
            Background.of("拾光账本", self.comments, wording),
            wording,
        )


class TestStatements:
    def test_lose_light_words_and_keep_the_order_of_the_rest(self, wording: Wording) -> None:
        assert condensed("账单真的一直都打不开", wording.words) == "账单打不开"
        assert condensed("不显示任何图片", wording.words) == "不显示图片"
        assert condensed("退还押金还没到账", wording.words) == "退还押金没到账"
        assert condensed("", wording.words) == ""

    @pytest.mark.parametrize(
        ("better", "worse", "intent"),
        [
            ("账单无法导出", "账单导出", Intent.BUG),
            ("增加月度报表", "月度报表", Intent.SUGGESTION),
            ("账单无法导出", "账单无法导出的", Intent.BUG),
            ("账单无法导出", "账单导出让人失望", Intent.BUG),
            ("系统升级后闪退", "8系统升级后闪退", Intent.BUG),
        ],
    )
    def test_read_as_titles_where_object_and_need_are_named(
        self, better: str, worse: str, intent: Intent
    ) -> None:
        assert readability(better, intent) > readability(worse, intent)

    def test_a_long_clause_yields_spans_of_whole_words(self, wording: Wording) -> None:
        text = "上周六下午陪孩子上完钢琴课回家路上准备记一笔晚饭开销时账单页面突然打不开"
        unit = Unit("c", 0, len(text), text, Intent.BUG, "stability", Sentiment.NEGATIVE, 0.9)
        titles = titles_of([unit], wording.words)
        assert "账单页面突然打不开" in titles
        assert all(4 <= len(t) <= 20 and t in text for t in titles)

    def test_keywords_are_no_grammar_no_product_and_no_fragment(self) -> None:
        words = ["账本", "没有", "小票", "识别", "小票", "识别", "票识"]
        background = {"账本": 9, "没有": 9, "小票": 4, "识别": 4, "票识": 1}
        assert keywords_of(words, background, 10, "拾光账本") == ["小票", "识别"]
        assert keywords_of(["票识"], {"票识": 1}, 10) == ["票识"], "better than none"
        assert not is_content("的")
        assert not is_content("ok")

    @pytest.mark.parametrize("text", ["赶快修复吧", "结果还好", "12", "有问题", "！！", ""])
    def test_that_name_nothing_are_known(self, text: str) -> None:
        assert not names_something(text)

    @pytest.mark.parametrize(
        "text", ["卡", "闪退", "用不了", "使用不了", "太差", "不能用", "没反应", "ID不对"]
    )
    def test_that_name_something_short_are_kept(self, text: str) -> None:
        assert names_something(text)

    def test_a_topic_is_said_without_how_much(self, wording: Wording) -> None:
        assert plain_topic("真的非常好用的一款软件", wording.words) == "好用"
        assert plain_topic("非常", wording.words) == "非常"


class TestQuotes:
    def test_cover_what_is_said_rather_than_repeat_it(self, wording: Wording) -> None:
        told = World()
        for text in ("[账单导出失败]", "[账单总是导出失败]", "[账单又导出失败了]", "[账单一直导出失败]"):
            told.say(text)
        told.say("[导出的表格发到邮箱里是空的]")
        told.say("[点导出按钮以后提示内存不足]")
        window = told.window
        quotes = representatives(told.units, window.comments, window.ages, DEFAULT_ZONE, wording=wording)
        texts = [q.text[q.start : q.end] for q in quotes]
        assert len(texts) == 3
        assert sum("导出失败" in t for t in texts) == 1

    def test_are_of_different_people_and_in_the_same_order_whatever_the_input(self, wording: Wording) -> None:
        told = World()
        told.say("[账单导出失败]", author="甲")
        told.say("[点导出按钮以后提示内存不足]", author="甲")
        told.say("[导出的表格发到邮箱里是空的]", author="乙")
        window = told.window
        found = [
            representatives(units, window.comments, window.ages, DEFAULT_ZONE, wording=wording)
            for units in (told.units, told.units[::-1])
        ]
        assert found[0] == found[1]
        assert len(found[0]) == 2
        assert representatives([], {}, {}, DEFAULT_ZONE, wording=wording) == ()


class TestSummary:
    def crashes(self) -> World:
        told = World()
        for text in ("界面挺好看", "记账很方便", "希望有深色模式", "图表清楚", "字体小了点", "同步正常"):
            told.say(text)
        told.say("[打开账单就闪退]，卸载重装也没用", author="甲")
        told.say("[账单页面闪退]，重装了三次还是这样", author="乙")
        told.say("[一点账单就闪退]", author="丙")
        return told

    def test_is_the_need_and_a_circumstance_that_several_tell(self, wording: Wording) -> None:
        told = self.crashes()
        need, circumstance = told.summary(wording, "账单页面闪退")
        assert (need.users, need.word) == (3, "")
        assert "闪退" in need.text
        assert (circumstance.users, circumstance.word) == (2, "重装")
        assert {p.comment for p in circumstance.places} == {"c006", "c007"}

    def test_every_clause_is_where_it_says(self, wording: Wording) -> None:
        told = self.crashes()
        texts = {c.id: c.text for c in told.comments}
        for said in told.summary(wording, "账单页面闪退"):
            first = said.places[0]
            assert texts[first.comment][first.start : first.end] == said.text
            assert len({p.comment for p in said.places}) == len(said.places)
            for place in said.places:
                assert said.word in texts[place.comment][place.start : place.end]

    def test_opinions_on_other_matters_are_no_circumstance(self, wording: Wording) -> None:
        told = World()
        told.say("[账单页面闪退]，广告太多", author="甲")
        told.say("[打开账单就闪退]，广告太多了", author="乙")
        for comment in list(told.comments):
            start = comment.text.index("广告")
            other = comment.text[start:]
            told.units.append(
                Unit(comment.id, start, len(comment.text), other, Intent.COMPLAINT, "ads", Sentiment.NEGATIVE, 0.9)
            )  # fmt: skip
        own = [u for u in told.units if u.theme == "stability"]
        assert not any("广告" in said.text for said in told.summary(wording, "账单页面闪退", own))

    def test_of_one_voice_is_one_sentence(self, wording: Wording) -> None:
        told = World()
        told.say("[账单页面闪退]")
        assert [said.text for said in told.summary(wording, "账单页面闪退")] == ["账单页面闪退"]

    def test_of_cries_is_what_there_is(self, wording: Wording) -> None:
        told = World()
        told.say("[卡]")
        assert [said.text for said in told.summary(wording, "卡")] == ["卡"]


class TestVoices:
    def test_praise_is_grouped_by_what_is_liked(self, wording: Wording) -> None:
        told = World()
        liked = Intent.PRAISE
        for text in ("[界面好看]", "[界面真的好看]", "[界面非常好看]"):
            told.say(text, intent=liked, theme="ui_ux")
        told.say("[记账速度很快]", intent=liked, theme="performance", ago=3)
        for text in ("[不错]", "[很好]"):
            told.say(text, intent=liked, theme="general")
        told.say("[账单闪退]")
        found = praise_of(told.units, told.window, wording)
        assert [(p.theme, p.users, p.users_this_week) for p in found] == [
            ("ui_ux", 3, 3), ("general", 2, 2), ("performance", 1, 0),
        ]  # fmt: skip
        assert found[0].title == "界面好看"
        assert found[1].title == ""
        assert len(found[0].quotes) >= 1

    def test_questions_that_repeat_are_one(self, wording: Wording) -> None:
        told = World()
        ask = Intent.QUESTION
        for text in ("[请问怎么导出账单]", "[怎么导出账单啊]", "[想问一下怎么导出账单]"):
            told.say(text, intent=ask, theme="feature")
        told.say("[能在电视上用吗]", intent=ask, theme="update_compat")
        told.say("[年费会员多少钱]", intent=ask, theme="payment", ago=2)
        found = questions_of(told.units, told.window, wording)
        assert [(q.users_this_week, q.users) for q in found] == [(3, 3), (1, 1), (0, 1)]
        assert "导出账单" in found[0].title
        quote = found[0].quotes[0]
        assert quote.text[quote.start : quote.end] == found[0].title

    def test_nothing_is_nothing(self, wording: Wording) -> None:
        assert topics_of([], wording.encode, wording.words) == []
        assert praise_of([], World().window, wording) == questions_of([], World().window, wording) == ()

    def test_one_author_is_one_user(self, wording: Wording) -> None:
        told = World()
        for _ in range(4):
            told.say("[界面好看]", author="甲", intent=Intent.PRAISE, theme="ui_ux")
        (found,) = praise_of(told.units, told.window, wording)
        assert (found.users, found.mentions) == (1, 4)


def test_without_models_likeness_is_that_of_letters() -> None:
    plain = Wording()
    one, other, far = plain.encode(["账单闪退", "账单又闪退", "界面好看"])
    assert one @ other > 0.6 > one @ far
    assert plain.held("账单闪退") == {"账单", "单闪", "闪退"}
