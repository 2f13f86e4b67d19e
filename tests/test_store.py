"""The contract of a store, held by both databases, and what is special to each."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from feedback_mining.errors import StoreError
from feedback_mining.records import (
    Analysis,
    Comment,
    Demand,
    Intent,
    Quarantined,
    QuarantineReason,
    Sentiment,
    Signal,
    Unit,
)
from feedback_mining.storage import Incoming, SourceFile, Store, open_store
from feedback_mining.storage.tables import metadata
from feedback_mining.weeks import Week

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
WEEKS = [Week(2026, number) for number in (9, 10, 11)]


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url) as opened:
        yield opened


def comment(key: str, words: str = "打不开", *, author: str | None = None, time: datetime = NOON) -> Comment:
    return Comment(id=f"file:{key}", product="云记账", source="file", text=words, time=time, author=author)


def with_id(item: Comment) -> Incoming:
    return Incoming(item, sameness=f"{item.author}|{item.time.date()}|{item.text}"[:16], has_id=True)


def without_id(item: Comment, sameness: str) -> Incoming:
    return Incoming(item, sameness=sameness, has_id=False)


def file(sha256: str, name: str = "a.csv") -> SourceFile:
    return SourceFile(name, sha256, "file", (f"notice of {name}",))


def demand(key: str, title: str = "闪退") -> Demand:
    return Demand(key, "云记账", title, "stability", Intent.BUG, "2026-W09", ("闪退", "打开"))


class TestContract:
    def test_comments_come_back_as_they_went_in_ordered_by_time(self, store: Store) -> None:
        full = Comment(
            id="file:2", product="云记账", source="file", text="标题\n正文😀", time=NOON, author="u_1",
            rating=4, version="1.2", likes=7, reply="谢谢", url="https://example.com/2", line=3,
        )  # fmt: skip
        earlier = comment("9", time=NOON - timedelta(seconds=1))
        tie = comment("10", "卡", time=NOON)
        store.add_import("云记账", file("a"), [with_id(full), with_id(tie), with_id(earlier)])
        assert store.comments("云记账") == [earlier, tie, full]
        assert store.comments("云记账", until=NOON) == [earlier]
        assert store.comments("别的") == []
        assert store.products() == ["云记账"]

    def test_counts_add_up_and_refusals_can_be_read(self, store: Store) -> None:
        refused = Quarantined(3, QuarantineReason.BAD_TIME, "time '昨天'", '{"text": "卡"}')
        footer = Quarantined(9, QuarantineReason.NOT_A_COMMENT, "a notice", "{}")
        rows = [with_id(comment("1")), footer, with_id(comment("1")), refused, with_id(comment("2"))]
        counts = store.add_import("云记账", file("a"), rows).counts
        assert (counts.rows_read, counts.stored, counts.duplicates, counts.quarantined) == (5, 2, 1, 2)
        assert counts.duplicates_by_reason == {"same_id": 1}
        assert counts.quarantined_by_reason == {"bad_time": 1, "not_a_comment": 1}
        store.add_import("云记账", file("b", "b.csv"), [with_id(comment("2")), with_id(comment("3"))])
        total = store.import_counts("云记账")
        assert (total.rows_read, total.stored, total.duplicates, total.quarantined) == (7, 3, 2, 2)
        assert [(r.file_name, r.row) for r in store.quarantine("云记账")] == [
            ("a.csv", refused),
            ("a.csv", footer),
        ]
        assert store.import_notices("云记账") == ["a.csv: notice of a.csv", "b.csv: notice of b.csv"]

    def test_the_same_bytes_change_nothing(self, store: Store) -> None:
        first = store.add_import("云记账", file("a"), [with_id(comment("1"))])

        def never() -> list[Incoming]:
            raise AssertionError("the rows of a known file are not read")

        again = store.add_import("云记账", file("a", "renamed.csv"), never)
        assert again.already_imported
        assert not first.already_imported
        assert again.counts == first.counts
        assert store.import_counts("云记账").rows_read == 1
        other = store.add_import("别的", file("a"), [with_id(comment("1"))])
        assert (other.already_imported, other.counts.stored) == (False, 1)
        assert store.products() == sorted(["云记账", "别的"])

    def test_an_import_that_breaks_off_leaves_nothing(self, store: Store) -> None:
        def rows() -> Iterator[Incoming]:
            yield from (with_id(comment(str(i))) for i in range(2000))
            raise RuntimeError("the disk is gone")

        with pytest.raises(RuntimeError, match="the disk is gone"):
            store.add_import("云记账", file("a"), rows())
        assert store.products() == []
        assert store.comments("云记账") == []
        assert store.add_import("云记账", file("a"), [with_id(comment("1"))]).counts.stored == 1

    def test_rows_without_an_id_are_told_apart_by_sameness(self, store: Store) -> None:
        here = comment("hash", "很好", author="u_1")
        there = comment("hash", "很好", author="u_2")
        later = comment("hash2", "很好", author="u_1", time=NOON + timedelta(hours=1))
        rows = [without_id(here, "u1-day"), without_id(there, "u2-day"), without_id(later, "u1-day")]
        result = store.add_import("云记账", file("a"), rows).counts
        assert (result.stored, result.duplicates_by_reason) == (2, {"same_text": 1})
        assert {c.author for c in store.comments("云记账")} == {"u_1", "u_2"}
        again = store.add_import("云记账", file("b"), rows).counts
        assert (again.stored, again.duplicates_by_reason) == (0, {"same_text": 3})

    def test_a_comment_with_an_id_repeats_one_without_but_not_one_with_another(self, store: Store) -> None:
        store.add_import("云记账", file("a"), [without_id(comment("hash", author="u_1"), "same")])
        rows = [
            Incoming(comment("1", author="u_1"), "same", True),
            Incoming(comment("2", author="u_1"), "other", True),
        ]
        assert store.add_import("云记账", file("b"), rows).counts.duplicates_by_reason == {"same_text": 1}
        posted_twice = [Incoming(comment("3", author="u_1"), "other", True)]
        assert store.add_import("云记账", file("c"), posted_twice).counts.stored == 1
        without = [without_id(comment("hash3", author="u_1"), "other")]
        assert store.add_import("云记账", file("d"), without).counts.duplicates_by_reason == {"same_text": 1}

    def test_row_numbers_of_two_exports_are_not_taken_for_one_comment(self, store: Store) -> None:
        store.add_import("云记账", file("a"), [with_id(comment("1", "卡", author="u_1"))])
        other = [with_id(comment("1", "白屏", author="u_2"))]
        assert store.add_import("云记账", file("b"), other).counts.stored == 1
        assert store.add_import("云记账", file("c"), other).counts.duplicates_by_reason == {"same_id": 1}
        assert sorted(c.text for c in store.comments("云记账")) == ["卡", "白屏"]

    def test_an_edited_comment_takes_its_newer_words_and_loses_its_analysis(self, store: Store) -> None:
        store.add_import("云记账", file("a"), [with_id(comment("1", "一星", author="u_1"))])
        store.save_analyses("云记账", "m1", [Analysis("file:1", ())])
        newer = comment("1", "修好了，五星", author="u_1", time=NOON + timedelta(days=1))
        counts = store.add_import("云记账", file("b"), [with_id(newer)]).counts
        assert (counts.stored, counts.duplicates_by_reason, counts.edited) == (0, {"same_id": 1}, 1)
        older = comment("1", "最早的话", author="u_1", time=NOON - timedelta(days=1))
        assert store.add_import("云记账", file("c"), [with_id(older)]).counts.edited == 0
        (found,) = store.comments("云记账")
        assert (found.text, found.time) == (newer.text, newer.time)
        assert store.analyses("云记账", "m1") == {}

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    def test_earlier_words_are_kept_whatever_the_order_of_the_exports(
        self, store: Store, order: tuple[int, ...]
    ) -> None:
        said = [
            comment("1", words, author="u_1", time=NOON + timedelta(days=day))
            for day, words in enumerate(["老是闪退", "还在闪退", "修好了"])
        ]
        for index in order:
            store.add_import("云记账", file(f"f{index}"), [with_id(said[index])])
        store.add_import("云记账", file("again"), [with_id(item) for item in said])
        assert [c.text for c in store.comments("云记账")] == ["修好了"]
        assert [r.text for r in store.revisions("云记账", "file:1")] == ["老是闪退", "还在闪退"]
        assert store.import_counts("云记账").stored == 1
        assert store.import_counts("云记账").duplicates == 5

    def test_edits_within_one_file_are_kept_too(self, store: Store) -> None:
        said = [comment("1", words, author="u_1", time=NOON + timedelta(days=d)) for d, words in
                enumerate(["卡", "不卡了"])]  # fmt: skip
        store.add_import("云记账", file("a"), [with_id(item) for item in reversed(said)])
        assert [r.text for r in store.revisions("云记账", "file:1")] == ["卡"]

    def test_official_replies_are_stored_and_never_mined(self, store: Store) -> None:
        answer = replace(comment("2", "请升级到新版"), official=True, parent="file:1")
        assert store.add_import("云记账", file("a"), [with_id(answer)]).counts.stored == 1
        assert store.comments("云记账") == []
        store.add_import("云记账", file("b"), [with_id(comment("1", "打不开"))])
        (found,) = store.comments("云记账")
        assert (found.text, found.reply) == ("打不开", "请升级到新版")
        assert [c.parent for c in store.official_replies("云记账")] == ["file:1"]

    @pytest.mark.parametrize("known_id", [True, False])
    def test_a_deletion_is_recorded_and_the_words_stay(self, store: Store, known_id: bool) -> None:
        def row(item: Comment) -> Incoming:
            return with_id(item) if known_id else without_id(item, "s1")

        said = comment("1", "太贵", author="u_1")
        store.add_import("云记账", file("a"), [row(said)])
        gone = row(replace(said, text="太贵（该条评论已经被删除）", deleted=True))
        result = store.add_import("云记账", file("b"), [gone])
        assert (result.counts.stored, result.counts.duplicates, result.counts.edited) == (0, 1, 0)
        (found,) = store.comments("云记账")
        assert (found.text, found.deleted) == ("太贵", True)
        assert store.revisions("云记账", "file:1") == []

    def test_a_row_that_only_says_deleted_is_matched_by_author_and_time(self, store: Store) -> None:
        refusal = Quarantined(9, QuarantineReason.EMPTY_TEXT, "no words", "{}")
        marker = replace(comment("h", "", author="u_1"), deleted=True)
        notice = replace(without_id(marker, "s9"), otherwise=refusal)
        unknown = store.add_import("云记账", file("a"), [notice]).counts
        assert (unknown.rows_read, unknown.quarantined_by_reason) == (1, {"empty_text": 1})
        store.add_import("云记账", file("b"), [with_id(comment("1", "太贵", author="u_1"))])
        counts = store.add_import("云记账", file("c"), [notice]).counts
        assert (counts.rows_read, counts.duplicates, counts.quarantined) == (1, 1, 0)
        assert [c.deleted for c in store.comments("云记账")] == [True]

    def test_what_is_stored_does_not_depend_on_the_order_of_the_rows(self, store: Store) -> None:
        rows = [
            with_id(comment("1", "旧", author="u_1")),
            with_id(comment("1", "新", author="u_1", time=NOON + timedelta(hours=1))),
            without_id(comment("h1", "很好", author="u_3", time=NOON + timedelta(hours=2)), "s"),
            without_id(comment("h2", "很好", author="u_3"), "s"),
        ]
        store.add_import("正", file("a"), rows)
        store.add_import("反", file("a"), rows[::-1])

        def content(product: str) -> list[tuple[str, str]]:
            return [(c.id, c.text) for c in store.comments(product)]

        assert content("正") == content("反") == [("file:h2", "很好"), ("file:1", "新")]

    def test_analyses_are_kept_per_version_of_the_models(self, store: Store) -> None:
        store.add_import("云记账", file("a"), [with_id(comment("1", "闪退。好看")), with_id(comment("2"))])
        units = (
            Unit("file:1", 0, 2, "闪退", Intent.BUG, "stability", Sentiment.NEGATIVE, 0.1 + 0.2),
            Unit("file:1", 3, 5, "好看", Intent.PRAISE, "ui_ux", Sentiment.POSITIVE, 1.0),
        )
        found = [Analysis("file:1", units, (Signal.CHURN,)), Analysis("file:2", ())]
        store.save_analyses("云记账", "m1", found)
        assert store.analyses("云记账", "m1") == {a.comment: a for a in found}
        assert store.analyses("云记账", "m2") == {}
        store.save_analyses("云记账", "m1", [Analysis("file:1", units[:1])])
        assert store.analyses("云记账", "m1") == {"file:1": Analysis("file:1", units[:1]), "file:2": found[1]}

    def test_a_week_is_replaced_with_all_that_came_after_it(self, store: Store) -> None:
        w9, w10, w11 = WEEKS
        store.save_week("云记账", w9, [demand("d1")], {"file:1:0": "d1"}, {"week": "9"})
        store.save_week(
            "云记账",
            w10,
            [demand("d1", "启动闪退"), demand("d2")],
            {"file:1:0": "d1", "file:2:0": "d2"},
            {"week": "10"},
        )
        store.save_week("云记账", w11, [], {"file:2:0": "d1"}, {"week": "11", "字": [1.5, None]})
        assert store.weeks_done("云记账") == ["2026-W09", "2026-W10", "2026-W11"]
        assert store.backlog("云记账", w11) == {"week": "11", "字": [1.5, None]}
        assert store.memberships("云记账") == {"file:1:0": ("d1", "2026-W09"), "file:2:0": ("d1", "2026-W11")}
        assert store.demands("云记账") == [demand("d1", "启动闪退"), demand("d2")]
        assert store.demands_before("云记账", w9) == ([], {})
        assert store.demands_before("云记账", w10) == ([demand("d1")], {"file:1:0": "d1"})
        before_w11 = ([demand("d1", "启动闪退"), demand("d2")], {"file:1:0": "d1", "file:2:0": "d2"})
        assert store.demands_before("云记账", w11) == before_w11

        store.save_week("云记账", w10, [demand("d3", "白屏")], {"file:2:0": "d3"}, {"week": "10 again"})
        assert store.weeks_done("云记账") == ["2026-W09", "2026-W10"]
        assert store.backlog("云记账", w11) is None
        assert store.demands("云记账") == [demand("d1"), demand("d3", "白屏")]
        assert store.memberships("云记账") == {"file:1:0": ("d1", "2026-W09"), "file:2:0": ("d3", "2026-W10")}
        assert store.weeks_done("别的") == []

    def test_the_author_key_is_made_once(self, store: Store, store_url: str) -> None:
        key = store.author_key()
        assert len(key) == 32
        with open_store(store_url) as other:
            assert other.author_key() == key

    def test_two_writers_wait_for_each_other(self, store: Store, store_url: str) -> None:
        stored: list[int] = []

        def work(part: int) -> None:
            with open_store(store_url) as mine:
                for batch in range(5):
                    rows = [with_id(comment(f"{part}-{batch}-{i}")) for i in range(20)]
                    stored.append(mine.add_import("云记账", file(f"{part}-{batch}"), rows).counts.stored)

        threads = [threading.Thread(target=work, args=(part,)) for part in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stored == [20] * 15
        assert len(store.comments("云记账")) == 300

    def test_two_openings_of_an_empty_database_make_one_schema(self, store_url: str) -> None:
        failures: list[BaseException] = []

        def work() -> None:
            try:
                open_store(store_url).close()
            except BaseException as error:  # noqa: BLE001 - a thread's failure must reach the test
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []

    def test_migrations_and_tables_say_the_same(self, store: Store, store_url: str) -> None:
        engine = create_engine(store_url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        engine.dispose()

    def test_a_newer_schema_is_refused_in_one_line(self, store: Store, store_url: str) -> None:
        engine = create_engine(store_url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        engine.dispose()
        with pytest.raises(StoreError, match=r"written by a newer version.*9999"):
            open_store(store_url)


class TestOpening:
    def test_addresses_that_cannot_be_read(self) -> None:
        for address in ("", "no url", "feedback.db", "sqlite//x"):
            with pytest.raises(StoreError, match="expected a URL such as sqlite:///"):
                open_store(address)
        with pytest.raises(StoreError, match="not supported") as caught:
            open_store("mysql://user:hush@host/db?password=hush2")
        assert "hush" not in str(caught.value)

    def test_missing_folders_and_folders(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"the folder .*nirgends is missing"):
            open_store(f"sqlite:///{tmp_path}/nirgends/a.db")
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(StoreError, match="is a folder"):
            open_store(f"sqlite:///{tmp_path}")

    def test_files_that_are_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.db"
        path.write_text("内容\n很好\n" * 100)
        with pytest.raises(StoreError, match="cannot be opened: file is not a database"):
            open_store(f"sqlite:///{path}")
        assert path.read_text() == "内容\n很好\n" * 100

    def test_sqlite_waits_and_keeps_its_promises(self, tmp_path: Path) -> None:
        path = tmp_path / "a.db"
        with open_store(f"sqlite:///{path}") as store, sqlite3.connect(path) as other:
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            with pytest.raises(Exception, match="FOREIGN KEY"):
                store.save_analyses("云记账", "m1", [Analysis("file:unknown", ())])
            assert store.analyses("云记账", "m1") == {}
        other.close()

    def test_a_store_in_memory(self) -> None:
        with open_store("sqlite://") as store:
            store.add_import("云记账", file("a"), [with_id(comment("1"))])
            assert len(store.comments("云记账")) == 1

    def test_passwords_stay_out_of_errors(self, postgres_url: str) -> None:
        wrong = postgres_url.replace("geheim-7Kq", "falsch-9Xz")
        with pytest.raises(StoreError, match="cannot be opened") as caught:
            open_store(wrong)
        message = str(caught.value)
        assert "falsch-9Xz" not in message
        assert "\n" not in message
        assert "***" in message
        assert caught.value.__cause__ is None
        missing = postgres_url.rpartition("/")[0] + "/nirgends?application_name=hush"
        with pytest.raises(StoreError, match="nirgends") as caught:
            open_store(missing)
        assert "geheim-7Kq" not in str(caught.value)
        assert "hush" not in str(caught.value)

    def test_no_server(self) -> None:
        with pytest.raises(StoreError, match="cannot be opened") as caught:
            open_store("postgresql://me:hush@127.0.0.1:1/db")
        assert "hush" not in str(caught.value)

    def test_the_address_of_an_open_store_hides_its_password(self, postgres_url: str) -> None:
        with open_store(postgres_url) as store:
            assert "geheim" not in store.address
            assert "127.0.0.1" in store.address
