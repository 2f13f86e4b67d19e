"""Decide, row by row, whether a comment is new, and write one import."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from feedback_mining.records import Comment, DuplicateReason, Quarantined, Revision
from feedback_mining.sources.identity import own_words
from feedback_mining.storage.history import fill_replies, keep_revisions, mark_deleted
from feedback_mining.storage.records import ImportCounts, ImportResult, Incoming, SourceFile
from feedback_mining.storage.staging import Staging
from feedback_mining.storage.tables import analyses, comments, imports, quarantine

_CHUNK = 500
_SIFTED_AT_ONCE = 5_000
_T = TypeVar("_T")
_FIELDS = tuple(Comment.__dataclass_fields__)
_fields = attrgetter(*_FIELDS)


@dataclass(slots=True)
class _Known:
    author: str | None
    time: datetime
    text: str
    sameness: str
    stored: bool  # in the database, not in this import
    rating: int | None = None
    version: str | None = None


@dataclass(slots=True)
class _Sifted:
    new: dict[str, Incoming] = field(default_factory=dict)
    changed: dict[str, Incoming] = field(default_factory=dict)  # id of a stored comment → its newer words
    duplicates: Counter[str] = field(default_factory=Counter)
    older: list[Revision] = field(default_factory=list)
    deleted_ids: set[str] = field(default_factory=set)
    deleted_samenesses: set[str] = field(default_factory=set)
    refused: list[Quarantined] = field(default_factory=list)


def recorded_import(connection: Connection, product: str, sha256: str) -> ImportResult | None:
    """What an earlier import of the same bytes for the same product found."""
    row = connection.execute(
        select(imports).where(imports.c.product == product, imports.c.file_sha256 == sha256)
    ).one_or_none()
    if row is None:
        return None
    counts = ImportCounts(row.rows_read, row.stored, json.loads(row.duplicates), json.loads(row.quarantined))
    return ImportResult(counts, tuple(json.loads(row.notices)), already_imported=True)


def write_import(
    connection: Connection, product: str, file: SourceFile, rows: Iterable[Incoming | Quarantined]
) -> ImportResult:
    """Write the new comments and the refusals. What is found does not depend on the order of the rows.

    Memory does not grow with the number of rows: they are sorted outside of it.
    """
    number: int = connection.execute(
        insert(imports)
        .values(
            product=product,
            file_name=file.name,
            file_sha256=file.sha256,
            source=file.source,
            imported_at=datetime.now(UTC),
            rows_read=0,
            stored=0,
            duplicates="{}",
            quarantined="{}",
            notices="[]",
        )
        .returning(imports.c.id)
    ).scalar_one()
    counts = take_in(connection, product, number, rows)
    connection.execute(
        update(imports)
        .where(imports.c.id == number)
        .values(
            rows_read=counts.rows_read,
            stored=counts.stored,
            duplicates=json.dumps(counts.duplicates_by_reason),
            quarantined=json.dumps(counts.quarantined_by_reason),
            notices=json.dumps(list(file.notices), ensure_ascii=False),
        )
    )
    return ImportResult(counts, tuple(file.notices), already_imported=False)


def take_in(
    connection: Connection, product: str, number: int, rows: Iterable[Incoming | Quarantined]
) -> ImportCounts:
    """Write rows as part of the import `number`, and count what became of them."""
    rows_read = stored = edited = 0
    duplicates: Counter[str] = Counter()
    quarantined: Counter[str] = Counter()
    with _few_collections(), Staging() as staging:
        for batch in _batches(rows, _SIFTED_AT_ONCE):
            rows_read += len(batch)
            staging.add([row for row in batch if isinstance(row, Incoming)])
            _refuse(connection, number, [row for row in batch if isinstance(row, Quarantined)], quarantined)
        for incoming in staging.chunks(_SIFTED_AT_ONCE):
            sifted = _sift(connection, product, incoming)
            own = _written_by(connection, product, number, sifted.changed)
            for items in _chunks(list(sifted.new.values())):
                connection.execute(insert(comments), [_values(item, product, number) for item in items])
            for key, item in sifted.changed.items():
                _rewrite(connection, product, key, item)
            keep_revisions(connection, product, number, sifted.older)
            mark_deleted(connection, product, sifted.deleted_ids, sifted.deleted_samenesses)
            _refuse(connection, number, sifted.refused, quarantined)
            stored += len(sifted.new)
            edited += len(sifted.changed) - own
            duplicates += sifted.duplicates
    fill_replies(connection, product)
    return ImportCounts(
        rows_read, stored, dict(sorted(duplicates.items())), dict(sorted(quarantined.items())), edited
    )


@contextmanager
def _few_collections() -> Iterator[None]:
    """Rows by the thousand and no cycle among them: looking for one takes a sixth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _refuse(
    connection: Connection, number: int, refused: Sequence[Quarantined], counts: Counter[str]
) -> None:
    counts.update(str(row.reason) for row in refused)
    for rows in _chunks(refused):
        connection.execute(insert(quarantine), [{**asdict(row), "import_id": number} for row in rows])


def _written_by(connection: Connection, product: str, number: int, keys: Iterable[str]) -> int:
    """How many of these comments came with this very import: their newer words are no edit of known ones."""
    c = comments.c
    return sum(
        connection.execute(
            select(func.count()).where(c.product == product, c.import_id == number, c.id.in_(chunk))
        ).scalar_one()
        for chunk in _chunks(list(keys))
    )


def _batches(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


def _sift(connection: Connection, product: str, incoming: Sequence[Incoming]) -> _Sifted:
    known = _known_ids(connection, product, incoming)
    same = _known_samenesses(connection, product, incoming)
    found = _Sifted()
    for item in incoming:
        if item.otherwise is not None:
            continue
        comment = item.comment
        if comment.id in known and _clash(known[comment.id], item):
            comment = replace(comment, id=_other_id(item))
        seen = known.get(comment.id)
        if seen is not None:
            found.duplicates[str(DuplicateReason.SAME_ID if item.has_id else DuplicateReason.SAME_TEXT)] += 1
            if comment.deleted:
                found.deleted_ids.add(comment.id)
            if item.has_id and own_words(comment.text) != own_words(seen.text):
                _edit(found, known, seen, replace(item, comment=comment))
        elif item.sameness in same and (not item.has_id or not same[item.sameness]):
            found.duplicates[str(DuplicateReason.SAME_TEXT)] += 1
            if comment.deleted:
                found.deleted_samenesses.add(item.sameness)
        else:
            found.new[comment.id] = item if comment is item.comment else replace(item, comment=comment)
            known[comment.id] = _known(comment, item.sameness, stored=False)
            same[item.sameness] = same.get(item.sameness, True) and item.has_id
    _sift_announcements(connection, product, [i for i in incoming if i.otherwise], known, found)
    return found


def _edit(found: _Sifted, known: dict[str, _Known], seen: _Known, item: Incoming) -> None:
    """The newest words count, whatever order the exports come in; the others are kept as revisions."""
    comment = item.comment
    if comment.time < seen.time:
        found.older.append(Revision(comment.id, comment.text, comment.time, comment.rating, comment.version))
        return
    found.older.append(Revision(comment.id, seen.text, seen.time, seen.rating, seen.version))
    was_deleted = not seen.stored and found.new[comment.id].comment.deleted
    target = found.changed if seen.stored else found.new
    target[comment.id] = replace(item, comment=replace(comment, deleted=comment.deleted or was_deleted))
    known[comment.id] = _known(comment, item.sameness, stored=seen.stored)


def _sift_announcements(
    connection: Connection,
    product: str,
    items: Sequence[Incoming],
    known: Mapping[str, _Known],
    found: _Sifted,
) -> None:
    """Rows that only say that a comment was deleted: found by its id, or by author and time."""
    by_author = {(i.comment.author, i.comment.time): key for key, i in found.new.items()}
    for item in items:
        author, time, key = item.comment.author, item.comment.time, item.comment.id
        match: str | None = key if item.has_id and key in known else None
        if match is None and author is not None and not item.has_id:
            c = comments.c
            match = (
                by_author.get((author, time))
                or connection.execute(
                    select(c.id)
                    .where(c.product == product, c.author == author, c.time == time)
                    .order_by(c.id)
                    .limit(1)
                ).scalar_one_or_none()
            )
        if match is not None:
            found.duplicates[str(DuplicateReason.SAME_ID if item.has_id else DuplicateReason.SAME_TEXT)] += 1
            found.deleted_ids.add(match)
        elif item.otherwise is not None:
            found.refused.append(item.otherwise)


def _known(comment: Comment, sameness: str, *, stored: bool) -> _Known:
    return _Known(
        comment.author, comment.time, comment.text, sameness, stored, comment.rating, comment.version
    )


def _clash(seen: _Known, item: Incoming) -> bool:
    """Whether two comments only share an id: row numbers of two exports, or a hash that knows no author."""
    if item.has_id:
        return None not in (seen.author, item.comment.author) and seen.author != item.comment.author
    return seen.sameness != item.sameness


def _other_id(item: Incoming) -> str:
    return f"{item.comment.id}~{item.sameness[:8]}"


def _known_ids(connection: Connection, product: str, incoming: Sequence[Incoming]) -> dict[str, _Known]:
    uses = Counter(item.comment.id for item in incoming)
    known = _known_among(connection, product, list(uses))
    # Only an id that is known, or comes twice, can turn out to be two comments'.
    others = {_other_id(i): None for i in incoming if i.comment.id in known or uses[i.comment.id] > 1}
    return {**known, **_known_among(connection, product, list(others))}


def _known_among(connection: Connection, product: str, ids: Sequence[str]) -> dict[str, _Known]:
    c = comments.c
    return {
        row.id: _Known(row.author, row.time, row.text, row.sameness, True, row.rating, row.version)
        for chunk in _chunks(ids)
        for row in connection.execute(
            select(c.id, c.author, c.time, c.text, c.sameness, c.rating, c.version).where(
                c.product == product, c.id.in_(chunk)
            )
        )
    }


def _known_samenesses(connection: Connection, product: str, incoming: Sequence[Incoming]) -> dict[str, bool]:
    """sameness → whether every stored comment with it has an id of its own."""
    wanted = dict.fromkeys(item.sameness for item in incoming)
    c = comments.c
    found: dict[str, bool] = {}
    for chunk in _chunks(list(wanted)):
        query = select(c.sameness, c.has_id).where(c.product == product, c.sameness.in_(chunk))
        for row in connection.execute(query):
            found[row.sameness] = found.get(row.sameness, True) and row.has_id
    return found


def _values(item: Incoming, product: str, number: int) -> dict[str, Any]:
    # asdict copies deeply, which takes as long as the insert itself.
    values = dict(zip(_FIELDS, _fields(item.comment), strict=True))
    values.update(product=product, import_id=number, sameness=item.sameness, has_id=item.has_id)
    return values


def _rewrite(connection: Connection, product: str, key: str, item: Incoming) -> None:
    """A user edited a comment: its newer words count, and what models said about the old ones goes."""
    comment = item.comment
    connection.execute(
        update(comments)
        .where(and_(comments.c.product == product, comments.c.id == key))
        .values(
            text=comment.text,
            time=comment.time,
            rating=comment.rating,
            version=comment.version,
            reply=comment.reply,
            sameness=item.sameness,
        )
    )
    connection.execute(delete(analyses).where(analyses.c.product == product, analyses.c.comment == key))


def _chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
