"""What to label next: the ranking of each strategy, and the queue that they make of a store."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from feedback_mining.classification.labelling import HumanLabel, LabelledUnit
from feedback_mining.classification.selection import (
    NewWord,
    label_issues,
    least_sure,
    likeness_to_earlier,
    new_words,
    representatives,
)
from feedback_mining.cli import main
from feedback_mining.pipeline.ingest import import_files
from feedback_mining.pipeline.label_import import import_labels
from feedback_mining.pipeline.label_queue import Queue, Strategy, next_labels
from feedback_mining.records import Intent, Sentiment, Unit
from feedback_mining.settings import Settings
from feedback_mining.storage import Store, open_store
from feedback_mining.taxonomy import Taxonomy
from feedback_mining.text.duplicates import near_duplicate_groups

PRODUCT = "云记账"
NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
OLD = [
    "打开账单就闪退", "账单点进去直接闪退", "希望账本能导出成表格", "能不能把账本导出成表格", "字体太小了看不清",
    "很好用，推荐给同事了", "同步太慢了，半天都同步不完", "开屏广告太多了", "请问怎么修改密码", "界面简洁，我很喜欢",
    "登录不上去，一直提示网络错误", "收不到短信验证码", "客服一直不回复", "会员太贵了", "数据全丢了，几年的账",
]  # fmt: skip
NEW = [
    "桌面组件不刷新", "桌面组件点了没反应", "希望桌面组件能换颜色", "组件显示不出来余额", "打开账单就闪退啊",
    "指纹解锁失灵", "字体太小了看不清",
]  # fmt: skip


def unit(text: str, confidence: float, intent: Intent = Intent.BUG) -> Unit:
    return Unit("a", 0, len(text), text, intent, "stability", Sentiment.NEGATIVE, confidence)


class TestLeastSure:
    def test_ranks_texts_by_their_least_sure_opinion(self) -> None:
        texts = [
            [unit("a", 0.9), unit("b", 0.4)],
            [unit("c", 0.2)],
            [unit("d", 0.1, Intent.OTHER)],
            [],
            [unit("e", 0.4)],
        ]
        assert least_sure(texts) == [(1, 0), (0, 1), (4, 0)]


class TestRepresentatives:
    VECTORS = np.eye(4, dtype=np.float32)[[0, 0, 0, 1, 1, 2]]

    def test_gives_one_of_each_cluster_the_largest_first(self) -> None:
        found = representatives(self.VECTORS, np.zeros(6, bool), 2, seed=1)
        assert sorted(size for _, size, _ in found) == [1, 2, 3]
        assert found[0][1] == 3
        assert len({tuple(self.VECTORS[text]) for text, _, _ in found}) == 3

    def test_clusters_that_were_labelled_come_last_and_their_labelled_texts_never(self) -> None:
        labelled = np.array([True, True, False, False, False, True])
        found = representatives(self.VECTORS, labelled, 2, seed=1)
        assert [(size, done) for _, size, done in found] == [(2, 0), (3, 2)]
        assert found[1][0] == 2

    @pytest.mark.parametrize("vectors", [np.zeros((0, 4), np.float32), np.zeros((3, 4), np.float32)])
    def test_nothing_to_cluster_gives_nothing(self, vectors: np.ndarray) -> None:
        assert representatives(vectors, np.zeros(len(vectors), bool), 5, seed=1) == []


class TestNewWords:
    def test_a_word_must_be_said_often_lately_and_rarely_before(self) -> None:
        words = [{"闪退"}] * 20 + [{"组件", "闪退"}] * 4 + [{"指纹"}] * 2
        recent = np.array([False] * 20 + [True] * 6)
        assert new_words(words, recent) == [NewWord("组件", 4, 0)]
        assert new_words([{"a"}] * 9, np.ones(9, bool)) == []


def test_likeness_is_that_of_the_nearest_earlier_text() -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [1, 0]], np.float32)
    found = likeness_to_earlier(vectors, np.array([False, True, True, True]), seed=1)
    np.testing.assert_allclose(found, [0.6, 0, 1])


class TestLabelIssues:
    CLASSES = ("bug", "praise")

    def test_finds_the_label_that_a_confident_model_contradicts(self) -> None:
        chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.95, 0.05]], np.float32)
        found = label_issues(["bug", "bug", "praise", "praise", "praise"], chances, self.CLASSES)
        assert list(found) == [4]
        assert found[4][0] == "bug"
        assert found[4][1] == pytest.approx(0.9)

    def test_a_hesitant_model_contradicts_nobody(self) -> None:
        chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.55, 0.45]], np.float32)
        assert label_issues(["bug", "bug", "praise"], chances, self.CLASSES) == {}

    def test_labels_that_the_model_does_not_know_are_left_alone(self) -> None:
        assert label_issues(["new"], np.array([[0.9, 0.1]], np.float32), self.CLASSES) == {}
        assert label_issues([], np.zeros((0, 2), np.float32), self.CLASSES) == {}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/store.db") as opened:
        rows = [(f"{k:02}", f"2026-02-{k % 27 + 1:02} 10:00", text) for k, text in enumerate(OLD)]
        rows += [(f"n{k}", f"2026-04-{k + 20} 10:00", text) for k, text in enumerate(NEW)]
        path = tmp_path / "评论.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("评论ID", "时间", "内容"), *rows])
        import_files([path], opened, product=PRODUCT, settings=Settings())
        yield opened


def asked(store: Store, strategy: Strategy, count: int = 50) -> Queue:
    return next_labels(store, PRODUCT, settings=Settings(), count=count, strategy=strategy)


def texts(queue: Queue) -> list[str]:
    return [one.comment.text for one in queue.asked]


def labelled(
    store: Store, number: str, *units: LabelledUnit, author: str = "甲", whole: bool = True
) -> HumanLabel:
    (comment,) = (c for c in store.comments(PRODUCT) if c.id == f"file:{number}")
    return HumanLabel(comment.text, units, author, NOW, "cli", PRODUCT, comment.id, whole=whole)


class TestQueue:
    @pytest.mark.parametrize("strategy", list(Strategy))
    def test_is_the_same_again_and_asks_no_wording_twice(self, store: Store, strategy: Strategy) -> None:
        first = asked(store, strategy)
        assert asked(store, strategy) == first
        found = texts(first)
        assert bool(found) == (strategy is not Strategy.MISLABELLED)
        assert len(set(near_duplicate_groups(found).tolist())) == len(found)
        assert len(asked(store, strategy, 2).asked) <= 2

    def test_uncertain_begins_with_the_least_sure(self, store: Store) -> None:
        found = asked(store, Strategy.UNCERTAIN).asked
        least = [one.reason.values[-1] for one in found]
        assert least == sorted(least)
        assert all(str(one.reason.values[1]) in one.comment.text for one in found)

    def test_drifting_asks_only_of_recent_weeks_and_names_the_new_word(self, store: Store) -> None:
        found = asked(store, Strategy.DRIFTING).asked
        assert {one.comment.text for one in found} <= set(NEW)
        assert ("组件", 4, 0) in {one.reason.values for one in found if one.reason.key == "new_word"}

    def test_labelled_comments_and_their_near_duplicates_are_not_asked_again(self, store: Store) -> None:
        store.add_labels([labelled(store, "00", LabelledUnit(0, 7, "bug", "stability", "negative"))])
        store.add_labels([labelled(store, "04", LabelledUnit(0, 4, "bug", "ui_ux", "negative"), whole=False)])
        queue = asked(store, Strategy.UNCERTAIN)
        assert not {"打开账单就闪退", "打开账单就闪退啊"} & set(texts(queue))
        assert (queue.labelled, queue.comments) == (1, len(OLD) + len(NEW))

    def test_mislabelled_doubts_a_planted_mistake_until_it_is_confirmed(
        self, store: Store, tmp_path: Path
    ) -> None:
        right = [
            labelled(store, "01", LabelledUnit(0, 9, "bug", "stability", "negative")),
            labelled(store, "06", LabelledUnit(0, 13, "bug", "performance", "negative")),
            labelled(store, "02", LabelledUnit(0, 10, "suggestion", "feature", "neutral")),
            labelled(store, "09", LabelledUnit(0, 4, "praise", "ui_ux", "positive")),
        ]
        wrong = labelled(store, "00", LabelledUnit(0, 7, "praise", "payment", "positive"))
        store.add_labels([*right, wrong])
        queue = asked(store, Strategy.MISLABELLED)
        assert texts(queue)[0] == "打开账单就闪退"
        assert queue.asked[0].units == wrong.units
        path = tmp_path / "n.jsonl"
        url = f"sqlite:///{tmp_path}/store.db"
        assert (
            main(["label", "next", "--store", url, "--strategy", "mislabelled", "--output", str(path)]) == 0
        )
        rows = [{**json.loads(line), "checked": True} for line in path.read_text("utf-8").splitlines()]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        (report,) = import_labels([path], store, Taxonomy.load(), author="甲", now=NOW.replace(day=2))
        assert report.new == len(rows)
        assert "打开账单就闪退" not in texts(asked(store, Strategy.MISLABELLED))

    def test_themes_of_another_taxonomy_are_those_that_are_asked_about(self, store: Store) -> None:
        store.add_labels([labelled(store, "00", LabelledUnit(0, 7, "praise", "payment", "positive"))])
        queue = next_labels(store, PRODUCT, settings=Settings(taxonomy="games"), count=50)
        themes = {theme.id for theme in Taxonomy.load("games").themes}
        doubts = [one.reason.values for one in queue.asked if one.reason.key == "uncertain"]
        assert {v for values in doubts if values[0] == "theme" for v in (values[2], values[4])} <= themes
        assert {unit.theme for one in queue.asked for unit in one.units} <= themes | {"payment"}

    def test_a_mixed_queue_has_something_of_everything(self, store: Store) -> None:
        store.add_labels([labelled(store, "00", LabelledUnit(0, 7, "praise", "payment", "positive"))])
        kinds = [one.reason.key for one in asked(store, Strategy.MIXED, 8).asked]
        assert {"mislabelled", "uncertain", "diverse"} <= set(kinds)
        assert {"new_word", "unlike"} & set(kinds)
