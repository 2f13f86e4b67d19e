"""What `demands list`, `show` and `history` tell, and which pairs of demands people should look at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from feedback_mining.demands.decisions import Decision, concerned, fold, in_force
from feedback_mining.demands.ledger import Event, life
from feedback_mining.demands.track import kind_of
from feedback_mining.errors import InputError
from feedback_mining.pipeline.demand_desk import Desk
from feedback_mining.records import Comment, Unit
from feedback_mining.weeks import Week, last_weeks

_LEAST_WIDE = 6  # units of a demand that may be two
_COMPARED = 3000  # demands, those with most people
_AT_ONCE = 500
_MEMBERS = 100  # latest ones that stand for a demand


@dataclass(frozen=True, slots=True)
class DemandRow:
    """One demand as people see it; counts are those of the window of the last week mined."""

    id: str
    title: str
    theme: str
    intent: str
    users: int
    mentions: int
    state: str  # trend of the last week mined; `changed` where a decision came after it
    status: str
    first_seen: str
    last_seen: str
    weekly_counts: dict[str, int]
    users_ever: int
    mentions_ever: int
    merged_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A unit with its place."""

    unit: str
    text: str
    time: str  # ISO date in the product's zone


@dataclass(frozen=True, slots=True)
class Demanded:
    """Everything about one demand."""

    row: DemandRow
    keywords: tuple[str, ...]
    quotes: tuple[Said, ...]
    members: tuple[Said, ...]  # newest first
    decisions: tuple[Decision, ...]  # in force


@dataclass(frozen=True, slots=True)
class Pair:
    """Two demands that may be the same."""

    one: DemandRow
    other: DemandRow
    similarity: float  # cosine of their means
    quotes: tuple[tuple[Said, ...], tuple[Said, ...]]


@dataclass(frozen=True, slots=True)
class Wide:
    """A demand that may be two: `similarity` is that of its halves' means; `units` is the smaller half."""

    demand: DemandRow
    similarity: float
    units: tuple[str, ...]
    quotes: tuple[tuple[Said, ...], tuple[Said, ...]]


class Views:
    """Reads a desk; make it anew after a decision."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        done = desk.store.weeks_done(desk.product)
        if not done:
            raise InputError(f"No week of {desk.product!r} was mined yet; run: feedback-mining mine")
        self.last = Week.parse(done[-1])
        backlog = desk.store.backlog(desk.product, self.last) or {}
        self._items = {item["id"]: item for item in backlog.get("items", [])}
        self._mined_at = desk.store.mined_at(desk.product, self.last)

    def rows(self, theme: str | None = None, state: str | None = None) -> list[DemandRow]:
        """Demands with units, most users in the window first."""
        found = [self.row(key) for key in self.desk.members if key in self.desk.view.demands]
        kept = [r for r in found if theme in (None, r.theme) and state in (None, r.state)]
        return sorted(kept, key=lambda r: (-r.users, -r.users_ever, r.id))

    def row(self, key: str) -> DemandRow:
        demand, units = self.desk.view.demands[key], self.desk.members.get(key, [])
        weeks = [str(week) for week in last_weeks(self.last, self.desk.settings.window_weeks)]
        spoken = {unit: str(self.desk.week(unit)) for unit in units}
        inside = [unit for unit in units if weeks[0] <= spoken[unit] <= weeks[-1]]
        counts = Counter(spoken[unit] for unit in inside)
        item = self._items.get(key)
        changed = any(
            d.time > self._mined_at and key in {*concerned(d), *self._renamed_by(d)}
            for d in self.desk.decisions
        )
        trend = str(item["trend"]) if item else "dormant"
        return DemandRow(
            id=key,
            title=demand.title,
            theme=demand.theme,
            intent=str(demand.intent),
            users=len(self._people(inside)),
            mentions=len(inside),
            state="changed" if changed else trend,
            status=str(item["status"]) if item else "new",
            first_seen=min(spoken.values(), default=demand.founded),
            last_seen=max(spoken.values(), default=demand.founded),
            weekly_counts={week: counts[week] for week in weeks},
            users_ever=len(self._people(units)),
            mentions_ever=len(units),
            merged_ids=self.desk.view.merged.get(key, ()),
        )

    def show(self, key: str) -> Demanded:
        """Raises InputError for a demand that is no more, or is part of another."""
        self._check(key)
        units = [self.desk.units[unit] for unit in self.desk.members.get(key, [])]
        ids = self._ids(key)
        return Demanded(
            row=self.row(key),
            keywords=self.desk.view.demands[key].keywords,
            quotes=self._quotes(units, 3),
            members=tuple(self._said(unit) for unit in reversed(units)),
            decisions=tuple(d for d in in_force(self.desk.decisions) if ids & concerned(d)),
        )

    def history(self, key: str) -> list[Event]:
        """The demand's life. One that was merged away tells of its own until then."""
        units = self.desk.members.get(key, [])
        if key not in self.desk.view.demands:
            own = self.desk.view_of(self.desk.decisions, merged=False).memberships
            units = [unit for unit in self.desk.units if own.get(unit) == key]
        weeks: dict[str, list[str]] = defaultdict(list)
        for unit in units:
            weeks[str(self.desk.week(unit))].append(unit)
        mentions = {week: (len(of), len(self._people(of))) for week, of in weeks.items()}
        desk = self.desk
        merged = desk.view.merged.get(key, ())
        return life(key, merged, desk.rows, mentions, desk.decisions, self.last, desk.settings.zone)

    def alike(self, count: int) -> list[Pair]:
        """Pairs of one theme whose means point in most nearly one direction, neither merged nor kept apart.

        Similarity is the cosine, less the grouping's penalty where only one of them is a wish.
        """
        rows = self.rows()[:_COMPARED]
        if len(rows) < 2:
            return []
        people = fold(self.desk.decisions)
        tracker = self.desk.reader.tracker(self.desk.product)
        facets = len(tracker.themes) + 2  # last columns of a point
        means = np.asarray([of[:, :-facets].mean(axis=0) for of in self._points([r.id for r in rows])])
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
        kinds = [kind_of(self.desk.view.demands[r.id]) for r in rows]
        themes = np.asarray([tracker.themes.index(t) if t in tracker.themes else -1 for t, _ in kinds])
        wishes = np.asarray([wish for _, wish in kinds])
        best: list[tuple[float, int, int]] = []
        for start in range(0, len(rows), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            differ = wishes[some, None] != wishes[None, :]
            alike = means[some] @ means.T - tracker.config.kind_penalty * differ
            own = themes[some, None] == themes[None, :]
            later = np.arange(len(rows))[None, :] > np.arange(start, start + len(alike))[:, None]
            places = np.argwhere(own & later)
            values = alike[own & later]
            most = np.argsort(-values, kind="stable")[: 4 * count + len(people.apart)]
            best += [(float(values[k]), start + int(places[k][0]), int(places[k][1])) for k in most]
        found = []
        for similarity, i, j in sorted(best, key=lambda b: (-b[0], b[1], b[2])):
            one, other = rows[i], rows[j]
            if not people.are_apart(one.id, other.id):
                quotes = (self._two(one.id), self._two(other.id))
                found.append(Pair(one, other, round(similarity, 3), quotes))
            if len(found) == count:
                break
        return found

    def wide(self, count: int) -> list[Wide]:
        """Demands whose two halves are least alike, and less than groups must be to come together."""
        from sklearn.cluster import KMeans

        rows = [r for r in self.rows() if r.mentions_ever >= _LEAST_WIDE][:_COMPARED]
        config = self.desk.reader.tracker(self.desk.product).config
        penalty = config.theme_penalty + config.kind_penalty
        found = []
        for row, points in zip(rows, self._points([r.id for r in rows]), strict=True):
            if len(np.unique(points, axis=0)) < 2:
                continue
            seed = self.desk.settings.seed
            halves = KMeans(2, n_init=3, random_state=seed).fit_predict(points)
            similarity = float(points[halves == 0].mean(axis=0) @ points[halves == 1].mean(axis=0)) - penalty
            members = self.desk.members[row.id][-_MEMBERS:]
            sides = [[u for u, half in zip(members, halves, strict=True) if half == side] for side in (0, 1)]
            small, large = sorted(sides, key=lambda side: (len(side), side))
            if similarity < config.threshold and len(small) > 1:
                quotes = (self._quotes(self._units(large), 2), self._quotes(self._units(small), 2))
                found.append(Wide(row, round(similarity, 3), tuple(small), quotes))
        return sorted(found, key=lambda w: (w.similarity, w.demand.id))[:count]

    def _check(self, key: str) -> None:
        from feedback_mining.demands.ground import check_stands

        check_stands(self.desk.decisions, [key])
        if key not in self.desk.view.demands:
            raise InputError(
                f"Demand {key} is no more; those that exist: feedback-mining demands list, its life: "
                f"feedback-mining demands history {key}"
            )

    def _ids(self, key: str) -> frozenset[str]:
        return frozenset({key, *self.desk.view.merged.get(key, ())})

    def _renamed_by(self, decision: Decision) -> frozenset[str]:
        """The demands that an undo is about."""
        number = decision.content.get("decision")
        return next((concerned(d) for d in self.desk.decisions if d.id == number), frozenset())

    def _points(self, keys: Sequence[str]) -> list[np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
        """Points of the latest members of each demand."""
        of_keys = [self._units(self.desk.members[key][-_MEMBERS:]) for key in keys]
        flat = [unit for units in of_keys for unit in units]
        said = {c: (str(Week.of(self.desk.comments[c].time)), self.desk.comments[c].text) for c in {u.comment for u in flat}}  # fmt: skip
        points = self.desk.reader.tracker(self.desk.product).points(flat, said)
        ends = np.cumsum([0, *map(len, of_keys)])
        return [points[a:b] for a, b in pairwise(ends.tolist())]

    def _units(self, ids: Iterable[str]) -> list[Unit]:
        return [self.desk.units[key] for key in ids]

    def _two(self, key: str) -> tuple[Said, ...]:
        return self._quotes(self._units(self.desk.members[key]), 2)

    def _quotes(self, units: Sequence[Unit], count: int) -> tuple[Said, ...]:
        from feedback_mining.backlog.quotes import representatives

        comments = {u.comment: self.desk.comments[u.comment] for u in units}
        ages = {u.comment: max(0, self.last.minus(self.desk.week(u.id))) for u in units}
        chosen = representatives(units, comments, ages, self.desk.settings.zone, count)
        return tuple(
            Said(f"{quote.comment}:{quote.start}", quote.text[quote.start : quote.end], quote.time[:10])
            for quote in chosen
        )

    def _said(self, unit: Unit) -> Said:
        time = self.desk.comments[unit.comment].time.astimezone(self.desk.settings.zone)
        return Said(unit.id, unit.text, f"{time:%Y-%m-%d}")

    def _people(self, units: Iterable[str]) -> set[str]:
        comments: list[Comment] = [self.desk.comments[u.rpartition(":")[0]] for u in units]
        return {comment.author or comment.id for comment in comments}
