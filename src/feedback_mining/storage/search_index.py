"""What search looks texts up in: tokens in SQLite's FTS5 and vectors, one local file beside the store.

It holds nothing that the store does not, and is kept in step by comparing digests of the texts, so it may be
deleted at any time. A store on a server has the same index, in a folder of the settings or in memory.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_T = TypeVar("_T")
_LOGGER = logging.getLogger(__name__)
_AT_ONCE = 500  # SQLite takes 999 parameters at least
_TABLES = """
CREATE TABLE IF NOT EXISTS state (version TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries
    (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest BLOB NOT NULL, vector BLOB NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(tokens, tokenize = "unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(texts, row);
"""


class SearchIndex:
    """Texts by key. Use it with `with`.

    path: the file; None keeps it in memory. version: of what tokens and vectors depend on; an index of
    another version, and a file that cannot be read, is made anew. Where no file can be written, memory serves.
    """

    def __init__(self, path: Path | None, version: str) -> None:
        self.path, self.version = path, version
        self._connection = self._opened()
        self._keys: list[str] | None = None

    def __enter__(self) -> SearchIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def update(
        self,
        texts: Mapping[str, str],
        tokens: Callable[[str], Sequence[str]],
        encode: Callable[[Sequence[str]], Floats],
    ) -> int:
        """Make the index hold exactly `texts` (key → text); how many entries were written or deleted.

        tokens and encode (→ `(n, d)` of length 1) are called for new and changed texts only.
        """
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            known = {
                key: (number, digest)
                for number, key, digest in connection.execute("SELECT number, key, digest FROM entries")
            }
            fresh = {
                key: text for key, text in texts.items() if key not in known or known[key][1] != _digest(text)
            }
            stale = [number for key, (number, _) in known.items() if key not in texts or key in fresh]
            for table, column in (("entries", "number"), ("texts", "rowid")):
                connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(n,) for n in stale])
            for some in _chunks(list(fresh.items()), 10_000):
                vectors = encode([text for _, text in some])
                for (key, text), vector in zip(some, vectors, strict=True):
                    row = connection.execute(
                        "INSERT INTO entries (key, digest, vector) VALUES (?, ?, ?)",
                        (key, _digest(text), vector.astype(np.float16).tobytes()),
                    )
                    connection.execute(
                        "INSERT INTO texts (rowid, tokens) VALUES (?, ?)",
                        (row.lastrowid, " ".join(tokens(text))),
                    )
        self._keys = None
        return len(fresh) + len(stale)

    def vectors(self) -> tuple[list[str], Floats]:
        """Every key, and `(n, d)` their vectors in the same order."""
        rows = self._connection.execute("SELECT key, vector FROM entries ORDER BY number").fetchall()
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        joined = np.frombuffer(b"".join(content for _, content in rows), np.float16)
        return [key for key, _ in rows], joined.reshape(len(rows), -1).astype(np.float32)

    def matching(
        self, tokens: Sequence[str], count: int, *, beginning: bool = False
    ) -> list[tuple[str, float]]:
        """At most `count` `(key, BM25 weight)`, best first, of texts that hold any of the tokens.

        beginning: of those with a token that begins so.
        """
        if not tokens:
            return []
        wanted = " OR ".join(f'"{token}"{"*" if beginning else ""}' for token in tokens if '"' not in token)
        rows = self._connection.execute(
            "SELECT key, -bm25(texts) FROM texts JOIN entries ON number = texts.rowid WHERE texts MATCH ?"
            " ORDER BY bm25(texts), key LIMIT ?",
            (wanted, count),
        )
        return [(key, float(weight)) for key, weight in rows]

    def tokens_of(self, keys: Iterable[str]) -> dict[str, frozenset[str]]:
        """Key → its tokens."""
        found: dict[str, frozenset[str]] = {}
        for some in _chunks(list(keys), _AT_ONCE):
            marks = ",".join("?" * len(some))
            query = (
                f"SELECT key, tokens FROM entries JOIN texts ON texts.rowid = number WHERE key IN ({marks})"
            )
            found |= {key: frozenset(held.split()) for key, held in self._connection.execute(query, some)}
        return found

    def holders(self, tokens: Sequence[str]) -> tuple[dict[str, int], int]:
        """Token → how many texts hold it, and how many texts there are."""
        counts = dict.fromkeys(tokens, 0)
        for token in counts:
            row = self._connection.execute("SELECT doc FROM vocabulary WHERE term = ?", (token,)).fetchone()
            counts[token] = int(row[0]) if row else 0
        (total,) = self._connection.execute("SELECT count(*) FROM entries").fetchone()
        return counts, int(total)

    def _opened(self) -> sqlite3.Connection:
        if self.path is None:
            return self._prepared(":memory:")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self._prepared(self.path)
        except (OSError, sqlite3.OperationalError) as error:  # no permission, no space, locked
            _LOGGER.warning("The search index %s is not used: %s", self.path, error)
        except sqlite3.DatabaseError as error:
            _LOGGER.warning("The search index %s is damaged (%s) and is made anew", self.path, error)
            for end in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            return self._prepared(self.path)
        return self._prepared(":memory:")

    def _prepared(self, where: Path | str) -> sqlite3.Connection:
        connection = sqlite3.connect(where, timeout=300, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_TABLES)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                if connection.execute("SELECT version FROM state").fetchall() != [(self.version,)]:
                    for table in ("state", "entries", "texts"):
                        connection.execute(f"DELETE FROM {table}")
                    connection.execute("INSERT INTO state (version) VALUES (?)", (self.version,))
        except BaseException:
            connection.close()
            raise
        return connection


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16]


def _chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
