"""Groups of opinions that are no demands: what is praised, and what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.group import GroupingConfig, agglomerate, augmented, centred
from feedback_mining.records import Unit

Floats = NDArray[np.float32]
_AT_ONCE = 4000  # units that found groups; older ones join them


def topics_of(
    units: Sequence[Unit],
    comments: Mapping[str, str],
    encode: Callable[[Sequence[str]], Floats],
    config: GroupingConfig | None = None,
) -> list[list[Unit]]:
    """`units` in the groups that demands would form: average linkage of meaning, themes held apart.

    comments: the text of each comment. Groups and their members come in the order of the units, which callers
    sort newest first.
    """
    config = config or GroupingConfig()
    themes = sorted({u.theme for u in units})
    points = augmented(
        centred(
            encode([u.text for u in units]), encode([comments[u.comment] for u in units]), config
        ),
        [u.theme for u in units],
        [False] * len(units),
        themes,
        config,
    ) if units else np.zeros((0, 0), np.float32)  # fmt: skip
    groups: list[list[int]] = []
    for start in range(0, len(units), _AT_ONCE):
        some = points[start : start + _AT_ONCE]
        known = [points[group].mean(axis=0) for group in groups]
        means = np.asarray(known, np.float32).reshape(len(known), points.shape[1])
        labels = agglomerate(some, means, [float(len(g)) for g in groups], config)
        for k, label in enumerate(labels.tolist()):
            while label >= len(groups):
                groups.append([])
            groups[label].append(start + k)
    return [[units[k] for k in group] for group in groups if group]
