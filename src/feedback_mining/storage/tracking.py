"""Demands as the weeks left them: who is a member, and where each demand stands in vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select

from feedback_mining.demands.anchors import Anchor, Anchors
from feedback_mining.records import Demand
from feedback_mining.storage.records import demand_from_row, demand_to_row
from feedback_mining.storage.tables import (
    backlogs,
    comments,
    demand_anchors,
    demands,
    imports,
    memberships,
    revisions,
)
from feedback_mining.weeks import Week

_CHUNK = 500
_ALL = ""  # in place of a demand: all units of the product


class _Transactions(Protocol):
    def _reading(self) -> Any: ...
    def _writing(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class MinedWeek:
    week: Week
    saved_at: datetime
    versions: dict[str, Any]  # of what made its backlog


class TrackingMethods:
    """The part of a store that keeps demands week by week."""

    def demands(self: _Transactions, product: str) -> list[Demand]:
        """Every demand as it was last saved, sorted by id."""
        with self._reading() as connection:
            return _demands(connection, product, None)

    def memberships(self: _Transactions, product: str) -> dict[str, tuple[str, str]]:
        """unit id → (demand id, week in which the unit came to it)."""
        m = memberships.c
        with self._reading() as connection:
            return _newest(connection.execute(select(m.unit, m.demand, m.week).where(m.product == product)))

    def demands_before(
        self: _Transactions, product: str, week: Week, units: Sequence[str] | None = None
    ) -> tuple[list[Demand], dict[str, str]]:
        """`(demands, unit id → demand id)` as they stood before `week` was mined; of `units` only, if given."""
        with self._reading() as connection:
            found = _memberships(connection, product, week, units)
            return _demands(connection, product, week), {unit: demand for unit, (demand, _) in found.items()}

    def latest_members(self: _Transactions, product: str, demand: str, week: Week, count: int) -> list[str]:
        """Ids of the `count` units that came last to the demand before `week`, and stayed."""
        m = memberships.c
        query = (
            select(m.unit)
            .where(m.product == product, m.demand == demand, m.week < str(week))
            .order_by(m.week.desc(), m.unit)
            .limit(count)
        )
        with self._reading() as connection:
            came = list(connection.execute(query).scalars())
            now = _memberships(connection, product, week, came)
        return [unit for unit in came if now[unit][0] == demand]

    def anchors_before(self: _Transactions, product: str, week: Week, version: str) -> Anchors:
        """Where demands stood before `week`, in the vectors of `version`; empty where another one was in use."""
        a = demand_anchors.c
        newest = (
            select(a.demand, func.max(a.week).label("week"))
            .where(a.product == product, a.week < str(week))
            .group_by(a.demand)
            .subquery()
        )
        query = (
            select(a.demand, a.members, a.mean)
            .join(newest, and_(a.demand == newest.c.demand, a.week == newest.c.week))
            .where(a.product == product, a.version == version)
        )
        with self._reading() as connection:
            rows = {row.demand: row for row in connection.execute(query)}
        everything = rows.pop(_ALL, None)
        if everything is None:
            return Anchors()
        return Anchors(
            {key: Anchor(_vector(rows[key].mean, np.float16), rows[key].members) for key in sorted(rows)},
            _vector(everything.mean, np.float32),
            everything.members,
        )

    def last_mined(self: _Transactions, product: str, before: Week) -> MinedWeek | None:
        """The newest week before `before` that has a backlog."""
        b = backlogs.c
        query = (
            select(b.week, b.saved_at, b.content)
            .where(b.product == product, b.week < str(before))
            .order_by(b.week.desc())
            .limit(1)
        )
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return MinedWeek(Week.parse(row.week), row.saved_at, json.loads(row.content).get("versions", {}))

    def changed_since(self: _Transactions, product: str, time: datetime) -> dict[str, datetime]:
        """Comments that came, or whose words changed, by imports after `time` → when each was written."""
        c, r = comments.c, revisions.c
        late = select(imports.c.id).where(imports.c.product == product, imports.c.imported_at > time)
        edited = select(r.comment).where(r.product == product, r.import_id.in_(late))
        query = select(c.id, c.time).where(c.product == product, or_(c.import_id.in_(late), c.id.in_(edited)))
        with self._reading() as connection:
            return {row.id: row.time for row in connection.execute(query)}

    def save_week(
        self: _Transactions,
        product: str,
        week: Week,
        demands_now: Sequence[Demand],
        memberships_now: Mapping[str, str],
        backlog: Mapping[str, Any],
        anchors_now: tuple[str, Anchors] | None = None,
    ) -> None:
        """Record how a week ended. What this and later weeks had recorded before is dropped.

        Demands, memberships (unit id → demand id) and anchors (with their version) may be the whole state or
        only what changed: those left out stay as the weeks before had them.
        """
        name = str(week)
        connection: Connection
        with self._writing() as connection:
            for table in (demands, memberships, demand_anchors, backlogs):
                connection.execute(delete(table).where(table.c.product == product, table.c.week >= name))
            known = {d.id: d for d in _demands(connection, product, None, [d.id for d in demands_now])}
            members = _memberships(connection, product, None, list(memberships_now))
            changed = [
                {**demand_to_row(demand, name), "product": product}
                for demand in {demand.id: demand for demand in demands_now}.values()
                if known.get(demand.id) != demand
            ]
            joined = [
                {"product": product, "week": name, "unit": unit, "demand": demand}
                for unit, demand in memberships_now.items()
                if unit not in members or members[unit][0] != demand
            ]
            anchored = [
                {"product": product, "week": name, **row}
                for row in _anchor_rows(*(anchors_now or ("", Anchors())))
            ]
            for table, rows in ((demands, changed), (memberships, joined), (demand_anchors, anchored)):
                for chunk in _chunks(rows):
                    connection.execute(insert(table), list(chunk))
            content = json.dumps(backlog, ensure_ascii=False)
            connection.execute(
                insert(backlogs).values(
                    product=product, week=name, saved_at=datetime.now(UTC), content=content
                )
            )


def _anchor_rows(version: str, anchors: Anchors) -> Iterator[dict[str, Any]]:
    if anchors.usual is not None:
        mean = anchors.usual.astype(np.float32).tobytes()
        yield {"demand": _ALL, "version": version, "members": anchors.count, "mean": mean}
    for key, anchor in sorted(anchors.of.items()):
        mean = anchor.mean.astype(np.float16).tobytes()
        yield {"demand": key, "version": version, "members": anchor.members, "mean": mean}


def _vector(content: bytes, kind: type[np.floating[Any]]) -> Any:
    return np.frombuffer(content, kind).astype(np.float32)


def _demands(
    connection: Connection, product: str, before: Week | None, ids: Sequence[str] | None = None
) -> list[Demand]:
    query = select(demands).where(demands.c.product == product)
    if before is not None:
        query = query.where(demands.c.week < str(before))
    queries = [query] if ids is None else [query.where(demands.c.id.in_(some)) for some in _chunks(ids)]
    found = [row for one in queries for row in connection.execute(one).mappings()]
    rows = sorted(found, key=lambda row: str(row["week"]))
    newest = {row["id"]: demand_from_row(row) for row in rows}
    return [newest[key] for key in sorted(newest)]


def _memberships(
    connection: Connection, product: str, before: Week | None, units: Sequence[str] | None
) -> dict[str, tuple[str, str]]:
    m = memberships.c
    query = select(m.unit, m.demand, m.week).where(m.product == product)
    if before is not None:
        query = query.where(m.week < str(before))
    if units is None:
        return _newest(connection.execute(query))
    found: dict[str, tuple[str, str]] = {}
    for some in _chunks(units):
        found |= _newest(connection.execute(query.where(m.unit.in_(some))))
    return found


def _newest(rows: Any) -> dict[str, tuple[str, str]]:
    ordered: list[Row[Any]] = sorted(rows, key=lambda row: (row.week, row.unit))
    return {row.unit: (row.demand, row.week) for row in ordered}


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
