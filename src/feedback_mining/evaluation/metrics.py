"""How well analyses agree with annotations, comment by comment and unit by unit.

Sets of labels are compared per comment (micro F1 over comments, units of intent `other` left out). Units are
matched one to one by the overlap of their characters (bag F1 of at least 0.5, best first); a matched unit
counts for a label when it agrees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from feedback_mining.classification.labelling import LabelledComment
from feedback_mining.records import Analysis, Intent

_LABELS = ("intent", "theme", "sentiment")
_MATCHED = 0.5
_Pair = tuple[LabelledComment, Analysis]


def agreement_with(gold: Sequence[LabelledComment], found: Sequence[Analysis]) -> dict[str, float]:
    """Scores in [0, 1] by name; `found[k]` analyses `gold[k]`."""
    pairs = list(zip(gold, found, strict=True))
    scores = {
        "intent": _sets(pairs, lambda u: u.intent),
        "theme": _sets(pairs, lambda u: u.theme),
        "theme_sentiment": _sets(pairs, lambda u: (u.theme, u.sentiment)),
        "sentiment": _sets(pairs, lambda u: u.sentiment),
        "signals": _f1([(set(g.signals), {str(s) for s in a.signals}) for g, a in pairs]),
        **_units(pairs),
    }
    return {name: round(score, 4) for name, score in scores.items()}


def _sets(pairs: Sequence[_Pair], label: Callable[..., Hashable]) -> float:
    return _f1([({label(u) for u in _opinions(g)}, {label(u) for u in _opinions(a)}) for g, a in pairs])


def _opinions(comment: LabelledComment | Analysis) -> list[object]:
    return [u for u in comment.units if u.intent != Intent.OTHER]


def _f1(pairs: Sequence[tuple[set[Hashable] | set[str], set[Hashable] | set[str]]]) -> float:
    both = sum(len(set(a) & set(b)) for a, b in pairs)
    return _ratio(2 * both, sum(len(a) + len(b) for a, b in pairs))


def _units(pairs: Sequence[_Pair]) -> dict[str, float]:
    agreed: Counter[str] = Counter()
    total = 0
    for gold, found in pairs:
        wanted = [u for u in gold.units if u.intent != Intent.OTHER]
        given = [u for u in found.units if u.intent != Intent.OTHER]
        total += len(wanted) + len(given)
        overlaps = sorted(
            (
                (_overlap(gold.text[w.start : w.end], g.text), i, j)
                for i, w in enumerate(wanted)
                for j, g in enumerate(given)
            ),
            reverse=True,
        )
        left, right = set(range(len(wanted))), set(range(len(given)))
        for overlap, i, j in overlaps:
            if overlap >= _MATCHED and i in left and j in right:
                left.remove(i)
                right.remove(j)
                same = [getattr(wanted[i], name) == getattr(given[j], name) for name in _LABELS]
                agreed.update(["unit_span", *(["unit_all"] if all(same) else [])])
    return {name: _ratio(2 * agreed[name], total) for name in ("unit_span", "unit_all")}


def _overlap(one: str, other: str) -> float:
    shared = sum((Counter(one) & Counter(other)).values())
    return _ratio(2 * shared, len(one) + len(other))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
