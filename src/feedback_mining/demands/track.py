"""Give the units of new weeks to demands that exist, and found new ones for the rest.

A demand's id comes from its first unit (or from the catalogue's entry that it follows), so running a week
again gives the same ids.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.anchors import MEMORY, Anchors, stacked
from feedback_mining.demands.catalogue import Catalogue, CommonDemand
from feedback_mining.demands.group import GroupingConfig, agglomerate, centre_of, centred, facets, mixed
from feedback_mining.demands.name import Candidate, keywords_of, statements_of, title_of
from feedback_mining.records import Demand, Intent, Unit

Floats = NDArray[np.float32]
Kind = tuple[str, bool]  # theme, and whether it is a wish
_AT_ONCE = 2000


@dataclass(frozen=True)
class Tracked:
    demands: tuple[Demand, ...]  # new ones, and known ones whose title or keywords changed
    memberships: dict[str, str]  # unit id → demand id, of the new units
    anchors: Anchors = field(default_factory=Anchors, compare=False)  # of all demands, the new units taken in


@dataclass(frozen=True)
class Tracker:
    """Groups one product's units around what it knows.

    encode: texts → `(n, d)` vectors of length 1. words: text → its words. clarity: `(statement, theme,
    intent)` → probability that the statement, read alone, has these labels. style: statement → probability
    that it is worded as a title. themes: ids of the taxonomy.
    """

    product: str
    encode: Callable[[Sequence[str]], Floats]
    words: Callable[[str], list[str]]
    clarity: Callable[[Sequence[tuple[str, str, Intent]]], Floats]
    style: Callable[[Sequence[str]], Floats]
    themes: Sequence[str]
    catalogue: Catalogue
    config: GroupingConfig = field(default_factory=GroupingConfig)
    lang: str = "zh"
    encoder: str = ""  # version of what `encode` is
    kind: Kind | None = None  # the only kind of demand that its units may come to

    @property
    def version(self) -> str:
        """Of what decides where units stand: anchors are of use to a tracker of the same version only."""
        parts = "\x1f".join((*self.themes, repr(self.config), self.catalogue.version))
        return f"{self.encoder} {hashlib.sha256(parts.encode()).hexdigest()[:8]}"

    def only(self, kind: Kind) -> Tracker:
        """A tracker for units whose theme and intent are certain: they join and found demands of that kind."""
        return replace(self, kind=kind)

    @property
    def entries(self) -> tuple[CommonDemand, ...]:
        """Those of the catalogue that its units may come to."""
        return tuple(e for e in self.catalogue.entries if self.kind in (None, (e.theme, e.wish)))

    def track(
        self,
        units: Sequence[Unit],
        comments: Mapping[str, tuple[str, str]],
        known: Sequence[Demand],
        members: Mapping[str, Sequence[Unit]],
        anchors: Anchors | None = None,
        former: Mapping[str, str] | None = None,
    ) -> Tracked:
        """Assign `units`, which come in order of time.

        `comments` gives each comment's ISO week and text, `members` the units of known demands, oldest first:
        the latest of those that have no anchor yet, or whose title is chosen anew, are looked at. `former`
        gives the demand of each unit when the week was mined before: a group founded again keeps its id.
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
        heirs = self._heirs([[units[k].id for k in new] for new in founded.values()], former or {}, demands)
        for place, new in enumerate(founded.values()):
            entry = self._entry_of([units[k] for k in new])
            own = self._anchored_id(entry.id) if entry else self._founded_id(units[new[0]])
            key = heirs.get(place, own)
            joined.setdefault(key, []).extend(new)
        state = state.with_members({key: rows[at] for key, at in joined.items()})
        for key, at in joined.items():
            groups.setdefault(key, []).extend(units[k] for k in at)
        weeks = {u.comment: comments[u.comment][0] for u in units}
        changed = self._named(groups, demands, members, weeks, state)
        return Tracked(changed, {u.id: key for key, of_key in groups.items() for u in of_key}, state)

    @staticmethod
    def _heirs(
        groups: Sequence[Sequence[str]], former: Mapping[str, str], known: Mapping[str, Demand]
    ) -> dict[int, str]:
        """Place of a group → id of the demand that most of its units had, where no other group has more of them."""
        claims = []
        for place, units in enumerate(groups):
            votes = Counter(former[unit] for unit in units if unit in former)
            claims += [
                (-n, place, key) for key, n in votes.items() if 2 * n > len(units) and key not in known
            ]
        heirs: dict[int, str] = {}
        for _, place, key in sorted(claims):
            if key not in heirs.values():
                heirs[place] = key
        return heirs

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

    def described(self, key: str, title: str, units: Sequence[Unit], week: str) -> Demand:
        """A demand that a person founded of `units`, the first of them said in `week`."""
        background, total = self._background([units])
        return Demand(
            key,
            self.product,
            title,
            _most(u.theme for u in units),
            Intent(_most(u.intent for u in units)),
            founded=week,
            keywords=tuple(keywords_of([w for u in units for w in self.words(u.text)], background, total)),
        )

    def _open(self, demand: Demand) -> bool:
        if self.kind is None or kind_of(demand) == self.kind:
            return True
        return demand.id in {self._anchored_id(entry.id) for entry in self.entries}

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
        centre = centre_of(state.usual, state.count, self._usual, self.config)
        return np.hstack([centred(rows[:, :width], centre), rows[:, width:]])

    @cached_property
    def _usual(self) -> Floats:
        said = [text for entry in self.catalogue.entries for text in (entry.zh, *entry.examples)]
        return self.encode(said).mean(axis=0) if said else np.zeros(1, np.float32)

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
                found[start + k] = self._anchored_id(examples[best[k]][0].id)
        return found

    def _entry_of(self, units: Sequence[Unit]) -> CommonDemand | None:
        """The catalogue's entry that a whole group is about, if there is one."""
        entries, means = self._entries
        if not entries:
            return None
        mean = self.encode([u.text for u in units]).mean(axis=0)
        theme = _most(u.theme for u in units)
        alike = means @ (mean / max(1e-9, float(np.linalg.norm(mean))))
        alike = alike - self.config.anchor_theme_penalty * np.array([e.theme != theme for e in entries])
        best = int(alike.argmax())
        return entries[best] if alike[best] >= self.config.anchor_group_threshold else None

    @cached_property
    def _entries(self) -> tuple[tuple[CommonDemand, ...], Floats]:
        """The catalogue and the direction of each entry's examples, `(entries, d)`."""
        rows = [self.encode([e.zh, *e.examples]).mean(axis=0) for e in self.entries]
        if not rows:
            return (), np.zeros((0, 0), np.float32)
        means = np.stack(rows)
        return self.entries, means / np.linalg.norm(means, axis=1, keepdims=True)

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
        for key, new in sorted(groups.items()):
            now = state.of[key].members
            if key not in demands or _outgrown(now - len(new), now):
                everyone = [*members.get(key, ()), *new][-MEMORY:]
                of_demand[key] = sorted(everyone, key=lambda u: u.id)
        background, total = self._background([*groups.values(), *of_demand.values()])
        drafts: list[Demand] = []
        for key, everyone in of_demand.items():
            known = demands.get(key)
            drafts.append(
                Demand(
                    key,
                    self.product,
                    known.title if known else "",
                    _most(u.theme for u in everyone),
                    Intent(_most(u.intent for u in everyone)),
                    founded=known.founded if known else min(weeks[u.comment] for u in groups[key]),
                    keywords=tuple(
                        keywords_of([w for u in everyone for w in self.words(u.text)], background, total)
                    ),
                )
            )
        titles = self._titles(drafts, of_demand)
        return tuple(replace(draft, title=titles[draft.id]) for draft in drafts)

    def _titles(self, drafts: Sequence[Demand], units: Mapping[str, Sequence[Unit]]) -> dict[str, str]:
        common = {self._anchored_id(e.id): e for e in self.entries}
        titles: dict[str, str] = {}
        others: list[Demand] = []
        for draft in drafts:
            entry = common.get(draft.id)
            if entry and self._entry_of(units[draft.id]) == entry:
                titles[draft.id] = entry.en if self.lang == "en" else entry.zh
            else:
                others.append(draft)
        said = {d.id: statements_of(units[d.id]) for d in others}
        flat = [(text, d.theme, d.intent) for d in others for text in said[d.id]]
        clear = self.clarity(flat) if flat else np.zeros(0)
        style = self.style([text for text, _, _ in flat]) if flat else np.zeros(0)
        position = 0
        for draft in others:
            texts = said[draft.id]
            mean = self.encode([u.text for u in units[draft.id]]).mean(axis=0)
            close = self.encode(texts) @ (mean / max(1e-9, float(np.linalg.norm(mean))))
            candidates = [
                Candidate(text, float(close[k]), float(clear[position + k]), float(style[position + k]))
                for k, text in enumerate(texts)
            ]
            position += len(texts)
            titles[draft.id] = title_of(units[draft.id], candidates, self.words, draft.keywords)
        return titles

    def _background(self, groups: Sequence[Sequence[Unit]]) -> tuple[Counter[str], int]:
        """How many of all these units hold each word."""
        counts: Counter[str] = Counter()
        units = {unit.id: unit for some in groups for unit in some}
        for unit in units.values():
            counts.update(set(self.words(unit.text)))
        return counts, len(units)

    def _anchored_id(self, entry: str) -> str:
        return _id(self.product, f"common:{entry}")

    def _founded_id(self, first: Unit) -> str:
        # A unit that a person moved may have founded the demand that it leaves.
        return _id(self.product, first.id, *map(str, self.kind or ()))


def kind_of(what: Unit | Demand) -> Kind:
    return what.theme, what.intent is Intent.SUGGESTION


def _id(*parts: str) -> str:
    return "D-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def _outgrown(before: int, after: int) -> bool:
    """A title is chosen anew when the number of members doubles, so that it does not change every week."""
    return after.bit_length() > before.bit_length()


def _most(values: object) -> str:
    counts = Counter(values)  # type: ignore[call-overload]
    return str(min(counts, key=lambda value: (-counts[value], str(value))))
