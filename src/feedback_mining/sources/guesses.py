"""Which column holds what, told by what is in it where its header does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.sources.cells import cell_text
from feedback_mining.sources.times import parse_time

_WORDS = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]{2,} [A-Za-z]{2,}")
_ENOUGH = 0.9  # of the filled cells
_MIN_MEAN = 4  # characters of a comment, on average
_UTC = ZoneInfo("UTC")


def guess_columns(
    header: Sequence[str], sample: Sequence[Sequence[Any]], known: Mapping[str, str]
) -> dict[str, str]:
    """`known` (field → column) completed by text, time and rating as the cells of `sample` suggest them."""
    found = dict(known)
    free: dict[str, list[str]] = {}
    for at, name in enumerate(header):
        cells = [cell_text(row[at]) for row in sample if at < len(row)]
        cells = [cell for cell in cells if cell]
        if name and cells and name not in found.values():
            free[name] = cells
    if "text" not in found:
        lengths = {
            name: sum(map(len, cells)) / len(cells)
            for name, cells in free.items()
            if _share(bool(_WORDS.search(cell)) for cell in cells) >= 0.5
        }
        best = max(lengths, key=lambda name: lengths[name], default=None)
        if best is not None and lengths[best] >= _MIN_MEAN:
            found["text"] = best
            del free[best]
    if "time" not in found:
        for name, cells in free.items():
            if _share(is_time(cell) for cell in cells) >= _ENOUGH:
                found["time"] = name
                break
    if "rating" not in found:
        for name, cells in free.items():
            few = len(cells) >= 5 and len(set(cells)) >= 2
            if few and found.get("time") != name and set(cells) <= {"1", "2", "3", "4", "5"}:
                found["rating"] = name
                break
    return found


def is_time(cell: str) -> bool:
    """Whether a cell is a time and could hardly be anything else."""
    try:
        parse_time(cell, _UTC)
    except ValueError:
        return False
    return not cell.isdigit() or len(cell) >= 10  # five digits may be anything


def _share(flags: Iterable[bool]) -> float:
    kept = list(flags)
    return sum(kept) / len(kept) if kept else 0.0
