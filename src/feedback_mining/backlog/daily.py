"""What broke out in the last day or days, raised once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.backlog.alerts import alerts_of, first_weeks
from feedback_mining.backlog.emerging import Series
from feedback_mining.backlog.items import Alert
from feedback_mining.backlog.window import window_from
from feedback_mining.records import Analysis, Comment, Demand, Unit
from feedback_mining.weeks import Week

SPANS = (1, 3, 7)  # days
RATE = 0.005  # of false discoveries in one look; the same weeks are looked at every day
REMEMBERED = timedelta(days=28)
_AGAIN = 2.0  # times the people, from which a known outbreak is raised again
_SAME = 0.5  # of the comments
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class DayAlert:
    """An outbreak as a day saw it; `usual` is for a span as long."""

    product: str
    date: str
    days: int  # the last span of it: 1, 3 or 7
    demand: str  # id, or `theme:<theme>`
    title: str
    kind: str  # new, surging, returned
    people: int
    usual: float
    rate: float  # share of the people who commented
    expected: float
    p_value: float
    comments: tuple[str, ...]
    examples: tuple[str, ...]
    since_version: str | None = None
    platform: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> DayAlert:
        lists = {name: tuple(content[name]) for name in ("comments", "examples")}
        return cls(**{**content, **lists})


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """First instant after the day."""
    return datetime.combine(day + timedelta(days=1), time.min, zone)


def day_alerts(
    product: str,
    day: date,
    comments: Sequence[Comment],
    analyses: Mapping[str, Analysis],
    demands: Iterable[Demand],
    memberships: Mapping[str, str],
    *,
    weeks: int,
    zone: ZoneInfo,
) -> list[DayAlert]:
    """Outbreaks of the spans that end with `day` against the `weeks` before each, one a demand, strongest first.

    comments: those that count, in order of time, up to the end of the day.
    """
    known = {d.id: d for d in demands}
    best: dict[str, DayAlert] = {}
    for days in SPANS:
        end = day_end(day, zone)
        now = datetime.combine(day - timedelta(days=days - 1), time.min, zone)
        starts = [*(now - timedelta(weeks=k) for k in range(weeks, 0, -1)), now]
        counted = [c for c in comments if starts[0] <= c.time < end]
        names = [start.astimezone(zone).date().isoformat() for start in starts]
        window = window_from(counted, starts, names, zone, analyses)
        units = [u for c in counted if c.id in analyses for u in analyses[c.id].units if u.actionable]
        grouped: dict[Demand, list[Unit]] = {}
        for unit in units:
            if demand := known.get(memberships.get(unit.id, "")):
                grouped.setdefault(demand, []).append(unit)
        grouped = {d: grouped[d] for d in sorted(grouped, key=lambda d: d.id)}
        first = str(Week.of(starts[0], zone))
        series = {
            d.id: Series(window.people_a_week(of), known_before=d.founded < first)
            for d, of in grouped.items()
        }
        titles = {d.id: d.title for d in grouped}
        found = alerts_of(
            titles, series, units, grouped, window, first_weeks(counted, zone), rate=RATE, days=days
        )
        for alert in found:
            told = _told(product, day, days, alert)
            if alert.demand not in best or told.p_value < best[alert.demand].p_value:
                best[alert.demand] = told
    return sorted(best.values(), key=lambda a: (a.p_value, -a.people, a.demand))


def not_yet_raised(found: Iterable[DayAlert], earlier: Iterable[DayAlert]) -> list[DayAlert]:
    """Those of `found` that neither an earlier day nor a stronger one of them has told already.

    It is the same outbreak if it has the same demand or shares half of its comments; it is raised again when
    its people have doubled.
    """
    raised: list[DayAlert] = []
    before = list(earlier)
    for alert in found:
        same = [one for one in (*before, *raised) if _same(one, alert)]
        if all(alert.people >= _AGAIN * one.people for one in same):
            raised.append(alert)
    return raised


def _same(one: DayAlert, other: DayAlert) -> bool:
    shared = len(set(one.comments) & set(other.comments))
    return one.demand == other.demand or shared >= _SAME * min(len(one.comments), len(other.comments)) > 0


def _told(product: str, day: date, days: int, alert: Alert) -> DayAlert:
    examples = list(dict.fromkeys(" ".join(u.text.split()) for u in alert.units))
    return DayAlert(
        product=product,
        date=day.isoformat(),
        days=days,
        demand=alert.demand,
        title=alert.title,
        kind=alert.kind,
        people=alert.people,
        usual=alert.usual,
        rate=alert.rate,
        expected=alert.expected,
        p_value=alert.p_value,
        comments=tuple(dict.fromkeys(u.comment for u in alert.units)),
        examples=tuple(examples[:_EXAMPLES]),
        since_version=alert.since_version,
        platform=alert.platform,
    )
