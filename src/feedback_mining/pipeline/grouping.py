"""Which units are grouped, how many at once, and comments that belong to no store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedback_mining.classification.classifier import told
from feedback_mining.demands.group import GroupingConfig
from feedback_mining.demands.statements import names_something
from feedback_mining.pipeline.reader import Progress, Reader
from feedback_mining.records import Demand, Signal, Unit
from feedback_mining.settings import Settings

_GROUPED_AT_ONCE = 4000  # units; a longer history is grouped piece by piece


@dataclass(frozen=True, slots=True)
class AnalyzedComment:
    """What `analyze` tells of a comment; `demands` gives the group of a unit by its start."""

    id: str
    text: str
    units: tuple[Unit, ...]
    signals: tuple[Signal, ...]
    demands: dict[int, str]


def analyze_comments(
    texts: Sequence[tuple[str, str]], settings: Settings, progress: Progress | None = None
) -> list[AnalyzedComment]:
    """Analyse `(id, text)` pairs and group their units, without a store.

    Units whose labels are a guess help to form the groups but are not told.
    """
    reader = Reader.of(settings)
    analyses = list(reader.analyse(texts, progress))
    order = sorted(range(len(texts)), key=lambda k: texts[k])
    units = [u for k in order for u in analyses[k].units if groupable(u)]
    tracker = reader.tracker("")
    comments = {key: ("", text) for key, text in texts}
    memberships: dict[str, str] = {}
    known: dict[str, Demand] = {}
    members: dict[str, list[Unit]] = defaultdict(list)
    for piece in pieces(units):
        tracked = tracker.track(piece, comments, list(known.values()), members)
        known.update((d.id, d) for d in tracked.demands)
        memberships.update(tracked.memberships)
        for unit in piece:
            members[tracked.memberships[unit.id]].append(unit)
    return [
        AnalyzedComment(
            key, text, units, found.signals, {u.start: memberships[u.id] for u in units if u.id in memberships}
        )
        for (key, text), found in zip(texts, analyses, strict=True)
        for units in [tuple(told(found.units))]
    ]  # fmt: skip


def groupable(unit: Unit) -> bool:
    """Can the unit belong to a demand? Praise, questions, general abuse and what names nothing cannot."""
    sure = unit.confidence >= GroupingConfig().least_confidence
    definite = unit.specific and unit.theme != "general" and names_something(unit.text)
    return unit.actionable and sure and definite


def pieces(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    """Runs of units that are grouped at once."""
    for start in range(0, len(units), _GROUPED_AT_ONCE):
        yield units[start : start + _GROUPED_AT_ONCE]
