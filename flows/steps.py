"""The tasks that the flows are made of: each opens the store, calls one pipeline function and closes it.

Between tasks travel names, paths and counts. Only tasks that touch files or a store on another machine are
tried again, and not for a mistake in what they were given.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from prefect import get_run_logger, task

from feedback_mining.commands_alerts import alert_lines
from feedback_mining.errors import InputError
from feedback_mining.pipeline.alerts import raise_alerts
from feedback_mining.pipeline.choose import last_complete, mined_week, one_product, parse_week
from feedback_mining.pipeline.ingest import import_files, open_files
from feedback_mining.pipeline.mine import latest_week, mine_week
from feedback_mining.pipeline.publish import load_backlog, publish
from feedback_mining.reporting.labels import Words
from feedback_mining.settings import Settings, default_store, load_settings
from feedback_mining.storage import Store, open_store
from feedback_mining.taxonomy import Taxonomy

Lang = Literal["zh", "en"]


def worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """A share or a database may come back; a file that cannot be read stays so."""
    return not isinstance(state.data, InputError)


def expand(files: Sequence[str]) -> list[Path]:
    """Paths and patterns such as `inbox/*.xlsx` → files, sorted. A pattern may match nothing, a path may not."""
    found: set[Path] = set()
    for name in files:
        found.update(map(Path, glob.glob(name)) if glob.has_magic(name) else [Path(name)])
    return sorted(path for path in found if not path.is_dir())


def open_run_store(out: Path, settings: Settings) -> Store:
    """The store of the settings, else the SQLite file beside the reports."""
    if settings.store:
        return open_store(settings.store)
    out.mkdir(parents=True, exist_ok=True)
    return open_store(default_store(out))


def settings_for(store: str | None) -> Settings:
    return load_settings(**({"store": store} if store else {}))


def has_store(out: Path, store: str | None) -> bool:
    """Whether there is anything to look at yet."""
    return settings_for(store).store is not None or (out / "feedback_mining.db").is_file()


@task(retries=2, retry_delay_seconds=30, retry_condition_fn=worth_retrying)
def import_comments(files: list[Path], product: str | None, out: Path, store: str | None, lang: Lang) -> str:
    """Import files that are all about one product, and return its name."""
    settings = settings_for(store)
    name = one_product(r.product for r in open_files(files, product=product, settings=settings, lang=lang))
    with open_run_store(out, settings) as opened:
        for report in import_files(files, opened, product=name, settings=settings, lang=lang):
            get_run_logger().info(
                "%s: %d rows = %d stored + %d duplicates + %d quarantined%s",
                report.name,
                report.rows_read,
                report.stored,
                report.duplicates,
                report.quarantined,
                " (imported before)" if report.already_imported else "",
            )
    return name


@task
def raise_day_alerts(out: Path, store: str | None, lang: Lang) -> int:
    """Look at the last day of every product in the store; what is raised is a warning in the log."""
    settings, count = settings_for(store), 0
    words = Words(lang, Taxonomy.load(settings.taxonomy).labels(lang))
    with open_run_store(out, settings) as opened:
        for product in filter(opened.time_span, opened.products()):
            for alert in raise_alerts(opened, product, None, settings=settings, lang=lang):
                get_run_logger().warning("%s", "\n".join(alert_lines(alert, words)))
                count += 1
    return count


@task
def mine(product: str, week: str | None, out: Path, store: str | None, lang: Lang) -> str:
    """Mine a week, by default the last one that is over, and return its name."""
    settings = settings_for(store)
    with open_run_store(out, settings) as opened:
        newest = last_complete(
            latest_week(opened, product, settings=settings), datetime.now(UTC), settings.zone
        )
        backlog = mine_week(opened, product, parse_week(week, None) or newest, settings=settings, lang=lang)
    get_run_logger().info("%s %s: %d items", product, backlog.week, len(backlog.items))
    return backlog.week


@task(retries=2, retry_delay_seconds=30, retry_condition_fn=worth_retrying)
def publish_week(product: str, week: str, out: Path, store: str | None, lang: Lang) -> Path:
    """Write the files of a mined week and return the path of its backlog.json."""
    settings = settings_for(store)
    with open_run_store(out, settings) as opened:
        content = opened.backlog(product, mined_week(opened, product, parse_week(week, None)))
    assert content is not None  # mined_week has just seen it
    return publish(load_backlog(content), out, lang, settings.taxonomy).json
