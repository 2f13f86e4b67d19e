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
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.catalogue import Catalogue, CommonDemand
from feedback_mining.demands.group import GroupingConfig, agglomerate, augmented, centred, of_length_one
from feedback_mining.demands.name import Candidate, keywords_of, title_of
from feedback_mining.demands.statements import titles_of
from feedback_mining.records import Demand, Intent, Unit
from feedback_mining.text.clean import normalise

Floats = NDArray[np.float32]
Kind = tuple[str, bool]  # theme, and whether it is a wish
_MEMORY = 100  # latest members that stand for a known demand
_AT_ONCE = 2000
_TITLED = 40  # latest members that a title is made from
_TITLE_SHARE = (
    0.8  # of `anchor_threshold`: how near half of a demand's units are to an entry whose title it has
)


@dataclass(frozen=True)
class Tracked:
    demands: tuple[Demand, ...]  # new ones, and known ones whose title or keywords changed
    memberships: dict[str, str]  # unit id → demand id, of the new units


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
    kind: Kind | None = None  # the only kind of demand that its units may come to

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
    ) -> Tracked:
        """Assign `units`, which come in order of time.

        `comments` gives each comment's ISO week and text, `members` the units of each known demand, oldest
        first.
        """
        if not units:
            return Tracked((), {})
        demands = {d.id: d for d in sorted(known, key=lambda d: d.id) if self._open(d)}
        taken = self._taken_by_anchors(units)
        groups: dict[str, list[Unit]] = {}
        for k, key in taken.items():
            groups.setdefault(key, []).append(units[k])
        keys = sorted({*groups, *(d for d in demands if members.get(d))})
        rest = [k for k in range(len(units)) if k not in taken]
        known_units = [[*members.get(key, ()), *groups.get(key, ())][-_MEMORY:] for key in keys]
        points = self.points(
            [*(u for of_key in known_units for u in of_key), *(units[k] for k in rest)], comments
        )
        ends = np.cumsum([0, *map(len, known_units)]).tolist()
        means = np.asarray([points[a:b].mean(axis=0) for a, b in pairwise(ends)], np.float32)
        sizes = [float(len(of_key)) for of_key in known_units]
        labels = agglomerate(points[ends[-1] :], means, sizes, self.config)
        founded: dict[int, list[Unit]] = {}
        for k, label in zip(rest, labels.tolist(), strict=True):
            known_key = keys[label] if label < len(keys) else None
            if known_key:
                groups.setdefault(known_key, []).append(units[k])
            else:
                founded.setdefault(label, []).append(units[k])
        for new in founded.values():
            entry = self._entry_of(new)
            key = self._anchored_id(entry.id) if entry else self._founded_id(new[0])
            groups.setdefault(key, []).extend(new)
        weeks = {u.comment: comments[u.comment][0] for u in units}
        changed = self._named(groups, demands, members, weeks)
        return Tracked(changed, {u.id: key for key, of_key in groups.items() for u in of_key})

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

    def points(self, units: Sequence[Unit], comments: Mapping[str, tuple[str, str]]) -> Floats:
        """`(n, d)` whose inner products, less the penalties for theme and kind, are similarities."""
        return augmented(
            centred(
                self.encode([u.text for u in units]),
                self.encode([comments[u.comment][1] for u in units]),
                self._usual,
                self.config,
            ),
            [u.theme for u in units],
            [u.intent is Intent.SUGGESTION for u in units],
            self.themes,
            self.config,
        )

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

    def _is_said_as(self, entry: CommonDemand, units: Sequence[Unit], intent: Intent) -> bool:
        """Does the entry's title fit what most of the units say? A fault is not titled as a wish."""
        if entry.wish and intent is Intent.BUG:
            return False
        said = self.encode([u.text for u in units])
        alike = (said @ self.encode([entry.zh, *entry.examples]).T).max(axis=1)
        enough = _TITLE_SHARE * self.config.anchor_threshold
        return self._entry_of(units) == entry and float(np.median(alike)) >= enough

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
    ) -> tuple[Demand, ...]:
        """New demands, and known ones that have outgrown their title."""
        of_demand: dict[str, list[Unit]] = {}
        drafts: list[Demand] = []
        background, total = self._background([*members.values(), *groups.values()])
        for key, new in sorted(groups.items()):
            before = len(members.get(key, ()))
            if key in demands and not _outgrown(before, before + len(new)):
                continue
            everyone = sorted([*members.get(key, ()), *new][-_MEMORY:], key=lambda u: u.id)
            of_demand[key] = sorted([*members.get(key, ()), *new][-_TITLED:], key=lambda u: u.id)
            known = demands.get(key)
            drafts.append(
                Demand(
                    key,
                    self.product,
                    known.title if known else "",
                    _most(u.theme for u in everyone),
                    Intent(_most(u.intent for u in everyone)),
                    founded=known.founded if known else min(weeks[u.comment] for u in new),
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
        titles = self._titles(drafts, of_demand)
        return tuple(replace(draft, title=titles[draft.id]) for draft in drafts)

    def _titles(self, drafts: Sequence[Demand], units: Mapping[str, Sequence[Unit]]) -> dict[str, str]:
        common = {self._anchored_id(e.id): e for e in self.entries}
        titles: dict[str, str] = {}
        others: list[Demand] = []
        for draft in drafts:
            entry = common.get(draft.id)
            if entry and self._is_said_as(entry, units[draft.id], draft.intent):
                titles[draft.id] = entry.en if self.lang == "en" else entry.zh
            else:
                others.append(draft)
        said = {d.id: titles_of(units[d.id], self.words) for d in others}
        flat = [(text, d.theme, d.intent) for d in others for text in said[d.id]]
        clear = self.clarity(flat) if flat else np.zeros(0)
        style = self.style([text for text, _, _ in flat]) if flat else np.zeros(0)
        position = 0
        shared = self._shared(units)
        for draft in others:
            texts = said[draft.id]
            mean = self.encode([u.text for u in units[draft.id]]).mean(axis=0) - shared
            close = of_length_one(self.encode(texts) - shared) @ (
                mean / max(1e-9, float(np.linalg.norm(mean)))
            )
            candidates = [
                Candidate(text, float(close[k]), float(clear[position + k]), float(style[position + k]))
                for k, text in enumerate(texts)
            ]
            position += len(texts)
            titles[draft.id] = title_of(units[draft.id], candidates, self.words, draft.keywords)
        return titles

    def _shared(self, groups: Mapping[str, Sequence[Unit]]) -> Floats:
        """What all groups have in common, as `centred` has it for units; a title need not say it."""
        means = [self.encode([u.text for u in units]).mean(axis=0) for units in groups.values()]
        total = np.sum(means, axis=0) + self.config.few * self._usual
        shared: Floats = (total / (len(means) + self.config.few)).astype(np.float32)
        return shared

    def _background(self, groups: Sequence[Sequence[Unit]]) -> tuple[Counter[str], int]:
        counts: Counter[str] = Counter()
        for units in groups:
            for unit in units:
                counts.update(set(self.words(normalise(unit.text))))
        return counts, sum(map(len, groups))

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
