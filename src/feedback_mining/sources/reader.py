"""One row's raw values → a comment, or a refusal with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.records import Quarantined, QuarantineReason
from feedback_mining.sources.cells import cell_text, parse_author, parse_count, parse_id, parse_rating
from feedback_mining.sources.markup import plain_text
from feedback_mining.sources.privacy import mask_personal_data
from feedback_mining.sources.rows import MAX_TEXT, RawComment, Row
from feedback_mining.sources.times import parse_time

RAW_LIMIT = 2_000
_DELETED = re.compile(r"[（(]该条评论已经?被删除[）)]")


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads values, by field of RawComment. `now` is what relative times count from."""

    zone: ZoneInfo
    lenient: bool = False
    now: datetime | None = None

    def row(self, line: int, values: Mapping[str, Any]) -> Row:
        body, title = plain_text(cell_text(values.get("text"))), plain_text(cell_text(values.get("title")))
        text = f"{title}\n{body}" if title and body and title != body else body or title
        if why := values.get("refuse"):
            return refused(line, QuarantineReason.NOT_A_COMMENT, why, values)
        deleted = values.get("deleted") is True
        if not self.lenient and "该条评论已" in text:
            bare = _DELETED.sub("", text).strip()
            deleted = deleted or bare != text
            text = bare
        time = None
        if not self.lenient:
            if not text and not deleted:  # a deletion tells something about an id even without words
                return refused(line, QuarantineReason.EMPTY_TEXT, "no words", values)
            if len(text) > MAX_TEXT:
                why = f"{len(text)} characters, at most {MAX_TEXT} are read"
                return refused(line, QuarantineReason.TOO_LONG, why, values)
        if "time" in values:
            try:
                time = parse_time(values["time"], self.zone, self.now)
            except ValueError:
                if not self.lenient:
                    why = mask_personal_data(f"time {cell_text(values['time'])[:60]!r} cannot be read")
                    return refused(line, QuarantineReason.BAD_TIME, why, values)
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
            title=title or cell_text(values.get("context")) or None,
            reply=plain_text(cell_text(values.get("reply")))[:MAX_TEXT] or None,
            url=cell_text(values.get("url"))[:2_000] or None,
            parent=parse_id(values.get("parent")),
            official=values.get("official") is True,
            deleted=deleted,
        )


def refused(line: int, reason: QuarantineReason, detail: str, values: Mapping[str, Any]) -> Quarantined:
    # Columns that nobody mapped may hold anything about a person; the name itself is kept nowhere.
    kept = {
        field: cell_text(value)[:RAW_LIMIT]
        for field, value in values.items()
        if field not in {"author", "refuse"} and not isinstance(value, bool)
    }
    raw = json.dumps({f: v for f, v in kept.items() if v}, ensure_ascii=False)
    return Quarantined(line, reason, detail, mask_personal_data(raw)[:RAW_LIMIT])


def unparsed(line: int, raw: str, why: str) -> Quarantined:
    return Quarantined(
        line, QuarantineReason.BAD_ROW, why, mask_personal_data(cell_text(raw[: 2 * RAW_LIMIT])[:RAW_LIMIT])
    )
