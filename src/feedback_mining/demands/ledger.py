"""A demand's life: what the weeks say, and what people decided, in order of time.

Nothing of it is stored: it is computed from the weeks' rows and the decisions, so a week that is run again
replaces what it said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.demands.decisions import Decision, DecisionKind, concerned, in_force
from feedback_mining.records import Demand
from feedback_mining.weeks import Week

MACHINE = "machine"
QUIET_WEEKS = 6  # without a mention, for a demand to be dormant
_KINDS = {
    DecisionKind.MERGE: "merge",
    DecisionKind.SPLIT: "split",
    DecisionKind.RENAME: "renamed",
    DecisionKind.MOVE: "moved",
    DecisionKind.APART: "apart",
    DecisionKind.UNDO: "undone",
}


@dataclass(frozen=True, slots=True)
class Event:
    """kind: birth, renamed, dormant, returned, merge, split, moved, apart or undone.

    by: `machine`, or the person's name. evidence: numbers and names behind it.
    """

    week: str
    kind: str
    by: str = MACHINE
    time: str = ""  # ISO 8601, UTC; of decisions only
    reason: str = ""
    decision: int | None = None
    in_force: bool = True
    evidence: Mapping[str, Any] = field(default_factory=dict)


def life(
    key: str,
    merged: Iterable[str],
    rows: Sequence[tuple[str, Demand]],
    mentions: Mapping[str, tuple[int, int]],
    decisions: Sequence[Decision],
    last: Week,
    zone: ZoneInfo,
) -> list[Event]:
    """Everything that happened to a demand up to the week `last`, oldest first.

    merged: ids that are part of it. rows: `(week, demand)` as weeks recorded it. mentions: week →
    `(units, people)`, weeks without any may be missing.
    """
    ids = frozenset({key, *merged})
    about = [d for d in decisions if ids & concerned(d)]
    numbers = {d.id for d in about}
    for decision in decisions:  # an undo follows what it takes back
        if decision.kind is DecisionKind.UNDO and decision.content["decision"] in numbers:
            about.append(decision)
            numbers.add(decision.id)
    valid = {d.id for d in in_force(decisions)}
    events = [
        *_weeks(mentions, last, _founder(key, decisions)),
        *_titles([row for row in rows if row[1].id in ids], _named(in_force(decisions), zone)),
        *(_decided(d, d.id in valid or d.kind is DecisionKind.UNDO, zone) for d in about),
    ]
    order = {"birth": 0, "returned": 1, "dormant": 2}
    return sorted(
        events, key=lambda e: (e.week, order.get(e.kind, 3), e.time, e.decision or 0, str(e.evidence))
    )


def _founder(key: str, decisions: Sequence[Decision]) -> Decision | None:
    """The split that a demand comes from; none where the machine founded it."""
    splits = (d for d in decisions if d.kind is DecisionKind.SPLIT and d.content["new"] == key)
    return max(splits, key=lambda d: d.id, default=None)


def _named(valid: Iterable[Decision], zone: ZoneInfo) -> dict[str, str]:
    """Demand → week since which it has had a person's name."""
    found: dict[str, str] = {}
    for decision in valid:
        if decision.kind in (DecisionKind.RENAME, DecisionKind.SPLIT):
            named = "demand" if decision.kind is DecisionKind.RENAME else "new"
            found.setdefault(decision.content[named], str(Week.of(decision.time, zone)))
    return found


def _weeks(mentions: Mapping[str, tuple[int, int]], last: Week, founder: Decision | None) -> list[Event]:
    spoken = sorted(week for week, (units, _) in mentions.items() if units and week <= str(last))
    events: list[Event] = []
    for place, week in enumerate(spoken):
        units, people = mentions[week]
        said = {"units": units, "people": people}
        quiet = Week.parse(week).minus(Week.parse(spoken[place - 1])) - 1 if place else 0
        if not place:
            by = founder.author if founder else MACHINE
            events.append(Event(week, "birth", by, decision=founder.id if founder else None, evidence=said))
        elif quiet >= QUIET_WEEKS:
            events.append(Event(week, "returned", evidence={"quiet_weeks": quiet, **said}))
        end = Week.parse(spoken[place + 1]) if place + 1 < len(spoken) else last.plus(1)
        falls = Week.parse(week).plus(QUIET_WEEKS)
        if falls < end:
            before = sum(mentions[earlier][0] for earlier in spoken[: place + 1])
            evidence = {"quiet_weeks": QUIET_WEEKS, "last_seen": week, "units": before}
            events.append(Event(str(falls), "dormant", evidence=evidence))
    return events


def _titles(rows: Sequence[tuple[str, Demand]], named: Mapping[str, str]) -> list[Event]:
    """What the machine renamed, for as long as no person had."""
    titles: dict[str, str] = {}
    events = []
    for week, demand in rows:
        before = titles.get(demand.id)
        if before not in (None, demand.title) and week <= named.get(demand.id, week):
            evidence = {"demand": demand.id, "from": before, "to": demand.title}
            events.append(Event(week, "renamed", evidence=evidence))
        titles[demand.id] = demand.title
    return events


def _decided(decision: Decision, valid: bool, zone: ZoneInfo) -> Event:
    content = decision.content
    evidence: dict[str, Any] = {
        key: content[key] for key in ("sources", "target", "demand", "new", "title", "pair", "decision") if key in content
    }  # fmt: skip
    if content.get("units"):
        evidence["units"] = len(content["units"])
    if content.get("demands"):
        evidence["members"] = {key: was["members"] for key, was in content["demands"].items()}
        evidence["titles"] = {key: was["title"] for key, was in content["demands"].items()}
    if "origins" in content:
        evidence["origins"] = sorted(set(content["origins"].values()))
    return Event(
        week=str(Week.of(decision.time, zone)),
        kind=_KINDS[decision.kind],
        by=decision.author,
        time=decision.time.isoformat(timespec="seconds"),
        reason=decision.reason,
        decision=decision.id,
        in_force=valid,
        evidence=evidence,
    )
