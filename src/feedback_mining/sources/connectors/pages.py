"""What every connector gives: pages of records, each with the cursor that holds once they are stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from feedback_mining.errors import SourceRefused
from feedback_mining.sources.addresses import shown
from feedback_mining.sources.feeds import records_reading
from feedback_mining.sources.http import Fetcher, Response
from feedback_mining.sources.rows import FileReading, RawComment, Row

Cursor = dict[str, Any]
UNCHANGED = 304
_REMEMBERED = 1_000  # validators


@dataclass(frozen=True, slots=True)
class Page:
    """`records` are as the API gives them, or have the fields of RawComment; None: unchanged, nothing was sent."""

    name: str
    source: str
    sha256: str
    records: Sequence[Any] | None
    cursor: Cursor = field(default_factory=dict)

    def reading(
        self, product: str, *, zone: ZoneInfo, lang: str, now: datetime, instance: str | None = None
    ) -> FileReading:
        """instance: goes in front of every id, for a product that two sites of one kind feed."""
        reading = records_reading(
            self.records or [],
            product=product,
            source=self.source,
            zone=zone,
            sha256=digest(self.sha256.encode(), instance.encode()) if instance else self.sha256,
            lang=lang,
            now=now,
        )
        if not reading.mapping:
            reading.mapping = {name: name for name in reading.columns}
        if not self.records:
            reading.notices.clear()  # a feed without news is no remark
        if instance:
            reading.rows = (_of_instance(row, instance) for row in reading.rows)
        return reading


Pages = Iterator[Page]


class Visits:
    """Validators (ETag, Last-Modified) of pages whose rows are stored, with what followed on each of them."""

    def __init__(self, fetcher: Fetcher, kept: Mapping[str, Any] | None) -> None:
        self._fetcher = fetcher
        self._kept: dict[str, dict[str, Any]] = dict(kept or {})

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (200,),
    ) -> Response:
        """As `Fetcher.get`; the status is UNCHANGED where the page is as it was when `keep` was called."""
        known = self._kept.get(_name(url, params), {})
        conditions = {"If-None-Match": known.get("etag"), "If-Modified-Since": known.get("modified")}
        sent = {**(headers or {}), **{name: value for name, value in conditions.items() if value}}
        return self._fetcher.get(
            url, params=params, headers=sent, accept=(*accept, UNCHANGED) if known else accept
        )

    def keep(
        self,
        url: str,
        response: Response,
        following: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Put `state()` into a cursor only when the page's rows are stored with it."""
        name = _name(url, params)
        self._kept.pop(name, None)
        etag, modified = response.headers.get("etag"), response.headers.get("last-modified")
        if etag or modified:
            entry = {"etag": etag, "modified": modified, "next": following}
            self._kept[name] = {key: value for key, value in entry.items() if value}

    def following(self, url: str) -> Any:
        return self._kept.get(_name(url, None), {}).get("next")

    def state(self) -> Cursor:
        """The part of a cursor that holds what is known."""
        return {"visits": dict(list(self._kept.items())[-_REMEMBERED:])} if self._kept else {}


def _name(url: str, params: Mapping[str, Any] | None) -> str:
    # Addresses may carry what is secret.
    whole = f"{url}?{urlencode(params, doseq=True)}" if params else url
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def _of_instance(row: Row, instance: str) -> Row:
    if not isinstance(row, RawComment):
        return row
    return replace(
        row,
        id=f"{instance}/{row.id}" if row.id else None,
        parent=f"{instance}/{row.parent}" if row.parent else None,
    )


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\x1f".join(parts)).hexdigest()


def json_of(response: Response) -> Any:
    """Raises SourceRefused where the answer is not JSON, such as the login page of a proxy."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        raise SourceRefused(f"{shown(response.url)}: the answer is not JSON; check base_url") from None


def member(record: Any, *path: str) -> Any:
    """`record[a][b]…`, None where anything on the way is missing or of another shape."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def records_of(value: Any) -> list[dict[str, Any]]:
    """A list of objects out of a list, a single object or nothing."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]
