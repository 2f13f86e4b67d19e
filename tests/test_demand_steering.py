"""Decisions over weeks: what later runs make of them, whichever week, model or order of imports."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_demand_decisions import backlog_of, comments_of, desk, rows_of
from test_mine import (
    FIRST,
    PRODUCT,
    ROWS,
    SETTINGS,
    groups,
    imported,
    item_with,
    mined,
    opened,
    row,
    without_counts,
)

from feedback_mining.backlog.items import Backlog
from feedback_mining.cli import main
from feedback_mining.errors import InputError
from feedback_mining.pipeline.demand_views import Views
from feedback_mining.pipeline.ingest import import_files
from feedback_mining.pipeline.mine import Miner
from feedback_mining.settings import load_settings

__all__ = ["imported"]  # a fixture
Imported = Callable[..., Path]

# Two needs that the machine takes for one: exports to a table, and to a printed page.
EXPORTS = [
    (0, "甲一", "希望账本能导出成表格"),
    (1, "乙二", "账本能不能导出成表格"),
    (1, "丙三", "希望账本能导出成打印的纸质账单"),
    (2, "丁四", "账本能不能导出打印成纸质账单"),
    (7, "戊五", "希望账本可以导出成表格"),
    (8, "己六", "账本导出打印成纸质账单可以吗，希望支持"),
    (9, "庚七", "希望账本能导出打印纸质账单"),
    (14, "辛八", "希望能把账本导出打印成纸质账单"),
    (15, "壬九", "希望能把账本导出成表格"),
    (21, "癸十", "希望账本能导出成打印的纸质账单"),
]
PRINTED = {"002", "003", "005", "006", "007", "009"}
EXPORT_ROWS = [row(k, *said) for k, said in enumerate(EXPORTS)]


def unit_of(folder: Path, comment: str) -> str:
    with opened(folder) as store:
        (found,) = (u for u in desk(store).view.memberships if u.startswith(f"file:{comment}:"))
    return found


def ids(backlog: Backlog) -> dict[str, str]:
    """Comment → id of its item."""
    return {comment[5:]: key for key, comments in groups(backlog).items() for comment in comments}


class TestSplit:
    @pytest.fixture
    def split(self, imported: Imported) -> tuple[Path, str, str]:
        """A store of one week whose demand about exports was split, the demand, and the one split off."""
        folder = imported(EXPORT_ROWS)
        one = mined(folder, 1)[0]
        if len({ids(one)[key] for key in ("000", "001", "002", "003")}) > 1:  # make them one, as people can
            with opened(folder) as store:
                for key in sorted(set(ids(one).values()) - {ids(one)["000"]}):
                    units = desk(store).members[key]
                    desk(store).move(units, ids(one)["000"], "小林")
        with opened(folder) as store:
            whole = ids(one)["000"]
            units = [u for u in desk(store).members[whole] if u[5:8] in PRINTED]
            made = desk(store).split(whole, units, "支持打印账单", "小林", "不是一张工单")
        return folder, whole, made.content["new"]

    def test_it_is_there_at_once_and_in_the_next_report(self, split: tuple[Path, str, str]) -> None:
        folder, whole, new = split
        with opened(folder) as store:
            views = Views(desk(store))
            assert views.row(new).title == "支持打印账单"
            assert views.row(new).state == views.row(whole).state == "changed"
            assert views.row(new).users == views.row(whole).users == 2
        backlog = backlog_of(folder, 1)
        assert comments_of(backlog, new) == {"file:002", "file:003"}
        assert comments_of(backlog, whole) == {"file:000", "file:001"}
        (item,) = (item for item in backlog.items if item.id == new)
        assert (item.title, item.first_seen) == ("支持打印账单", str(FIRST))
        assert item.keywords

    def test_what_is_said_later_joins_what_it_is_like(self, split: tuple[Path, str, str]) -> None:
        folder, whole, new = split
        last = mined(folder, 2, 3, 4)[-1]
        assert comments_of(last, new) == {f"file:{key}" for key in PRINTED}
        assert comments_of(last, whole) == {f"file:{k:03d}" for k in range(10)} - comments_of(last, new)

    def test_and_does_so_again_whatever_is_run_again(self, split: tuple[Path, str, str]) -> None:
        folder, _, new = split
        last = mined(folder, 2, 3, 4)[-1]
        rows = rows_of(folder)
        assert without_counts(mined(folder, 1, 2, 3, 4)[-1]) == without_counts(last)
        assert without_counts(backlog_of(folder, 4)) == without_counts(last)
        assert rows_of(folder)[0].keys() == rows[0].keys()
        at_once = mined(folder, 4)[0]
        assert comments_of(at_once, new) >= {"file:002", "file:003"}

    def test_taken_back_its_units_return(self, split: tuple[Path, str, str]) -> None:
        folder, whole, new = split
        mined(folder, 2, 3)
        with opened(folder) as store:
            number = next(d.id for d in store.decisions(PRODUCT) if d.kind == "split")
            desk(store).undo(number, "小林")
            assert new not in desk(store).view.demands
            assert {desk(store).view.memberships[u] for u in desk(store).raw} == {whole}
            with pytest.raises(InputError, match="was taken back .decision"):
                desk(store).rename(new, "打印", "老周")
        last = backlog_of(folder, 4)
        assert new not in {item.id for item in last.items}
        assert set(ids(last)) == {f"{k:03d}" for k in range(10)}, "no voice is lost"
        assert {ids(last)["002"], ids(last)["003"]} == {whole}


class TestMove:
    def test_a_unit_stays_where_a_person_put_it(self, imported: Imported) -> None:
        folder = imported(ROWS)
        before = mined(folder, 1, 2, 3)[-1]
        crash, slow = item_with(before, "000"), item_with(before, "005")
        with opened(folder) as store:
            made = desk(store).move([unit_of(folder, "001")], slow, "小林")
        for backlog in (backlog_of(folder, 3), *mined(folder, 1, 2, 3, 4, 5, 6), *mined(folder, 6)):
            assert "file:001" in comments_of(backlog, slow)
        assert "file:001" not in comments_of(backlog_of(folder, 6), crash)
        with opened(folder) as store:
            desk(store).undo(made.id, "小林")
        last = mined(folder, 1, 2, 3)[-1]
        assert without_counts(last) == without_counts(before)

    def test_the_founder_of_a_demand_may_be_moved(self, imported: Imported) -> None:
        folder = imported(ROWS)
        before = mined(folder, 1, 2, 3)[-1]
        crash, slow = item_with(before, "000"), item_with(before, "005")
        with opened(folder) as store:
            desk(store).move([unit_of(folder, "000")], slow, "小林")
        again = mined(folder, 1, 2, 3)[-1]
        assert item_with(again, "000") == slow
        assert comments_of(again, crash) == comments_of(before, crash) - {"file:000"}, "it keeps its id"


class TestApart:
    def test_two_demands_stay_two_when_everything_is_grouped_anew(
        self, imported: Imported, static_folder: Path
    ) -> None:
        folder = imported(ROWS)
        before = mined(folder, 1, 2, 3)[-1]
        crash, slow = item_with(before, "000"), item_with(before, "005")
        with opened(folder) as store:
            desk(store).apart(crash, slow, "小林")
            with pytest.raises(InputError, match="never the same"):
                desk(store).merge([slow], crash, "小林")
        other = load_settings(author_key="fixed", encoder=str(static_folder))
        for settings in (SETTINGS, other):
            backlog = [backlog_of(folder, week, settings) for week in (1, 2, 3)][-1]
            assert comments_of(before, crash) <= comments_of(backlog, crash)
            assert comments_of(before, slow) <= comments_of(backlog, slow)

    def test_they_are_not_proposed(self, imported: Imported) -> None:
        folder = imported(ROWS)
        mined(folder, 1, 2, 3, 4, 5, 6)
        with opened(folder) as store:
            first = Views(desk(store)).alike(3)
            assert first
            desk(store).apart(first[0].one.id, first[0].other.id, "小林")
            assert {(p.one.id, p.other.id) for p in Views(desk(store)).alike(50)}.isdisjoint(
                {(first[0].one.id, first[0].other.id)}
            )
            pair = Views(desk(store)).alike(1)[0]
            desk(store).merge([pair.one.id], pair.other.id, "小林")
            assert pair.one.id not in {p.one.id for p in Views(desk(store)).alike(50)}

    def test_two_units(self, imported: Imported) -> None:
        folder = imported(ROWS)
        before = mined(folder, 3)[0]
        crash, slow = item_with(before, "000"), item_with(before, "005")
        units = [unit_of(folder, "000"), unit_of(folder, "005")]
        with opened(folder) as store:
            desk(store).apart(*units, "小林")
            for act in (
                lambda: desk(store).merge([slow], crash, "小林"),
                lambda: desk(store).move(units[:1], slow, "小林"),
            ):
                with pytest.raises(InputError, match="never the same"):
                    act()
            desk(store).move(units[:1], item_with(before, "002"), "小林")


class TestIdentity:
    def test_ids_survive_runs_of_any_week(self, imported: Imported) -> None:
        folder = imported(ROWS)
        once = mined(folder, 1, 2, 3, 4, 5, 6)
        assert [ids(b) for b in mined(folder, 4, 5, 6)] == [ids(b) for b in once[3:]]
        assert [ids(b) for b in mined(folder, 1, 2, 3, 4, 5, 6)] == [ids(b) for b in once]
        with opened(folder) as store:
            miner = Miner(store, PRODUCT, SETTINGS)
            assert [ids(miner.mine(FIRST.plus(k))) for k in range(6)] == [ids(b) for b in once]

    def test_and_a_changed_encoder(self, imported: Imported, static_folder: Path) -> None:
        folder = imported(ROWS)
        before = ids(mined(folder, 1, 2, 3)[-1])
        with opened(folder) as store:
            desk(store).rename(before["000"], "年度账单闪退", "小林")
        other = load_settings(author_key="fixed", encoder=str(static_folder))
        after = backlog_of(folder, 4, other)
        assert {key: ids(after)[key] for key in before} == before
        assert next(i.title for i in after.items if i.id == before["000"]) == "年度账单闪退"

    def test_a_name_that_a_person_gave_is_never_changed(self, imported: Imported) -> None:
        folder = imported(ROWS)
        before = mined(folder, 1)[0]
        crash = item_with(before, "000")
        with opened(folder) as store:
            made = desk(store).rename(crash, "年度账单打不开", "小林")
        for backlog in mined(folder, 1, 2, 3, 4, 5, 6):
            assert next(i.title for i in backlog.items if i.id == crash) == "年度账单打不开"
        with opened(folder) as store:
            desk(store).undo(made.id, "小林")
        machine = next(i.title for i in backlog_of(folder, 6).items if i.id == crash)
        assert machine == next(i.title for i in mined(imported(ROWS, "plain"), 1, 2, 3, 4, 5, 6)[-1].items if i.id == crash)  # fmt: skip

    def test_and_the_order_of_imports(self, imported: Imported, tmp_path: Path) -> None:
        one, other = ROWS[::2], ROWS[1::2]
        folders = []
        for name, parts in (("ab", (one, other)), ("ba", (other, one))):
            for number, part in enumerate(parts):
                folders.append(imported(part, name, f"{number}.csv"))
        found = [[ids(b) for b in mined(folder, 1, 2, 3)] for folder in (folders[0], folders[2])]
        assert found[0] == found[1]

    def test_importing_a_file_again_changes_nothing(self, imported: Imported) -> None:
        folder = imported(ROWS)
        before = mined(folder, 1, 2, 3)[-1]
        with opened(folder) as store:
            desk(store).merge([item_with(before, "003")], item_with(before, "002"), "小林")
        steered = mined(folder, 1, 2, 3)[-1]
        rows = rows_of(folder)
        with opened(folder) as store:
            (report,) = import_files([folder / "评论.csv"], store, product=PRODUCT, settings=SETTINGS)
            assert report.already_imported
        assert without_counts(mined(folder, 1, 2, 3)[-1]) == without_counts(steered)
        assert rows_of(folder) == rows

    def test_an_earlier_comment_that_comes_late_leaves_a_named_demand_its_id(
        self, imported: Imported
    ) -> None:
        folder = imported(ROWS)
        crash = item_with(mined(folder, 1, 2, 3)[-1], "000")
        with opened(folder) as store:
            desk(store).rename(crash, "年度账单闪退", "小林")
        imported([("900", "2026-03-02 00:10", "早起", "年度账单一打开就闪退")], file="迟到.csv")
        last = mined(folder, 1, 2, 3)[-1]
        assert next(i.title for i in last.items if i.id == crash) == "年度账单闪退"
        assert {"file:900", "file:000", "file:001"} <= comments_of(last, crash)

    def test_any_decisions_taken_back_leave_what_would_have_been(self, imported: Imported) -> None:
        folder = imported(ROWS)
        plain = mined(folder, 1, 2, 3, 4)[-1]
        chance = random.Random(5)
        with opened(folder) as store:
            for _ in range(25):
                its = desk(store)
                keys, units = sorted(its.view.demands), sorted(its.view.memberships)
                one, other = chance.sample(keys, 2)
                acts: list[Callable[[], Any]] = [
                    lambda one=one, other=other, its=its: its.merge([one], other, "小林"),
                    lambda one=one, its=its: its.rename(one, "新名", "小林"),
                    lambda one=one, units=units, its=its: its.move(chance.sample(units, 2), one, "小林"),
                    lambda one=one, other=other, its=its: its.apart(one, other, "小林"),
                    lambda one=one, its=its: its.split(one, its.members[one][:1], "拆", "小林"),
                    lambda its=its: its.undo(chance.randint(1, 10), "老周"),
                ]  # fmt: skip
                try:
                    chance.choice(acts)()
                except InputError:
                    continue
            assert len(store.decisions(PRODUCT)) > 8
        steered = mined(folder, 1, 2, 3, 4)[-1]
        assert set(ids(steered)) == set(ids(plain)), "no voice is lost"
        with opened(folder) as store:
            from feedback_mining.demands.decisions import in_force

            for decision in reversed(in_force(store.decisions(PRODUCT))):
                desk(store).undo(decision.id, "小林")
        again = mined(folder, 1, 2, 3, 4)[-1]
        assert without_counts(again) == without_counts(plain)


class TestLedger:
    def test_a_life(self, imported: Imported) -> None:
        said = [
            *EXPORTS[:2],
            (70, "子一", "希望账本能导出成表格"),
            (71, "丑二", "登录不上去，一直提示网络错误"),
        ]
        folder = imported([row(k, *one) for k, one in enumerate(said)])
        last = mined(folder, 1, 11)[-1]
        key = item_with(last, "000")
        with opened(folder) as store:
            its = desk(store)
            named = its.rename(key, "导出表格", "小林", "说清楚")
            its.undo(named.id, "老周")
            events = Views(desk(store)).history(key)
            login = item_with(last, "003")
            merged = desk(store).merge([login], key, "小林")
            after = Views(desk(store)).history(login)
        told = [(e.kind, e.week, e.by) for e in events if e.by == "machine"]
        assert told[:3] == [
            ("birth", str(FIRST), "machine"),
            ("dormant", str(FIRST.plus(6)), "machine"),
            ("returned", str(FIRST.plus(10)), "machine"),
        ]
        assert events[0].evidence == {"units": 2, "people": 2}
        assert next(e.evidence for e in events if e.kind == "returned") == {
            "quiet_weeks": 9,
            "units": 1,
            "people": 1,
        }
        people = [(e.kind, e.by, e.in_force, e.reason) for e in events if e.by != "machine"]
        assert people == [("renamed", "小林", False, "说清楚"), ("undone", "老周", True, "")]
        assert [(e.kind, e.decision) for e in after] == [("birth", None), ("merge", merged.id)]
        assert after[-1].evidence["members"] == {login: 1, key: 3}

    def test_a_demand_that_was_split_off_was_born_of_a_person(self, imported: Imported) -> None:
        folder = imported(EXPORT_ROWS)
        key = item_with(mined(folder, 1)[0], "000")
        with opened(folder) as store:
            its = desk(store)
            made = its.split(key, its.members[key][:1], "导出", "小林")
            mined(folder, 2)
            born = Views(desk(store)).history(made.content["new"])[0]
        assert (born.kind, born.by, born.decision, born.week) == ("birth", "小林", made.id, str(FIRST))

    def test_a_week_that_is_run_again_tells_the_same(self, imported: Imported) -> None:
        folder = imported(ROWS)
        crash = item_with(mined(folder, 1, 2, 3, 4)[-1], "000")
        with opened(folder) as store:
            before = Views(desk(store)).history(crash)
        mined(folder, 3, 4)
        with opened(folder) as store:
            assert Views(desk(store)).history(crash) == before


class TestCommands:
    @pytest.fixture
    def folder(self, imported: Imported) -> Path:
        folder = imported(ROWS)
        mined(folder, 1, 2, 3)
        return folder

    def run(self, capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, str, str]:
        code = main(["demands", *words, "--out", str(folder)])
        said = capsys.readouterr()
        return code, said.out, said.err

    def test_looking_and_steering(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = self.run(capsys, folder, "list", "--json")
        rows = json.loads(out)
        assert code == 0
        assert {"id", "title", "theme", "users", "state", "first_seen", "status"} <= rows[0].keys()
        one, other = rows[0]["id"], rows[1]["id"]
        code, out, _ = self.run(
            capsys, folder, "merge", other[:6], "--into", one, "--author", "小林", "--reason", "同"
        )
        assert code == 0
        assert f"已记下 #1 合并 {other} → {one} · 小林" in out
        assert "feedback-mining mine" in out
        code, out, _ = self.run(capsys, folder, "show", one, "--all", "--json")
        shown = json.loads(out)
        assert shown["row"]["merged_ids"] == [other]
        assert shown["row"]["users"] == len({said["unit"] for said in shown["members"]}) - _repeated(shown)
        code, out, _ = self.run(capsys, folder, "show", one, "--lang", "en")
        assert "merge" in out
        assert "By week" in out
        code, out, _ = self.run(capsys, folder, "history", other, "--lang", "en")
        assert re.search(r"birth · machine · units \d, people \d", out)
        assert "merge #1 · 小林" in out
        code, out, _ = self.run(capsys, folder, "list", "--state", "changed")
        assert one in out
        assert other not in out.replace(f"含并入的 {other}", "")
        code, out, _ = self.run(capsys, folder, "undo", "1")
        assert code == 0
        code, out, _ = self.run(capsys, folder, "propose", "--limit", "2", "--json")
        assert code == 0
        assert set(json.loads(out)) == {"alike", "wide"}
        assert len(json.loads(out)["alike"][0]["quotes"][0]) >= 1

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["show", "D-nothing"], "No demand"),
            (["list", "--state", "rising"], "expected one of new"),
            (["list", "--theme", "weather"], "expected one of"),
            (["undo", "9"], "no decision 9"),
            (["move", "--unit", "file:999:0", "--to", "D-"], "begins"),
            (["apart", "D-x", "D-y"], "No demand"),
        ],
    )
    def test_mistakes_are_one_line(
        self, folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
    ) -> None:
        code, out, err = self.run(capsys, folder, *words)
        assert (code, out) == (2, "")
        assert message in err
        assert len(err.strip().splitlines()) == 1

    def test_an_empty_list_says_so(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = self.run(capsys, folder, "list", "--theme", "privacy")
        assert (code, out.strip()) == (0, "没有符合的诉求")


def _repeated(shown: Any) -> int:
    """How many of the members are further words of somebody who is counted already."""
    authors = {f"file:{r[0]}": r[2] for r in ROWS}
    said = [authors[m["unit"].rpartition(":")[0]] for m in shown["members"]]
    return len(said) - len(set(said))
