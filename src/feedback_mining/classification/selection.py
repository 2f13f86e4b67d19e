"""Which texts to label next: where the model is unsure, what stands for many, what is new, what looks wrong.

Each function ranks, best first; none of them knows a store. Equal scores keep the order of the arguments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_mining.records import Intent, Unit

Floats = NDArray[np.floating[Any]]

_CLUSTERED = 20_000  # texts; of more, a sample is clustered
_HISTORY = 5_000  # earlier texts that stand for all of them
_BLOCK = 2_000
_SAID_BY = 3  # recent texts that a new word occurs in at least
_MORE = 4.0  # times as often as before


@dataclass(frozen=True, slots=True)
class NewWord:
    word: str
    recent: int  # texts that hold it
    earlier: int


def least_sure(texts: Sequence[Sequence[Unit]]) -> list[tuple[int, int]]:
    """`(text, unit)` of the unit with the lowest confidence of each text that says something; lowest first.

    Least-confidence sampling (Lewis & Gale 1994) on the joint probability of intent, theme and sentiment.
    """
    worst: list[tuple[float, int, int]] = []
    for k, units in enumerate(texts):
        said = [(u.confidence, n) for n, u in enumerate(units) if u.intent is not Intent.OTHER]
        if said:
            confidence, unit = min(said)
            worst.append((confidence, k, unit))
    return [(k, unit) for _, k, unit in sorted(worst)]


def representatives(
    vectors: Floats, labelled: NDArray[np.bool_], count: int, seed: int
) -> list[tuple[int, int, int]]:
    """`(text, texts of its cluster, labelled ones among them)` of the text nearest each centre.

    vectors: `(n, d)` of length 1; rows of zeros stand for nothing. Clusters with the smallest labelled share come
    first, then the largest (k-means on 2·count clusters).
    """
    from sklearn.cluster import KMeans

    known = np.flatnonzero(np.linalg.norm(vectors, axis=1) > 0)
    if len(known) > _CLUSTERED:
        drawn = np.random.default_rng(seed).choice(len(known), _CLUSTERED, replace=False)
        known = known[np.union1d(drawn, np.flatnonzero(labelled[known]))]
    distinct = len(np.unique(vectors[known], axis=0)) if len(known) else 0
    size = min(2 * count, distinct)
    if not size:
        return []
    points = vectors[known].astype(np.float32)
    model = KMeans(size, n_init=1, random_state=seed).fit(points)
    distance = np.linalg.norm(points - model.cluster_centers_[model.labels_], axis=1)
    found: list[tuple[float, int, int, int]] = []
    for cluster in range(size):
        members = np.flatnonzero(model.labels_ == cluster)
        free = members[~labelled[known[members]]]
        if len(free):
            nearest = free[int(distance[free].argmin())]
            done = len(members) - len(free)
            found.append((done / len(members), -len(members), int(known[nearest]), done))
    return [(text, -size, done) for _, size, text, done in sorted(found)]


def new_words(words: Sequence[Collection[str]], recent: NDArray[np.bool_]) -> list[NewWord]:
    """Words that recent texts hold at least 4 times as often as earlier ones, in at least 3 of them.

    words: those of each text. Ordered by how far the recent texts exceed what the earlier ones lead to expect.
    """
    before, now = Counter[str](), Counter[str]()
    for held, late in zip(words, recent.tolist(), strict=True):
        (now if late else before).update(set(held))
    many, few = int(recent.sum()), int((~recent).sum())
    scored: list[tuple[float, str]] = []
    for word, count in now.items():
        expected = (before[word] + 0.5) / (few + 1) * many
        if count >= _SAID_BY and count >= _MORE * expected:
            scored.append(((count - expected) / np.sqrt(expected), word))
    return [NewWord(word, now[word], before[word]) for _, word in sorted(scored, key=lambda s: (-s[0], s[1]))]


def likeness_to_earlier(vectors: Floats, recent: NDArray[np.bool_], seed: int) -> Floats:
    """`(recent.sum(),)`: cosine of each recent text with the nearest earlier one (of at most 5,000 of them)."""
    earlier = vectors[~recent]
    if len(earlier) > _HISTORY:
        drawn = np.random.default_rng(seed).choice(len(earlier), _HISTORY, replace=False)
        earlier = earlier[np.sort(drawn)]
    late = vectors[recent]
    nearest = np.zeros(len(late), np.float32)
    for start in range(0, len(late), _BLOCK):
        nearest[start : start + _BLOCK] = (late[start : start + _BLOCK] @ earlier.T).max(axis=1)
    return nearest


def label_issues(
    labels: Sequence[str], chances: Floats, classes: Sequence[str]
) -> Mapping[int, tuple[str, float]]:
    """Unit → `(the class that is more likely, margin above 0)`, for labels that are likely wrong.

    chances: `(n, classes)` by a model that has not seen these labels. Confident learning (Northcutt, Jiang &
    Chuang 2021): a class is confident where its probability reaches the mean over the units labelled with
    it; a unit whose likeliest confident class is not its label is an issue.
    """
    if not len(labels):
        return {}
    place = {name: k for k, name in enumerate(classes)}
    given = np.array([place.get(label, -1) for label in labels])
    usual = float(chances.max(axis=1).mean())  # for classes that nobody labelled
    thresholds = np.array(
        [chances[given == k, k].mean() if (given == k).any() else usual for k in range(len(classes))]
    )
    confident = np.where(chances >= thresholds, chances, -1.0)
    best = confident.argmax(axis=1)
    found: dict[int, tuple[str, float]] = {}
    for k in np.flatnonzero((confident.max(axis=1) > 0) & (best != given) & (given >= 0)).tolist():
        margin = float(chances[k, best[k]] - chances[k, given[k]])
        if margin > 0:
            found[k] = (classes[best[k]], margin)
    return found
