"""One store: comments, what models said about them, demands and backlogs, week by week."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import OperationalError

from feedback_mining.errors import StoreError
from feedback_mining.records import Analysis, Comment, Quarantined, Revision
from feedback_mining.storage.cursors import CursorMethods
from feedback_mining.storage.decisions import DecisionMethods
from feedback_mining.storage.engine import begin_write, open_engine, safe
from feedback_mining.storage.importing import recorded_import, write_import
from feedback_mining.storage.labels import LabelMethods
from feedback_mining.storage.records import (
    ImportCounts,
    ImportResult,
    Incoming,
    SourceFile,
    analysis_from_json,
    analysis_to_json,
)
from feedback_mining.storage.refusals import RefusalMethods
from feedback_mining.storage.rulings import RulingMethods
from feedback_mining.storage.tables import (
    analyses,
    backlogs,
    comments,
    imports,
    meta,
    revisions,
)
from feedback_mining.storage.tracking import TrackingMethods
from feedback_mining.weeks import Week

_CHUNK = 1_000
_COMMENT_FIELDS = tuple(Comment.__dataclass_fields__)


def open_store(url: str) -> Store:
    """Open `sqlite:///file.db` or `postgresql://…`, creating or upgrading its tables.

    The folder of an SQLite file must exist. Raises StoreError in one line without secrets.
    """
    return Store(open_engine(url))


class Store(CursorMethods, DecisionMethods, LabelMethods, RefusalMethods, RulingMethods, TrackingMethods):
    """Methods are one transaction each; those that write wait for other writers. Close it, or use `with`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    @property
    def address(self) -> str:
        """The URL without secrets, for messages."""
        return safe(self._engine.url)

    @property
    def folder(self) -> Path | None:
        """The folder of an SQLite file, where what belongs to the store may be kept too; None on a server."""
        url = self._engine.url
        return Path(url.database).parent if url.get_backend_name() == "sqlite" and url.database else None

    # Imports

    def author_key(self) -> bytes:
        """The key for authors' pseudonyms that belongs to this store; made on first use, then stable."""
        query = select(meta.c.value).where(meta.c.key == "author_key")
        with self._reading() as connection:
            found = connection.execute(query).scalar_one_or_none()
        if found is None:
            with self._writing() as connection:
                found = connection.execute(query).scalar_one_or_none()
                if found is None:
                    found = secrets.token_hex(32)
                    connection.execute(insert(meta).values(key="author_key", value=found))
        return bytes.fromhex(found)

    def add_import(
        self,
        product: str,
        file: SourceFile,
        rows: Iterable[Incoming | Quarantined] | Callable[[], Iterable[Incoming | Quarantined]],
    ) -> ImportResult:
        """Store one file's rows, all or nothing. Bytes already imported for the product change nothing.

        `rows` may be a function: it is called only when the file is new.
        """
        with self._writing() as connection:
            known = recorded_import(connection, product, file.sha256)
            if known is not None:
                return known
            return write_import(connection, product, file, rows() if callable(rows) else rows)

    def recorded(self, product: str, sha256: str) -> ImportResult | None:
        """The result of an earlier import of the same bytes, if there was one."""
        with self._reading() as connection:
            return recorded_import(connection, product, sha256)

    def import_counts(self, product: str) -> ImportCounts:
        """Rows over every distinct file of the product."""
        with self._reading() as connection:
            rows = connection.execute(select(imports).where(imports.c.product == product)).all()
        total = ImportCounts()
        for row in rows:
            total += ImportCounts(
                row.rows_read, row.stored, json.loads(row.duplicates), json.loads(row.quarantined)
            )
        return total

    def import_notices(self, product: str) -> list[str]:
        """What was remarked while reading the product's files, each sentence with its file's name."""
        query = select(imports.c.file_name, imports.c.notices).where(imports.c.product == product)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(imports.c.file_name, imports.c.file_sha256)).all()
        return [f"{row.file_name}: {sentence}" for row in rows for sentence in json.loads(row.notices)]

    # Comments and what models said about them

    def products(self) -> list[str]:
        """Every product that a file was imported for, sorted."""
        with self._reading() as connection:
            return sorted(connection.execute(select(imports.c.product).distinct()).scalars())

    def comments(
        self, product: str, until: datetime | None = None, since: datetime | None = None
    ) -> list[Comment]:
        """Users' comments from `since` to `until` (aware instants, the latter excluded), by time, then id."""
        return self._comments(product, since, until, official=False)

    def comments_of(self, product: str, ids: Sequence[str]) -> list[Comment]:
        """Users' comments with these ids, ordered by time, then id."""
        query = select(*(comments.c[name] for name in _COMMENT_FIELDS)).where(
            comments.c.product == product, comments.c.official.is_(False)
        )
        with self._reading() as connection:
            rows = [
                row
                for some in _chunks(ids)
                for row in connection.execute(query.where(comments.c.id.in_(some)))
            ]
        return sorted((Comment(*row) for row in rows), key=lambda comment: (comment.time, comment.id))

    def time_span(self, product: str) -> tuple[datetime, datetime] | None:
        """When the first and the last of the users' comments were written; None without any."""
        c = comments.c
        query = select(func.min(c.time), func.max(c.time)).where(c.product == product, c.official.is_(False))
        with self._reading() as connection:
            first, last = connection.execute(query).one()
        return None if first is None else (first, last)

    def official_replies(self, product: str) -> list[Comment]:
        """What the product's own team wrote, ordered by time, then id. Never mined."""
        return self._comments(product, None, None, official=True)

    def revisions(self, product: str, comment: str) -> list[Revision]:
        """Earlier words of a comment, oldest first; its present words are not among them."""
        c = revisions.c
        query = select(c.comment, c.text, c.time, c.rating, c.version).where(
            c.product == product, c.comment == comment
        )
        with self._reading() as connection:
            found = [Revision(*row) for row in connection.execute(query)]
        return sorted(found, key=lambda revision: (revision.time, revision.text))

    def _comments(
        self, product: str, since: datetime | None, until: datetime | None, *, official: bool
    ) -> list[Comment]:
        query = select(*(comments.c[name] for name in _COMMENT_FIELDS)).where(
            comments.c.product == product, comments.c.official == official
        )
        if since is not None:
            query = query.where(comments.c.time >= since)
        if until is not None:
            query = query.where(comments.c.time < until)
        with self._reading() as connection:
            found = [Comment(*row) for row in connection.execute(query)]
        # Sorted here: databases compare text by their locale.
        return sorted(found, key=lambda comment: (comment.time, comment.id))

    def analyses(
        self, product: str, model_version: str, ids: Sequence[str] | None = None
    ) -> dict[str, Analysis]:
        """comment id → what these models said about its present words; of the comments `ids` only, if given."""
        query = select(analyses.c.comment, analyses.c.content).where(
            analyses.c.product == product, analyses.c.model_version == model_version
        )
        with self._reading() as connection:
            found: Iterable[Any] = (
                connection.execute(query)
                if ids is None
                else (
                    row
                    for some in _chunks(ids)
                    for row in connection.execute(query.where(analyses.c.comment.in_(some)))
                )
            )
            return {row.comment: analysis_from_json(row.comment, row.content) for row in found}

    def save_analyses(self, product: str, model_version: str, found: Sequence[Analysis]) -> None:
        """Keep what models said; what the same version said before about these comments is replaced."""
        a = analyses.c
        by_comment = {analysis.comment: analysis for analysis in found}
        with self._writing() as connection:
            for chunk in _chunks(list(by_comment.values())):
                ids = [analysis.comment for analysis in chunk]
                connection.execute(
                    delete(analyses).where(
                        a.product == product, a.model_version == model_version, a.comment.in_(ids)
                    )
                )
                connection.execute(
                    insert(analyses),
                    [
                        {
                            "product": product,
                            "comment": analysis.comment,
                            "model_version": model_version,
                            "content": analysis_to_json(analysis),
                        }
                        for analysis in chunk
                    ],
                )

    # Demands and backlogs, week by week

    def backlog(self, product: str, week: Week) -> dict[str, Any] | None:
        """The backlog.json that was saved for the week."""
        query = select(backlogs.c.content).where(backlogs.c.product == product, backlogs.c.week == str(week))
        with self._reading() as connection:
            content = connection.execute(query).scalar_one_or_none()
        return None if content is None else json.loads(content)

    def weeks_done(self, product: str) -> list[str]:
        """ISO weeks with a saved backlog, oldest first."""
        with self._reading() as connection:
            return sorted(
                connection.execute(select(backlogs.c.week).where(backlogs.c.product == product)).scalars()
            )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            self._translated(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            begin_write(connection)
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            reason = " ".join(str(error.orig).split())[:200]
            raise StoreError(
                f"The store {self.address} failed: {reason}; nothing of this step was kept"
            ) from error


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
