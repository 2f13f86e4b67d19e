"""Plain records that travel between stages. They hold no behaviour beyond what their own fields tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Intent(StrEnum):
    SUGGESTION = "suggestion"
    BUG = "bug"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    QUESTION = "question"
    OTHER = "other"


ACTIONABLE = frozenset({Intent.SUGGESTION, Intent.BUG, Intent.COMPLAINT})


class Sentiment(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Signal(StrEnum):
    ADVOCACY = "advocacy"
    CHURN = "churn"
    HELPING = "helping"


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment of one user. `text` is title and body joined by a newline, with personal data masked."""

    id: str
    product: str
    source: str
    text: str
    time: datetime  # aware, UTC
    author: str | None = None  # keyed hash, never a name
    rating: int | None = None  # stars, 1 to 5
    version: str | None = None
    likes: int | None = None
    reply: str | None = None  # the vendor's answer, never mined as an opinion
    url: str | None = None
    line: int = 0  # row of the file, counted from 1, header included
    parent: str | None = None  # id of the comment that this one answers
    official: bool = False  # written by the product's own team: kept as a reply, never mined
    deleted: bool = False  # taken down by its author or the platform; it still counts as said


@dataclass(frozen=True, slots=True)
class Revision:
    """Earlier words of a comment that was edited, or that an older export still had."""

    comment: str
    text: str
    time: datetime  # aware, UTC
    rating: int | None = None
    version: str | None = None


class QuarantineReason(StrEnum):
    EMPTY_TEXT = "empty_text"
    BAD_TIME = "bad_time"
    TOO_LONG = "too_long"
    BAD_ROW = "bad_row"  # cannot be parsed at all
    NOT_A_COMMENT = "not_a_comment"  # a footer, a system message, a picture without words


class DuplicateReason(StrEnum):
    SAME_ID = "same_id"
    SAME_TEXT = "same_text"  # same author, same words, same day


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that was read and not stored, so that nothing is lost in silence."""

    line: int
    reason: QuarantineReason
    detail: str
    raw: str  # the row as JSON, personal data masked, at most 2,000 characters


@dataclass(frozen=True, slots=True)
class Unit:
    """One opinion about one aspect with one intent: `text == comment.text[start:end]`."""

    comment: str
    start: int
    end: int
    text: str
    intent: Intent
    theme: str
    sentiment: Sentiment
    confidence: float  # probability that all three labels are right, 0 to 1
    specific: bool = True  # definite enough to be one ticket

    @property
    def id(self) -> str:
        return f"{self.comment}:{self.start}"

    @property
    def actionable(self) -> bool:
        return self.intent in ACTIONABLE


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the models read out of one comment."""

    comment: str
    units: tuple[Unit, ...]
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """A need that a product manager would file as one ticket; `id` survives weeks and renames."""

    id: str
    product: str
    title: str
    theme: str
    intent: Intent
    founded: str  # ISO week in which its first unit was said
    keywords: tuple[str, ...] = field(default=())
