"""Give the units of new weeks to demands that exist, and found new ones for the rest.

A demand's id comes from its first unit (or from the catalogue's entry that it follows), so running a week
again gives the same ids.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.catalogue import Catalogue
from feedback_mining.demands.group import GroupingConfig, agglomerate, augmented
from feedback_mining.demands.name import keywords_of, title_of
from feedback_mining.records import Demand, Intent, Unit

Floats = NDArray[np.float32]
_MEMORY = 100  # latest members that stand for a known demand


@dataclass(frozen=True)
class Tracked:
    demands: tuple[Demand, ...]  # new ones, and known ones whose title or keywords changed
    memberships: dict[str, str]  # unit id → demand id, of the new units


@dataclass(frozen=True)
class Tracker:
    """Groups one product's units around what it knows.

    encode: texts → `(n, d)` vectors of length 1. words: text → its words. themes: ids of the taxonomy.
    """

    product: str
    encode: Callable[[Sequence[str]], Floats]
    words: Callable[[str], list[str]]
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
        anchors = {self._anchored_id(e.id): e for e in self.catalogue.entries}
        demands = {d.id: d for d in sorted(known, key=lambda d: d.id)}
        keys = sorted({*anchors, *(d for d in demands if members.get(d))})
        base, base_sizes = self._known(keys, members)
        points = self._points(units)
        labels = agglomerate(points, base, base_sizes, self.config)
        groups: dict[int, list[Unit]] = defaultdict(list)
        for unit, label in zip(units, labels, strict=True):
            groups[int(label)].append(unit)
        changed: dict[str, Demand] = {}
        memberships: dict[str, str] = {}
        background, total = self._background([*units, *(u for us in members.values() for u in us)])
        for label, new in sorted(groups.items()):
            key = keys[label] if label < len(keys) else self._founded_id(new[0])
            memberships.update((unit.id, key) for unit in new)
            before = len(members.get(key, ()))
            if key not in demands:
                demands[key] = Demand(
                    key, self.product, "", _most(u.theme for u in new), Intent(_most(u.intent for u in new)),
                    founded=weeks[new[0].comment],
                )  # fmt: skip
            elif not _outgrown(before, before + len(new)):
                continue
            everyone = [*members.get(key, ()), *new][-_MEMORY:]
            terms = keywords_of([w for u in everyone for w in self.words(u.text)], background, total)
            entry = anchors.get(key)
            title = (
                (entry.en if self.lang == "en" else entry.zh)
                if entry
                else title_of(everyone, self.encode([u.text for u in everyone]), self.encode, terms)
            )
            changed[key] = replace(
                demands[key],
                title=title,
                keywords=tuple(terms),
                theme=_most(u.theme for u in everyone),
                intent=Intent(_most(u.intent for u in everyone)),
            )
        return Tracked(tuple(changed[key] for key in sorted(changed)), memberships)

    def _points(self, units: Sequence[Unit]) -> Floats:
        return augmented(
            self.encode([u.text for u in units]),
            [u.theme for u in units],
            [u.intent is Intent.SUGGESTION for u in units],
            self.themes,
            self.config,
        )

    def _known(
        self, keys: Sequence[str], members: Mapping[str, Sequence[Unit]]
    ) -> tuple[Floats, list[float]]:
        """Means and sizes of the known groups; an anchor weighs `anchor_size` units of its own."""
        anchors = self._anchors()
        latest = {key: list(members.get(key, ()))[-_MEMORY:] for key in keys}
        flat = self._points([u for key in keys for u in latest[key]])
        means: list[Floats] = []
        sizes: list[float] = []
        position = 0
        for key in keys:
            count = len(latest[key])
            total = flat[position : position + count].sum(axis=0)
            position += count
            size = float(count)
            if key in anchors:
                total = total + anchors[key] * self.config.anchor_size
                size += self.config.anchor_size
            means.append(total / size)
            sizes.append(size)
        return np.asarray(means, np.float32).reshape(len(keys), flat.shape[1]), sizes

    def _anchors(self) -> dict[str, Floats]:
        """Mean augmented vector of each catalogue entry's title and examples."""
        found: dict[str, Floats] = {}
        for entry in self.catalogue.entries:
            texts = [entry.zh, *entry.examples]
            rows = augmented(
                self.encode(texts),
                [entry.theme] * len(texts),
                [entry.wish] * len(texts),
                self.themes,
                self.config,
            )
            found[self._anchored_id(entry.id)] = rows.mean(axis=0)
        return found

    def _background(self, units: Sequence[Unit]) -> tuple[Counter[str], int]:
        counts: Counter[str] = Counter()
        for unit in units:
            counts.update(set(self.words(unit.text)))
        return counts, len(units)

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
