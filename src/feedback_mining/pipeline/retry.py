"""Read files once more for the sake of the rows that were refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from feedback_mining.errors import InputError
from feedback_mining.pipeline.ingest import author_key, counted, masked, open_files
from feedback_mining.settings import Settings
from feedback_mining.sources.rows import FileReading
from feedback_mining.storage import ImportCounts, Store


@dataclass(frozen=True, slots=True)
class RetryReport:
    """What became of one file's refused rows."""

    name: str
    product: str
    counts: ImportCounts


def retry_files(
    paths: Sequence[Path],
    store: Store,
    *,
    product: str | None,
    settings: Settings,
    mapping: Mapping[str, str] | None = None,
    mappings: Path | None = None,
    progress: Callable[[int], None] | None = None,
    lang: str = "zh",
) -> list[RetryReport]:
    """Take in the rows that were refused when these files were imported, where they can be read now.

    Files are known by their bytes, whatever they are called. Without `product` every product is meant for
    which a file was imported. Other rows stay as they are, so that a new `mapping` changes only refused ones.
    Raises InputError, before anything is written, for a file that cannot be read or was not imported.
    """

    def opened(paths: Sequence[Path], product: str | None) -> list[FileReading]:
        return open_files(
            paths, product=product, settings=settings, mapping=mapping, lang=lang, mappings=mappings
        )

    plan: list[tuple[Path, str]] = []
    for path, reading in zip(paths, opened(paths, product), strict=True):
        known = store.products_of(reading.sha256)
        wanted = known if product is None else [name for name in known if name == product]
        if not wanted:
            where = f"for {', '.join(known)}, not for {product!r}" if known else "into this store"
            raise InputError(
                f"{path.name}: these bytes were {'imported ' if known else 'never imported '}{where}; "
                f"run: feedback-mining import"
            )
        plan += [(path, name) for name in wanted]
    key = author_key(store, settings)
    reports = []
    for path, name in plan:
        (reading,) = opened([path], name)
        rows = counted(masked(reading, key, settings.zone, datetime.now(UTC)), progress)
        reports.append(RetryReport(path.name, name, store.retry(name, reading.sha256, rows)))
    return reports
