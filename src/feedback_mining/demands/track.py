"""Give the units of new weeks to demands that exist, and found new ones for the rest.

A demand's id comes from its first unit (or from the catalogue's entry that it follows), so running a week
again gives the same ids.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.catalogue import Catalogue
from feedback_mining.demands.group import GroupingConfig, agglomerate, augmented
from feedback_mining.demands.name import keywords_of, statements_of, title_of
from feedback_mining.records import Demand, Intent, Unit

Floats = NDArray[np.float32]
_MEMORY = 100  # latest members that stand for a known demand
_AT_ONCE = 2000


@dataclass(frozen=True)
class Tracked:
    demands: tuple[Demand, ...]  # new ones, and known ones whose title or keywords changed
    memberships: dict[str, str]  # unit id → demand id, of the new units


@dataclass(frozen=True)
class Tracker:
    """Groups one product's units around what it knows.

    encode: texts → `(n, d)` vectors of length 1. words: text → its words. clarity: `(statement, theme,
    intent)` → probability that the statement, read alone, has these labels. themes: ids of the taxonomy.
    """

    product: str
    encode: Callable[[Sequence[str]], Floats]
    words: Callable[[str], list[str]]
    clarity: Callable[[Sequence[tuple[str, str, Intent]]], Floats]
    themes: Sequence[str]
    catalogue: Catalogue
    config: GroupingConfig = field(default_factory=GroupingConfig)
    lang: str = "zh"

    def track(
        self,
        units: Sequence[Unit],
        weeks: Mapping[str, str],
        known: Sequence[Demand],
        members: Mapping[str, Sequence[Unit]],
    ) -> Tracked:
        """Assign `units` (in order of time; `weeks` gives each comment's ISO week).

        `members` holds the units of each known demand, oldest first.
        """
        if not units:
            return Tracked((), {})
        demands = {d.id: d for d in sorted(known, key=lambda d: d.id)}
        points = self._points(units)
        taken = self._taken_by_anchors(units, points)
        keys = sorted({*taken.values(), *(d for d in demands if members.get(d))})
        groups = dict[str, list[Unit]]()
        for k, key in taken.items():
            groups.setdefault(key, []).append(units[k])
        means, sizes = self._known(keys, members, groups)
        rest = [k for k in range(len(units)) if k not in taken]
        labels = agglomerate(points[rest], means, sizes, self.config)
        founded: dict[int, str] = {}
        for k, label in zip(rest, labels.tolist(), strict=True):
            known_key = keys[label] if label < len(keys) else None
            key = known_key or founded.setdefault(label, self._founded_id(units[k]))
            groups.setdefault(key, []).append(units[k])
        changed = self._named(groups, demands, members, weeks)
        return Tracked(changed, {u.id: key for key, of_key in groups.items() for u in of_key})

    def _taken_by_anchors(self, units: Sequence[Unit], points: Floats) -> dict[int, str]:
        """Position of each unit that is said as an entry of the catalogue is → that entry's demand."""
        entries = self.catalogue.entries
        if not entries:
            return {}
        texts = [(e, text) for e in entries for text in (e.zh, *e.examples)]
        examples = augmented(
            self.encode([text for _, text in texts]),
            [e.theme for e, _ in texts],
            [e.wish for e, _ in texts],
            self.themes,
            self.config,
        )
        penalty = self.config.theme_penalty + self.config.kind_penalty
        found: dict[int, str] = {}
        for start in range(0, len(units), _AT_ONCE):
            alike = points[start : start + _AT_ONCE] @ examples.T - penalty
            best = alike.argmax(axis=1)
            for k, column in enumerate(best.tolist()):
                if alike[k, column] >= self.config.anchor_threshold:
                    found[start + k] = self._anchored_id(texts[column][0].id)
        return found

    def _named(
        self,
        groups: Mapping[str, Sequence[Unit]],
        demands: Mapping[str, Demand],
        members: Mapping[str, Sequence[Unit]],
        weeks: Mapping[str, str],
    ) -> tuple[Demand, ...]:
        """New demands, and known ones that have outgrown their title."""
        anchors = {self._anchored_id(e.id): e for e in self.catalogue.entries}
        of_demand: dict[str, list[Unit]] = {}
        drafts: list[Demand] = []
        background, total = self._background([*members.values(), *groups.values()])
        for key, new in sorted(groups.items()):
            before = len(members.get(key, ()))
            if key in demands and not _outgrown(before, before + len(new)):
                continue
            everyone = sorted([*members.get(key, ()), *new][-_MEMORY:], key=lambda u: u.id)
            of_demand[key] = everyone
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
                        keywords_of([w for u in everyone for w in self.words(u.text)], background, total)
                    ),
                )
            )
        titles = self._titles([d for d in drafts if d.id not in anchors], of_demand)
        for key, entry in anchors.items():
            titles[key] = entry.en if self.lang == "en" else entry.zh
        return tuple(replace(draft, title=titles[draft.id]) for draft in drafts)

    def _titles(self, drafts: Sequence[Demand], units: Mapping[str, Sequence[Unit]]) -> dict[str, str]:
        statements = {d.id: statements_of(units[d.id]) for d in drafts}
        flat = [(d, text) for d in drafts for text in statements[d.id]]
        clear = self.clarity([(text, d.theme, d.intent) for d, text in flat]) if flat else np.zeros(0)
        titles: dict[str, str] = {}
        position = 0
        for draft in drafts:
            said = statements[draft.id]
            mean = self.encode([u.text for u in units[draft.id]]).mean(axis=0)
            close = (
                self.encode(said) @ (mean / max(1e-9, float(np.linalg.norm(mean)))) if said else np.zeros(0)
            )
            titles[draft.id] = title_of(
                units[draft.id],
                said,
                close.tolist(),
                clear[position : position + len(said)].tolist(),
                draft.keywords,
            )
            position += len(said)
        return titles

    def _points(self, units: Sequence[Unit]) -> Floats:
        return augmented(
            self.encode([u.text for u in units]),
            [u.theme for u in units],
            [u.intent is Intent.SUGGESTION for u in units],
            self.themes,
            self.config,
        )

    def _known(
        self,
        keys: Sequence[str],
        members: Mapping[str, Sequence[Unit]],
        joining: Mapping[str, Sequence[Unit]],
    ) -> tuple[Floats, list[float]]:
        """Means and sizes of the groups that exist before the rest is grouped."""
        latest = {key: [*members.get(key, ()), *joining.get(key, ())][-_MEMORY:] for key in keys}
        points = self._points([u for key in keys for u in latest[key]])
        sizes = [float(len(latest[key])) for key in keys]
        ends = np.cumsum([0, *map(len, latest.values())])
        means = [points[a:b].mean(axis=0) for a, b in pairwise(ends.tolist())]
        return np.asarray(means, np.float32).reshape(len(keys), points.shape[1]), sizes

    def _background(self, groups: Sequence[Sequence[Unit]]) -> tuple[Counter[str], int]:
        counts: Counter[str] = Counter()
        for units in groups:
            for unit in units:
                counts.update(set(self.words(unit.text)))
        return counts, sum(map(len, groups))

    def _anchored_id(self, entry: str) -> str:
        return _id(self.product, f"common:{entry}")

    def _founded_id(self, first: Unit) -> str:
        return _id(self.product, first.id)


def _id(*parts: str) -> str:
    return "D-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def _outgrown(before: int, after: int) -> bool:
    """A title is chosen anew when the number of members doubles, so that it does not change every week."""
    return after.bit_length() > before.bit_length()


def _most(values: object) -> str:
    counts = Counter(values)  # type: ignore[call-overload]
    return str(min(counts, key=lambda value: (-counts[value], str(value))))
