"""Rows on their way into the store, sorted outside of memory."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from datetime import UTC
from operator import attrgetter

from feedback_mining.records import Comment
from feedback_mining.storage.records import Incoming

_fields = attrgetter(*Comment.__dataclass_fields__)


class Staging:
    """A private temporary database, gone when closed: what it holds was written by this process alone."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("BEGIN")
        self._database.execute(
            "CREATE TABLE rows (last INTEGER, time TEXT, id TEXT, text TEXT, line INTEGER, item BLOB)"
        )

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, items: list[Incoming]) -> None:
        self._database.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    item.otherwise is not None,
                    item.comment.time.astimezone(UTC).isoformat(timespec="microseconds"),
                    item.comment.id,
                    item.comment.text,
                    item.comment.line,
                    # A dataclass is pickled field by field in Python, a tuple in C.
                    pickle.dumps(
                        (_fields(item.comment), item.sameness, item.has_id, item.otherwise),
                        pickle.HIGHEST_PROTOCOL,
                    ),
                )
                for item in items
            ],
        )

    def chunks(self, size: int) -> Iterator[list[Incoming]]:
        """Every row by time, id, words and line; rows that only say "deleted" come last."""
        cursor = self._database.execute("SELECT item FROM rows ORDER BY last, time, id, text, line")
        while found := cursor.fetchmany(size):
            yield [
                Incoming(Comment(*fields), sameness, has_id, otherwise)
                for fields, sameness, has_id, otherwise in (pickle.loads(blob) for (blob,) in found)
            ]
