"""What every connector gives: pages of rows, each with the cursor that holds once its rows are stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.errors import SourceRefused
from feedback_mining.sources.http import Fetcher, Response, shown
from feedback_mining.sources.reader import RowReader
from feedback_mining.sources.rows import FileReading, Row

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


def row(line: int, zone: ZoneInfo, **values: Any) -> Row:
    """A comment, or the reason why it is none. `values` are cells by field name, as the source gives them."""
    return RowReader(zone).row(line, values)
