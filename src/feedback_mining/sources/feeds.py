"""Raw objects of an API, from a connector or from a file of its answers → comments."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.sources.notices import notice
from feedback_mining.sources.reader import RowReader, unparsed
from feedback_mining.sources.rows import FileReading, Row
from feedback_mining.sources.shapes import SHAPES, Shape, shape_of, unwrap

_SAMPLE = 200


def records_reading(
    records: Iterable[Any],
    *,
    product: str,
    source: str,
    zone: ZoneInfo,
    sha256: str,
    lang: str = "zh",
    now: datetime | None = None,
    lenient: bool = False,
) -> FileReading:
    """The comments in `records`, which are pages as an API gives them or the single objects on them.

    source: txc, appstore, appstoreconnect, discourse, github, zendesk, googleplay, jd, mediacrawler, taptap;
    ids are the same as in a file of these objects. Another name reads objects whose keys are fields of
    RawComment. now: when they were fetched, for relative times.
    """
    single = (record for given in records for record in unwrap(given))
    head = list(itertools.islice(single, _SAMPLE))
    shape = shape_of(head)
    known = [known for known in SHAPES if known.source == source]
    if known and (shape is None or shape.source != source):
        shape = known[-1]
    notices = [] if head else [notice("no_record", lang)]
    rows = shaped_rows(itertools.chain(head, single), shape, RowReader(zone, lenient, now))
    mapping = dict(shape.fields) if shape else {}
    reading = FileReading(product, source, mapping, None, sha256, rows, notices)
    reading.columns = tuple(dict.fromkeys(str(k) for r in head if isinstance(r, Mapping) for k in r))
    return reading


def shaped_rows(
    records: Iterable[Any],
    shape: Shape | None,
    reader: RowReader,
    given: Mapping[str, str] | None = None,
) -> Iterator[Row]:
    """A row per comment; records of another kind of the same source (an event beside a post) included.

    given: field → path, as the user says, before what the shape says.
    """
    kin = [s for s in (shape, *SHAPES) if shape and s and s.source == shape.source]
    for line, record in enumerate(records, start=1):
        if not isinstance(record, Mapping):
            yield unparsed(line, json.dumps(record, ensure_ascii=False), "not a JSON object")
            continue
        own = next((s for s in kin if s.fits(record)), shape)
        for values in own.values(record, given) if own else (dict(record),):
            yield reader.row(line, values)
