"""Where known demands stand: the mean of each one's latest members, so that a week need not read its history again.

Means are of what an encoder gave, before the product's centre is taken off, so that they stay true while the
centre moves. They are compared with vectors of the same encoder only; for another one they are made anew from
the demands' members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MEMORY = 100  # latest members that stand for a demand


@dataclass(frozen=True, slots=True)
class Anchor:
    mean: Floats  # (k,) of its latest members' rows
    members: int  # all that it has had

    def taking(self, rows: Floats) -> Anchor:
        """With `(n, k)` rows of new members, which push the oldest out of memory."""
        new = rows[-MEMORY:]
        kept = min(self.members, MEMORY - len(new))
        mean = (kept * self.mean + new.sum(axis=0)) / (kept + len(new))
        return Anchor(as_kept(mean), self.members + len(rows))

    @property
    def size(self) -> float:
        return float(min(self.members, MEMORY))


@dataclass(frozen=True)
class Anchors:
    """of: demand id → anchor. usual: mean of all the product's units so far, `(d,)`; count: how many they were."""

    of: Mapping[str, Anchor] = field(default_factory=dict)
    usual: Floats | None = None
    count: int = 0

    def without(self, demands: frozenset[str]) -> Anchors:
        return Anchors({key: a for key, a in self.of.items() if key not in demands}, self.usual, self.count)

    def changed_from(self, before: Anchors) -> Anchors:
        """With those anchors only that are not as they were."""
        changed = {key: a for key, a in self.of.items() if before.of.get(key) is not a}
        return Anchors(changed, self.usual, self.count)

    def with_units(self, vectors: Floats) -> Anchors:
        """`(n, d)` vectors of further units taken into the product's mean."""
        total = vectors.sum(axis=0, dtype=np.float64)
        if self.usual is not None:
            total = total + self.count * self.usual.astype(np.float64)
        count = self.count + len(vectors)
        return Anchors(self.of, (total / max(1, count)).astype(np.float32), count)

    def with_members(self, rows: Mapping[str, Floats]) -> Anchors:
        """`(n, k)` rows of each demand's new members, oldest first."""
        empty = {key: Anchor(np.zeros(some.shape[1], np.float32), 0) for key, some in rows.items()}
        taken = {key: self.of.get(key, empty[key]).taking(some) for key, some in rows.items()}
        return Anchors({**self.of, **taken}, self.usual, self.count)


def as_kept(mean: NDArray[np.floating]) -> Floats:
    """With the precision that a store keeps, so that going on and starting again give the same."""
    kept: Floats = mean.astype(np.float16).astype(np.float32)
    return kept


def stacked(anchors: Sequence[Anchor], width: int) -> Floats:
    """`(len(anchors), width)`."""
    return np.stack([a.mean for a in anchors]) if anchors else np.zeros((0, width), np.float32)
