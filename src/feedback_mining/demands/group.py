"""Group units into demands by average linkage, around demands that already exist.

A unit's point is its vector with a share of its whole comment's, less the mean of the product's points (what
all its users talk about tells no two demands apart; a product of which little is known borrows from what users
of any product say), and facets for theme and kind (fault or wish).
Similarity is the inner product of points less the facets' penalty, so the average similarity of two groups
is that of their means, and groups merge while the best pair is at least `threshold` alike (UPGMA, Sokal &
Michener 1958). Known groups take in new units and never merge with each other: that is for people to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_BLOCK = 2048  # groups that are compared at once


@dataclass(frozen=True, slots=True)
class GroupingConfig:
    threshold: float = 0.2  # least average similarity at which groups merge
    theme_penalty: float = 0.05
    kind_penalty: float = 0.05
    context: float = 0.2  # share of the whole comment in a unit's point
    few: int = 200  # points that what users of any product say counts for in the mean
    anchor_threshold: float = 0.8  # least similarity to an example for a common demand to take a unit in
    anchor_group_threshold: float = 0.7  # of a new group's mean to that of an entry's examples
    anchor_theme_penalty: float = 0.1
    least_confidence: float = 0.15  # of a unit's labels, for it to be grouped at all


def mixed(vectors: Floats, contexts: Floats, config: GroupingConfig) -> Floats:
    """`(n, d)` vectors of units and of their comments → `(n, d)` of length 1; of no known word, 0."""
    return of_length_one((1 - config.context) * vectors + config.context * contexts)


def centre_of(mean: Floats, count: int, usual: Floats, config: GroupingConfig) -> Floats:
    """`(d,)`: what all of a product's `count` units, whose mean is `mean`, have in common.

    usual: `(d,)`, the mean vector of what users of any product say.
    """
    centre: Floats = ((count * mean + config.few * usual) / (count + config.few)).astype(np.float32)
    return centre


def centred(means: Floats, centre: Floats) -> Floats:
    """`(m, d)` means of groups' vectors of length 1 → means of their points, which have length 1 on average.

    A single unit's point has length 1: |v - c|² is 1 - 2 v·c + |c|², and so is its mean over a group.
    """
    squares = 1 - 2 * (means @ centre) + centre @ centre
    points = (means - centre) / np.sqrt(np.maximum(squares, 1e-6))[:, None]
    placed: Floats = np.where(means.any(axis=1, keepdims=True), points, 0).astype(np.float32)
    return placed


def of_length_one(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled


def facets(
    themes: Sequence[str], wishes: Sequence[bool], columns: Sequence[str], config: GroupingConfig
) -> Floats:
    """`(n, len(columns) + 2)`: what stands beside vectors, for theme and kind."""
    place = {theme: k for k, theme in enumerate(columns)}
    found = np.zeros((len(themes), len(columns) + 2), np.float32)
    for k, (theme, wish) in enumerate(zip(themes, wishes, strict=True)):
        if theme in place:
            found[k, place[theme]] = np.sqrt(config.theme_penalty)
        found[k, len(columns) + int(wish)] = np.sqrt(config.kind_penalty)
    return found


def agglomerate(
    points: Floats, known: Floats, known_sizes: Sequence[float], config: GroupingConfig
) -> NDArray[np.int64]:
    """The group of each point: `0 … len(known) - 1` is that known group, higher numbers are new groups.

    points `(n, d)` and known `(m, d)` are vectors beside facets: inner products less the penalties are
    similarities. known rows are means of `known_sizes` units. Groups that
    are each other's nearest merge in rounds, which gives the same groups as merging the best pair of all
    again and again (average linkage is reducible: Bruynooghe 1977), in memory for n + m vectors. The result
    depends on the order of the points only where similarities tie, so callers sort them.
    """
    n, m = len(points), len(known_sizes)
    if n == 0:
        return np.zeros(0, np.int64)
    means = np.vstack([known.reshape(m, points.shape[1]), points]).astype(np.float32)
    sizes = np.r_[np.asarray(known_sizes, np.float64), np.ones(n)]
    penalty = np.float32(config.theme_penalty + config.kind_penalty)
    alive = np.ones(m + n, bool)
    parent = np.arange(m + n)
    best = np.full(m + n, -1)
    score = np.full(m + n, -np.inf, np.float32)
    rows = np.arange(m, m + n)
    while True:
        best[rows], score[rows] = _nearest(rows, means, alive)
        score[rows] -= penalty
        left, right = _reciprocal(best, score, means, alive, m, config.threshold)
        if not len(left):
            return _labels(parent, m)
        for target, gone in zip(left.tolist(), right.tolist(), strict=True):
            share = np.float32(sizes[gone] / (sizes[target] + sizes[gone]))
            means[target] = (1 - share) * means[target] + share * means[gone]
            sizes[target] += sizes[gone]
            parent[gone] = target
            alive[gone] = False
        score[right] = -np.inf
        changed = np.unique(left)
        groups = np.flatnonzero(alive[m:]) + m
        stale = np.isin(best[groups], np.r_[changed, right]) | np.isin(groups, changed)
        rows, rest = groups[stale], groups[~stale]
        if len(rest):  # a group that has grown may have come nearer than the nearest so far
            nearer, by = _nearest(rest, means, alive, among=changed)
            by -= penalty
            closer = by > score[rest]
            best[rest[closer]], score[rest[closer]] = nearer[closer], by[closer]


def _nearest(
    rows: NDArray[np.int64],
    means: Floats,
    alive: NDArray[np.bool_],
    among: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], Floats]:
    """Of each of `rows`, the most similar other group alive (of `among`, if given) and how similar it is."""
    columns = np.flatnonzero(alive) if among is None else among
    best = np.full(len(rows), -1)
    score = np.full(len(rows), -np.inf, np.float32)
    for first in range(0, len(columns), _BLOCK):
        some = columns[first : first + _BLOCK]
        vectors = means[some]
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            alike = means[rows[part]] @ vectors.T
            own, place = np.nonzero(rows[part, None] == some[None, :])
            alike[own, place] = -np.inf
            found = alike.argmax(axis=1)
            top = alike[np.arange(len(found)), found]
            closer = top > score[part]
            best[part] = np.where(closer, some[found], best[part])
            score[part] = np.where(closer, top, score[part])
    return best, score


def _reciprocal(
    best: NDArray[np.int64], score: Floats, means: Floats, alive: NDArray[np.bool_], m: int, threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of groups that are each other's nearest and alike enough, the one that stays first."""
    ready = np.flatnonzero((score >= threshold) & alive)
    admired = np.unique(best[ready][best[ready] < m])
    if len(admired):
        best[admired], _ = _nearest(admired, means, alive, among=np.flatnonzero(alive[m:]) + m)
    mutual = ready[best[best[ready]] == ready]
    mutual = mutual[mutual > best[mutual]]
    return best[mutual], mutual


def _labels(parent: NDArray[np.int64], m: int) -> NDArray[np.int64]:
    """Follow each point to the group it ended in; new groups are numbered by their first point."""
    roots = parent.copy()
    while True:
        further = parent[roots]
        if np.array_equal(further, roots):
            break
        roots = further
    labels = np.empty(len(parent) - m, np.int64)
    numbers: dict[int, int] = {}
    for k, root in enumerate(roots[m:]):
        labels[k] = root if root < m else numbers.setdefault(int(root), m + len(numbers))
    return labels
