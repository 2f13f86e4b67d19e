"""How far a rank can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from feedback_mining.backlog.items import Item


def priority_of(item: Item, scaled: str = "", scale: float = 1.0) -> float:
    """The priority, 0 to 100, with the weight of the factor `scaled` multiplied by `scale`."""
    weights = [(f.weight * (scale if f.name == scaled else 1.0), f.value) for f in item.factors]
    total = sum(weight for weight, _ in weights)
    return 100 * sum(weight * value for weight, value in weights) / total if total else item.priority


def rank_ranges(items: Sequence[Item]) -> list[tuple[int, int]]:
    """For each item its best and worst rank (from 1) when any one factor's weight is halved or doubled.

    The rank it has in `items` always lies within.
    """
    best = list(range(1, len(items) + 1))
    worst = best[:]
    for name in sorted({factor.name for item in items for factor in item.factors}):
        for scale in (0.5, 2.0):
            priorities = [priority_of(item, name, scale) for item in items]
            order = sorted(range(len(items)), key=lambda k: (-round(priorities[k], 6), k))
            for rank, k in enumerate(order, start=1):
                best[k], worst[k] = min(best[k], rank), max(worst[k], rank)
    return list(zip(best, worst, strict=True))
