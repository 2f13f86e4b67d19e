"""Annotated comments: what training and scoring read, and what people's labels in a store come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from feedback_mining.errors import UnreadableFile
from feedback_mining.records import Analysis, Intent, Sentiment, Signal, Unit


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
    whole: bool = True  # False where only some units were looked at: the rest of the text is unknown
    author: str | None = None  # the annotator
    time: datetime | None = None  # aware, of the latest label


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """What one annotator said, once, about one text; kept apart from what models say, never overwritten."""

    text: str
    units: tuple[LabelledUnit, ...]
    author: str
    time: datetime  # aware, UTC
    origin: str  # "cli", or the name of the imported file
    product: str | None = None
    comment: str | None = None  # id in the store; None for a text that the store does not hold
    signals: tuple[str, ...] | None = None  # None: nothing was said about them
    whole: bool = True  # False for a correction of single units
    with_demands: bool = False  # whether a unit without a demand is one that fits no ticket
    file_sha256: str | None = None
    confirms: bool = field(default=False, compare=False)  # was asked for: worth keeping if it says the same

    @property
    def text_sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, without who said it and when."""
        return (self.units, self.signals, self.whole, self.with_demands)


def in_force(labels: Iterable[HumanLabel]) -> list[HumanLabel]:
    """One label a text: the latest that covers the whole, with later corrections of its units laid over it.

    `labels` come oldest first; the result is in the order in which the texts were first labelled.
    """
    found: dict[tuple[str | None, str | None, str], HumanLabel] = {}
    for label in labels:
        key = (label.product, label.comment, label.text)
        before = found.get(key)
        found[key] = label if before is None or label.whole else _laid_over(before, label)
    return list(found.values())


def _laid_over(before: HumanLabel, later: HumanLabel) -> HumanLabel:
    kept = [u for u in before.units if not any(_overlap(u, other) for other in later.units)]
    units = sorted([*kept, *later.units], key=lambda u: (u.start, u.end))
    return replace(
        later,
        units=tuple(units),
        signals=before.signals if later.signals is None else later.signals,
        whole=before.whole,
        with_demands=before.with_demands and later.with_demands,
    )


def corrected(analysis: Analysis, label: HumanLabel, themes: Collection[str]) -> Analysis:
    """The analysis with a person's units in place of the model's; `label` is about the same text.

    A theme that is not among `themes` (of an older taxonomy) is left to the model.
    """
    models = {(u.start, u.end): u for u in analysis.units}
    units = [u for u in analysis.units if not label.whole and not any(_overlap(u, o) for o in label.units)]
    for said in label.units:
        near = models.get((said.start, said.end))
        theme = said.theme if said.theme in themes else near.theme if near else "general"
        definite = bool(said.demand) or (not label.with_demands and (near is None or near.specific))
        units.append(
            Unit(
                comment=analysis.comment,
                start=said.start,
                end=said.end,
                text=label.text[said.start : said.end],
                intent=Intent(said.intent),
                theme=theme,
                sentiment=Sentiment(said.sentiment),
                confidence=1.0,
                specific=definite,
            )
        )
    signals = analysis.signals if label.signals is None else tuple(Signal(s) for s in label.signals)
    return Analysis(analysis.comment, tuple(sorted(units, key=lambda u: (u.start, u.end))), signals)


def _overlap(one: LabelledUnit | Unit, other: LabelledUnit | Unit) -> bool:
    return one.start < other.end and other.start < one.end


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
