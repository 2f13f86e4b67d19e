"""Daily: import the files that have arrived."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from flows.steps import Lang, expand, import_comments


@flow
def ingest(
    files: list[str],
    product: str | None = None,
    out: Path = Path("out"),
    store: str | None = None,
    lang: Lang = "zh",
) -> str | None:
    """Import files (paths or patterns) of one product; files imported before change nothing.

    store: database URL; better set as FEEDBACK_MINING_STORE where the worker runs, since parameters are
    shown to everybody who can open the Prefect server. Returns the product, None if no file matched.
    """
    found = expand(files)
    return import_comments(found, product, out, store, lang) if found else None
