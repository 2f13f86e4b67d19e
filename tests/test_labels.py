"""People's labels: kept apart and for good, laid over what models say, and stronger than it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedback_mining.backlog.items import Backlog
from feedback_mining.classification.labelling import HumanLabel, LabelledUnit, corrected, in_force
from feedback_mining.pipeline.ingest import import_files
from feedback_mining.pipeline.labels import labelled_comments
from feedback_mining.pipeline.mine import mine_week
from feedback_mining.records import Analysis, Intent, Sentiment, Signal, Unit
from feedback_mining.registry.versions import current
from feedback_mining.resources import models_dir
from feedback_mining.settings import Settings
from feedback_mining.storage import Store, open_store
from feedback_mining.weeks import Week

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
PRODUCT = "云记账"
TEXT = "打不开，太贵了"
CRASH = LabelledUnit(0, 3, "bug", "stability", "negative")
PRICE = LabelledUnit(4, 7, "complaint", "payment", "negative", "价格太高")
SAID = [
    ("1", "2026-03-02 10:00", "打开年度账单就闪退，重装也没用"),
    ("2", "2026-03-03 10:00", "年度账单点进去直接闪退"),
    ("3", "2026-03-04 10:00", "希望账本能导出成表格"),
    ("4", "2026-03-05 10:00", "能不能把账本导出成表格"),
    ("5", "2026-03-10 10:00", "年度账单还是闪退，什么时候修"),
    ("6", "2026-03-11 10:00", "希望支持导出表格"),
]
FIRST, SECOND = Week(2026, 10), Week(2026, 11)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/store.db"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres_url"))
    with open_store(url) as opened:
        path = tmp_path / "评论.csv"
        rows = [",".join(("评论ID", "时间", "内容")), *(",".join(row) for row in SAID)]
        path.write_text("\n".join(rows), encoding="utf-8")
        import_files([path], opened, product=PRODUCT, settings=Settings())
        yield opened


def label(
    *units: LabelledUnit, author: str = "甲", hours: int = 0, text: str = TEXT, **more: object
) -> HumanLabel:
    return HumanLabel(text, units, author, NOON + timedelta(hours=hours), "cli", **more)  # type: ignore[arg-type]


def of(store: Store, number: str) -> tuple[str, str]:
    """Id and text of an imported comment."""
    (found,) = (c for c in store.comments(PRODUCT) if c.id.endswith(f":{number}"))
    return found.id, found.text


def about(store: Store, number: str, *units: LabelledUnit, **more: object) -> HumanLabel:
    key, text = of(store, number)
    return label(*units, text=text, product=PRODUCT, comment=key, **more)  # type: ignore[arg-type]


def whole(text: str, intent: str, theme: str, sentiment: str = "negative") -> LabelledUnit:
    return LabelledUnit(0, len(text), intent, theme, sentiment)


class TestStore:
    def test_labels_come_back_as_they_were_given_oldest_first(self, store: Store) -> None:
        full = about(
            store, "1", CRASH, hours=2, signals=("churn",), whole=False, with_demands=True, file_sha256="ab"
        )
        free = label(PRICE, hours=1, text="换个说法，太贵了😀")
        other = label(hours=3, text="别的", product="别的产品")
        assert store.add_labels([full, free, other]) == [True, True, True]
        assert store.labels() == [free, full, other]
        assert store.labels(PRODUCT) == [free, full]

    def test_nothing_is_overwritten(self, store: Store) -> None:
        first = about(store, "1", CRASH)
        second = about(store, "1", replace(CRASH, theme="performance"), hours=1)
        back = about(store, "1", CRASH, hours=2)
        for one in (first, second, back):
            assert store.add_labels([one]) == [True]
        assert store.labels(PRODUCT) == [first, second, back]

    def test_what_was_said_before_is_not_new(self, store: Store) -> None:
        first = about(store, "1", CRASH, file_sha256="ab")
        assert store.add_labels(
            [first, replace(first, time=NOON + timedelta(hours=1), file_sha256="cd")]
        ) == [
            True,
            False,
        ]
        changed = about(store, "1", replace(CRASH, theme="performance"), hours=2)
        assert store.add_labels([changed]) == [True]
        later = replace(first, time=NOON + timedelta(hours=3))
        assert store.add_labels([later]) == [False], "the same file again must not undo a later correction"
        assert store.add_labels([replace(later, file_sha256=None)]) == [True]
        assert store.add_labels([replace(first, author="乙")]) == [True], "a second annotator agrees"


class TestInForce:
    def test_the_latest_label_of_a_text_wins(self) -> None:
        first, second = label(CRASH), label(PRICE, author="乙", hours=1)
        assert in_force([first, second]) == [second]
        assert in_force([first, label(PRICE, text="别的")])[0] == first

    def test_a_correction_of_one_unit_leaves_the_others(self) -> None:
        fix = replace(PRICE, theme="ads")
        found = in_force(
            [label(CRASH, PRICE, signals=("churn",)), label(fix, author="乙", hours=1, whole=False)]
        )
        assert [one.units for one in found] == [(CRASH, fix)]
        assert (found[0].whole, found[0].signals, found[0].author) == (True, ("churn",), "乙")

    def test_corrections_alone_add_up_and_do_not_cover_the_whole(self) -> None:
        (found,) = in_force([label(PRICE, whole=False), label(CRASH, hours=1, whole=False)])
        assert (found.units, found.whole, found.signals) == ((CRASH, PRICE), False, None)
        assert in_force([label(PRICE, whole=False), label(CRASH, hours=1)])[0].units == (CRASH,)

    def test_the_same_text_in_two_comments_is_two_texts(self) -> None:
        one, other = (label(CRASH, product=PRODUCT, comment=key) for key in ("a", "b"))
        assert in_force([one, other]) == [one, other]


class TestCorrected:
    THEMES = ("stability", "payment", "general")
    MODEL = Analysis(
        "a",
        (
            Unit("a", 0, 3, "打不开", Intent.COMPLAINT, "general", Sentiment.NEGATIVE, 0.4, specific=False),
            Unit("a", 4, 7, "太贵了", Intent.PRAISE, "payment", Sentiment.POSITIVE, 0.6),
        ),
        (Signal.CHURN,),
    )

    def test_a_whole_label_replaces_units_and_signals(self) -> None:
        found = corrected(self.MODEL, label(PRICE, signals=()), self.THEMES)
        (unit,) = found.units
        assert (unit.text, unit.intent, unit.theme, unit.confidence) == (
            "太贵了",
            "complaint",
            "payment",
            1.0,
        )
        assert found.signals == ()

    def test_a_correction_leaves_what_it_does_not_touch(self) -> None:
        found = corrected(self.MODEL, label(PRICE, whole=False), self.THEMES)
        assert found.units[0] == self.MODEL.units[0]
        assert found.units[1].intent is Intent.COMPLAINT
        assert found.signals == (Signal.CHURN,)

    def test_units_of_another_cut_give_way(self) -> None:
        joined = LabelledUnit(0, 7, "complaint", "payment", "negative")
        assert len(corrected(self.MODEL, label(joined, whole=False), self.THEMES).units) == 1

    def test_a_demand_makes_a_unit_definite_and_its_lack_says_so_only_where_demands_are_given(self) -> None:
        def definite(*units: LabelledUnit, **more: bool) -> list[bool]:
            given = label(*units, with_demands=more.get("with_demands", False))
            return [unit.specific for unit in corrected(self.MODEL, given, self.THEMES).units]

        assert definite(CRASH, PRICE) == [False, True]  # as the model has it, and by its demand
        assert definite(replace(CRASH, demand="App打不开"), replace(PRICE, demand=None)) == [True, True]
        assert definite(CRASH, replace(PRICE, demand=None), with_demands=True) == [False, False]

    def test_a_theme_that_the_taxonomy_lost_is_the_models(self) -> None:
        odd = [replace(CRASH, theme="gone"), LabelledUnit(3, 7, "bug", "gone", "negative")]
        themes = [u.theme for u in corrected(self.MODEL, label(*odd), self.THEMES).units]
        assert themes == ["general", "general"]


class TestForTraining:
    def test_one_record_a_text_with_author_and_time(self, store: Store) -> None:
        free = label(PRICE, author="乙", hours=1, with_demands=True)
        store.add_labels([about(store, "1", CRASH, signals=("churn",), whole=False), free])
        store.add_labels([label(CRASH, product="别的产品", text="别的")])
        key, text = of(store, "1")
        own, loose = labelled_comments(store, PRODUCT)
        assert (own.id, own.text, own.units, own.signals) == (key, text, (CRASH,), ("churn",))
        assert (own.author, own.time, own.whole, own.with_demands) == ("甲", NOON, False, False)
        assert loose.id == f"text:{free.text_sha256[:16]}"
        assert (loose.units, loose.with_demands) == ((PRICE,), True)
        assert len(labelled_comments(store)) == 3


class TestMining:
    def backlog(self, store: Store, week: Week = SECOND, settings: Settings | None = None) -> Backlog:
        return mine_week(store, PRODUCT, week, settings=settings or Settings())

    def home(self, backlog: Backlog, store: Store, number: str) -> str | None:
        """The item that holds the comment."""
        key = of(store, number)[0]
        return next((i.id for i in backlog.items if key in {unit.comment for unit in i.units}), None)

    def test_a_corrected_intent_takes_a_comment_out_of_its_demand_for_good(
        self, store: Store, tmp_path: Path
    ) -> None:
        before = self.backlog(store, FIRST)
        crash = self.home(before, store, "1")
        assert crash is not None
        assert crash == self.home(before, store, "2")
        _, text = of(store, "2")
        store.add_labels([about(store, "2", whole(text, "praise", "general", "positive"))])
        again = self.backlog(store, FIRST)
        assert self.home(again, store, "2") is None
        assert self.home(again, store, "1") == crash
        (item,) = (i for i in self.backlog(store).items if i.id == crash)
        assert {u.comment for u in item.units} == {of(store, "1")[0], of(store, "5")[0]}
        assert not any(text in quote.text for quote in item.quotes)
        models = shutil.copytree(models_dir(), tmp_path / "models")
        (models / "intent" / current()["intent"]).rename(models / "intent" / "another")
        pointer = models / "current.json"
        pointer.write_text(
            json.dumps({**json.loads(pointer.read_text("utf-8")), "intent": "another"}), "utf-8"
        )
        changed = self.backlog(store, settings=Settings(models=models))
        assert changed.versions["models"]["intent"] == "another"
        assert self.home(changed, store, "2") is None

    def test_a_corrected_theme_moves_a_comment_into_another_demand(self, store: Store) -> None:
        self.backlog(store, FIRST)
        before = self.backlog(store)
        wish, crash = self.home(before, store, "3"), self.home(before, store, "1")
        assert wish is not None
        assert self.home(before, store, "4") == wish
        text = of(store, "4")[1]
        store.add_labels([about(store, "4", whole(text, "bug", "stability"))])
        first, second = self.backlog(store, FIRST), self.backlog(store)
        for backlog in (first, second):
            assert self.home(backlog, store, "4") not in {wish, None}
            assert self.home(backlog, store, "3") == wish
            assert self.home(backlog, store, "1") == crash

    def test_a_person_brings_a_comment_into_a_demand(self, store: Store) -> None:
        text = of(store, "5")[1]
        praise = about(store, "5", whole(text, "praise", "general", "positive"))
        store.add_labels([praise])
        assert self.home(self.backlog(store), store, "5") is None
        store.add_labels([about(store, "5", whole(text, "bug", "stability"), author="乙", hours=1)])
        after = self.backlog(store)
        assert self.home(after, store, "5") == self.home(after, store, "1")

    def test_a_label_of_words_that_were_edited_since_is_not_laid_over_the_new_ones(
        self, store: Store, tmp_path: Path
    ) -> None:
        text = of(store, "1")[1]
        store.add_labels([about(store, "1", whole(text, "praise", "general", "positive"))])
        path = tmp_path / "新.csv"
        path.write_text("评论ID,时间,内容\n1,2026-03-02 11:00,年度账单一打开就闪退\n", encoding="utf-8")
        import_files([path], store, product=PRODUCT, settings=Settings())
        backlog = self.backlog(store)
        assert self.home(backlog, store, "1") == self.home(backlog, store, "2") is not None
        (kept,) = labelled_comments(store)
        assert kept.text == text
