"""A product's demands as people see them, and the decisions that people take about them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from feedback_mining.classification.labelling import corrected
from feedback_mining.demands.decisions import (
    LONGEST_TITLE,
    Constraints,
    Decision,
    DecisionKind,
    View,
    as_people_see,
    fold,
    retired,
    split_id,
)
from feedback_mining.demands.ground import check_ground, check_stands
from feedback_mining.errors import InputError
from feedback_mining.pipeline.labels import labels_of
from feedback_mining.pipeline.reader import Progress, Reader
from feedback_mining.records import Comment, Demand, Intent, Unit
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.weeks import Week

_ANCHORS = 200  # latest members that stand for a demand when its id must be found again


@dataclass
class Desk:
    """What the weeks mined so far say of one product's demands. Make it anew after a run."""

    store: Store
    product: str
    settings: Settings
    reader: Reader
    comments: dict[str, Comment]
    units: dict[str, Unit]  # of comments with a member of a demand, in order of time
    rows: list[tuple[str, Demand]]
    raw: dict[str, str]  # unit → demand, as the machine gave it
    labelled: frozenset[str]

    @classmethod
    def of(cls, store: Store, product: str, settings: Settings, progress: Progress | None = None) -> Desk:
        """Raises InputError where no week was mined."""
        raw = {unit: demand for unit, (demand, _) in store.memberships(product).items()}
        if not raw:
            raise InputError(
                f"The store {store.address} holds no demands of {product!r} yet; run: feedback-mining mine"
            )
        reader = Reader.of(settings, store)
        comments = {c.id: c for c in store.comments(product)}
        wanted = {unit.rpartition(":")[0] for unit in raw}
        read = [c for key, c in comments.items() if key in wanted]
        labels = labels_of(read, store.labels(product))
        themes = {theme.id for theme in reader.taxonomy.themes}
        found = reader.analyses(store, product, read, progress)
        units = {
            unit.id: unit
            for c in read
            for unit in (
                corrected(found[c.id], labels[c.id], themes) if c.id in labels else found[c.id]
            ).units
        }
        return cls(
            store, product, settings, reader, comments, units, store.demand_rows(product), raw, frozenset(labels)
        )  # fmt: skip

    @cached_property
    def decisions(self) -> list[Decision]:
        return self.store.decisions(self.product)

    @cached_property
    def view(self) -> View:
        return self.view_of(self.decisions)

    def view_of(self, decisions: Sequence[Decision], *, merged: bool = True) -> View:
        """Demands under these decisions; with `merged` False each merged demand still by itself."""
        people = fold(decisions)
        gone = retired(decisions)
        placed = people.placed(self.units.values(), self.labelled)
        demands = {d.id: d for _, d in self.rows if d.id not in gone}
        # Until the next run, what had joined a split that was taken back is told with what it was split from.
        whole = {d.content["new"]: d.content["demand"] for d in decisions if d.kind is DecisionKind.SPLIT}
        for new, origin in list(whole.items()):
            while origin in gone:
                origin = whole[origin]
            whole[new] = origin
        raw = {u: whole[key] if key in gone else key for u, key in self.raw.items() if u not in placed}
        demands |= self._founded(people, placed, demands)
        shown = people if merged else replace(people, alias={})
        return as_people_see(shown, demands.values(), raw, placed)

    def _founded(
        self, people: Constraints, placed: Mapping[str, str], known: Mapping[str, Demand]
    ) -> dict[str, Demand]:
        units: dict[str, list[Unit]] = defaultdict(list)
        for unit, key in placed.items():
            if key not in known:
                units[key].append(self.units[unit])
        return {
            key: Demand(
                key,
                self.product,
                people.founded[key],
                _most(u.theme for u in of),
                Intent(_most(u.intent for u in of)),
                str(min(self.week(u.id) for u in of)),
            )
            for key, of in units.items()
        }

    def week(self, unit: str) -> Week:
        return Week.of(self.comments[unit.rpartition(":")[0]].time, self.settings.zone)

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """Demand → its units as people see them, oldest first."""
        found: dict[str, list[str]] = defaultdict(list)
        for unit in self.units:
            if unit in self.view.memberships:
                found[self.view.memberships[unit]].append(unit)
        return found

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every id that a demand has or had."""
        split = {d.content["new"] for d in self.decisions if d.kind is DecisionKind.SPLIT}
        return frozenset({d.id for _, d in self.rows} | set(self.view.demands) | split)

    def resolve(self, given: str) -> str:
        """The demand's id that begins so. Raises InputError unless it is one."""
        wanted = given.strip()
        found = sorted(key for key in self.ids if key.lower().startswith(wanted.lower())) if wanted else []
        if wanted in self.ids:
            return wanted
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                f"{given!r} begins {len(found)} ids ({', '.join(found[:5])}, …); give more letters of the one meant"
            )
        raise InputError(
            f"No demand of {self.product!r} has the id {given!r}; expected one from: feedback-mining demands list"
        )

    # Decisions: each is checked against those of others in the same transaction that keeps it.

    def merge(self, sources: Sequence[str], target: str, author: str, reason: str = "") -> Decision:
        into = self.resolve(target)
        given = [self.resolve(source) for source in sources]

        def make(decisions: Sequence[Decision], view: View, own: View) -> dict[str, Any]:
            self._must_live([*given, into], decisions, own)
            return {"sources": given, "target": into, "demands": self._as_they_are([*given, into], own)}

        return self._decide(DecisionKind.MERGE, author, reason, make)

    def split(self, demand: str, units: Sequence[str], title: str, author: str, reason: str = "") -> Decision:
        key, named = self.resolve(demand), checked_title(title)
        taken = self._known(units)

        def make(decisions: Sequence[Decision], view: View, own: View) -> dict[str, Any]:
            self._must_live([key], decisions, own)
            strangers = [unit for unit in taken if view.memberships.get(unit) != key]
            if strangers:
                raise InputError(
                    f"{', '.join(strangers)} belong to {view.memberships.get(strangers[0], 'no demand')}, not to {key}; "
                    f"expected units of {key}: feedback-mining demands show {key} --all"
                )
            if len(taken) == sum(where == key for where in view.memberships.values()):
                raise InputError(f"These are all units of {key}, nothing would stay; rename it instead")
            origins = {unit: own.memberships[unit] for unit in taken}
            return {
                "demand": key,
                "new": split_id(self.product, key, taken),
                "title": named,
                "units": taken,
                "origins": origins,
                "demands": self._as_they_are(sorted({key, *origins.values()}), own),
            }

        return self._decide(DecisionKind.SPLIT, author, reason, make)

    def rename(self, demand: str, title: str, author: str, reason: str = "") -> Decision:
        key, named = self.resolve(demand), checked_title(title)

        def make(decisions: Sequence[Decision], view: View, own: View) -> dict[str, Any]:
            self._must_live([key], decisions, own)
            return {"demand": key, "title": named, "demands": self._as_they_are([key], own)}

        return self._decide(DecisionKind.RENAME, author, reason, make)

    def move(self, units: Sequence[str], target: str, author: str, reason: str = "") -> Decision:
        into, taken = self.resolve(target), self._known(units)

        def make(decisions: Sequence[Decision], view: View, own: View) -> dict[str, Any]:
            self._must_live([into], decisions, own)
            there = [unit for unit in taken if view.memberships.get(unit) == into]
            if there:
                raise InputError(f"{', '.join(there)} belong to {into} already; name units of other demands")
            origins = {unit: own.memberships[unit] for unit in taken if unit in own.memberships}
            concerned = sorted({into, *origins.values()})
            return {
                "units": taken,
                "target": into,
                "origins": origins,
                "demands": self._as_they_are(concerned, own),
            }

        return self._decide(DecisionKind.MOVE, author, reason, make)

    def apart(self, one: str, other: str, author: str, reason: str = "") -> Decision:
        """Two demands, or two units, that are never the same."""
        if one == other:
            raise InputError(f"{one} was given twice; expected two demands or two units")
        units = self._known([one, other]) if one in self.units and other in self.units else {}
        keys = [] if units else [self.resolve(one), self.resolve(other)]

        def make(decisions: Sequence[Decision], view: View, own: View) -> dict[str, Any]:
            pair = keys or [view.memberships[unit] for unit in units]
            self._must_live(pair, decisions, own)
            content = {"pair": pair, "demands": self._as_they_are(pair, own)}
            return content | ({"units": units} if units else {})

        return self._decide(DecisionKind.APART, author, reason, make)

    def undo(self, number: int, author: str, reason: str = "") -> Decision:
        return self._decide(DecisionKind.UNDO, author, reason, lambda *_: {"decision": number})

    def _decide(
        self,
        kind: DecisionKind,
        author: str,
        reason: str,
        make: Callable[[Sequence[Decision], View, View], dict[str, Any]],
    ) -> Decision:
        by = checked_author(author)

        def decide(decisions: Sequence[Decision]) -> Decision:
            content = make(decisions, self.view_of(decisions), self.view_of(decisions, merged=False))
            made = Decision(self.product, datetime.now(UTC), by, kind, content, " ".join(reason.split()))
            check_ground(decisions, made)
            return made

        kept = self.store.decide(self.product, decide)
        for stale in ("decisions", "view", "members", "ids"):
            self.__dict__.pop(stale, None)
        return kept

    def _known(self, units: Sequence[str]) -> dict[str, int]:
        """The ends of units that belong to demands."""
        unknown = [unit for unit in units if unit not in self.view.memberships or unit not in self.units]
        if unknown:
            raise InputError(
                f"{', '.join(unknown)} belong to no demand of {self.product!r}; expected ids of units such as "
                "those that `feedback-mining demands show ID --all` lists"
            )
        if not units:
            raise InputError("No unit was given; name at least one with --unit")
        return {unit: self.units[unit].end for unit in units}

    def _must_live(self, keys: Sequence[str], decisions: Sequence[Decision], own: View) -> None:
        check_stands(decisions, keys)
        for key in keys:
            if key not in own.demands:
                raise InputError(
                    f"Demand {key} is no more: later runs grouped its units anew; "
                    "those that exist: feedback-mining demands list"
                )

    def _as_they_are(self, keys: Sequence[str], own: View) -> dict[str, Any]:
        """The machine's titles and the latest members, so that later runs can tell which demand was meant."""
        titles = {demand.id: demand.title for _, demand in self.rows}
        units: dict[str, dict[str, int]] = defaultdict(dict)
        counts = Counter(own.memberships.values())
        for unit in reversed(self.units):
            key = own.memberships.get(unit, "")
            if key in keys and len(units[key]) < _ANCHORS:
                units[key][unit] = self.units[unit].end
        return {
            key: {
                "title": titles.get(key, own.demands[key].title),
                "members": counts[key],
                "units": units[key],
            }
            for key in keys
        }


def checked_title(title: str) -> str:
    """Raises InputError for one that is empty or too long."""
    found = " ".join(title.split())
    if not 0 < len(found) <= LONGEST_TITLE:
        raise InputError(f"The title {found!r} has {len(found)} letters; expected 1 to {LONGEST_TITLE}")
    return found


def checked_author(author: str) -> str:
    found = " ".join(author.split())
    if not 0 < len(found) <= 100:
        raise InputError(
            f"The name {found[:40]!r} has {len(found)} letters; expected 1 to 100, with --author"
        )
    return found


def _most(values: Any) -> str:
    counts = Counter(map(str, values))
    return min(counts, key=lambda value: (-counts[value], value))
