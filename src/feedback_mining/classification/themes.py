"""Reading a team's own themes: from their seed words and descriptions alone, and better with labels.

A theme is scored by the seed words that a unit holds, by how near its vector lies to those of the seeds and
the description, and by what the trained model of the default theme it maps to says. All three are linear in
the features of a unit, so together they are a `LinearHead`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.errors import InputError
from feedback_mining.taxonomy import Taxonomy

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ColdConfig:
    """Weights of the three sources, and the temperature at which they make probabilities."""

    seeds: float = 5.0
    short_seed: float = 0.4  # what a seed of one character counts beside a longer one
    vectors: float = 2.0
    default: float = 2.0  # where all themes map to one of the default; less where only some do
    unmapped: float = -0.6  # stands for the default model's score of a theme that maps to none
    temperature: float = 0.3


def cold_head(
    taxonomy: Taxonomy, base: LinearHead, featuriser: Featuriser, config: ColdConfig | None = None
) -> LinearHead:
    """A head over the taxonomy's themes that has seen no label of them. base: the default themes' head.

    Raises InputError where a theme maps to one that `base` does not know.
    """
    config = config or ColdConfig()
    strange = sorted({t.maps_to for t in taxonomy.themes if t.maps_to and t.maps_to not in base.classes})
    if strange:
        raise InputError(
            f"The taxonomy {taxonomy} maps to {', '.join(strange)}; expected themes of the default taxonomy: "
            f"{', '.join(base.classes)}"
        )
    weights = np.zeros((len(taxonomy.themes), featuriser.columns), np.float32)
    bias = np.zeros(len(taxonomy.themes), np.float32)
    near = _directions(taxonomy, featuriser) * (config.vectors / featuriser.config.vector_weight)
    at = featuriser.vectors_at
    known = config.default * float(np.mean([theme.maps_to is not None for theme in taxonomy.themes])) ** 2
    for k, theme in enumerate(taxonomy.themes):
        if theme.maps_to:
            m = base.classes.index(theme.maps_to)
            weights[k] += known * base.weights[m]
            bias[k] += known * base.bias[m]
        else:
            bias[k] += known * config.unmapped
        for seed in theme.seeds:
            columns = featuriser.columns_of(seed)
            share = config.short_seed if len(seed) == 1 else 1.0
            weights[k, columns] += config.seeds * share / max(1, len(columns))
        weights[k, at : at + featuriser.encoder.dimensions] += near[k]
    return LinearHead(tuple(t.id for t in taxonomy.themes), weights, bias, config.temperature)


def own_theme(head: LinearHead, taxonomy: Taxonomy, heads: Mapping[str, LinearHead]) -> LinearHead:
    """`head` with how often each intent goes with its themes, as far as these map to default ones."""
    known = heads["theme"].classes
    ratios = np.asarray(
        heads["intent"].facts.get("agreement", {}).get("intent/theme")
        or np.zeros((len(heads["intent"].classes), len(known)))
    )
    target = {theme.id: theme.maps_to for theme in taxonomy.themes}
    table = np.zeros((len(ratios), len(head.classes)))
    for k, theme in enumerate(head.classes):
        if target[theme] in known:
            table[:, k] = ratios[:, known.index(str(target[theme]))]
    return replace(head, facts={"intent/theme": table.tolist()})


def _directions(taxonomy: Taxonomy, featuriser: Featuriser) -> Floats:
    """`(themes, dimensions)`, rows of length 1: mean vector of a theme's words less that of all themes."""
    words = [[theme.zh, theme.description, *theme.seeds] for theme in taxonomy.themes]
    near = np.stack([featuriser.encoder.encode(some).mean(axis=0) for some in words])
    near = near - near.mean(axis=0)
    return np.asarray(near / np.maximum(np.linalg.norm(near, axis=1, keepdims=True), 1e-6), np.float32)
