"""Which column holds what, told by what is in it where its header does not tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.sources.cells import cell_text
from feedback_mining.sources.times import parse_time

_WORDS = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]{2,} [A-Za-z]{2,}")
_ENOUGH = 0.9  # of the filled cells
_MIN_MEAN = 4  # characters of a comment, on average
_SEEN = 5  # filled cells, at least
_HALF = 0.5
_VERSION = re.compile(r"[vV]?\d{1,3}\.\d{1,4}\.\d{1,6}(?:\.\d{1,6})?(?:[ (+-].{0,20})?")
_COUNT = re.compile(r"\d{1,9}|\d{1,4}(?:\.\d)?[万w千kK]\+?")
_HIDDEN_NAME = re.compile(r"[^*]{0,12}\*{2,}[^*]{0,12}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{11,63}")
_ID_NAME = re.compile(r"(?:id|uuid|guid|key|编号|序列号|流水号|主键)$", re.IGNORECASE)
_OTHER_ID = re.compile(
    r"user|uid|open|union|account|member|customer|author|device|order|product|goods|item|sku|shop|store|app"
    r"|session|parent|root|video|note|用户|会员|客户|账号|作者|设备|订单|商品|店|会话|父|视频",
    re.IGNORECASE,
)
_UTC = ZoneInfo("UTC")


def guess_columns(
    header: Sequence[str], sample: Sequence[Sequence[Any]], known: Mapping[str, str]
) -> dict[str, str]:
    """`known` (field → column) completed as the cells of `sample` suggest it.

    Text, time and rating are found in most files. Version, likes, author and id only where hardly anything
    else looks like that: no column is better than a wrong one.
    """
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
    free = {name: cells for name, cells in free.items() if name not in found.values()}
    for field, fits in _TELLING.items():
        names = [name for name, cells in free.items() if len(cells) >= _SEEN and fits(name, cells)]
        if field not in found and len(names) == 1:
            found[field] = names[0]
            del free[names[0]]
    return found


def _is_version(_: str, cells: Sequence[str]) -> bool:
    told = _share(bool(_VERSION.fullmatch(cell)) and not is_time(cell) for cell in cells) >= _ENOUGH
    return told and not all(cell.count(".") == 3 for cell in cells)  # addresses of computers


def _is_count(_: str, cells: Sequence[str]) -> bool:
    """Bare numbers may be anything; "1.2万" is a number that people pressed a button for."""
    return any(not cell.isdigit() for cell in cells) and all(_COUNT.fullmatch(cell) for cell in cells)


def _is_author(_: str, cells: Sequence[str]) -> bool:
    return _share(bool(_HIDDEN_NAME.fullmatch(cell)) for cell in cells) >= _HALF


def _is_id(name: str, cells: Sequence[str]) -> bool:
    """By the header too: numbers of users or orders, all different in a sample, come again later."""
    own = _ID_NAME.search(name) and not _OTHER_ID.search(name)
    long = all(_ID.fullmatch(cell) and any(c.isdigit() for c in cell) for cell in cells)
    return bool(own) and long and len(set(cells)) == len(cells) and not all(map(is_time, cells))


_TELLING: dict[str, Callable[[str, Sequence[str]], bool]] = {
    "version": _is_version,
    "likes": _is_count,
    "author": _is_author,
    "id": _is_id,
}


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
