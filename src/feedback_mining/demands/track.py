"""Give the units of new weeks to demands that exist, and found new ones for the rest.

A demand's id comes from its first unit (or from the catalogue's entry that it follows), so running a week
again gives the same ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.anchors import MEMORY, Anchors, stacked
from feedback_mining.demands.group import (
    agglomerate,
    centre_of,
    centred,
    facets,
    mixed,
)
from feedback_mining.demands.name import keywords_of
from feedback_mining.demands.naming import Kind, Namer, id_of, most
from feedback_mining.records import Demand, Intent, Unit
from feedback_mining.text.clean import normalise

Floats = NDArray[np.float32]
_AT_ONCE = 2000
_TITLED = 40  # latest members that a title is made from


@dataclass(frozen=True)
class Tracked:
    demands: tuple[Demand, ...]  # new ones, and known ones whose title or keywords changed
    memberships: dict[str, str]  # unit id → demand id, of the new units
    anchors: Anchors = field(default_factory=Anchors, compare=False)  # of all demands, the new units taken in


@dataclass(frozen=True)
class Tracker(Namer):
    """Groups one product's units around what it knows."""

    @property
    def version(self) -> str:
        """Of what decides where units stand: anchors are of use to a tracker of the same version only."""
        parts = "\x1f".join((*self.themes, repr(self.config), self.catalogue.version))
        return f"{self.encoder} {hashlib.sha256(parts.encode()).hexdigest()[:8]}"

    def only(self, kind: Kind) -> Tracker:
        """A tracker for units whose theme and intent are certain: they join and found demands of that kind."""
        return replace(self, kind=kind)

    def track(
        self,
        units: Sequence[Unit],
        comments: Mapping[str, tuple[str, str]],
        known: Sequence[Demand],
        members: Mapping[str, Sequence[Unit]],
        anchors: Anchors | None = None,
    ) -> Tracked:
        """Assign `units`, which come in order of time.

        `comments` gives each comment's ISO week and text, `members` the units of known demands, oldest first:
        the latest of those that have no anchor yet, or whose title is chosen anew, are looked at.
        """
        state = anchors or Anchors()
        if not units:
            return Tracked((), {}, state)
        demands = {d.id: d for d in sorted(known, key=lambda d: d.id) if self._open(d)}
        state = self._anchored(state, demands, members, comments)
        rows = self.rows(units, comments)
        state = state.with_units(rows[:, : -len(self.themes) - 2])
        taken = self._taken_by_anchors(units)
        places: dict[str, list[int]] = {}
        for k, key in taken.items():
            places.setdefault(key, []).append(k)
        state = state.with_members({key: rows[at] for key, at in places.items()})
        keys = sorted({*places, *(key for key in demands if key in state.of)})
        rest = [k for k in range(len(units)) if k not in taken]
        held = [state.of[key] for key in keys]
        labels = agglomerate(
            self._points(rows[rest], state),
            self._points(stacked(held, rows.shape[1]), state),
            [anchor.size for anchor in held],
            self.config,
        )
        groups = {key: [units[k] for k in at] for key, at in places.items()}
        joined: dict[str, list[int]] = {}
        founded: dict[int, list[int]] = {}
        for k, label in zip(rest, labels.tolist(), strict=True):
            if label < len(keys):
                joined.setdefault(keys[label], []).append(k)
            else:
                founded.setdefault(label, []).append(k)
        for new in founded.values():
            first = units[new[0]]
            entry = self.entry_of([first])  # of it alone, so that the id stays when others leave
            key = self.anchored_id(entry.id) if entry else self._founded_id(first)
            joined.setdefault(key, []).extend(new)
        state = state.with_members({key: rows[at] for key, at in joined.items()})
        for key, at in joined.items():
            groups.setdefault(key, []).extend(units[k] for k in at)
        weeks = {u.comment: comments[u.comment][0] for u in units}
        changed = self._named(groups, demands, members, weeks, state)
        return Tracked(changed, {u.id: key for key, of_key in groups.items() for u in of_key}, state)

    def _anchored(
        self,
        state: Anchors,
        demands: Mapping[str, Demand],
        members: Mapping[str, Sequence[Unit]],
        comments: Mapping[str, tuple[str, str]],
    ) -> Anchors:
        """With anchors for those of `demands` that have members and no anchor."""
        missing = {key: found for key in demands if key not in state.of and (found := members.get(key))}
        if not missing:
            return state
        latest = [u for found in missing.values() for u in found[-MEMORY:]]
        rows = self.rows(latest, comments)
        if not state.count:
            state = state.with_units(rows[:, : -len(self.themes) - 2])
        ends = np.cumsum([0, *(min(MEMORY, len(found)) for found in missing.values())]).tolist()
        state = state.with_members(
            {key: rows[a:b] for key, a, b in zip(missing, ends[:-1], ends[1:], strict=True)}
        )
        counted = {key: replace(state.of[key], members=len(found)) for key, found in missing.items()}
        return replace(state, of={**state.of, **counted})

    def _open(self, demand: Demand) -> bool:
        if self.kind is None or kind_of(demand) == self.kind:
            return True
        return demand.id in {self.anchored_id(entry.id) for entry in self.entries}

    def rows(self, units: Sequence[Unit], comments: Mapping[str, tuple[str, str]]) -> Floats:
        """`(n, k)`: vectors of the units within their comments, and their facets."""
        vectors = mixed(
            self.encode([u.text for u in units]),
            self.encode([comments[u.comment][1] for u in units]),
            self.config,
        )
        wishes = [u.intent is Intent.SUGGESTION for u in units]
        return np.hstack([vectors, facets([u.theme for u in units], wishes, self.themes, self.config)])

    def points(self, units: Sequence[Unit], comments: Mapping[str, tuple[str, str]]) -> Floats:
        """`(n, k)` whose inner products, less the penalties for theme and kind, are similarities."""
        rows = self.rows(units, comments)
        return self._points(rows, Anchors().with_units(rows[:, : -len(self.themes) - 2]))

    def _points(self, rows: Floats, state: Anchors) -> Floats:
        """Points of units, or of groups of which `rows` are means."""
        width = rows.shape[1] - len(self.themes) - 2
        if state.usual is None:
            return rows
        centre = centre_of(state.usual, state.count, self.usual, self.config)
        return np.hstack([centred(rows[:, :width], centre), rows[:, width:]])

    def _taken_by_anchors(self, units: Sequence[Unit]) -> dict[int, str]:
        """Position of each unit that is said as an entry of the catalogue is → that entry's demand."""
        examples = [(e, text) for e in self.entries for text in (e.zh, *e.examples)]
        if not examples:
            return {}
        theirs = self.encode([text for _, text in examples])
        themes = np.array([e.theme for e, _ in examples])
        found: dict[int, str] = {}
        for start in range(0, len(units), _AT_ONCE):
            some = units[start : start + _AT_ONCE]
            alike = self.encode([u.text for u in some]) @ theirs.T
            alike -= self.config.anchor_theme_penalty * (np.array([[u.theme] for u in some]) != themes)
            best = alike.argmax(axis=1)
            for k in np.flatnonzero(alike.max(axis=1) >= self.config.anchor_threshold).tolist():
                found[start + k] = self.anchored_id(examples[best[k]][0].id)
        return found

    def _named(
        self,
        groups: Mapping[str, Sequence[Unit]],
        demands: Mapping[str, Demand],
        members: Mapping[str, Sequence[Unit]],
        weeks: Mapping[str, str],
        state: Anchors,
    ) -> tuple[Demand, ...]:
        """New demands, and known ones that have outgrown their title."""
        of_demand: dict[str, list[Unit]] = {}
        latest: dict[str, list[Unit]] = {}
        for key, new in sorted(groups.items()):
            now = state.of[key].members
            if key not in demands or _outgrown(now - len(new), now):
                everyone = [*members.get(key, ()), *new][-MEMORY:]
                of_demand[key] = sorted(everyone, key=lambda u: u.id)
                latest[key] = sorted(everyone[-_TITLED:], key=lambda u: u.id)
        background, total = self.background([*groups.values(), *of_demand.values()])
        drafts: list[Demand] = []
        for key, everyone in of_demand.items():
            known = demands.get(key)
            drafts.append(
                Demand(
                    key,
                    self.product,
                    known.title if known else "",
                    most(u.theme for u in everyone),
                    Intent(most(u.intent for u in everyone)),
                    founded=known.founded if known else min(weeks[u.comment] for u in groups[key]),
                    keywords=tuple(
                        keywords_of(
                            [w for u in everyone for w in sorted(set(self.words(normalise(u.text))))],
                            background,
                            total,
                            self.product,
                        )
                    ),
                )
            )
        titles = self.titles_for(drafts, latest)
        return tuple(replace(draft, title=titles[draft.id]) for draft in drafts)

    def _founded_id(self, first: Unit) -> str:
        # A unit that a person moved may have founded the demand that it leaves.
        return id_of(self.product, first.id, *map(str, self.kind or ()))


def kind_of(what: Unit | Demand) -> Kind:
    return what.theme, what.intent is Intent.SUGGESTION


def _outgrown(before: int, after: int) -> bool:
    """A title is chosen anew when the number of members doubles, so that it does not change every week."""
    return after.bit_length() > before.bit_length()
