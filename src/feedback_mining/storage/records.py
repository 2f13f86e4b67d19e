"""What goes into a store and comes out of it, beyond the project's plain records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from feedback_mining.records import Analysis, Comment, Demand, Intent, Quarantined, Sentiment, Signal, Unit


@dataclass(frozen=True, slots=True)
class Incoming:
    """A comment on its way into the store."""

    comment: Comment
    sameness: str  # equal for rows without an id that are one comment
    has_id: bool  # the id is the source's own, not a hash of the content
    otherwise: Quarantined | None = None  # of a row that only says "deleted": what it is if nothing is known


@dataclass(frozen=True, slots=True)
class SourceFile:
    name: str
    sha256: str
    source: str
    notices: Sequence[str] = ()  # read when all rows have been


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """`rows_read = stored + duplicates + quarantined`, of one import or of all of a product."""

    rows_read: int = 0
    stored: int = 0
    duplicates_by_reason: Mapping[str, int] = field(default_factory=dict)
    quarantined_by_reason: Mapping[str, int] = field(default_factory=dict)
    edited: int = 0  # of the duplicates with the same id: those whose newer words replaced the known ones

    @property
    def duplicates(self) -> int:
        return sum(self.duplicates_by_reason.values())

    @property
    def quarantined(self) -> int:
        return sum(self.quarantined_by_reason.values())

    def __add__(self, other: ImportCounts) -> ImportCounts:
        return ImportCounts(
            self.rows_read + other.rows_read,
            self.stored + other.stored,
            _sum(self.duplicates_by_reason, other.duplicates_by_reason),
            _sum(self.quarantined_by_reason, other.quarantined_by_reason),
            self.edited + other.edited,
        )


@dataclass(frozen=True, slots=True)
class ImportResult:
    counts: ImportCounts
    notices: tuple[str, ...]
    already_imported: bool


@dataclass(frozen=True, slots=True)
class RefusedRow:
    file_name: str
    row: Quarantined
    product: str


def analysis_to_json(analysis: Analysis) -> str:
    units = [{k: v for k, v in asdict(unit).items() if k != "comment"} for unit in analysis.units]
    return json.dumps({"units": units, "signals": list(analysis.signals)}, ensure_ascii=False)


def analysis_from_json(comment: str, content: str) -> Analysis:
    document: dict[str, Any] = json.loads(content)
    units = tuple(
        Unit(
            **{
                **unit,
                "comment": comment,
                "intent": Intent(unit["intent"]),
                "sentiment": Sentiment(unit["sentiment"]),
            }
        )
        for unit in document["units"]
    )
    return Analysis(comment, units, tuple(Signal(signal) for signal in document["signals"]))


def demand_to_row(demand: Demand, week: str) -> dict[str, Any]:
    return {
        "product": demand.product,
        "week": week,
        "id": demand.id,
        "title": demand.title,
        "theme": demand.theme,
        "intent": str(demand.intent),
        "founded": demand.founded,
        "keywords": json.dumps(demand.keywords, ensure_ascii=False),
    }


def demand_from_row(row: Mapping[Any, Any]) -> Demand:
    return Demand(
        row["id"],
        row["product"],
        row["title"],
        row["theme"],
        Intent(row["intent"]),
        row["founded"],
        tuple(json.loads(row["keywords"])),
    )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    total = Counter(one)
    total.update(other)
    return dict(sorted(total.items()))
