"""Ids that went through a spreadsheet, which keeps 15 digits of a number and makes the rest zeros."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from feedback_mining.sources.cells import cell_text, is_rounded_id

_EXACT = 15  # digits
_MANY = 5
_HALF = 0.5


@dataclass(slots=True)
class RoundedIds:
    """Takes rounded ids out of rows and counts them. `zeros` where numbers that end in zeros are such ids."""

    columns: tuple[str, ...]  # those of the ids; the first is the comment's own
    zeros: bool
    found: int = 0

    def clean(self, cells: dict[str, Any]) -> None:
        for column in self.columns:
            value = cells.get(column)
            if is_rounded_id(value) or (self.zeros and _ends_in_zeros(value)):
                cells[column] = None
                self.found += column == self.columns[0]


def were_rounded(ids: Iterable[Any]) -> bool:
    """Whether the long numbers among `ids` look as a spreadsheet saves them: by chance, few end in zeros."""
    long: Sequence[str] = [text for value in ids if len(text := cell_text(value)) > _EXACT and text.isdigit()]
    zeros = sum(_ends_in_zeros(text) for text in long)
    return zeros >= _MANY and zeros >= _HALF * len(long)


def _ends_in_zeros(value: Any) -> bool:
    text = cell_text(value)
    return len(text) > _EXACT and text.isdigit() and not text[_EXACT:].strip("0")
