"""Labels out to files and back: nothing changes on the way, and what cannot be meant is named."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from feedback_mining.classification.labelling import HumanLabel, LabelledUnit
from feedback_mining.cli import main
from feedback_mining.errors import InputError, UnreadableFile
from feedback_mining.pipeline.ingest import import_files
from feedback_mining.pipeline.label_import import LabelReport, import_labels
from feedback_mining.pipeline.labels import labelled_comments
from feedback_mining.settings import Settings
from feedback_mining.storage import Store, open_store
from feedback_mining.taxonomy import Taxonomy

PRODUCT = "云记账"
NOW = datetime(2026, 4, 1, 4, tzinfo=UTC)
SAID = [
    ("1", "2026-03-02 10:00", "打开账单就闪退，太贵了"),
    ("2", "2026-03-03 10:00", "😀卡，希望有夜间模式\n卡得很"),
    ("3", "2026-03-04 10:00", "很好用，已经推荐给同事，电话13812345678"),
    ("4", "2026-03-05 10:00", "嗯嗯"),
    ("5", "2026-03-06 10:00", "=1+1 都算错"),
]
KEYS = {number: f"file:{number}" for number, _, _ in SAID}
TEXTS = {number: text for number, _, text in SAID}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    with open_store(url) as opened:
        fill(opened, tmp_path)
        yield opened


def fill(store: Store, folder: Path) -> None:
    path = folder / "评论.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("评论ID", "时间", "内容"), *SAID])
    import_files([path], store, product=PRODUCT, settings=Settings())


def lines(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


def unit(span: str, intent: str = "bug", theme: str = "stability", **more: Any) -> dict[str, Any]:
    return {"span": span, "intent": intent, "theme": theme, "sentiment": "negative", **more}


def row(number: str, *units: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": KEYS[number], "text": TEXTS[number], "units": list(units), "signals": [], **more}


def taken(store: Store, *paths: Path, **more: Any) -> list[LabelReport]:
    more = {"author": "甲", "now": NOW, **more}
    return import_labels(paths, store, Taxonomy.load(), **more)


def one(store: Store, path: Path, **more: Any) -> LabelReport:
    (report,) = taken(store, path, **more)
    assert report.read == report.new + report.unchanged + report.unchecked + len(report.refused)
    return report


def reasons(report: LabelReport) -> list[tuple[int | None, str]]:
    return [(refused.line, str(refused.reason)) for refused in report.refused]


class TestImport:
    def test_rows_find_their_comment_or_stand_by_themselves(self, store: Store, tmp_path: Path) -> None:
        path = lines(
            tmp_path / "标注.jsonl",
            row("1", unit("打开账单就闪退"), unit("太贵了", "complaint", "payment")),
            {"id": "x", "text": "（该条评论已经被删除）" + TEXTS["5"], "units": [unit("都算错")]},
            {"id": "gold-1", "text": "打我电话13812345678，老闪退", "units": [unit("老闪退", demand="电话13812345678")]},
        )  # fmt: skip
        report = one(store, path)
        assert (report.read, report.new, report.loose, report.refused) == (3, 3, 1, ())
        known, same_text, loose = store.labels()
        assert (known.comment, known.product, known.author, known.time) == (KEYS["1"], PRODUCT, "甲", NOW)
        assert (known.origin, known.signals) == ("标注.jsonl", ())
        assert [(u.start, u.end, u.theme) for u in known.units] == [(0, 7, "stability"), (8, 11, "payment")]
        assert same_text.comment == KEYS["5"]
        assert (same_text.signals, same_text.with_demands) == (None, False)
        assert (loose.comment, loose.product, loose.with_demands) == (None, None, True)
        assert loose.text == "打我电话***********，老闪退"
        assert loose.units[0].demand == "电话***********"

    def test_the_same_file_twice_is_nothing_new(self, store: Store, tmp_path: Path) -> None:
        path = lines(
            tmp_path / "a.jsonl", row("1", unit("太贵了")), {"text": "别的，闪退", "units": [unit("闪退")]}
        )
        assert one(store, path).new == 2
        again = one(store, path, now=NOW + timedelta(days=1))
        assert (again.new, again.unchanged) == (0, 2)
        assert len(store.labels()) == 2

    def test_personal_data_in_a_row_does_not_hide_its_comment(self, store: Store, tmp_path: Path) -> None:
        path = lines(tmp_path / "a.jsonl", row("3", unit("同事，电话13812345678")))
        assert one(store, path).refused == ()
        (label,) = store.labels()
        assert label.comment == KEYS["3"]
        assert label.text[label.units[0].start : label.units[0].end] == "同事，电话***********"

    def test_bad_rows_are_named_and_good_ones_kept(self, store: Store, tmp_path: Path) -> None:
        whole = unit("打开账单就闪退，太贵了")
        path = lines(
            tmp_path / "a.jsonl",
            row("1", unit("打开就闪退")),
            row("1", unit("太贵了", theme="贵")),
            row("1", unit("太贵了"), whole),
            row("1", unit("太贵了", intent="骂")),
            row("1", {**unit("太贵了"), "sentiment": "愤怒"}),
            row("1", unit("太贵了"), signals=["走人"]),
            row("1", {"span": "太贵了", "intent": "bug", "theme": "payment"}),
            {"id": "nowhere", "units": []},
            {"id": KEYS["1"], "text": "完全是另一句话", "units": []},
            {"id": KEYS["1"], "text": TEXTS["1"]},
            "没有",
            row("1", unit("太贵了", "complaint", "payment")),
        )
        path.write_text(path.read_text("utf-8") + "{half\n", encoding="utf-8")
        report = one(store, path)
        assert (report.read, report.new) == (13, 1)
        assert reasons(report) == [
            (1, "span_not_in_text"), (2, "unknown_theme"), (3, "overlapping_spans"), (4, "unknown_intent"),
            (5, "unknown_sentiment"), (6, "unknown_signal"), (7, "missing_label"), (8, "no_text"),
            (9, "other_text"), (10, "bad_row"), (11, "bad_row"), (13, "bad_row"),
        ]  # fmt: skip
        assert "stability" in report.refused[1].values[1]

    def test_names_in_chinese_are_understood(self, store: Store, tmp_path: Path) -> None:
        given = {"span": "太贵了", "intent": "抱怨", "theme": "价格与支付", "sentiment": "负面"}
        assert one(store, lines(tmp_path / "a.jsonl", row("1", given, signals=["离开或要离开"]))).new == 1
        (label,) = store.labels()
        assert label.units == (LabelledUnit(8, 11, "complaint", "payment", "negative"),)
        assert label.signals == ("churn",)

    def test_untouched_suggestions_are_nobodys_labels(self, store: Store, tmp_path: Path) -> None:
        from feedback_mining.classification.label_rows import fingerprint

        made = fingerprint([LabelledUnit(8, 11, "bug", "stability", "negative")], ())
        untouched = row("1", unit("太贵了"), suggestion=made, checked=False)
        path = lines(tmp_path / "a.jsonl", untouched)
        report = one(store, path)
        assert (report.new, report.unchecked) == (0, 1)
        assert one(store, lines(path, {**untouched, "checked": True}), dry_run=True).new == 1
        assert one(store, lines(path, row("1", unit("太贵了", theme="payment"), suggestion=made))).new == 1
        assert one(store, lines(path, untouched), everything=True).new == 1

    def test_a_dry_run_counts_and_writes_nothing(self, store: Store, tmp_path: Path) -> None:
        path = lines(tmp_path / "a.jsonl", row("1", unit("太贵了")), row("2", unit("没有")))
        report = one(store, path, dry_run=True)
        assert (report.new, len(report.refused)) == (1, 1)
        assert store.labels() == []
        assert one(store, path).new == 1

    def test_who_labelled_is_the_option_then_the_row_then_the_setting(
        self, store: Store, tmp_path: Path
    ) -> None:
        path = lines(
            tmp_path / "a.jsonl",
            row("1", unit("太贵了"), author="乙", time="2026-03-20T10:00:00+08:00"),
            row("2", unit("卡得很")),
        )
        nameless = one(store, path, author=None, dry_run=True)
        assert reasons(nameless) == [(2, "no_author")]
        one(store, path, author=None, annotator="丙")
        first, second = store.labels()
        assert (first.author, first.time) == ("乙", datetime(2026, 3, 20, 2, tzinfo=UTC))
        assert (second.author, second.time) == ("丙", NOW)
        assert one(store, path, author="丁").new == 2
        with pytest.raises(InputError, match="cannot be an annotator's name"):
            one(store, path, author=" ")

    def test_files_that_hold_no_labels_stop_everything(self, store: Store, tmp_path: Path) -> None:
        good = lines(tmp_path / "a.jsonl", row("1", unit("太贵了")))
        broken = tmp_path / "b.json"
        broken.write_text("[{", encoding="utf-8")
        for bad in (tmp_path / "none.jsonl", tmp_path, broken, lines(tmp_path / "c.xlsx")):
            with pytest.raises(UnreadableFile):
                taken(store, good, bad)
        comments = tmp_path / "d.csv"
        comments.write_text("评论ID,内容\n1,打不开\n", encoding="utf-8")
        with pytest.raises(UnreadableFile, match="lacks intent, sentiment, span, theme"):
            taken(store, good, comments)
        assert store.labels() == []

    def test_labels_of_earlier_words_stay_with_them(self, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "新.csv"
        path.write_text("评论ID,时间,内容\n1,2026-03-20 10:00,现在好了\n", encoding="utf-8")
        import_files([path], store, product=PRODUCT, settings=Settings())
        assert one(store, lines(tmp_path / "a.jsonl", row("1", unit("太贵了")))).new == 1
        (label,) = labelled_comments(store)
        assert (label.id, label.text) == (KEYS["1"], TEXTS["1"])


class TestCsv:
    def test_one_row_a_unit_as_a_spreadsheet_saves_it(self, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(
            "编号,片段,意图,主题,情感,诉求,信号\r\n"
            f"{KEYS['1']},打开账单就闪退,缺陷,稳定性,负面,打开账单闪退,\r\n"
            f"{KEYS['2']},希望有夜间模式,建议,界面与易用性,中性,,\r\n"
            f"{KEYS['1']},太贵了,抱怨,价格与支付,负面,-,\r\n"
            f"{KEYS['4']},,,,,,\r\n"
            f"{KEYS['5']},都算错,缺陷,没有的主题,负面,,\r\n".encode("gb18030")
        )
        report = one(store, path)
        assert (report.read, report.new) == (4, 3)
        assert reasons(report) == [(6, "unknown_theme")]
        first, second, empty = sorted(store.labels(), key=lambda label: str(label.comment))
        assert [u.demand for u in first.units] == ["打开账单闪退", None]
        assert (first.with_demands, second.with_demands) == (True, False)
        assert (empty.comment, empty.units, empty.whole) == (KEYS["4"], (), True)


def spread(store: Store) -> list[HumanLabel]:
    """Labels of every kind."""
    text = store.comments(PRODUCT)[1].text
    base = HumanLabel(text, (), "甲", NOW, "cli", PRODUCT, KEYS["2"], ())
    second = text.rindex("卡")
    return [
        replace(
            base,
            units=(
                LabelledUnit(1, 2, "bug", "performance", "negative", "App卡顿"),
                LabelledUnit(second, second + 3, "bug", "performance", "negative"),
            ),
            signals=("churn", "helping"),
            with_demands=True,
        ),
        replace(base, text=store.comments(PRODUCT)[3].text, comment=KEYS["4"], author="乙"),
        replace(
            base,
            text=store.comments(PRODUCT)[4].text,
            comment=KEYS["5"],
            units=(LabelledUnit(0, 8, "bug", "content", "negative"),),
        ),
        HumanLabel("不在库里，闪退", (LabelledUnit(5, 7, "bug", "stability", "negative"),), "乙", NOW, "cli", signals=()),
    ]  # fmt: skip


class TestRoundTrip:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json"])
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_what_is_exported_comes_back_the_same(
        self, url: str, store: Store, tmp_path: Path, name: str, lang: str
    ) -> None:
        labels = spread(store)
        if name != "a.json":  # Label Studio has no way to say that only one unit was looked at
            text = store.comments(PRODUCT)[0].text
            alone = (LabelledUnit(8, 11, "complaint", "payment", "negative"),)
            labels.append(
                HumanLabel(text, alone, "甲", NOW, "cli", PRODUCT, KEYS["1"], signals=None, whole=False)
            )
        store.add_labels(labels)
        path = tmp_path / name
        assert main(["label", "export", str(path), "--store", url, "--lang", lang]) == 0
        (tmp_path / "other").mkdir()
        with open_store(f"sqlite:///{tmp_path}/other/store.db") as other:
            fill(other, tmp_path)
            assert one(other, path, author=None).new == len(labels)
            assert labelled_comments(other) == labelled_comments(store)
        assert one(store, path, author=None).unchanged == len(labels)

    def test_suggestions_come_back_as_nothing_until_somebody_looks(
        self, url: str, store: Store, tmp_path: Path
    ) -> None:
        store.add_labels(spread(store)[:1])
        for name in ("a.jsonl", "a.csv", "a.json"):
            path = tmp_path / name
            assert main(["label", "export", str(path), "--predictions", "--store", url]) == 0
            report = one(store, path)
            assert (report.new, report.unchanged, report.unchecked, report.refused) == (0, 1, 4, ()), name
        assert len(store.labels()) == 1
        assert one(store, tmp_path / "a.csv", everything=True).new == 4
        assert {label.origin for label in store.labels()} == {"cli", "a.csv"}


class TestLabelStudio:
    def region(
        self, key: str, tag: str, kind: str, start: int, end: int, text: str, *names: str
    ) -> dict[str, Any]:
        place = {"start": start, "end": end, "text": text}
        content = {"text": list(names)} if kind == "textarea" else {kind: list(names)}
        return {"id": key, "from_name": tag, "to_name": "text", "type": kind, "value": {**place, **content}}

    def task(self, number: str, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
        annotation = {"id": 7, "completed_by": 3, "result": list(results), "was_cancelled": False, **more}
        return {
            "id": 1,
            "data": {"text": TEXTS[number], "comment": KEYS[number]},
            "annotations": [annotation],
        }

    def export(self, path: Path, *tasks: dict[str, Any]) -> Path:
        path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
        return path

    def test_regions_with_choices_of_their_own(self, store: Store, tmp_path: Path) -> None:
        area = (8, 11, "太贵了")
        task = self.task(
            "1",
            self.region("a", "unit", "labels", *area, "抱怨"),
            self.region("a", "theme", "choices", *area, "价格与支付"),
            self.region("a", "sentiment", "choices", *area, "negative"),
            self.region("a", "demand", "textarea", 8, 11, "太贵了", "降低价格"),
            {"id": "s", "from_name": "signals", "to_name": "text", "type": "choices", "value": {"choices": ["churn"]}},
            updated_at="2026-03-09T22:16:08.728378Z",
        )  # fmt: skip
        assert one(store, self.export(tmp_path / "a.json", task), author=None).new == 1
        (label,) = store.labels()
        assert label.units == (LabelledUnit(8, 11, "complaint", "payment", "negative", "降低价格"),)
        assert (label.author, label.signals, label.time.year) == ("label-studio:3", ("churn",), 2026)

    def test_an_interface_with_other_tags_and_offsets_that_count_an_emoji_twice(
        self, store: Store, tmp_path: Path
    ) -> None:
        area = (4, 11, "希望有夜间模式")  # code points would be 3 to 10
        task = self.task(
            "2",
            self.region("a", "label", "labels", *area, "opinion"),
            self.region("a", "kind", "choices", *area, "suggestion"),
            self.region("a", "topic", "choices", *area, "ui_ux"),
            self.region("a", "mood", "choices", *area, "neutral"),
        )
        assert one(store, self.export(tmp_path / "a.json", task)).new == 1
        (label,) = store.labels()
        assert label.units == (LabelledUnit(3, 10, "suggestion", "ui_ux", "neutral"),)

    def test_unfinished_tasks(self, store: Store, tmp_path: Path) -> None:
        area = (8, 11, "太贵了")
        label = self.region("a", "unit", "labels", *area, "bug")
        unknown = self.region("a", "theme", "choices", *area, "贵")
        mood = self.region("a", "sentiment", "choices", *area, "负面")
        path = self.export(
            tmp_path / "a.json",
            self.task("1", was_cancelled=True),
            {"data": {"text": TEXTS["1"]}, "predictions": [{"result": [label]}]},
            self.task("1", label, mood),
            self.task("1", label, unknown, mood),
            self.task("1", {"nonsense": 1}),
            self.task("4"),
        )
        report = one(store, path)
        assert (report.read, report.unchecked, report.new) == (6, 2, 1)
        assert reasons(report) == [(3, "missing_label"), (4, "unknown_theme"), (5, "bad_row")]

    def test_json_min_where_it_says_enough(self, store: Store, tmp_path: Path) -> None:
        region = {"start": 8, "end": 11, "text": "太贵了", "labels": ["抱怨"]}
        other = {"start": 0, "end": 7, "text": "打开账单就闪退", "labels": ["缺陷"]}
        base = {"id": 1, "comment": KEYS["1"], "text": TEXTS["1"], "annotator": 3}
        path = self.export(
            tmp_path / "a.json",
            {**base, "unit": [region], "theme": "价格与支付", "sentiment": "负面", "signals": {"choices": ["churn"]}},
            {**base, "unit": [region, other], "theme": ["payment", "stability"], "sentiment": "negative"},
        )  # fmt: skip
        report = one(store, path)
        assert (report.new, reasons(report)) == (1, [(2, "bad_row")])
        assert store.labels()[0].signals == ("churn",)

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_interface_offers_what_the_tasks_hold(
        self, url: str, store: Store, tmp_path: Path, lang: str
    ) -> None:
        config, tasks = tmp_path / "a.xml", tmp_path / "a.json"
        assert main(["label", "config", "--output", str(config), "--lang", lang]) == 0
        assert main(["label", "export", str(tasks), "--predictions", "--store", url, "--lang", lang]) == 0
        view = ElementTree.fromstring(config.read_text("utf-8"))
        offered = {e.get("name"): {o.get("value") for o in e} for e in view if e.tag in {"Labels", "Choices"}}
        assert len(offered["theme"]) == 16
        results = [
            (result["from_name"], name)
            for task in json.loads(tasks.read_text("utf-8"))
            for result in task["predictions"][0]["result"]
            for name in result["value"].get(result["type"], [])
        ]
        assert results
        assert [pair for pair in results if pair[1] not in offered[pair[0]]] == []
        asked = {e.get("value", "")[1:] for e in view.iter() if str(e.get("value", "")).startswith("$")}
        assert all(asked <= set(task["data"]) for task in json.loads(tasks.read_text("utf-8")))
