"""Files → store: read, take personal data out, store what is new, count the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from feedback_mining.errors import InputError, MissingColumn
from feedback_mining.records import Comment, Quarantined, QuarantineReason
from feedback_mining.settings import Settings
from feedback_mining.sources.files import FileReading, RawComment, read_comments
from feedback_mining.sources.identity import comment_id, own_words, sameness
from feedback_mining.sources.mappings import recall_mapping, remember_mapping
from feedback_mining.sources.notices import notice
from feedback_mining.sources.paths import expand_paths
from feedback_mining.sources.privacy import mask_personal_data, pseudonym
from feedback_mining.storage import Incoming, SourceFile, Store
from feedback_mining.text.clean import says_deleted, split_reply

_PROGRESS_STEP = 200
_PRODUCT_LIMIT = 200
_RAW_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of one file: `rows_read = stored + duplicates + quarantined`."""

    name: str  # of the file, or of the page of a feed
    product: str
    source: str
    mapping: dict[str, str]
    encoding: str | None
    rows_read: int
    stored: int
    duplicates: int
    quarantined: int
    duplicates_by_reason: dict[str, int]
    quarantined_by_reason: dict[str, int]
    notices: tuple[str, ...]
    already_imported: bool
    edited: int = 0  # of the duplicates: those whose newer words replaced the known ones
    recalled: bool = False  # the mapping is one that was saved for this header


@contextmanager
def expanded(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The files that folders, patterns and archives stand for; what was unpacked is removed at the end.

    Raises InputError and UnreadableFile as `expand_paths` does.
    """
    with TemporaryDirectory(prefix="feedback_mining_") as scratch:
        yield expand_paths(paths, Path(scratch))


def open_files(
    paths: Sequence[Path],
    *,
    product: str | None,
    settings: Settings,
    mapping: Mapping[str, str] | None = None,
    lang: str = "zh",
    lenient: bool = False,
    mappings: Path | None = None,
) -> list[FileReading]:
    """Open every file and find its columns; nothing is written. `lenient` is that of `read_comments`.

    `mappings` is a file of saved mappings: one that fits a file's header is used where `mapping` is None.
    Raises InputError for the first that cannot be used.
    """

    def opened(path: Path, mapping: Mapping[str, str] | None) -> FileReading:
        return read_comments(
            path, zone=settings.zone, product=product, mapping=mapping, lang=lang, lenient=lenient
        )

    def recalled(path: Path) -> FileReading:
        reading: FileReading | None = None
        try:
            reading = opened(path, None)
            columns = reading.columns
        except MissingColumn as error:
            if mappings is None or not recall_mapping(mappings, error.columns):
                raise
            columns = error.columns
        saved = recall_mapping(mappings, columns) if mappings else None
        if saved:
            reading = opened(path, saved)
            reading.recalled = True
        assert reading is not None
        return reading

    readings = [recalled(path) if mapping is None else opened(path, mapping) for path in paths]
    for path, reading in zip(paths, readings, strict=True):
        if not reading.product.strip() or len(reading.product) > _PRODUCT_LIMIT:
            raise InputError(
                f"{path.name}: {reading.product[:40]!r} cannot be a product's name; "
                f"expected 1 to {_PRODUCT_LIMIT} characters; give one with --product"
            )
    return readings


def import_files(
    paths: Sequence[Path],
    store: Store,
    *,
    product: str | None,
    settings: Settings,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[int], None] | None = None,
    now: datetime | None = None,
    lang: str = "zh",
    mappings: Path | None = None,
) -> list[ImportReport]:
    """Import files, one transaction each, after all of them have been opened and understood.

    `product` overrides the name that the file gives; without it each file may be about another one. `now` is
    the instant for comments of files without a column of times. `progress` is told how many rows were read
    since it was last called. A `mapping` that was given is saved in the file `mappings`.
    Raises InputError before anything is written, StoreError where the store fails.
    """
    readings = open_files(
        paths, product=product, settings=settings, mapping=mapping, lang=lang, mappings=mappings
    )
    names = [path.name for path in paths]
    reports = import_readings(
        names, readings, store, settings=settings, progress=progress, now=now, lang=lang
    )
    if mapping and mappings:
        remember(readings, mapping, mappings)
    return reports


def import_readings(
    names: Sequence[str],
    readings: Sequence[FileReading],
    store: Store,
    *,
    settings: Settings,
    progress: Callable[[int], None] | None = None,
    now: datetime | None = None,
    lang: str = "zh",
) -> list[ImportReport]:
    """Import files that `open_files` has opened, one transaction each."""
    return [
        import_reading(reading, store, name=name, settings=settings, progress=progress, now=now, lang=lang)
        for name, reading in zip(names, readings, strict=True)
    ]


def remember(readings: Sequence[FileReading], mapping: Mapping[str, str], mappings: Path) -> None:
    """Save `mapping` in the file `mappings`, for files with the same header as one of `readings`."""
    for reading in readings:
        remember_mapping(mappings, reading.columns, mapping)


def import_reading(
    reading: FileReading,
    store: Store,
    *,
    name: str,
    settings: Settings,
    progress: Callable[[int], None] | None = None,
    now: datetime | None = None,
    lang: str = "zh",
) -> ImportReport:
    """Import what was opened, a file or a page of a feed, in one transaction: all of it or nothing.

    Bytes with the same `sha256` that the product already has change nothing.
    """
    key = author_key(store, settings)
    file = SourceFile(name, reading.sha256, reading.source, reading.notices)
    rows = counted(masked(reading, key, settings.zone, now or datetime.now(UTC)), progress)
    result = store.add_import(reading.product, file, rows)
    counts = result.counts
    edited = [notice("edited", lang, counts.edited)] if counts.edited else []
    return ImportReport(
        name=name,
        product=reading.product,
        source=reading.source,
        mapping=reading.mapping,
        encoding=reading.encoding,
        rows_read=counts.rows_read,
        stored=counts.stored,
        duplicates=counts.duplicates,
        quarantined=counts.quarantined,
        duplicates_by_reason=dict(counts.duplicates_by_reason),
        quarantined_by_reason=dict(counts.quarantined_by_reason),
        notices=(*result.notices, *edited),
        already_imported=result.already_imported,
        edited=counts.edited,
        recalled=reading.recalled,
    )


def author_key(store: Store, settings: Settings) -> bytes:
    """What keys the pseudonyms of authors: the key of the settings, else the store's own."""
    return settings.author_key.get_secret_value().encode() if settings.author_key else store.author_key()


def masked(
    reading: FileReading, key: bytes, zone: ZoneInfo, now: datetime
) -> Iterator[Incoming | Quarantined]:
    """The file's rows as they may be stored: personal data masked, authors as pseudonyms."""
    times_known = "time" in reading.mapping
    occurrences: Counter[str] = Counter()
    for row in reading.rows:
        if isinstance(row, Quarantined):
            yield row
            continue
        words, quoted = split_reply(row.text)
        text = mask_personal_data(words)
        refusal: Quarantined | None = None
        own = own_words(text)
        if not own:
            raw = mask_personal_data(row.text)[:_RAW_LIMIT]
            refusal = Quarantined(row.line, QuarantineReason.EMPTY_TEXT, "no words of the user's own", raw)
            if not (row.deleted or says_deleted(row.text)):
                yield refusal
                continue
        author = pseudonym(row.author, key) if row.author else None
        yield Incoming(
            _comment(row, reading, (text, own, quoted), author, now),
            sameness(author=author, time=row.time, words=own, zone=zone, occurrence=occurrences[text]),
            has_id=row.id is not None,
            otherwise=refusal,
        )
        if not times_known and author is None:
            occurrences[text] += 1


def _comment(
    row: RawComment,
    reading: FileReading,
    words: tuple[str, str, str | None],
    author: str | None,
    now: datetime,
) -> Comment:
    """`words` are the user's, those without foreign regions, and the quoted reply."""
    text, own, quoted = words
    reply = row.reply or quoted
    return Comment(
        id=comment_id(reading.source, row.id, product=reading.product, time=row.time, words=own),
        product=reading.product,
        source=reading.source,
        text=text,
        time=row.time or now,
        author=author,
        rating=row.rating,
        version=row.version,
        likes=row.likes,
        reply=mask_personal_data(reply) if reply else None,
        url=row.url,
        line=row.line,
        parent=comment_id(reading.source, row.parent, product=reading.product, time=None)
        if row.parent
        else None,
        official=row.official,
        deleted=row.deleted or says_deleted(row.text),
    )


def counted(
    rows: Iterator[Incoming | Quarantined], progress: Callable[[int], None] | None
) -> Iterator[Incoming | Quarantined]:
    """The same rows; `progress` hears of them every now and then."""
    pending = 0
    for row in rows:
        yield row
        pending += 1
        if progress and pending == _PROGRESS_STEP:
            progress(pending)
            pending = 0
    if progress and pending:
        progress(pending)
