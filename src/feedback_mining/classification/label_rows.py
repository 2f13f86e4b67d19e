"""Labels on their way in and out of files: what a row says, whether it can be meant, and where its spans lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feedback_mining.classification.labelling import LabelledUnit


class Refusal(StrEnum):
    """Why a row is not taken in; `LabelRefused.values` are what was given and what was expected."""

    BAD_ROW = "bad_row"
    NO_TEXT = "no_text"
    AMBIGUOUS_ID = "ambiguous_id"
    OTHER_TEXT = "other_text"  # not the words that the store holds under this id
    NO_SPAN = "no_span"
    SPAN_NOT_IN_TEXT = "span_not_in_text"
    OVERLAPPING_SPANS = "overlapping_spans"
    MISSING_LABEL = "missing_label"
    UNKNOWN_INTENT = "unknown_intent"
    UNKNOWN_THEME = "unknown_theme"
    UNKNOWN_SENTIMENT = "unknown_sentiment"
    UNKNOWN_SIGNAL = "unknown_signal"
    NO_AUTHOR = "no_author"


class LabelRefused(ValueError):
    def __init__(self, reason: Refusal, *values: object, line: int | None = None) -> None:
        super().__init__(f"{reason}: {', '.join(map(str, values))}")
        self.reason, self.values, self.line = reason, tuple(map(str, values)), line


@dataclass(frozen=True, slots=True)
class GivenUnit:
    """A unit as a file has it: names as written, a span with or without its place."""

    span: str | None
    intent: str | None
    theme: str | None
    sentiment: str | None
    demand: str | None = None
    start: int | None = None  # code points, or UTF-16 units where those do not fit
    end: int | None = None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What a file says of one text."""

    line: int  # of the file, or the task's number
    units: tuple[GivenUnit, ...]
    id: str | None = None
    product: str | None = None
    text: str | None = None
    signals: tuple[str, ...] | None = None
    author: str | None = None
    time: datetime | None = None
    whole: bool = True
    with_demands: bool = False
    suggestion: str | None = None  # fingerprint of what the model had put into the row
    checked: bool = False  # a person says that it is right as it stands


@dataclass(frozen=True, slots=True)
class LabelTask:
    """One text with units, a person's or a model's, on its way to a file."""

    id: str
    text: str
    units: tuple[LabelledUnit, ...]
    product: str | None = None
    week: str | None = None
    signals: tuple[str, ...] | None = None
    why: str | None = None
    author: str | None = None  # None: it is a model's suggestion
    time: datetime | None = None
    whole: bool = True
    with_demands: bool = False
    confidence: float | None = None  # of the least sure unit

    @property
    def suggestion(self) -> str | None:
        return fingerprint(self.units, self.signals) if self.author is None else None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """kind (intent, theme, sentiment, signal) → every name that is understood → its id."""

    names: Mapping[str, Mapping[str, str]]

    def id(self, kind: str, name: str) -> str:
        """Raises LabelRefused with the ids that exist."""
        known = self.names[kind]
        found = known.get(name.strip().casefold())
        if found is None:
            raise LabelRefused(Refusal(f"unknown_{kind}"), name, ", ".join(dict.fromkeys(known.values())))
        return found

    def kind_of(self, name: str) -> str | None:
        """The kind of label that a name belongs to, None for an unknown name."""
        key = name.strip().casefold()
        return next((kind for kind, known in self.names.items() if key in known), None)


def fingerprint(units: Sequence[LabelledUnit], signals: Sequence[str] | None) -> str:
    """Changes with anything that the labels say."""
    said = [[u.start, u.end, u.intent, u.theme, u.sentiment, u.demand] for u in units]
    return hashlib.sha256(json.dumps([said, sorted(signals or ())]).encode()).hexdigest()[:8]


def understood(row: LabelRow, text: str, vocabulary: Vocabulary) -> tuple[LabelledUnit, ...]:
    """The row's units by their place in `text`, in order. Raises LabelRefused for the first that cannot be."""
    found: list[LabelledUnit] = []
    for number, unit in enumerate(row.units, 1):
        labels: dict[str, str] = {}
        for kind in ("intent", "theme", "sentiment"):
            name = getattr(unit, kind)
            if not name:
                raise LabelRefused(Refusal.MISSING_LABEL, number, kind)
            labels[kind] = vocabulary.id(kind, name)
        start, end = _place(unit, number, text, [(u.start, u.end) for u in found])
        for other in found:
            if start < other.end and other.start < end:
                raise LabelRefused(Refusal.OVERLAPPING_SPANS, text[other.start : other.end], text[start:end])
        found.append(LabelledUnit(start, end, demand=unit.demand or None, **labels))
    return tuple(sorted(found, key=lambda u: u.start))


def understood_signals(row: LabelRow, vocabulary: Vocabulary) -> tuple[str, ...] | None:
    if row.signals is None:
        return None
    return tuple(sorted({vocabulary.id("signal", name) for name in row.signals}))


def _place(unit: GivenUnit, number: int, text: str, taken: Sequence[tuple[int, int]]) -> tuple[int, int]:
    span = unit.span.strip() if unit.span else ""
    start, end = unit.start, unit.end
    if not span:
        if start is None or end is None or not 0 <= start < end <= len(text) or not text[start:end].strip():
            raise LabelRefused(Refusal.NO_SPAN, number)
        return start, end
    lead = len(unit.span or "") - len((unit.span or "").lstrip())
    if start is not None:
        for place in (start + lead, _from_utf16(text, start) + lead):
            if place >= 0 and text[place : place + len(span)] == span:
                return place, place + len(span)
    places = _occurrences(text, span)
    if not places:
        raise LabelRefused(Refusal.SPAN_NOT_IN_TEXT, span)
    if start is not None:
        place = min(places, key=lambda p: abs(p - (start or 0)))
    else:  # the same words twice mean their next occurrence
        free = (p for p in places if not any(p < b and a < p + len(span) for a, b in taken))
        place = next(free, places[0])
    return place, place + len(span)


def _occurrences(text: str, span: str) -> list[int]:
    found: list[int] = []
    place = text.find(span)
    while place >= 0:
        found.append(place)
        place = text.find(span, place + 1)
    return found


def _from_utf16(text: str, offset: int) -> int:
    """The place of a UTF-16 offset: older versions of Label Studio count an emoji as two."""
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * offset].decode("utf-16-le", "ignore"))
