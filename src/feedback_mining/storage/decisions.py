"""People's decisions about demands: rows are added, never changed, and come back oldest first."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, insert, select

from feedback_mining.demands.decisions import Decision, DecisionKind
from feedback_mining.records import Demand
from feedback_mining.storage.records import demand_from_row
from feedback_mining.storage.tables import backlogs, demand_decisions, demands
from feedback_mining.weeks import Week


class _Transactions(Protocol):
    def _reading(self) -> Any: ...
    def _writing(self) -> Any: ...


class DecisionMethods:
    """The part of a store that keeps decisions, and what they are about."""

    def decisions(self: _Transactions, product: str) -> list[Decision]:
        """Every decision about the product's demands, oldest first."""
        with self._reading() as connection:
            return _decisions(connection, product)

    def demand_rows(self: _Transactions, product: str) -> list[tuple[str, Demand]]:
        """`(week, demand as the week left it)` of every change that weeks recorded, oldest first."""
        query = select(demands).where(demands.c.product == product)
        with self._reading() as connection:
            rows = [(str(row["week"]), demand_from_row(row)) for row in connection.execute(query).mappings()]
        return sorted(rows, key=lambda row: (row[0], row[1].id))

    def mined_at(self: _Transactions, product: str, week: Week) -> datetime:
        """When the week was last saved. Raises LookupError where it was not."""
        query = select(backlogs.c.saved_at).where(backlogs.c.product == product, backlogs.c.week == str(week))
        with self._reading() as connection:
            found: datetime | None = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise LookupError(f"{week} of {product!r}")
        return found

    def decide(self: _Transactions, product: str, make: Callable[[Sequence[Decision]], Decision]) -> Decision:
        """Keep what `make` gives when told the decisions so far; no other writer comes between.

        Where `make` raises, nothing is kept.
        """
        connection: Connection
        with self._writing() as connection:
            made = make(_decisions(connection, product))
            row = {
                "product": product,
                "time": made.time,
                "author": made.author,
                "reason": made.reason,
                "kind": str(made.kind),
                "content": json.dumps(dict(made.content), ensure_ascii=False),
            }
            number = connection.execute(
                insert(demand_decisions).values(row).returning(demand_decisions.c.id)
            ).scalar_one()
        return replace(made, product=product, id=number)


def _decisions(connection: Connection, product: str) -> list[Decision]:
    c = demand_decisions.c
    rows = connection.execute(select(demand_decisions).where(c.product == product).order_by(c.id))
    return [
        Decision(
            product=row.product,
            time=row.time,
            author=row.author,
            kind=DecisionKind(row.kind),
            content=json.loads(row.content),
            reason=row.reason,
            id=row.id,
        )
        for row in rows
    ]
