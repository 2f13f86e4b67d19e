"""The weeks that a backlog looks at: which comments count in them, and how far back each lies."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from feedback_mining.records import Analysis, Comment, Signal, Unit
from feedback_mining.weeks import Week, last_weeks


class Timeline:
    """Comments in order of time. Make it once for a backfill, so that no week has to sort them all again."""

    def __init__(self, comments: Iterable[Comment]) -> None:
        self.comments = sorted(comments, key=lambda c: (c.time, c.id))
        self.times = [c.time for c in self.comments]
        self.place = {c.id: i for i, c in enumerate(self.comments)}

    def between(self, first: Week, last: Week, zone: ZoneInfo) -> Sequence[Comment]:
        """Comments of the weeks from `first` to `last`, both included."""
        end = bisect_left(self.times, last.end(zone))
        return self.comments[bisect_left(self.times, first.start(zone), hi=end) : end]

    def until(self, last: Week, zone: ZoneInfo) -> Sequence[Comment]:
        """Every known comment up to the end of `last`."""
        return self.comments[: bisect_left(self.times, last.end(zone))]


@dataclass(frozen=True, slots=True)
class Window:
    """The counted comments of the weeks of a backlog, and where each stands in them."""

    weeks: tuple[str, ...]  # oldest first, the backlog's week last
    zone: ZoneInfo
    comments: dict[str, Comment]
    ages: dict[str, int]  # comment → weeks before the backlog's week
    volume: tuple[int, ...]  # people a week
    everybody: tuple[int, ...]  # age of the last comment of each person
    leaving: frozenset[str]  # people with the signal of churn

    def person(self, unit: Unit) -> str:
        return person_of(self.comments[unit.comment])

    def person_of(self, comment: str) -> str:
        return person_of(self.comments[comment])

    def week(self, unit: Unit) -> str:
        return self.weeks[-1 - self.ages[unit.comment]]

    def newest_first(self, units: Iterable[Unit]) -> list[Unit]:
        return sorted(units, key=lambda u: (self.comments[u.comment].time, u.id), reverse=True)

    def people_a_week(self, units: Iterable[Unit]) -> tuple[int, ...]:
        people: dict[int, set[str]] = defaultdict(set)
        for unit in units:
            people[self.ages[unit.comment]].add(self.person(unit))
        return tuple(len(people[age]) for age in range(len(self.weeks) - 1, -1, -1))


def person_of(comment: Comment) -> str:
    """A comment without an author is a person of its own."""
    return comment.author or comment.id


def window_of(
    counted: Sequence[Comment], week: Week, size: int, zone: ZoneInfo, analyses: Mapping[str, Analysis]
) -> Window:
    weeks = last_weeks(week, size)
    return window_from(counted, [w.start(zone) for w in weeks], [str(w) for w in weeks], zone, analyses)


def window_from(
    counted: Sequence[Comment],
    starts: Sequence[datetime],
    names: Sequence[str],
    zone: ZoneInfo,
    analyses: Mapping[str, Analysis],
) -> Window:
    """A window of spans that begin at `starts`, oldest first; `counted` in order of time, none before them."""
    size = len(starts)
    ages = {c.id: size - bisect_right(starts, c.time) for c in counted}
    people: dict[int, set[str]] = defaultdict(set)
    last: dict[str, int] = {}
    for comment in counted:
        people[ages[comment.id]].add(person_of(comment))
        last[person_of(comment)] = ages[comment.id]  # in order of time, so that the last one stays
    leaving = {person_of(c) for c in counted if c.id in analyses and Signal.CHURN in analyses[c.id].signals}
    return Window(
        weeks=tuple(names),
        zone=zone,
        comments={c.id: c for c in counted},
        ages=ages,
        volume=tuple(len(people[age]) for age in range(size - 1, -1, -1)),
        everybody=tuple(last.values()),
        leaving=frozenset(leaving),
    )
