"""Groups of opinions that are no demands: what is praised, and what is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.group import GroupingConfig, agglomerate, facets
from feedback_mining.demands.statements import plain_topic
from feedback_mining.records import Unit

Floats = NDArray[np.float32]
_AT_ONCE = 4000  # units that found groups; older ones join them
_ALIKE = 0.5  # least average cosine


def topics_of(
    units: Sequence[Unit],
    encode: Callable[[Sequence[str]], Floats],
    words: Callable[[str], list[str]],
) -> list[list[Unit]]:
    """`units` in groups that say the same: average linkage of what they say, themes held apart a little.

    Nothing that all have in common is taken off, as it is for demands: that most like the same is the news.
    Groups and their members come in the order of the units, which callers sort newest first.
    """
    if not units:
        return []
    config = replace(GroupingConfig(), threshold=_ALIKE)
    themes = sorted({u.theme for u in units})
    said = encode([plain_topic(u.text, words) for u in units])
    points = np.hstack([said, facets([u.theme for u in units], [False] * len(units), themes, config)])
    groups: list[list[int]] = []
    for start in range(0, len(units), _AT_ONCE):
        some = points[start : start + _AT_ONCE]
        means = np.asarray([points[group].mean(axis=0) for group in groups], np.float32)
        labels = agglomerate(
            some, means.reshape(len(groups), points.shape[1]), [float(len(g)) for g in groups], config
        )
        for k, label in enumerate(labels.tolist()):
            while label >= len(groups):
                groups.append([])
            groups[label].append(start + k)
    return [[units[k] for k in group] for group in groups]
