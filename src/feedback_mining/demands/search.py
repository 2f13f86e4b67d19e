"""How well a unit, and a demand, fits what somebody looks for: by meaning and by words.

A fit is a weighted sum of the cosine of the vectors and of the share of the query's tokens that the unit
holds, each token weighted by its rarity (inverse document frequency); where other words say the same, the
cosine alone counts for somewhat more. Ranks alone (reciprocal rank fusion) cannot tell that nothing fits; a
sum can. The figures in SearchConfig are measured by benchmarks/search.py.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SearchConfig:
    words: float = 0.4  # weight of the words in a fit; the rest is that of the vectors
    meaning: float = 0.7  # a fit is at least this share of the cosine
    threshold: float = 0.34  # least fit of what is shown
    asked: float = 0.34  # least fit of a demand that a pasted opinion may be
    asked_sure: float = 0.45  # least fit of one that it is, more often than not
    facet_penalty: float = 0.1  # off a demand's fit where its theme, or its kind, is not the opinion's


def rarity(holders: int, total: int) -> float:
    """Inverse document frequency of a token that `holders` of `total` texts hold (Robertson & Spärck Jones)."""
    return math.log(1 + (total - holders + 0.5) / (holders + 0.5))


def coverage(tokens: Collection[str], weights: Mapping[str, float]) -> float:
    """Share, 0 to 1, of the query's weight (token → rarity) that a text with these `tokens` holds."""
    whole = sum(weights.values())
    return sum(weight for token, weight in weights.items() if token in tokens) / whole if whole else 0.0


def fits(cosines: Sequence[float] | Floats, coverages: Sequence[float], config: SearchConfig) -> Floats:
    """`(n,)` fits of n texts, about 0 to 1."""
    alike = np.clip(np.asarray(cosines, np.float32), 0, 1)
    held = np.asarray(coverages, np.float32)
    summed = (1 - config.words) * alike + config.words * held
    found: Floats = np.maximum(summed, config.meaning * alike).astype(np.float32)
    return found


def best_of(values: Collection[float], count: int = 2) -> float:
    """A demand's fit: the mean of its `count` best fits, of all where there are fewer; 0 without any."""
    best = sorted(values, reverse=True)[:count]
    return sum(best) / len(best) if best else 0.0
