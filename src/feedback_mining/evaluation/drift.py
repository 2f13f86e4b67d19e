"""Weeks against the weeks at the start: is what users write still what the models were seen to read well?

Counts of labels are compared by a chi-square test of homogeneity, rare labels pooled; shares by the same
test on two rows. Units of one comment are not independent, so the statistic is divided by the mean number
of units a comment (a first-order Rao–Scott correction). All tests of a report are corrected together (Holm).
Only a difference that is both significant and large enough to matter makes a week depart.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

TASKS = ("intent", "theme", "sentiment")
LEAST_COMMENTS = 10  # of a week that is judged
_REFERENCE_COMMENTS = 200  # that the weeks at the start should hold together
_OF_ONE_WEEK = 50  # that count among these, so that a week of outrage is not what the others are held against
_POOLED = 5  # expected count below which a label is pooled with other rare ones
_SIGNIFICANT = 0.05
_SHARE = 0.05  # of units or words, by which a share must grow to matter
_BITS = 0.02  # of Jensen–Shannon divergence


@dataclass(frozen=True, slots=True)
class CommentSample:
    """What is looked at of one comment."""

    id: str
    labels: tuple[tuple[str, str, str], ...]  # (intent, theme, sentiment) of each unit
    confidences: tuple[float, ...]  # of each unit, 0 to 1
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a week beside that of the reference."""

    value: float
    reference: float
    p: float | None  # corrected for all tests of the report; None where nothing is tested
    departs: bool


@dataclass(frozen=True, slots=True)
class WeekDrift:
    week: str
    comments: int
    units: int
    reference: bool  # one of the weeks at the start, against which the others are held
    confidence: float | None  # mean over units
    measures: Mapping[str, Measure] = field(
        default_factory=dict
    )  # unsure, unknown_words, intent, theme, sentiment
    grown: Mapping[str, tuple[tuple[str, float, float], ...]] = field(default_factory=dict)
    # task → (label, share before, share now) of those that grew most
    new_words: tuple[
        tuple[str, int], ...
    ] = ()  # (word, comments) that the reference lacks, most frequent first

    @property
    def judged(self) -> bool:
        return bool(self.measures)

    @property
    def departs(self) -> bool:
        return any(measure.departs for measure in self.measures.values())


def compare_weeks(
    weeks: Mapping[str, Sequence[CommentSample]], *, least_confidence: float
) -> list[WeekDrift]:
    """One WeekDrift for each of `weeks` (name → comments, oldest first).

    The first weeks with together 200 comments, of a week at most 50, are the reference; they are at most half
    of all weeks.
    """
    names = list(weeks)
    first = _reference(weeks)
    base = [comment for name in first for comment in _some(weeks[name])]
    known = frozenset(word for comment in base for word in comment.words)
    unknown_before = _unknown_within(base)
    found: dict[str, dict[str, Measure]] = {}
    tests: dict[tuple[str, str], float] = {}
    judged = [name for name in names if name not in first and base and len(weeks[name]) >= LEAST_COMMENTS]
    for name in judged:
        now = weeks[name]
        spread = max(1.0, _units(now) / len(now))
        shares = {
            "unsure": (_unsure(now, least_confidence), _unsure(base, least_confidence)),
            "unknown_words": (_unknown(now, known), unknown_before),
        }
        found[name] = {}
        for key, (one, other) in shares.items():
            p = _p_value(np.array([one, other], float), spread)
            found[name][key] = Measure(
                _ratio(*one), _ratio(*other), p, _ratio(*one) - _ratio(*other) >= _SHARE
            )
        for task, label in enumerate(TASKS):
            table = _table(now, base, task)
            divergence = jensen_shannon(table[0], table[1])
            found[name][label] = Measure(divergence, 0.0, _p_value(table, spread), divergence >= _BITS)
        tests |= {(name, key): m.p for key, m in found[name].items() if m.p is not None}
    corrected = _holm(tests)
    return [
        WeekDrift(
            week=name,
            comments=len(weeks[name]),
            units=_units(weeks[name]),
            reference=name in first,
            confidence=_mean([x for c in weeks[name] for x in c.confidences]),
            measures={
                key: Measure(m.value, m.reference, p, m.departs and p is not None and p < _SIGNIFICANT)
                for key, m in found.get(name, {}).items()
                for p in [corrected.get((name, key))]
            },
            grown=_grown(weeks[name], base) if name in found else {},
            new_words=_new_words(weeks[name], known) if name in found else (),
        )
        for name in names
    ]


def jensen_shannon(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Divergence of two rows of counts in bits, 0 to 1; 0 where one of them is empty."""
    if not one.sum() or not other.sum():
        return 0.0
    p, q = one / one.sum(), other / other.sum()
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = [np.where(r > 0, r * np.log2(r / middle), 0).sum() for r in (p, q)]
    return float(max(0.0, sum(bits) / 2))


def _reference(weeks: Mapping[str, Sequence[CommentSample]]) -> list[str]:
    first: list[str] = []
    for name in list(weeks)[: max(1, len(weeks) // 2)]:
        first.append(name)
        if sum(len(_some(weeks[other])) for other in first) >= _REFERENCE_COMMENTS:
            break
    return first


def _some(comments: Sequence[CommentSample]) -> Sequence[CommentSample]:
    """The same comments whatever their order."""
    return sorted(comments, key=lambda comment: (zlib.crc32(comment.id.encode()), comment.id))[:_OF_ONE_WEEK]


def _units(comments: Sequence[CommentSample]) -> int:
    return sum(len(comment.labels) for comment in comments)


def _unsure(comments: Sequence[CommentSample], least: float) -> tuple[int, int]:
    """`(units below, units not below)`."""
    below = sum(confidence < least for comment in comments for confidence in comment.confidences)
    return below, _units(comments) - below


def _unknown(comments: Sequence[CommentSample], known: frozenset[str]) -> tuple[int, int]:
    """`(words not known, words known)`, each word once a comment."""
    new = sum(len(comment.words - known) for comment in comments)
    return new, sum(len(comment.words) for comment in comments) - new


def _unknown_within(comments: Sequence[CommentSample]) -> tuple[int, int]:
    """What a comment of the reference would show: each is held against all others."""
    used = Counter(word for comment in comments for word in comment.words)
    new = sum(used[word] == 1 for comment in comments for word in comment.words)
    return new, sum(used.values()) - new


def _table(now: Sequence[CommentSample], base: Sequence[CommentSample], task: int) -> NDArray[np.float64]:
    rows = [
        Counter(labels[task] for comment in comments for labels in comment.labels) for comments in (now, base)
    ]
    names = sorted(set(rows[0]) | set(rows[1]))
    return np.array([[row[name] for name in names] for row in rows], float).reshape(2, len(names))


def _p_value(table: NDArray[np.float64], spread: float) -> float | None:
    """Of homogeneity; None where there is nothing to compare."""
    from scipy.stats import chi2, chi2_contingency

    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    rare = expected.min(axis=0) < _POOLED
    pooled = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)]) if rare.any() else table
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    if pooled.shape[1] < 2:
        return None
    result = chi2_contingency(pooled, correction=False)
    return float(chi2.sf(result.statistic / spread, result.dof))


def _holm(tests: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    corrected, worst = {}, 0.0
    for rank, key in enumerate(sorted(tests, key=lambda k: (tests[k], k))):
        worst = max(worst, min(1.0, tests[key] * (len(tests) - rank)))
        corrected[key] = worst
    return corrected


def _grown(
    now: Sequence[CommentSample], base: Sequence[CommentSample], most: int = 3
) -> dict[str, tuple[tuple[str, float, float], ...]]:
    found = {}
    for task, label in enumerate(TASKS):
        one, other = (
            Counter(labels[task] for comment in comments for labels in comment.labels)
            for comments in (now, base)
        )
        a, b = max(1, one.total()), max(1, other.total())
        shares = [
            (name, other[name] / b, one[name] / a) for name in one if one[name] / a - other[name] / b >= 0.01
        ]
        found[label] = tuple(sorted(shares, key=lambda s: (s[1] - s[2], s[0]))[:most])
    return found


def _new_words(
    now: Sequence[CommentSample], known: frozenset[str], most: int = 8
) -> tuple[tuple[str, int], ...]:
    used = Counter(word for comment in now for word in comment.words - known if len(word) > 1)
    return tuple(sorted(((w, n) for w, n in used.items() if n >= 3), key=lambda wn: (-wn[1], wn[0]))[:most])


def _ratio(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
