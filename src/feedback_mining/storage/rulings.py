"""What people ruled about campaigns, and the alerts of single days that were raised."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from sqlalchemy import Connection, delete, insert, select

from feedback_mining.backlog.rulings import Ruling, Verdict
from feedback_mining.storage.tables import campaign_rulings, day_alerts


class _Transactions(Protocol):
    def _reading(self) -> Any: ...
    def _writing(self) -> Any: ...


class RulingMethods:
    """The part of a store that keeps rulings, which are added and never changed, and alerts of days."""

    def campaign_rulings(self: _Transactions, product: str) -> list[Ruling]:
        """The whole record of a product, oldest first, undone ones and undos included."""
        with self._reading() as connection:
            return _record(connection, product)

    def add_campaign_ruling(
        self: _Transactions, ruling: Ruling, check: Callable[[Sequence[Ruling]], None] | None = None
    ) -> Ruling:
        """Add a row and return it with its id; `check` is shown the record under the write lock first."""
        connection: Connection
        with self._writing() as connection:
            if check:
                check(_record(connection, ruling.product))
            added = connection.execute(
                insert(campaign_rulings).values(
                    product=ruling.product,
                    verdict=str(ruling.verdict),
                    comments=json.dumps(ruling.comments),
                    campaign=ruling.campaign,
                    author=ruling.author,
                    time=ruling.time,
                    reason=ruling.reason,
                    undoes=ruling.undoes,
                )
            )
            keys = added.inserted_primary_key
        assert keys is not None  # the table has one
        return replace(ruling, id=keys[0])

    def day_alerts(self: _Transactions, product: str, first: date, last: date) -> list[dict[str, Any]]:
        """What was raised on the days from `first` to `last`, oldest first."""
        c = day_alerts.c
        query = select(c.content).where(
            c.product == product, c.day >= first.isoformat(), c.day <= last.isoformat()
        )
        with self._reading() as connection:
            rows = connection.execute(query.order_by(c.day, c.place))
            return [json.loads(row.content) for row in rows]

    def save_day_alerts(
        self: _Transactions, product: str, day: date, raised: Sequence[dict[str, Any]]
    ) -> None:
        """Keep what a day raised; what it had raised when it was run before is replaced."""
        c = day_alerts.c
        connection: Connection
        with self._writing() as connection:
            connection.execute(delete(day_alerts).where(c.product == product, c.day == day.isoformat()))
            rows = [
                {
                    "product": product,
                    "day": day.isoformat(),
                    "place": place,
                    "content": json.dumps(one, ensure_ascii=False),
                }
                for place, one in enumerate(raised)
            ]
            if rows:
                connection.execute(insert(day_alerts), rows)


def _record(connection: Connection, product: str) -> list[Ruling]:
    query = select(campaign_rulings).where(campaign_rulings.c.product == product)
    return [
        Ruling(
            product=row.product,
            verdict=Verdict(row.verdict),
            comments=tuple(json.loads(row.comments)),
            author=row.author,
            time=row.time,
            reason=row.reason,
            campaign=row.campaign,
            undoes=row.undoes,
            id=row.id,
        )
        for row in connection.execute(query.order_by(campaign_rulings.c.id))
    ]
