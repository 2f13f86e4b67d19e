"""What a file gives: rows as read, before masking and before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from feedback_mining.records import Quarantined

FIELDS = ("text", "title", "id", "author", "time", "rating", "version", "likes", "reply", "url")
MAX_TEXT = 20_000  # characters; longer is a paste or a broken file, not a comment


@dataclass(frozen=True, slots=True)
class RawComment:
    """One comment with nothing masked: keep it out of stores and logs."""

    line: int  # row of the file from 1, header and banners included; in JSON the number of the record
    text: str  # title and body as read, joined by a newline
    id: str | None = None
    author: str | None = None  # display name as read
    time: datetime | None = None  # aware, UTC; None where the file has no time column
    rating: int | None = None
    version: str | None = None
    likes: int | None = None
    title: str | None = None
    reply: str | None = None
    url: str | None = None
    parent: str | None = None  # the source's id of the comment that this one answers
    official: bool = False  # written by the product's own team: stored as a reply, never mined
    deleted: bool = False  # the source says that its author or the platform took it down


Row = RawComment | Quarantined


@dataclass(slots=True)
class FileReading:
    """A file whose columns are understood; `rows` can be consumed once, `notices` may grow until then."""

    product: str
    source: str  # qimai, txc, wechat, … or file
    mapping: dict[str, str]  # field → column
    encoding: str | None  # of a text file
    sha256: str
    rows: Iterator[Row]
    notices: list[str] = field(default_factory=list)
    columns: tuple[str, ...] = ()  # the header as read
    recalled: bool = False  # the mapping is one that was saved for this header
