"""What people decided about demands, and what it comes to.

The machine's memberships stay as it gave them. A merge is an alias that applies when they are read, so taking
it back restores both sides with all that came since. Units that a person moved or split off are placed by
force, in every run of any week.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from feedback_mining.records import Demand, Unit

LONGEST_TITLE = 40  # letters of a title that a person gives


class DecisionKind(StrEnum):
    MERGE = "merge"
    SPLIT = "split"
    RENAME = "rename"
    MOVE = "move"
    APART = "apart"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; `id` counts up in a store and is 0 until it is kept.

    content by kind: merge `sources`, `target`; split `demand`, `new`, `title`, `units`, `origins`; rename `demand`,
    `title`; move `units`, `target`, `origins` (unit → demand); apart `pair`, and `units` where it is about two
    units; undo `decision`. `units` maps unit ids to the ends of their spans. All but undo hold `demands`: id →
    `title` and `units` of each demand concerned, as they were.
    """

    product: str
    time: datetime  # aware, UTC
    author: str
    kind: DecisionKind
    content: Mapping[str, Any]
    reason: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a unit belongs by force; `end` is the end of its span."""

    demand: str
    end: int
    explicit: bool = True  # False where it only stays where it was, so that demands are told apart


@dataclass(frozen=True, slots=True)
class Constraints:
    """What the decisions in force come to.

    alias: merged id → the id that it is read as. origins: unit → the demand that it was in before people placed
    it. titles: those that a person gave. founded: title of each
    demand that decisions place units in, for when no run has founded it. apart: pairs that are never the same
    → the decision. anchors: members of each demand at its last decision.
    """

    alias: Mapping[str, str] = field(default_factory=dict)
    placements: Mapping[str, Placement] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    founded: Mapping[str, str] = field(default_factory=dict)
    apart: Mapping[frozenset[str], int] = field(default_factory=dict)
    anchors: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def canonical(self, demand: str) -> str:
        return self.alias.get(demand, demand)

    @property
    def concerned(self) -> frozenset[str]:
        """Demands whose members are not what runs alone made them."""
        return frozenset((*self.anchors, *(to.demand for to in self.placements.values())))

    @property
    def units(self) -> frozenset[str]:
        """Units that decisions were about."""
        return frozenset((*self.placements, *(u for units in self.anchors.values() for u in units)))

    def are_apart(self, one: str, other: str) -> bool:
        return frozenset((self.canonical(one), self.canonical(other))) in self.apart

    def placed(self, units: Iterable[Unit], labelled: Iterable[str] = ()) -> dict[str, str]:
        """Unit id → demand, of those among `units` that decisions place.

        A unit that other models cut differently is the one that it overlaps most. Units of `labelled`
        comments are held only by decisions about themselves.
        """
        free = set(labelled)
        spans: dict[str, list[tuple[int, Placement]]] = defaultdict(list)
        for key, placement in self.placements.items():
            comment, _, start = key.rpartition(":")
            if placement.explicit or comment not in free:
                spans[comment].append((int(start), placement))
        found: dict[str, str] = {}
        for unit in units:
            best = max(
                ((_overlap(unit, start, to.end), start == unit.start, to) for start, to in spans.get(unit.comment, ())),
                key=lambda one: one[:2], default=None,
            )  # fmt: skip
            if best and (best[1] or best[0] >= 0.5):
                found[unit.id] = best[2].demand
        return found


@dataclass(frozen=True, slots=True)
class View:
    """Demands as people see them: `demands` by id, unit id → demand, and the ids merged into each."""

    demands: dict[str, Demand]
    memberships: dict[str, str]
    merged: dict[str, tuple[str, ...]]


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """Those that nobody has taken back, oldest first; an undo that was undone takes nothing back."""
    taken: set[int] = set()
    kept: list[Decision] = []
    for decision in sorted(decisions, key=lambda d: d.id, reverse=True):
        if decision.id in taken:
            continue
        if decision.kind is DecisionKind.UNDO:
            taken.add(decision.content["decision"])
        else:
            kept.append(decision)
    return kept[::-1]


def retired(decisions: Sequence[Decision]) -> frozenset[str]:
    """Ids of demands that were split off by decisions which were all taken back."""
    valid = {d.id for d in in_force(decisions)}
    splits = [d for d in decisions if d.kind is DecisionKind.SPLIT]
    return frozenset(d.content["new"] for d in splits) - {d.content["new"] for d in splits if d.id in valid}


def fold(decisions: Iterable[Decision]) -> Constraints:
    """What decisions come to. Never fails: whether they fit each other is checked when they are made."""
    merged: dict[str, str] = {}
    placements: dict[str, Placement] = {}
    titles: dict[str, str] = {}
    founded: dict[str, str] = {}
    aparts: list[Decision] = []
    origins: dict[str, str] = {}
    anchors: dict[str, frozenset[str]] = {}

    def hold(were: Mapping[str, Any]) -> None:
        """Members stay where they were, so that what a person tells apart is not grouped as one again."""
        for key, was in were.items():
            founded.setdefault(key, was["title"])
            for unit, end in was["units"].items():
                origins.setdefault(unit, key)
                if unit not in placements or not placements[unit].explicit:
                    placements[unit] = Placement(key, end, explicit=False)

    for decision in in_force(decisions):
        content = decision.content
        for key, was in content.get("demands", {}).items():
            anchors[key] = frozenset(was["units"])
        match decision.kind:
            case DecisionKind.MERGE:
                merged.update(dict.fromkeys(content["sources"], content["target"]))
            case DecisionKind.RENAME:
                titles[content["demand"]] = content["title"]
            case DecisionKind.SPLIT:
                origins.update({u: key for u, key in content["origins"].items() if u not in origins})
                hold(content["demands"])
                titles[content["new"]] = founded[content["new"]] = content["title"]
                placements.update({u: Placement(content["new"], end) for u, end in content["units"].items()})
            case DecisionKind.MOVE:
                origins.update({u: key for u, key in content["origins"].items() if u not in origins})
                hold(content["demands"])
                placements.update(
                    {u: Placement(content["target"], end) for u, end in content["units"].items()}
                )
            case DecisionKind.APART:
                hold(content["demands"])
                aparts.append(decision)
                for key, (unit, end) in zip(content["pair"], content.get("units", {}).items(), strict=False):
                    placements[unit] = Placement(key, end)
    alias = {key: _end_of(key, merged) for key in merged}

    def pair(decision: Decision) -> frozenset[str]:
        where = decision.content["pair"]
        if units := decision.content.get("units"):
            where = [placements[unit].demand for unit in units]
        return frozenset(alias.get(key, key) for key in where)

    return Constraints(
        alias=alias,
        placements=placements,
        origins={unit: key for unit, key in origins.items() if unit in placements},
        titles=titles,
        founded=founded,
        apart={pair(decision): decision.id for decision in aparts},
        anchors={key: units for key, units in anchors.items() if units},
    )


def as_people_see(
    constraints: Constraints,
    demands: Iterable[Demand],
    memberships: Mapping[str, str],
    placed: Mapping[str, str] | None = None,
) -> View:
    """The machine's demands and memberships (unit id → demand id) with people's decisions on top.

    placed: what `Constraints.placed` gave. A demand that people know and that a later run founded under
    another id keeps the id that they know: its successor is the one that holds most of its members.
    """
    known = {demand.id: demand for demand in demands}
    names = _successors(constraints, memberships)
    reads = {key: constraints.canonical(names.get(key, key)) for key in {*known, *memberships.values(), *(placed or {}).values()}}  # fmt: skip
    found: dict[str, Demand] = {}
    merged: dict[str, set[str]] = defaultdict(set)
    for key, demand in sorted(known.items()):
        shown = names.get(key, key)
        target = reads[key]
        if shown != target:
            merged[target].add(shown)
        before = found.get(target)
        first = min(demand.founded, before.founded) if before else demand.founded
        chosen = demand if before is None or shown == target else before
        found[target] = replace(chosen, id=target, founded=first)
    shown_titles = {key: title for key, title in constraints.titles.items() if key in found}
    found.update({key: replace(found[key], title=title) for key, title in shown_titles.items()})
    return View(
        demands=found,
        memberships={unit: reads[key] for unit, key in {**memberships, **(placed or {})}.items()},
        merged={key: tuple(sorted(ids)) for key, ids in merged.items()},
    )


def split_id(product: str, demand: str, units: Iterable[str]) -> str:
    """The id of a demand that is split off; the same split has it again."""
    parts = "\x1f".join((product, "split", demand, *sorted(units)))
    return "D-" + hashlib.sha256(parts.encode()).hexdigest()[:10]


def concerned(decision: Decision) -> frozenset[str]:
    """Ids of the demands that a decision is about; none for an undo."""
    new = [decision.content["new"]] if decision.kind is DecisionKind.SPLIT else []
    return frozenset((*decision.content.get("demands", ()), *new))


def _successors(constraints: Constraints, memberships: Mapping[str, str]) -> dict[str, str]:
    """Id that a run gave → id that people know, for demands that the run founded otherwise."""
    living = set(memberships.values())
    taken = {*constraints.anchors, *constraints.founded}
    claims: list[tuple[int, str, str]] = []
    for key, units in constraints.anchors.items():
        if key not in living:
            votes = Counter(memberships[unit] for unit in units if unit in memberships)
            for heir, count in votes.items():
                if 2 * count > votes.total() and heir not in taken:
                    claims.append((-count, key, heir))
    names: dict[str, str] = {}
    for _, key, heir in sorted(claims):
        names.setdefault(heir, key)
    return names


def _end_of(key: str, merged: Mapping[str, str]) -> str:
    seen = {key}
    while key in merged and merged[key] not in seen:
        key = merged[key]
        seen.add(key)
    return key


def _overlap(unit: Unit, start: int, end: int) -> float:
    """Share of the shorter of two spans that lies in the other."""
    common = min(unit.end, end) - max(unit.start, start)
    return common / max(1, min(unit.end - unit.start, end - start))
