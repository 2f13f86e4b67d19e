"""The positions in feeds that a store remembers, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback_mining.storage import Store, open_store


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with open_store(address) as opened:
        yield opened


def test_a_feed_that_was_never_fetched_has_an_empty_cursor(store: Store) -> None:
    assert store.cursor("云相册", "appstore") == {}


def test_the_last_cursor_of_each_feed_is_kept(store: Store, address: str) -> None:
    store.save_cursor("云相册", "appstore", {"page": 1})
    store.save_cursor("云相册", "appstore", {"page": 2, "etag": {"下": 'W/"x"'}})
    store.save_cursor("云相册", "github", {"since": None})
    store.save_cursor("别的", "appstore", {})
    with open_store(address) as again:
        assert again.cursor("云相册", "appstore") == {"page": 2, "etag": {"下": 'W/"x"'}}
        assert again.cursor("云相册", "github") == {"since": None}
        assert again.cursor("别的", "appstore") == {}


def test_names_cannot_run_into_each_other(store: Store) -> None:
    store.save_cursor("甲", "乙丙", {"n": 1})
    assert store.cursor("甲乙", "丙") == {}


def test_long_names_fit(store: Store) -> None:
    store.save_cursor("品" * 200, "源" * 200, {"n": 2})
    assert store.cursor("品" * 200, "源" * 200) == {"n": 2}
    assert store.author_key() == store.author_key()
