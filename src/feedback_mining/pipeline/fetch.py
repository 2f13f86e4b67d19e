"""A feed → store, page by page: the rows first, then the cursor, so that a stop at any moment loses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from feedback_mining.errors import FetchError, InputError
from feedback_mining.pipeline.ingest import ImportReport, import_reading
from feedback_mining.records import DuplicateReason
from feedback_mining.settings import Settings
from feedback_mining.sources.connectors.apis import discourse, github, txc, zendesk
from feedback_mining.sources.connectors.config import (
    AppStoreConnect,
    AppStoreRss,
    Discourse,
    Forum,
    GitHub,
    SourceConfig,
    Txc,
    Zendesk,
    secret,
)
from feedback_mining.sources.connectors.forum import forum
from feedback_mining.sources.connectors.pages import Cursor, Pages
from feedback_mining.sources.connectors.stores import app_store_connect, app_store_rss
from feedback_mining.sources.http import Fetcher, Limits
from feedback_mining.storage import Store


@dataclass(slots=True)
class FetchReport:
    """What came of one source: `rows_read = stored + duplicates + quarantined`."""

    source: str
    product: str
    pages: int = 0
    unchanged: int = 0  # pages that the source says are as they were
    rows_read: int = 0
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    edited: int = 0  # of the duplicates: those whose newer words replaced the known ones
    duplicates_by_reason: Counter[str] = field(default_factory=Counter)
    quarantined_by_reason: Counter[str] = field(default_factory=Counter)
    cursor: Cursor = field(default_factory=dict)
    error: FetchError | None = None  # why it stopped early; what came before is stored

    def add(self, page: ImportReport) -> None:
        """Count what came of a page; one that was read before reports what came of it then."""
        new = 0 if page.already_imported else page.stored
        self.pages += 1
        self.rows_read += page.rows_read
        self.stored += new
        self.duplicates += page.duplicates + page.stored - new
        self.quarantined += page.quarantined
        self.edited += page.edited
        self.duplicates_by_reason.update(page.duplicates_by_reason)
        if page.already_imported:
            self.duplicates_by_reason[str(DuplicateReason.SAME_ID)] += page.stored
        self.quarantined_by_reason.update(page.quarantined_by_reason)


def fetch_source(
    config: SourceConfig,
    store: Store,
    *,
    settings: Settings,
    progress: Callable[[int], None] | None = None,
    lang: str = "zh",
    max_pages: int | None = None,
) -> FetchReport:
    """Fetch from where the source's cursor stands. A refusal of the source is in the report, not raised.

    Raises InputError for a secret that is not set and for ids that would mix with another site's, StoreError where the store fails.
    """
    name = f"{config.kind}:{config.key}"
    site = f"{config.kind}@{config.instance or ''}"
    known_place = store.cursor(config.product, site).get("place")
    _check_place(config, known_place)
    report = FetchReport(name, config.product, cursor=store.cursor(config.product, name))
    limits = Limits(
        max_bytes=config.max_bytes,
        seconds=config.timeout,
        connect_seconds=min(10.0, config.timeout),
        attempts=config.attempts,
        min_interval=config.interval,
        backoff=config.backoff,
    )
    most = min(max_pages or config.max_pages, config.max_pages)
    with Fetcher(allow_hosts=config.allow_hosts, limits=limits, contact=config.contact) as fetcher:
        pages = _pages(config, fetcher, report.cursor, settings)
        try:
            while report.pages < most and (page := next(pages, None)) is not None:
                if page.records is None:
                    report.unchanged += 1
                else:
                    now = datetime.now(UTC)
                    reading = page.reading(
                        config.product, zone=settings.zone, lang=lang, now=now, instance=config.instance
                    )
                    title = f"{name} {page.name}"
                    done = import_reading(
                        reading, store, name=title, settings=settings, progress=progress, now=now, lang=lang
                    )
                    report.add(done)
                if known_place != config.place:
                    known_place = config.place
                    store.save_cursor(config.product, site, {"place": known_place})
                if page.cursor != report.cursor:
                    store.save_cursor(config.product, name, page.cursor)
                report.cursor = page.cursor
        except FetchError as error:
            report.error = error
    return report


def _check_place(config: SourceConfig, known: str | None) -> None:
    """Ids are unique within one site: two sites of a kind that feed one product need names of their own."""
    if known not in (None, config.place) and config.instance != "":
        raise InputError(
            f"{config.kind} {config.place}: the comments of {config.product} with ids of this form come from "
            f"{known}; give this source another instance: NAME, or instance: '' if the site only moved"
        )


def _pages(config: SourceConfig, fetcher: Fetcher, cursor: Cursor, settings: Settings) -> Pages:
    def key(name: str) -> str:
        return secret(name, settings.secrets)

    match config:
        case AppStoreRss():
            return app_store_rss(config, fetcher, cursor)
        case AppStoreConnect():
            return app_store_connect(config, fetcher, cursor, key(config.private_key_env))
        case Txc():
            return txc(config, fetcher, cursor, settings.zone, key(config.private_key_env))
        case Discourse():
            return discourse(config, fetcher, cursor, key(config.api_key_env) if config.api_key_env else None)
        case GitHub():
            return github(config, fetcher, cursor, key(config.token_env) if config.token_env else None)
        case Zendesk():
            return zendesk(config, fetcher, cursor, key(config.token_env))
        case Forum():
            return forum(config, fetcher, cursor)
