"""Daily: import the files that have arrived, and say what has broken out."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from flows.steps import Lang, expand, has_store, import_comments, raise_day_alerts


@flow
def ingest(
    files: list[str],
    product: str | None = None,
    out: Path = Path("out"),
    store: str | None = None,
    lang: Lang = "zh",
) -> str | None:
    """Import files (paths or patterns) of one product, then look at every product of the store.

    Files imported before change nothing. What breaks out is a warning in the log, each outbreak once.

    store: database URL; better set as FEEDBACK_MINING_STORE where the worker runs, since parameters are
    shown to everybody who can open the Prefect server. Returns the product, None if no file matched.
    """
    found = expand(files)
    imported = import_comments(found, product, out, store, lang) if found else None
    if has_store(out, store):
        raise_day_alerts(out, store, lang)
    return imported
