"""What every connector gives: pages of rows, each with the cursor that holds once its rows are stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.errors import SourceRefused
from feedback_mining.records import Quarantined, QuarantineReason
from feedback_mining.sources.cells import cell_text, parse_author, parse_count, parse_id, parse_rating
from feedback_mining.sources.http import Fetcher, Response, shown
from feedback_mining.sources.privacy import mask_personal_data
from feedback_mining.sources.rows import MAX_TEXT, FileReading, RawComment, Row
from feedback_mining.sources.times import parse_time

Cursor = dict[str, Any]
_MAPPING = {name: name for name in ("text", "title", "id", "author", "time", "rating", "url")}


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    source: str
    sha256: str
    rows: tuple[Row, ...]
    cursor: Cursor = field(default_factory=dict)

    def reading(self, product: str) -> FileReading:
        return FileReading(product, self.source, dict(_MAPPING), None, self.sha256, iter(self.rows))


Pages = Iterator[Page]


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\x1f".join(parts)).hexdigest()


def json_of(response: Response) -> Any:
    """Raises SourceRefused where the answer is not JSON, such as the login page of a proxy."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        raise SourceRefused(f"{shown(response.url)}: the answer is not JSON; check base_url") from None


def get_json(fetcher: Fetcher, url: str, **options: Any) -> tuple[Any, Response]:
    response = fetcher.get(url, **options)
    return json_of(response), response


def member(record: Any, *path: str) -> Any:
    """`record[a][b]…`, None where anything on the way is missing or of another shape."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def records_of(value: Any) -> list[dict[str, Any]]:
    """A list of objects out of a list, a single object or nothing."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def row(line: int, zone: ZoneInfo, *, official: bool = False, **values: Any) -> Row:
    """A comment, or the reason why it is none. `values` are cells by field name, as the source gives them."""
    body, title = cell_text(values.get("text")), cell_text(values.get("title"))
    text = f"{title}\n{body}" if title and body and title != body else body or title
    if official:
        return refused(line, QuarantineReason.NOT_A_COMMENT, "written by the product's own team", text)
    if not text:
        return refused(line, QuarantineReason.EMPTY_TEXT, "no words", "")
    if len(text) > MAX_TEXT:
        why = f"{len(text)} characters, at most {MAX_TEXT} are read"
        return refused(line, QuarantineReason.TOO_LONG, why, text)
    try:
        time = parse_time(values["time"], zone)
    except (ValueError, KeyError):
        return refused(line, QuarantineReason.BAD_TIME, "the time cannot be read", text)
    number = parse_id(values.get("id"))
    return RawComment(
        line=line,
        text=text,
        id=number if number and len(number) <= 200 else None,
        author=parse_author(values.get("author")),
        time=time,
        rating=parse_rating(values.get("rating")),
        version=cell_text(values.get("version"))[:60] or None,
        likes=parse_count(values.get("likes")),
        title=title or None,
        url=cell_text(values.get("url"))[:2_000] or None,
        parent=parse_id(values.get("parent")),
    )


def refused(line: int, reason: QuarantineReason, detail: str, text: str) -> Quarantined:
    return Quarantined(line, reason, detail, mask_personal_data(text[:2_000])[:2_000])
