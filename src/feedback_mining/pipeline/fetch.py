"""A feed → store, page by page: the rows first, then the cursor, so that a stop at any moment loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from feedback_mining.errors import FetchError
from feedback_mining.pipeline.ingest import import_reading
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
    rows_read: int = 0
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    cursor: Cursor = field(default_factory=dict)
    error: FetchError | None = None  # why it stopped early; what came before is stored


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

    Raises InputError for a secret that is not set, StoreError where the store fails.
    """
    name = f"{config.kind}:{config.key}"
    report = FetchReport(name, config.product, cursor=store.cursor(config.product, name))
    limits = Limits(
        max_bytes=config.max_bytes,
        seconds=config.timeout,
        connect_seconds=min(10.0, config.timeout),
        attempts=config.attempts,
        min_interval=config.min_interval,
        backoff=config.backoff,
    )
    most = min(max_pages or config.max_pages, config.max_pages)
    with Fetcher(allow_hosts=config.allow_hosts, limits=limits, contact=config.contact) as fetcher:
        pages = _pages(config, fetcher, report.cursor, settings)
        try:
            while report.pages < most and (page := next(pages, None)) is not None:
                done = import_reading(
                    page.reading(config.product),
                    store,
                    name=f"{name} {page.name}",
                    settings=settings,
                    progress=progress,
                    lang=lang,
                )
                store.save_cursor(config.product, name, page.cursor)
                report.pages += 1
                report.rows_read += done.rows_read
                # A page that was read before reports what came of it then.
                new = 0 if done.already_imported else done.stored
                report.stored += new
                report.duplicates += done.duplicates + done.stored - new
                report.quarantined += done.quarantined
                report.cursor = page.cursor
        except FetchError as error:
            report.error = error
    return report


def _pages(config: SourceConfig, fetcher: Fetcher, cursor: Cursor, settings: Settings) -> Pages:
    def key(name: str) -> str:
        return secret(name, settings.secrets)

    zone = settings.zone
    match config:
        case AppStoreRss():
            return app_store_rss(config, fetcher, cursor, zone)
        case AppStoreConnect():
            return app_store_connect(config, fetcher, cursor, zone, key(config.private_key_env))
        case Txc():
            return txc(config, fetcher, cursor, zone, key(config.private_key_env))
        case Discourse():
            return discourse(
                config, fetcher, cursor, zone, key(config.api_key_env) if config.api_key_env else None
            )
        case GitHub():
            return github(config, fetcher, cursor, zone, key(config.token_env) if config.token_env else None)
        case Zendesk():
            return zendesk(config, fetcher, cursor, zone, key(config.token_env))
        case Forum():
            return forum(config, fetcher, cursor, zone)
