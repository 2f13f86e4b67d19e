from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from feedback_mining.errors import InputError, MissingColumn, UnreadableFile
from feedback_mining.pipeline.ingest import ImportReport, import_files
from feedback_mining.settings import Settings, default_store, load_settings
from feedback_mining.storage import Store, open_store

NOW = datetime(2026, 3, 9, tzinfo=UTC)
SETTINGS = Settings()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(default_store(tmp_path)) as opened:
        yield opened


def write(folder: Path, name: str, rows: list[list[str]]) -> Path:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    (folder / name).write_text(buffer.getvalue(), encoding="utf-8")
    return folder / name


def take(store: Store, *paths: Path, product: str | None = "云记账", **options: object) -> list[ImportReport]:
    reports = import_files(list(paths), store, product=product, settings=SETTINGS, now=NOW, **options)  # type: ignore[arg-type]
    for report in reports:
        assert report.rows_read == report.stored + report.duplicates + report.quarantined
        assert report.duplicates == sum(report.duplicates_by_reason.values())
        assert report.quarantined == sum(report.quarantined_by_reason.values())
    return reports


def test_personal_data_never_reaches_the_store(store: Store, tmp_path: Path) -> None:
    rows = [
        ["昵称", "内容", "时间"],
        ["张小明", "打我电话13800138000", "2026-03-02 10:05"],
        ["张小明", "邮箱a.b@example.com\n------\n开发者回复：请加QQ 12345678", "2026-03-02 10:06"],
        ["李大力", "手机13900139000", "看不懂的时间"],
    ]
    take(store, write(tmp_path, "a.csv", rows))
    first, second = store.comments("云记账")
    assert first.text == "打我电话***********"
    assert first.author == second.author
    assert second.text == "邮箱***************"
    assert second.reply == "请加QQ ********"
    everything = (tmp_path / "feedback_mining.db").read_bytes()
    for path in tmp_path.glob("feedback_mining.db-*"):
        everything += path.read_bytes()
    for secret in ("张小明", "李大力", "13800138000", "a.b@example.com", "12345678", "13900139000"):
        assert secret.encode() not in everything


def test_the_same_words_are_one_comment_only_for_the_same_person_and_day(
    store: Store, tmp_path: Path
) -> None:
    rows = [
        ["作者", "内容", "时间"],
        ["甲", "很好", "2026-03-02 10:05:00"],
        ["乙", "很好", "2026-03-02 10:05:00"],
        ["甲", "很好", "2026-03-02 23:59:59"],
        ["甲", "很好", "2026-03-03 00:00:00"],
        ["匿名用户", "很好", "2026-03-02 10:05:00"],
        ["匿名用户", "很好", "2026-03-02 10:06:00"],
        ["匿名用户", "很好", "2026-03-02 10:06:00"],
    ]
    (report,) = take(store, write(tmp_path, "a.csv", rows))
    assert (report.rows_read, report.stored) == (7, 5)
    assert report.duplicates_by_reason == {"same_text": 2}
    assert len({comment.id for comment in store.comments("云记账")}) == 5


def test_without_authors_and_times_rows_of_one_file_are_all_kept(store: Store, tmp_path: Path) -> None:
    (first,) = take(store, write(tmp_path, "a.csv", [["text"], ["很好"], ["很好"], ["闪退"]]))
    assert (first.stored, first.duplicates) == (3, 0)
    assert any("没有时间列" in notice for notice in first.notices)
    assert {comment.time for comment in store.comments("云记账")} == {NOW}
    (longer,) = take(store, write(tmp_path, "b.csv", [["text"], ["闪退"], ["很好"], ["很好"], ["很好"]]))
    assert (longer.stored, longer.duplicates_by_reason) == (1, {"same_text": 3})


def test_overlapping_exports_store_each_comment_once(store: Store, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append([None, "云记账_评论详情"])
    book.active.append([None, "发表时间", "作者", "评级", "标题", "内容"])
    for day in range(1, 6):
        book.active.append([None, f"2026-03-0{day} 09:06:26", f"用户{day}", 1, "差", f"第{day}次闪退"])
    book.save(tmp_path / "周一.xlsx")
    book.active.append([None, "2026-03-06 09:06:26", "用户6", 1, "差", "第6次闪退"])
    # Deleted meanwhile, which the service writes into the text.
    book.active.cell(row=3, column=6).value = "（该条评论已经被删除）第1次闪退"
    book.save(tmp_path / "周二.xlsx")
    first, second = take(store, tmp_path / "周一.xlsx", tmp_path / "周二.xlsx", product=None)
    assert (first.product, first.source, first.stored) == ("云记账", "qimai", 5)
    assert (second.rows_read, second.stored, second.duplicates_by_reason) == (6, 1, {"same_text": 5})


def test_a_file_is_imported_once_whatever_its_name(store: Store, tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.csv", [["id", "content", "at"], ["1", "卡", "2026-03-02"], ["1", "卡", "2026-03-02"]]
    )
    copy = tmp_path / "b.csv"
    copy.write_bytes(path.read_bytes())
    first, again = take(store, path, copy)
    assert (first.already_imported, again.already_imported) == (False, True)
    assert (again.rows_read, again.stored, again.duplicates_by_reason) == (2, 1, {"same_id": 1})
    assert store.import_counts("云记账").rows_read == 2


def test_one_unusable_file_keeps_all_of_them_out(store: Store, tmp_path: Path) -> None:
    good = write(tmp_path, "a.csv", [["content"], ["卡"]])
    bad = write(tmp_path, "b.csv", [["甲"], ["卡"]])
    with pytest.raises(MissingColumn, match=r"b\.csv"):
        take(store, good, bad)
    with pytest.raises(UnreadableFile, match="no such file"):
        take(store, good, tmp_path / "c.csv")
    assert store.products() == []


def test_products_need_a_name_that_fits(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", [["content"], ["卡"]])
    with pytest.raises(InputError, match="--product"):
        take(store, path, product="长" * 201)
    (report,) = take(store, path, product=None)
    assert report.product == "a"


def test_bad_rows_are_refused_with_their_lines_and_the_rest_goes_on(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [
        json.dumps({"id": "1", "text": "卡", "time": "2026-03-02"}),
        "{kaputt",
        json.dumps({"id": "2", "text": "", "time": "2026-03-02"}),
        json.dumps({"id": "3", "text": "慢", "time": "改天"}),
        json.dumps({"id": "4", "text": "（该条评论已经被删除）", "time": "2026-03-02"}),
        json.dumps({"id": "5", "text": "好", "time": 1772413586}),
    ]
    path.write_text("\n".join(rows))
    (report,) = take(store, path)
    assert (report.rows_read, report.stored, report.quarantined) == (6, 2, 4)
    assert [(refused.row.line, str(refused.row.reason)) for refused in store.quarantine("云记账")] == [
        (2, "bad_row"),
        (3, "empty_text"),
        (4, "bad_time"),
        (5, "empty_text"),
    ]


def test_edited_comments_are_noticed(store: Store, tmp_path: Path) -> None:
    take(store, write(tmp_path, "a.csv", [["id", "content", "at"], ["1", "卡", "2026-03-02"]]))
    newer = write(tmp_path, "b.csv", [["id", "content", "at"], ["1", "不卡了", "2026-03-05"]])
    (report,) = take(store, newer)
    assert report.duplicates_by_reason == {"same_id": 1}
    assert any("1 条已有评论" in notice for notice in report.notices)
    assert [comment.text for comment in store.comments("云记账")] == ["不卡了"]


def test_progress_tells_every_row_once(store: Store, tmp_path: Path) -> None:
    rows = [["id", "content", "at"], *([str(i), f"第{i}条", "2026-03-02"] for i in range(501))]
    steps: list[int] = []
    take(store, write(tmp_path, "a.csv", rows), progress=steps.append)
    assert sum(steps) == 501
    assert len(steps) > 1


def test_ids_do_not_depend_on_the_store_but_pseudonyms_do(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.csv", [["作者", "内容", "时间"], ["甲", "卡", "2026-03-02"], ["乙", "慢", "2026-03-02"]]
    )
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with open_store(default_store(tmp_path / name)) as store:
            take(store, path)
            found.append(store.comments("云记账"))
    assert [c.id for c in found[0]] == [c.id for c in found[1]]
    assert [c.author for c in found[0]] != [c.author for c in found[1]]


def test_a_given_author_key_makes_pseudonyms_equal_across_stores(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", [["作者", "内容", "时间"], ["甲", "卡", "2026-03-02"]])
    settings = load_settings(author_key="schlüssel")
    authors = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with open_store(default_store(tmp_path / name)) as store:
            import_files([path], store, product=None, settings=settings)
            authors.add(store.comments("a")[0].author)
    assert len(authors) == 1
    assert "schlüssel" not in repr(settings)


def test_settings_come_from_the_environment_and_mistakes_read_as_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FEEDBACK_MINING_TIMEZONE", "Europe/Berlin")
    monkeypatch.setenv("FEEDBACK_MINING_REQUIRE_ALL", "0")
    assert load_settings().zone.key == "Europe/Berlin"
    assert load_settings(timezone="UTC").timezone == "UTC"
    monkeypatch.setenv("FEEDBACK_MINING_TIMEZONE", "Mars/Base")
    with pytest.raises(InputError, match=r"Setting timezone .*FEEDBACK_MINING_TIMEZONE") as caught:
        load_settings()
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("FEEDBACK_MINING_TIMEZONE", "UTC")
    with pytest.raises(InputError, match="Setting window_weeks"):
        load_settings(window_weeks=0)


def test_a_real_export_adds_up(store: Store, shared_dir: Path) -> None:
    path = shared_dir / "data" / "qimai" / "小米商城.xlsx"
    (report,) = take(store, path, product=None)
    assert (report.product, report.rows_read) == ("小米商城", 5001)
    assert report.quarantined_by_reason["not_a_comment"] == 1
    assert set(report.duplicates_by_reason) <= {"same_text"}
    assert report.stored == len(store.comments("小米商城")) > 4_900
    (again,) = take(store, path, product=None)
    assert again.already_imported
    assert again.stored == report.stored


def test_what_is_remarked_while_rows_are_read_is_kept(store: Store, tmp_path: Path) -> None:
    rows = [
        ["id", "内容", "时间"],
        *([f"71234567{i:07d}000", f"第{i}次闪退", "2026-03-02"] for i in range(9)),
    ]
    (report,) = take(store, write(tmp_path, "a.csv", rows))
    assert report.notices == (
        "9 个编号被电子表格取过整（只留 15 位），已不可靠，不再用作编号；请直接导出 CSV",
    )
    assert store.import_notices("云记账") == [f"a.csv: {report.notices[0]}"]
    (again,) = take(store, tmp_path / "a.csv")
    assert again.notices == report.notices
