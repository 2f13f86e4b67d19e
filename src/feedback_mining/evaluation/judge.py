"""Two models on the same held-out units: scores with intervals, calibration, and whether one is better.

Units of one comment, and near duplicates, are not independent: all resampling is over groups (paired
bootstrap, Efron & Tibshirani 1993, ch. 13; Koehn 2004), percentile intervals of 95%.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

Ints = NDArray[np.int64]
Floats = NDArray[Any]
RESAMPLES = 2000
BINS = 10
_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95% interval; nan where nothing was counted."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassScores:
    name: str
    support: int  # units that people gave this label
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, slots=True)
class Bin:
    """Units whose best probability lies in one tenth: how many, their mean probability, the share right."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Scores:
    units: int
    accuracy: Estimate
    macro_f1: Estimate  # over classes with support
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]  # [truth][said]
    ece: float  # expected calibration error (Guo et al. 2017), 10 bins
    bins: tuple[Bin, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Accuracy of the challenger less that of the champion, on the same units."""

    units: int
    difference: Estimate
    p: float  # two-sided, paired bootstrap over groups
    only_champion: int  # units that only the champion had right
    only_challenger: int
    mcnemar_p: float  # exact, over units

    @property
    def better(self) -> bool:
        return self.difference.low > 0

    @property
    def worse(self) -> bool:
        return self.difference.high < 0


def score(
    truth: Ints, said: Ints, chances: Floats, groups: Ints, classes: Sequence[str], seed: int
) -> Scores:
    """truth, said, groups: `(n,)`; chances: `(n, classes)`. Raises ValueError for no units."""
    if not len(truth):
        raise ValueError("no units were given; expected at least one")
    k = len(classes)
    group, size = _ranked(groups)
    tables = np.zeros((size, k * k))
    np.add.at(tables, (group, truth * k + said), 1)
    whole = tables.sum(axis=0).reshape(1, k, k)
    drawn = np.concatenate([(w @ tables).reshape(-1, k, k) for w in _draws(size, seed)])
    present = whole[0].sum(axis=1) > 0
    once, often = _ratios(whole), _ratios(drawn)
    rows = tuple(
        ClassScores(
            name,
            int(whole[0, c].sum()),
            *(_estimate(once[m][0, c], often[m][:, c]) for m in ("precision", "recall", "f1")),
        )
        for c, name in enumerate(classes)
    )
    bins, ece = _calibration(truth, chances)
    return Scores(
        units=len(truth),
        accuracy=_estimate(once["accuracy"][0], often["accuracy"]),
        macro_f1=_estimate(float(once["f1"][0, present].mean()), _mean_of_known(often["f1"][:, present])),
        classes=rows,
        confusion=tuple(tuple(int(n) for n in row) for row in whole[0]),
        ece=ece,
        bins=bins,
    )


def compare(truth: Ints, champion: Ints, challenger: Ints, groups: Ints, seed: int) -> Comparison:
    """All `(n,)`. Raises ValueError for no units."""
    if not len(truth):
        raise ValueError("no units were given; expected at least one")
    group, size = _ranked(groups)
    gain = (challenger == truth).astype(np.int64) - (champion == truth)
    tables = np.column_stack([np.bincount(group, gain, size), np.bincount(group, minlength=size)])
    sums = np.concatenate([w @ tables for w in _draws(size, seed)])
    drawn = sums[:, 0] / sums[:, 1]
    tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
    lost, won = int((gain < 0).sum()), int((gain > 0).sum())
    return Comparison(
        units=len(truth),
        difference=_estimate(gain.mean(), drawn),
        p=min(1.0, 2 * float(tail + 1) / (len(drawn) + 1)),
        only_champion=lost,
        only_challenger=won,
        mcnemar_p=float(binomtest(won, won + lost).pvalue) if won + lost else 1.0,
    )


def threshold_for(
    confidence: Floats, right: NDArray[np.bool_], precision: float
) -> tuple[float, float, float]:
    """The least confidence above which `precision` of the units are right: `(threshold, share, precision)`.

    share: of the units that lie above it. Where no threshold reaches the precision, 1.0 and nothing above.
    """
    order = np.argsort(-confidence, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last = np.r_[np.diff(confidence[order]) < 0, True]  # of those with equal confidence
    good = np.flatnonzero((reached >= precision) & last)
    if not len(good):
        return 1.0, 0.0, float("nan")
    k = int(good[-1])
    return float(confidence[order][k]), (k + 1) / len(order), float(reached[k])


def _ranked(groups: Ints) -> tuple[Ints, int]:
    names, group = np.unique(groups, return_inverse=True)
    return group.reshape(-1), len(names)


def _draws(size: int, seed: int) -> list[NDArray[np.float64]]:
    """How often each group is drawn, `(RESAMPLES, size)` in pieces; the same for every model."""
    source = np.random.default_rng(seed)
    return [
        source.multinomial(size, np.full(size, 1 / size), _AT_ONCE).astype(np.float64)
        for _ in range(RESAMPLES // _AT_ONCE)
    ]


def _ratios(tables: Floats) -> dict[str, Floats]:
    """tables: `(b, k, k)`."""
    hit = np.diagonal(tables, axis1=1, axis2=2)
    wanted, given, total = tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": hit / given,
            "recall": hit / wanted,
            "f1": 2 * hit / (wanted + given),
            "accuracy": hit.sum(axis=1) / total,
        }


def _mean_of_known(values: Floats) -> Floats:
    """Means of rows without the nan of classes that a draw neither holds nor names."""
    known = ~np.isnan(values)
    means: Floats = np.where(known, values, 0).sum(axis=1) / np.maximum(1, known.sum(axis=1))
    return means


def _estimate(value: float, drawn: Floats) -> Estimate:
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(known):
        return Estimate(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Estimate(round(float(value), 4), round(float(low), 4), round(float(high), 4))


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of confidence (Guo et al. 2017)."""
    return _binned(confidence, right)[1]


def _calibration(truth: Ints, chances: Floats) -> tuple[tuple[Bin, ...], float]:
    return _binned(chances.max(axis=1), chances.argmax(axis=1) == truth)


def _binned(best: Floats, right: NDArray[np.bool_]) -> tuple[tuple[Bin, ...], float]:
    place = np.minimum((best * BINS).astype(np.int64), BINS - 1)
    bins = tuple(
        Bin(int(m.sum()), round(float(best[m].mean()), 4), round(float(right[m].mean()), 4))
        if (m := place == b).any()
        else Bin(0, float("nan"), float("nan"))
        for b in range(BINS)
    )
    error = sum(b.count * abs(b.confidence - b.accuracy) for b in bins if b.count) / max(1, len(right))
    return bins, round(float(error), 4)
