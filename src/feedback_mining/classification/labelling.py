"""Annotated comments as the guideline's files hold them: what training and scoring read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback_mining.errors import UnreadableFile
from feedback_mining.records import Intent, Sentiment, Signal


@dataclass(frozen=True, slots=True)
class LabelledUnit:
    start: int
    end: int
    intent: str
    theme: str
    sentiment: str
    demand: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledComment:
    id: str
    text: str
    units: tuple[LabelledUnit, ...]
    signals: tuple[str, ...]
    weight: float = 1.0  # how much it counts in training
    with_demands: bool = False  # whether its units say which demand they belong to


def read_labels(paths: Iterable[Path], weight: float = 1.0) -> list[LabelledComment]:
    """Rows `{"id", "text", "units": [{"span", "intent", "theme", "sentiment", "demand"?}], "signals"}`.

    Raises UnreadableFile naming file and line where a row is not of that form.
    """
    found: list[LabelledComment] = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFile(
                f"{path} cannot be read ({type(error).__name__}); expected annotated comments as JSON Lines "
                "in UTF-8"
            ) from error
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                units = _locate(row["text"], row["units"])
                found.append(
                    LabelledComment(
                        str(row["id"]),
                        row["text"],
                        units,
                        tuple(str(Signal(signal)) for signal in row.get("signals", ())),
                        weight,
                        with_demands=any("demand" in unit for unit in row["units"]),
                    )
                )
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise UnreadableFile(
                    f"{path.name} line {number} is not an annotated comment ({error!r}); expected id, text "
                    "and units with span, intent, theme, sentiment by the guideline, each span verbatim in the text"
                ) from error
    return found


def _locate(text: str, units: Sequence[dict[str, str]]) -> tuple[LabelledUnit, ...]:
    """Spans are given as substrings; the same words twice mean their next occurrence."""
    taken: list[tuple[int, int]] = []
    located: list[LabelledUnit] = []
    for unit in units:
        span = unit["span"]
        start = text.index(span)
        while any(start < end and begin < start + len(span) for begin, end in taken):
            again = text.find(span, start + 1)
            if again < 0:
                break
            start = again
        taken.append((start, start + len(span)))
        located.append(
            LabelledUnit(
                start,
                start + len(span),
                str(Intent(unit["intent"])),
                unit["theme"],
                str(Sentiment(unit["sentiment"])),
                unit.get("demand"),
            )
        )
    return tuple(sorted(located, key=lambda u: (u.start, u.end)))
