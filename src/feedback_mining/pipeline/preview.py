"""What an import of files would read, with nothing written: kind, encoding, columns and counts of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from feedback_mining.errors import InputError
from feedback_mining.pipeline.ingest import masked, open_files
from feedback_mining.records import Quarantined
from feedback_mining.settings import Settings
from feedback_mining.sources.rows import FileReading

_STEP = 200


@dataclass(frozen=True, slots=True)
class FilePreview:
    """`rows == comments + replies + sum(quarantined.values())`; duplicates are only known to a store."""

    name: str
    reading: FileReading | None  # None where the file cannot be used
    problem: str = ""
    rows: int = 0
    comments: int = 0
    replies: int = 0  # official
    quarantined: Mapping[str, int] = field(default_factory=dict)


def preview_files(
    paths: Sequence[Path],
    *,
    product: str | None,
    settings: Settings,
    mapping: Mapping[str, str] | None = None,
    mappings: Path | None = None,
    lang: str = "zh",
    progress: Callable[[int], None] | None = None,
) -> Iterator[FilePreview]:
    """Read every file; one that cannot be used is told as such and keeps no other away."""
    for path in paths:
        try:
            (reading,) = open_files(
                [path], product=product, settings=settings, mapping=mapping, lang=lang, mappings=mappings
            )
        except InputError as error:
            yield FilePreview(path.name, None, str(error))
            continue
        yield _counted(path.name, reading, settings, progress)


def _counted(
    name: str, reading: FileReading, settings: Settings, progress: Callable[[int], None] | None
) -> FilePreview:
    rows = comments = replies = 0
    quarantined: Counter[str] = Counter()
    for row in masked(reading, b"", settings.zone, datetime.now(UTC)):
        rows += 1
        if isinstance(row, Quarantined):
            quarantined[str(row.reason)] += 1
        elif row.comment.official:
            replies += 1
        else:
            comments += 1
        if progress and rows % _STEP == 0:
            progress(_STEP)
    return FilePreview(name, reading, "", rows, comments, replies, dict(sorted(quarantined.items())))
