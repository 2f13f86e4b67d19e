"""Decide, row by row, whether a comment is new, and write one import."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, delete, insert, select, update

from feedback_mining.records import Comment, DuplicateReason, Quarantined
from feedback_mining.storage.records import ImportCounts, ImportResult, Incoming, SourceFile
from feedback_mining.storage.tables import analyses, comments, imports, quarantine

_CHUNK = 500
_T = TypeVar("_T")


@dataclass(slots=True)
class _Known:
    author: str | None
    time: datetime
    text: str
    sameness: str
    stored: bool  # in the database, not in this import


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
    """Write the new comments and the refusals. What is found does not depend on the order of the rows."""
    incoming: list[Incoming] = []
    refused: list[Quarantined] = []
    for row in rows:
        if isinstance(row, Quarantined):
            refused.append(row)
        else:
            incoming.append(row)
    incoming.sort(key=lambda i: (i.comment.time, i.comment.id, i.comment.text, i.comment.line))
    new, changed, duplicates = _sift(connection, product, incoming)
    counts = ImportCounts(
        rows_read=len(incoming) + len(refused),
        stored=len(new),
        duplicates_by_reason=dict(sorted(duplicates.items())),
        quarantined_by_reason=dict(sorted(Counter(str(row.reason) for row in refused).items())),
        edited=len(changed),
    )
    number: int = connection.execute(
        insert(imports)
        .values(
            product=product,
            file_name=file.name,
            file_sha256=file.sha256,
            source=file.source,
            imported_at=datetime.now(UTC),
            rows_read=counts.rows_read,
            stored=counts.stored,
            duplicates=json.dumps(counts.duplicates_by_reason),
            quarantined=json.dumps(counts.quarantined_by_reason),
            notices=json.dumps(file.notices, ensure_ascii=False),
        )
        .returning(imports.c.id)
    ).scalar_one()
    for items in _chunks(list(new.values())):
        connection.execute(insert(comments), [_values(item, product, number) for item in items])
    for rows_refused in _chunks(refused):
        connection.execute(insert(quarantine), [{**asdict(r), "import_id": number} for r in rows_refused])
    for key, item in changed.items():
        _rewrite(connection, product, key, item)
    return ImportResult(counts, file.notices, already_imported=False)


def _sift(
    connection: Connection, product: str, incoming: Sequence[Incoming]
) -> tuple[dict[str, Incoming], dict[str, Incoming], Counter[str]]:
    """`(id → new comment, id → newer words of a stored comment, duplicates by reason)`."""
    known = _known_ids(connection, product, incoming)
    same = _known_samenesses(connection, product, incoming)
    new: dict[str, Incoming] = {}
    changed: dict[str, Incoming] = {}
    duplicates: Counter[str] = Counter()
    for item in incoming:
        comment = item.comment
        if comment.id in known and _clash(known[comment.id], item):
            comment = replace(comment, id=_other_id(item))
        seen = known.get(comment.id)
        if seen is not None:
            duplicates[str(DuplicateReason.SAME_ID if item.has_id else DuplicateReason.SAME_TEXT)] += 1
            if item.has_id and comment.text != seen.text and comment.time >= seen.time:
                target = changed if seen.stored else new
                target[comment.id] = replace(item, comment=comment)
                known[comment.id] = _Known(
                    comment.author, comment.time, comment.text, item.sameness, seen.stored
                )
        elif item.sameness in same and (not item.has_id or not same[item.sameness]):
            duplicates[str(DuplicateReason.SAME_TEXT)] += 1
        else:
            new[comment.id] = replace(item, comment=comment)
            known[comment.id] = _Known(
                comment.author, comment.time, comment.text, item.sameness, stored=False
            )
            same[item.sameness] = same.get(item.sameness, True) and item.has_id
    return new, changed, duplicates


def _clash(seen: _Known, item: Incoming) -> bool:
    """Whether two comments only share an id: row numbers of two exports, or a hash that knows no author."""
    if item.has_id:
        return None not in (seen.author, item.comment.author) and seen.author != item.comment.author
    return seen.sameness != item.sameness


def _other_id(item: Incoming) -> str:
    return f"{item.comment.id}~{item.sameness[:8]}"


def _known_ids(connection: Connection, product: str, incoming: Sequence[Incoming]) -> dict[str, _Known]:
    wanted = dict.fromkeys(key for item in incoming for key in (item.comment.id, _other_id(item)))
    c = comments.c
    return {
        row.id: _Known(row.author, row.time, row.text, row.sameness, stored=True)
        for chunk in _chunks(list(wanted))
        for row in connection.execute(
            select(c.id, c.author, c.time, c.text, c.sameness).where(c.product == product, c.id.in_(chunk))
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
    values = {name: getattr(item.comment, name) for name in Comment.__dataclass_fields__}
    own = {"product": product, "import_id": number, "sameness": item.sameness, "has_id": item.has_id}
    return {**values, **own}


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
