"""What the table of `make bench-quality` is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    section: str
    measure: str
    ours: str
    floor: str = "–"
    goal: str = "–"  # what was aimed at, then what can be reached at most, where either is known
    held_out: str = ""  # what none of the training has seen


def table(rows: Iterable[Row]) -> str:
    """Markdown."""
    lines = [
        "| | measure | ours | floor | target / ceiling | held out |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    before = None
    for row in rows:
        section = row.section if row.section != before else ""
        lines.append(
            f"| {section} | {row.measure} | {row.ours} | {row.floor} | {row.goal} | {row.held_out} |"
        )
        before = row.section
    return "\n".join(lines)
