"""Hourly: fetch the feeds that are configured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task

from feedback_mining.errors import InputError, SourceRefused
from feedback_mining.pipeline.fetch import fetch_source
from feedback_mining.sources.connectors.config import load_source
from flows.steps import Lang, expand, open_run_store, settings_for


def worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """A server may come back; one that refused, or a mistaken configuration, stays so."""
    return not isinstance(state.data, (InputError, SourceRefused))


@task(retries=3, retry_delay_seconds=[60, 300, 900], retry_condition_fn=worth_retrying)
def fetch_feed(source: Path, out: Path, store: str | None, lang: Lang) -> int:
    """Fetch one source from where its cursor stands, and return how many comments are new."""
    settings = settings_for(store)
    config = load_source(source)
    with open_run_store(out, settings) as opened:
        report = fetch_source(config, opened, settings=settings, lang=lang)
    get_run_logger().info(
        "%s: %d pages (%d more unchanged), %d rows = %d stored + %d duplicates + %d quarantined",
        report.source,
        report.pages,
        report.unchanged,
        report.rows_read,
        report.stored,
        report.duplicates,
        report.quarantined,
    )
    if report.error:
        raise report.error
    return report.stored


@flow
def fetch(
    sources: list[str], out: Path = Path("out"), store: str | None = None, lang: Lang = "zh"
) -> dict[str, int]:
    """Fetch every source (paths or patterns of YAML files); one that fails does not keep the others from it.

    Returns the number of new comments by file. Raises the error of the first source that failed.
    """
    states = {path: fetch_feed(path, out, store, lang, return_state=True) for path in expand(sources)}
    return {path.name: state.result() for path, state in states.items()}
