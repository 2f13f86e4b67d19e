"""People's decisions about demands: what they come to, what every later run makes of them, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_mine import (
    FIRST,
    PRODUCT,
    ROWS,
    SETTINGS,
    imported,
    item_with,
    mined,
    opened,
    without_counts,
)

from feedback_mining.backlog.items import Backlog
from feedback_mining.demands.decisions import (
    Constraints,
    Decision,
    DecisionKind,
    as_people_see,
    fold,
    in_force,
    retired,
)
from feedback_mining.demands.ground import check_ground
from feedback_mining.errors import InputError
from feedback_mining.pipeline.demand_desk import Desk, checked_title
from feedback_mining.pipeline.mine import mine_week
from feedback_mining.records import Demand, Intent, Sentiment, Unit
from feedback_mining.settings import Settings
from feedback_mining.storage import Store, open_store

__all__ = ["imported"]  # a fixture
Imported = Callable[..., Path]
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
IDS = [f"D-{letter}" for letter in "abcdef"]
UNITS = [f"file:{number}:0" for number in range(8)]


def decision(number: int, kind: DecisionKind, /, **content: Any) -> Decision:
    return Decision("云记账", NOON + timedelta(hours=number), "小林", kind, content, id=number)


def was(*keys: str, **units: Sequence[str]) -> dict[str, Any]:
    """Demands as they were: their titles, and members."""
    return {
        key: {"title": f"标题{key}", "members": 1, "units": dict.fromkeys(units.get(key[2:], ()), 5)}
        for key in keys
    }


def merge(number: int, source: str, target: str) -> Decision:
    return decision(number, DecisionKind.MERGE, sources=[source], target=target, demands=was(source, target))


def apart(number: int, one: str, other: str, **units: Sequence[str]) -> Decision:
    return decision(number, DecisionKind.APART, pair=[one, other], demands=was(one, other, **units))


def split(number: int, demand: str, new: str, *units: str) -> Decision:
    return decision(
        number, DecisionKind.SPLIT, demand=demand, new=new, title="新诉求", units=dict.fromkeys(units, 5), origins=dict.fromkeys(units, demand), demands=was(demand)
    )  # fmt: skip


def undo(number: int, taken: int) -> Decision:
    return decision(number, DecisionKind.UNDO, decision=taken)


@st.composite
def histories(draw: st.DrawFn) -> list[Decision]:
    """Decisions that may or may not fit each other, undos among them."""
    found: list[Decision] = []
    demand, unit = st.sampled_from(IDS), st.sampled_from(UNITS)
    for number in range(1, 1 + draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(list(DecisionKind)))
        one, other = draw(demand), draw(demand)
        units = dict.fromkeys(draw(st.lists(unit, min_size=1, max_size=3)), 5)
        match kind:
            case DecisionKind.MERGE:
                found.append(merge(number, one, other))
            case DecisionKind.SPLIT:
                found.append(split(number, one, f"D-new{number}", *units))
            case DecisionKind.RENAME:
                found.append(decision(number, kind, demand=one, title="新名", demands=was(one)))
            case DecisionKind.MOVE:
                found.append(decision(number, kind, units=units, target=one, origins={}, demands=was(one)))
            case DecisionKind.APART:
                found.append(apart(number, one, other, a=UNITS[:2], b=UNITS[2:4]))
            case DecisionKind.UNDO if found:
                found.append(undo(number, draw(st.sampled_from([d.id for d in found]))))
    return found


class TestFolding:
    @given(histories(), st.randoms(use_true_random=False))
    def test_taking_everything_back_leaves_nothing(self, made: list[Decision], random: Any) -> None:
        standing = [d.id for d in in_force(made)]
        random.shuffle(standing)
        start = 1 + max((d.id for d in made), default=0)
        everything = [*made, *(undo(start + k, number) for k, number in enumerate(standing))]
        assert in_force(everything) == []
        assert fold(everything) == fold([]) == Constraints()

    @given(histories())
    def test_an_undo_that_is_undone_changes_nothing(self, made: list[Decision]) -> None:
        for taken in in_force(made):
            number = 1 + max(d.id for d in made)
            assert fold([*made, undo(number, taken.id), undo(number + 1, number)]) == fold(made)

    @given(histories())
    def test_what_is_not_in_force_counts_for_nothing(self, made: list[Decision]) -> None:
        assert fold(made) == fold(in_force(made))

    @given(histories())
    def test_every_alias_ends_at_a_demand_that_stands(self, made: list[Decision]) -> None:
        found = fold(made)
        accepted: list[Decision] = []
        for one in made:
            try:
                check_ground(accepted, one)
            except InputError:
                continue
            accepted.append(one)
        assert fold(accepted) is not None
        good = fold(accepted)
        assert not set(good.alias.values()) & set(good.alias), "of decisions that were checked"
        assert all(len(pair) == 2 for pair in good.apart)
        assert isinstance(found, Constraints), "of any others it must not fail"

    def test_merges_follow_each_other(self) -> None:
        made = [merge(1, "D-a", "D-b"), merge(2, "D-b", "D-c")]
        assert fold(made).alias == {"D-a": "D-c", "D-b": "D-c"}
        assert fold([*made, undo(3, 2)]).alias == {"D-a": "D-b"}

    def test_a_split_that_was_taken_back_is_retired_until_it_is_made_again(self) -> None:
        made = [split(1, "D-a", "D-n", UNITS[0]), undo(2, 1)]
        assert retired(made) == {"D-n"}
        assert retired([*made, split(3, "D-a", "D-n", UNITS[0])]) == frozenset()

    def test_units_are_placed_although_models_cut_them_differently(self) -> None:
        found = fold([split(1, "D-a", "D-n", "c:10")])  # 10 to 5: no span at all
        assert found.placed([unit("c", 10, 18)]) == {"c:10": "D-n"}
        cut = replace(found, placements={"c:10": replace(found.placements["c:10"], end=20)})
        assert cut.placed([unit("c", 8, 19), unit("c", 0, 7), unit("c", 20, 30), unit("d", 10, 20)]) == {
            "c:8": "D-n"
        }

    def test_what_keeps_demands_apart_gives_way_to_a_label(self) -> None:
        found = fold([apart(1, "D-a", "D-b", a=["c:0"], b=["d:0"])])
        units = [unit("c", 0, 5), unit("d", 0, 5)]
        assert found.placed(units) == {"c:0": "D-a", "d:0": "D-b"}
        assert found.placed(units, labelled=["c"]) == {"d:0": "D-b"}


def unit(comment: str, start: int, end: int) -> Unit:
    return Unit(comment, start, end, "x" * (end - start), Intent.BUG, "stability", Sentiment.NEGATIVE, 0.9)


def demand(key: str, title: str = "闪退", founded: str = "2026-W10") -> Demand:
    return Demand(key, "云记账", title, "stability", Intent.BUG, founded)


class TestWhatPeopleSee:
    def test_a_merged_demand_is_the_other_with_the_earlier_founding(self) -> None:
        seen = as_people_see(
            fold([merge(1, "D-a", "D-b")]),
            [demand("D-a", "甲", "2026-W08"), demand("D-b", "乙")],
            {"c:0": "D-a", "d:0": "D-b"},
        )
        assert seen.memberships == {"c:0": "D-b", "d:0": "D-b"}
        assert seen.demands == {"D-b": demand("D-b", "乙", "2026-W08")}
        assert seen.merged == {"D-b": ("D-a",)}

    def test_before_the_target_was_founded_its_id_is_there(self) -> None:
        seen = as_people_see(fold([merge(1, "D-a", "D-b")]), [demand("D-a", "甲")], {"c:0": "D-a"})
        assert seen.demands == {"D-b": demand("D-b", "甲")}

    def test_a_demand_that_was_founded_anew_keeps_the_id_that_people_know(self) -> None:
        rename = decision(
            1,
            DecisionKind.RENAME,
            demand="D-a",
            title="账单打不开",
            demands=was("D-a", a=["1:0", "2:0", "3:0"]),
        )
        seen = as_people_see(
            fold([rename]), [demand("D-x"), demand("D-y")], {"1:0": "D-x", "2:0": "D-x", "3:0": "D-y"}
        )
        assert seen.memberships == {"1:0": "D-a", "2:0": "D-a", "3:0": "D-y"}
        assert seen.demands["D-a"].title == "账单打不开"
        scattered = as_people_see(
            fold([rename]), [demand("D-x"), demand("D-y")], {"1:0": "D-x", "2:0": "D-y"}
        )
        assert scattered.memberships == {"1:0": "D-x", "2:0": "D-y"}, "no demand holds most of its members"

    def test_two_that_were_founded_as_one_do_not_both_take_its_id(self) -> None:
        made = [
            decision(
                k, DecisionKind.RENAME, demand=key, title=key, demands=was(key, a=["1:0", "2:0"], b=["3:0"])
            )
            for k, key in ((1, "D-a"), (2, "D-b"))
        ]
        seen = as_people_see(fold(made), [demand("D-x")], dict.fromkeys(["1:0", "2:0", "3:0"], "D-x"))
        assert set(seen.memberships.values()) == {"D-a"}


class TestGround:
    @pytest.mark.parametrize(
        ("before", "new", "message"),
        [
            ([merge(1, "D-a", "D-b")], merge(2, "D-a", "D-c"), r"part of D-b now \(decision 1, merge by 小林 at 2026-03-02 05:00"),
            ([merge(1, "D-a", "D-b")], merge(2, "D-c", "D-a"), "part of D-b now"),
            ([merge(1, "D-a", "D-b"), merge(2, "D-b", "D-c")], merge(3, "D-c", "D-a"), "part of D-c now"),
            ([apart(1, "D-a", "D-b")], merge(2, "D-a", "D-b"), "never the same .decision 1"),
            ([apart(1, "D-a", "D-b"), merge(2, "D-a", "D-c")], merge(3, "D-b", "D-c"), "never the same"),
            ([merge(1, "D-a", "D-b")], apart(2, "D-a", "D-b"), "part of D-b now"),
            ([merge(1, "D-a", "D-b"), split(2, "D-b", "D-n", UNITS[0]), undo(3, 2)], merge(4, "D-n", "D-b"), "taken back"),
            ([merge(1, "D-a", "D-b")], undo(2, 7), "no decision 7"),
            ([merge(1, "D-a", "D-b"), undo(2, 1)], undo(3, 1), "already taken back .decision 2"),
            ([split(1, "D-a", "D-n", UNITS[0]), merge(2, "D-n", "D-b")], undo(3, 1), "decision 2, merge .* builds on it"),
            ([merge(1, "D-a", "D-b"), undo(2, 1), merge(3, "D-b", "D-a")], undo(4, 2), "cannot be taken back"),
            ([merge(1, "D-a", "D-b"), undo(2, 1), apart(3, "D-a", "D-b")], undo(4, 2), "cannot be taken back"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_refused(self, before: list[Decision], new: Decision, message: str) -> None:
        with pytest.raises(InputError, match=message):
            check_ground(before, new)

    @pytest.mark.parametrize(
        ("before", "new"),
        [
            ([merge(1, "D-a", "D-b"), undo(2, 1)], merge(3, "D-b", "D-a")),
            ([merge(1, "D-a", "D-b")], undo(2, 1)),
            ([merge(1, "D-a", "D-b"), merge(2, "D-b", "D-c")], undo(3, 1)),
            ([apart(1, "D-a", "D-b"), undo(2, 1)], merge(3, "D-a", "D-b")),
            ([apart(1, "D-a", "D-b")], merge(2, "D-a", "D-c")),
        ],
    )
    def test_what_fits_is_not(self, before: list[Decision], new: Decision) -> None:
        check_ground(before, new)

    @pytest.mark.parametrize("title", ["", " \n", "长" * 41])
    def test_titles_have_a_length(self, title: str) -> None:
        with pytest.raises(InputError, match="expected 1 to 40"):
            checked_title(title)

    def test_a_title_is_one_line(self) -> None:
        assert checked_title(" 支持\n横屏 ") == "支持 横屏"
        assert checked_title("长" * 40) == "长" * 40


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/store.db"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres_url"))
    with open_store(url) as found:
        yield found


class TestStore:
    def test_decisions_come_back_as_they_were(self, store: Store) -> None:
        made = [replace(merge(0, "D-a", "D-b"), reason="同一件事"), undo(0, 1)]
        kept = [store.decide("云记账", lambda _, one=one: one) for one in made]  # type: ignore[misc]
        assert store.decisions("云记账") == kept == [replace(d, id=k) for k, d in enumerate(made, 1)]
        assert store.decisions("别的产品") == []
        assert kept[0].time.tzinfo is UTC

    def test_a_refusal_keeps_nothing(self, store: Store) -> None:
        def refuse(_: Sequence[Decision]) -> Decision:
            raise InputError("no")

        with pytest.raises(InputError, match="no"):
            store.decide("云记账", refuse)
        assert store.decisions("云记账") == []

    def test_two_at_once_see_each_other(self, store: Store) -> None:
        seen: list[int] = []
        started = threading.Barrier(4)

        def add() -> None:
            started.wait()

            def make(before: Sequence[Decision]) -> Decision:
                seen.append(len(before))
                return merge(0, "D-a", "D-b")

            store.decide("云记账", make)

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == [0, 1, 2, 3]


def desk(store: Store, settings: Settings = SETTINGS) -> Desk:
    return Desk.of(store, PRODUCT, settings)


def backlog_of(folder: Path, week: int, settings: Settings = SETTINGS) -> Backlog:
    with opened(folder) as store:
        return mine_week(store, PRODUCT, FIRST.plus(week - 1), settings=settings)


def rows_of(folder: Path) -> tuple[Any, Any]:
    with opened(folder) as store:
        return store.memberships(PRODUCT), store.demand_rows(PRODUCT)


def comments_of(backlog: Backlog, key: str) -> set[str]:
    (item,) = [item for item in backlog.items if item.id == key]
    return {unit.comment for unit in item.units}


class TestMerge:
    def test_one_item_with_both_voices(self, imported: Imported) -> None:
        folder = imported(ROWS)
        before = mined(folder, 1, 2, 3)[-1]
        export, letters = item_with(before, "002"), item_with(before, "003")
        assert export != letters
        with opened(folder) as store:
            desk(store).merge([letters], export, "小林")
        after = backlog_of(folder, 3)
        assert comments_of(after, export) == comments_of(before, export) | comments_of(before, letters)
        assert letters not in {item.id for item in after.items}
        assert {item.id: item.merged_ids for item in after.items if item.merged_ids} == {export: (letters,)}
        both = next(item for item in after.items if item.id == export)
        assert both.users == len({ROWS[int(c[5:])][2] for c in comments_of(after, export)})
        assert both.title == next(item.title for item in before.items if item.id == export)
        later = backlog_of(folder, 5)
        assert comments_of(later, export) > comments_of(after, export), "the weeks after join it"

    def test_taken_back_after_three_more_weeks_it_never_was(self, imported: Imported) -> None:
        plain, steered = imported(ROWS, "plain"), imported(ROWS, "steered")
        before = mined(steered, 1, 2, 3)[-1]
        with opened(steered) as store:
            made = desk(store).merge([item_with(before, "003")], item_with(before, "002"), "小林")
        between = mined(steered, 4, 5, 6)[-1]
        assert any(item.merged_ids for item in between.items)
        with opened(steered) as store:
            desk(store).undo(made.id, "小林")
        expected = mined(plain, 1, 2, 3, 4, 5, 6)[-1]
        assert rows_of(steered) == rows_of(plain)
        with opened(steered) as store, opened(plain) as other:
            assert desk(store).view == desk(other).view
        assert without_counts(backlog_of(steered, 6)) == without_counts(expected)

    def test_a_decision_whose_ground_has_moved_is_refused(self, imported: Imported) -> None:
        folder = imported(ROWS)
        backlog = mined(folder, 3)[0]
        export, letters, crash = (item_with(backlog, key) for key in ("002", "003", "000"))
        with opened(folder) as store, opened(folder) as other:
            late = desk(other)
            desk(store).merge([letters], export, "小林")
            for act in (
                lambda: late.merge([crash], letters, "老周"),
                lambda: late.rename(letters, "字体大些", "老周"),
                lambda: late.split(letters, ["file:003:0"], "字体大些", "老周"),
                lambda: late.move(["file:000:0"], letters, "老周"),
                lambda: late.apart(letters, crash, "老周"),
            ):
                with pytest.raises(
                    InputError, match=rf"part of {export} now \(decision 1, merge by 小林 at 2"
                ):
                    act()
            assert len(store.decisions(PRODUCT)) == 1


class TestMistakes:
    def test_each_is_told_and_nothing_is_kept(self, imported: Imported) -> None:
        folder = imported(ROWS)
        backlog = mined(folder, 3)[0]
        export, letters = item_with(backlog, "002"), item_with(backlog, "003")
        with opened(folder) as store:
            mine = desk(store)
            every = mine.members[export]
            wrong: list[tuple[Callable[[], Any], str]] = [
                (lambda: mine.merge([export], export, "小林"), "with itself"),
                (lambda: mine.merge([letters, letters], export, "小林"), "with itself"),
                (lambda: mine.merge(["D-unknown"], export, "小林"), "No demand"),
                (lambda: mine.merge(["D-"], export, "小林"), "begins"),
                (lambda: mine.rename(export, "长" * 41, "小林"), "has 41 letters"),
                (lambda: mine.rename(export, "好", " "), "has 0 letters; .* --author"),
                (lambda: mine.split(export, [], "好", "小林"), "No unit"),
                (lambda: mine.split(export, ["file:999:0"], "好", "小林"), "belong to no demand"),
                (lambda: mine.split(export, ["file:003:0"], "好", "小林"), f"belong to {letters}"),
                (lambda: mine.split(export, every, "好", "小林"), "nothing would stay"),
                (lambda: mine.move(every[:1], export, "小林"), "already"),
                (lambda: mine.apart(export, export, "小林"), "twice"),
                (lambda: mine.apart(every[0], every[1], "小林"), "Both belong to one demand"),
                (lambda: mine.undo(5, "小林"), "no decision 5"),
            ]
            for act, message in wrong:
                with pytest.raises(InputError, match=message):
                    act()
            assert store.decisions(PRODUCT) == []

    def test_a_store_without_a_mined_week(self, imported: Imported) -> None:
        with opened(imported(ROWS)) as store, pytest.raises(InputError, match="holds no demands"):
            desk(store)
