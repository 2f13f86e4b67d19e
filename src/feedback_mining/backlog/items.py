"""What a week's backlog is made of; `as_json` gives the documented `backlog.json` (docs/backlog.schema.json)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason for a priority: priority = 100 · Σ weight · value / Σ weight."""

    name: str  # reach, severity, sentiment, momentum, recency, confidence
    value: float  # 0 to 1
    weight: float
    raw: float  # the measured quantity behind the value, e.g. 37 users


@dataclass(frozen=True, slots=True)
class EvidenceUnit:
    comment: str
    start: int
    end: int
    text: str
    week: str
    sentiment: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A representative comment with its unit marked: `text[start:end]` is the unit."""

    comment: str
    text: str
    start: int
    end: int
    time: str  # ISO 8601 with offset, in the product's zone
    rating: int | None
    version: str | None
    source: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said: `comment.text[start:end]`."""

    comment: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Said:
    """A clause in a user's own words, with everyone who said the like."""

    text: str
    users: int
    places: tuple[Place, ...]  # that of `text` first, then one of each other person
    word: str = ""  # the word that all of them used, where they were brought together by it


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    title: str
    theme: str
    intent: str
    status: str  # life cycle, decided by people: new until somebody decides
    trend: str  # new, surging, steady, cooling, returned, dormant
    priority: float  # 0 to 100
    factors: tuple[Factor, ...]
    users: int  # distinct authors in the window of weekly_counts
    mentions: int  # units in that window
    users_this_week: int
    units: tuple[EvidenceUnit, ...]  # every unit in the window, newest first
    first_seen: str  # ISO week, over the whole history
    last_seen: str
    weekly_counts: dict[str, int]  # week → mentions, oldest first, the backlog's week last
    change_vs_last_week: int  # mentions this week minus last week
    sentiment_mix: dict[str, int]  # negative, neutral, positive → units
    versions: dict[str, int]  # product version → units, where known
    quotes: tuple[Quote, ...]
    keywords: tuple[str, ...] = ()
    why: str = ""  # one sentence, in the report's language
    summary: tuple[Said, ...] = ()  # the need, and a circumstance that several tell with it
    merged_ids: tuple[str, ...] = ()  # demands that people merged into this one


@dataclass(frozen=True, slots=True)
class Alert:
    demand: str  # item id, or `theme:<theme>`
    title: str
    kind: str  # new, surging, returned
    rate: float  # share of this week's comments that mention it
    expected: float  # share expected from the weeks before
    p_value: float
    units: tuple[EvidenceUnit, ...]  # this week's
    since_version: str | None = None
    version_first_seen: str | None = None  # ISO week of the first comment on that version
    platform: str | None = None  # system or device that most of its comments name, e.g. iOS 8
    people: int = 0  # this week
    usual: float = 0.0  # people a week before


@dataclass(frozen=True, slots=True)
class Campaign:
    kind: str  # advertising, paid_praise, brigade, flood, phrase, one_author, marked
    comments: tuple[str, ...]
    evidence: str  # one sentence
    example: str = ""
    first: str = ""  # dates, ISO
    last: str = ""
    mean_rating: float | None = None
    id: str = ""  # from its first comment
    people: int = 0  # accounts
    ratings: dict[str, int] = field(default_factory=dict)  # stars → comments of the campaign
    usual_ratings: dict[str, int] = field(default_factory=dict)  # stars → the product's other comments


@dataclass(frozen=True, slots=True)
class Counts:
    """`rows_read = stored + duplicates + quarantined`, over the files that were imported for the product."""

    rows_read: int
    stored: int
    duplicates: int
    quarantined: int
    duplicates_by_reason: dict[str, int] = field(default_factory=dict)
    quarantined_by_reason: dict[str, int] = field(default_factory=dict)
    replies: int = 0  # stored, but the product team's own words: shown with comments, never mined
    near_duplicates: int = (
        0  # in the window, stored, but counted once with an earlier comment of the same author
    )
    campaign_comments: int = 0  # in the window, taken out of the count


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """The four numbers at the top of the report, and what they were over the window of weeks."""

    week: str
    comments: int
    people: int
    negative_share: float | None  # of the week's units with an opinion; None without any
    new_demands: int


@dataclass(frozen=True, slots=True)
class Praise:
    """Something that users like, grouped as demands are but kept apart from them."""

    theme: str
    title: str  # what is liked, in a user's words; empty for praise of nothing in particular
    users: int  # distinct authors in the window
    users_this_week: int
    mentions: int
    mentions_this_week: int
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Something that users want to know, grouped as demands are but kept apart from them."""

    theme: str
    title: str  # one of the questions, as it was asked
    users: int
    users_this_week: int
    mentions: int
    mentions_this_week: int
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class ThemeState:
    """How a whole theme moves; demands have their own trends."""

    theme: str
    trend: str  # as of an item
    people_this_week: int
    usual: float  # people a week before
    weekly_people: dict[str, int]  # week → people, oldest first


@dataclass(frozen=True, slots=True)
class Backlog:
    product: str
    week: str
    start: str  # dates, inclusive
    end: str
    timezone: str
    versions: dict[str, Any]  # code, taxonomy, dictionary, models
    counts: Counts
    figures: tuple[WeekFigures, ...]  # last twelve weeks, this week last
    items: tuple[Item, ...]  # by priority, highest first
    alerts: tuple[Alert, ...]
    campaigns: tuple[Campaign, ...]
    praise: tuple[Praise, ...] = ()
    questions: tuple[Question, ...] = ()  # those of most people this week first
    signals: dict[str, dict[str, int]] = field(
        default_factory=dict
    )  # week → advocacy/churn/helping → comments
    window_weeks: int = 12
    notices: tuple[str, ...] = ()  # e.g. a source that failed
    themes: tuple[ThemeState, ...] = ()  # most people this week first

    def as_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA_VERSION, **asdict(self)}
