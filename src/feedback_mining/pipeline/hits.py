"""What is asked of a search, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass

from feedback_mining.pipeline.demand_views import DemandRow
from feedback_mining.weeks import Week


@dataclass(frozen=True, slots=True)
class Sought:
    """What may be asked of a search besides its words."""

    since: Week | None = None
    until: Week | None = None
    theme: str | None = None
    intent: str | None = None
    campaigns: bool = False  # also what campaigns said

    @property
    def narrowed(self) -> bool:
        return (self.since, self.until, self.theme, self.intent) != (None, None, None, None)


@dataclass(frozen=True, slots=True)
class UnitHit:
    """A unit that fits; `marks` are the parts of its text that hold words of the query."""

    unit: str
    text: str
    week: str
    intent: str
    theme: str
    demand: str | None
    fit: float
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class DemandHit:
    """A demand that fits, with those of its units that fit; `matching` counts them all."""

    demand: DemandRow
    fit: float
    matching: int
    quotes: tuple[UnitHit, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Best first; `total_…` counts what fits, shown or not. `mined` is False where there are no demands yet."""

    demands: tuple[DemandHit, ...]
    units: tuple[UnitHit, ...]
    total_demands: int
    total_units: int
    people: int  # authors of the units that fit
    mined: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """An opinion of the pasted text and the demands that it may be, best first; none where it is new."""

    text: str
    intent: str
    theme: str
    demands: tuple[DemandHit, ...]
    sure: bool = False
