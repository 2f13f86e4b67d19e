"""How far annotators agree: Cohen's kappa of two, Krippendorff's alpha of all.

Annotators cut comments differently, so that units are first paired: two are about the same thing when they
share at least half of the characters that either has. What has no counterpart counts in `paired`, not in the
coefficients.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from feedback_mining.classification.labelling import LabelledUnit

TASKS = ("intent", "theme", "sentiment")
_SAME = 0.5


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two annotators over the texts that both labelled; a coefficient is None where all labels are equal."""

    authors: tuple[str, str]
    texts: int
    units: int  # of both together
    paired: float  # share of the units that have a counterpart, 0 to 1
    same: Mapping[str, float]  # task → share of the pairs with equal labels
    kappa: Mapping[str, float | None]  # task → Cohen's kappa


Texts = Mapping[Any, Sequence[LabelledUnit]]  # text → one annotator's units


def pairwise_agreement(authors: Mapping[str, Texts]) -> list[Agreement]:
    """Every two annotators with a text in common, by name."""
    found: list[Agreement] = []
    for one, other in combinations(sorted(authors), 2):
        shared = [text for text in authors[one] if text in authors[other]]
        pairs = [p for t in shared for p in _pairs(authors[one][t], authors[other][t])]
        units = sum(len(authors[name][text]) for name in (one, other) for text in shared)
        if not shared:
            continue
        labels = {task: [(getattr(a, task), getattr(b, task)) for a, b in pairs] for task in TASKS}
        found.append(
            Agreement(
                (one, other),
                len(shared),
                units,
                2 * len(pairs) / units if units else 1.0,
                {task: sum(a == b for a, b in p) / len(p) if p else 0.0 for task, p in labels.items()},
                {task: cohen_kappa(p) for task, p in labels.items()},
            )
        )
    return found


def overall_agreement(authors: Mapping[str, Texts]) -> dict[str, float | None]:
    """task → Krippendorff's alpha of all annotators, over units of the texts that at least two labelled.

    The units of a text are lined up with those of its first annotator by name.
    """
    items: list[list[LabelledUnit]] = []
    for text in sorted({t for texts in authors.values() for t in texts}, key=str):
        given = [authors[name][text] for name in sorted(authors) if text in authors[name]]
        if len(given) < 2:
            continue
        rows = {(u.start, u.end): [u] for u in given[0]}
        for units in given[1:]:
            for own, their in _pairs(given[0], units):
                rows[(own.start, own.end)].append(their)
        items += rows.values()
    return {task: krippendorff_alpha([[getattr(u, task) for u in item] for item in items]) for task in TASKS}


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen (1960); None where there is nothing to tell apart."""
    if len({label for pair in pairs for label in pair}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(*zip(*pairs, strict=True)))


def krippendorff_alpha(items: Sequence[Sequence[str]]) -> float | None:
    """Krippendorff's alpha for nominal labels; items with fewer than two labels do not count.

    None where there is nothing to tell apart.
    """
    rated = [Counter(item) for item in items if len(item) > 1]
    totals = sum(rated, Counter[str]())
    number = totals.total()
    expected = number**2 - sum(count**2 for count in totals.values())
    if not expected:
        return None
    observed = sum(
        (item.total() ** 2 - sum(count**2 for count in item.values())) / (item.total() - 1) for item in rated
    )
    return 1 - (number - 1) * observed / expected


def _pairs(
    one: Sequence[LabelledUnit], other: Sequence[LabelledUnit]
) -> list[tuple[LabelledUnit, LabelledUnit]]:
    """Units of the same thing, each in one pair at most, the most alike first."""
    alike = sorted(
        ((_shared(a, b), i, j) for i, a in enumerate(one) for j, b in enumerate(other)),
        key=lambda found: (-found[0], found[1], found[2]),
    )
    left, right = set(range(len(one))), set(range(len(other)))
    pairs: list[tuple[LabelledUnit, LabelledUnit]] = []
    for share, i, j in alike:
        if share >= _SAME and i in left and j in right:
            left.remove(i)
            right.remove(j)
            pairs.append((one[i], other[j]))
    return pairs


def _shared(one: LabelledUnit, other: LabelledUnit) -> float:
    """Jaccard similarity of the characters' places."""
    both = min(one.end, other.end) - max(one.start, other.start)
    return both / (max(one.end, other.end) - min(one.start, other.start)) if both > 0 else 0.0
