"""Vectors of texts kept between runs, for encoders that are slower than looking a vector up.

One SQLite file an encoder version, named after it; keys are digests of the normalised text. The static
encoder needs none: it is quicker than the cache.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np

from feedback_mining.encoders import Encoder, Vectors
from feedback_mining.text.clean import normalise

_AT_ONCE = 500  # SQLite takes 999 parameters at least
_T = TypeVar("_T")
_LOGGER = logging.getLogger(__name__)


class CachedEncoder:
    """An encoder that computes each text's vector once, in this run or in any before.

    Several processes may use one folder. A file that cannot be read is made anew; where none can be
    written, everything is encoded. limit: bytes of vectors kept, the oldest go first.
    """

    def __init__(self, encoder: Encoder, folder: Path, limit: int = 2**30) -> None:
        self.encoder = encoder
        self.version = encoder.version
        self.dimensions = encoder.dimensions
        digest = hashlib.sha256(encoder.version.encode()).hexdigest()[:8]
        readable = re.sub(r"[^\w.@-]+", "-", encoder.version)[:80]
        self.path = folder / f"vectors-{readable}-{digest}.db"
        self._most = max(1, limit // (4 * encoder.dimensions))

    def encode(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.sha256(normalise(text).encode("utf-8", "replace")).digest()[:16] for text in texts]
        known = self._look_up(sorted(set(keys)))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing or not texts:
            fresh = self.encoder.encode(list(missing.values()))
            if not texts:
                return fresh
            found = dict(zip(missing, fresh, strict=True))
            self._keep(found)
            known |= found
        return np.stack([known[key] for key in keys])

    def _look_up(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        def select(connection: sqlite3.Connection) -> dict[bytes, Vectors]:
            found: dict[bytes, Vectors] = {}
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"
                for key, content in connection.execute(query, some):
                    if len(content) == 4 * self.dimensions:
                        found[key] = np.frombuffer(content, np.float32)
            return {key: vector for key, vector in found.items() if _plausible(vector)}

        return self._within(select, {})

    def _keep(self, found: dict[bytes, Vectors]) -> None:
        rows = [(key, vector.astype(np.float32).tobytes()) for key, vector in found.items()]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", rows)
            oldest = "(SELECT max(number) FROM vectors) - ?"
            connection.execute(f"DELETE FROM vectors WHERE number <= {oldest}", (self._most,))

        self._within(write, None)

    def _within(self, act: Callable[[sqlite3.Connection], _T], otherwise: _T) -> _T:
        """What `act` gives in a transaction; a fault of the file must not stop the work that it speeds up."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=30)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS vectors"
                    " (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL)"
                )
                with connection:
                    return act(connection)
        except (OSError, sqlite3.OperationalError) as error:  # no permission, no space, locked
            _LOGGER.warning("The vector cache %s is not used: %s", self.path, error)
        except sqlite3.DatabaseError as error:
            _LOGGER.warning("The vector cache %s is damaged (%s) and is made anew", self.path, error)
            for end in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        return otherwise


def _plausible(vector: Vectors) -> bool:
    return bool(abs(vector @ vector - 1) < 1e-3 or not vector.any())
