"""People's decisions about demands: rows are added, never changed, and come back oldest first."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Connection, insert, select

from feedback_mining.demands.decisions import Decision, DecisionKind
from feedback_mining.storage.tables import demand_decisions


class _Transactions(Protocol):
    def _reading(self) -> Any: ...
    def _writing(self) -> Any: ...


class DecisionMethods:
    """The part of a store that keeps decisions, and what they are about."""

    def decisions(self: _Transactions, product: str) -> list[Decision]:
        """Every decision about the product's demands, oldest first."""
        with self._reading() as connection:
            return _decisions(connection, product)

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
