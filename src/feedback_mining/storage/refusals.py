"""The rows that were not stored: list them, and read them once more."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

from sqlalchemy import delete, select, update

from feedback_mining.records import Quarantined, QuarantineReason
from feedback_mining.storage.importing import take_in
from feedback_mining.storage.records import ImportCounts, Incoming, RefusedRow
from feedback_mining.storage.tables import imports, quarantine


class _Transactions(Protocol):
    def _reading(self) -> Any: ...
    def _writing(self) -> Any: ...


class RefusalMethods:
    """The part of a store that keeps what was refused."""

    def quarantine(
        self: _Transactions,
        product: str | None = None,
        *,
        reason: QuarantineReason | None = None,
        file_name: str | None = None,
    ) -> list[RefusedRow]:
        """Rows that were refused, of one product or of all, by product, file and line."""
        i, q = imports.c, quarantine.c
        query = (
            select(i.product, i.file_name, q.line, q.reason, q.detail, q.raw)
            .join(imports, i.id == q.import_id)
            .order_by(i.product, i.file_name, i.id, q.line, q.id)
        )
        if product is not None:
            query = query.where(i.product == product)
        if reason is not None:
            query = query.where(q.reason == str(reason))
        if file_name is not None:
            query = query.where(i.file_name == file_name)
        with self._reading() as connection:
            return [
                RefusedRow(
                    r.file_name, Quarantined(r.line, QuarantineReason(r.reason), r.detail, r.raw), r.product
                )
                for r in connection.execute(query)
            ]

    def products_of(self: _Transactions, sha256: str) -> list[str]:
        """The products for which these bytes were imported, sorted."""
        with self._reading() as connection:
            query = select(imports.c.product).where(imports.c.file_sha256 == sha256)
            return sorted(connection.execute(query).scalars())

    def retry(
        self: _Transactions,
        product: str,
        sha256: str,
        rows: Iterable[Incoming | Quarantined],
    ) -> ImportCounts:
        """Take in those of the file's rows that stand on a refused line, and correct the import's counts.

        Gives what became of the refused rows; `rows` is consumed only where there are any. The other
        rows stay as they were decided. All or nothing; empty counts where the import or its refusals are unknown.
        """
        with self._writing() as connection:
            row = connection.execute(
                select(imports).where(imports.c.product == product, imports.c.file_sha256 == sha256)
            ).one_or_none()
            if row is None:
                return ImportCounts()
            mine = quarantine.c.import_id == row.id
            lines = Counter(connection.execute(select(quarantine.c.line).where(mine)).scalars())
            if not lines:
                return ImportCounts()
            connection.execute(delete(quarantine).where(mine))
            found = take_in(connection, product, row.id, (r for r in rows if _line(r) in lines))
            # A record may give several comments: those stored before come back as duplicates of themselves.
            surplus = found.rows_read - lines.total()
            duplicates = Counter(found.duplicates_by_reason)
            for reason in list(duplicates) if surplus > 0 else []:
                again = min(surplus, duplicates[reason])
                duplicates[reason] -= again
                surplus -= again
            duplicates = +duplicates
            all_duplicates = dict(sorted((Counter(json.loads(row.duplicates)) + duplicates).items()))
            stored = row.stored + found.stored
            connection.execute(
                update(imports)
                .where(imports.c.id == row.id)
                .values(
                    rows_read=stored + sum(all_duplicates.values()) + found.quarantined,
                    stored=stored,
                    duplicates=json.dumps(all_duplicates),
                    quarantined=json.dumps(dict(found.quarantined_by_reason)),
                )
            )
        return ImportCounts(
            found.stored + duplicates.total() + found.quarantined,
            found.stored,
            dict(duplicates),
            found.quarantined_by_reason,
        )


def _line(row: Incoming | Quarantined) -> int:
    return row.line if isinstance(row, Quarantined) else row.comment.line
