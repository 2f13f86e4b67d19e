"""Replay history: one backlog for every week, each made from what was known at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from feedback_mining.errors import InputError
from feedback_mining.pipeline.mine import mine_week
from feedback_mining.pipeline.publish import Published, publish
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.weeks import Week


def weeks_to_replay(store: Store, product: str, settings: Settings) -> list[Week]:
    """Every week from the product's first comment to its last, quiet weeks included."""
    comments = store.comments(product)
    if not comments:
        raise InputError(f"The store {store.address} holds no comments of {product!r}; import files first")
    first, last = (Week.of(comment.time, settings.zone) for comment in (comments[0], comments[-1]))
    return [first.plus(k) for k in range(last.minus(first) + 1)]


def backfill(
    store: Store,
    product: str,
    out: Path,
    *,
    settings: Settings,
    lang: str = "zh",
    progress: Callable[[Week], None] | None = None,
) -> list[Published]:
    """Mine and publish every week in order, as if each had been run on the Monday after it."""
    published = []
    for week in weeks_to_replay(store, product, settings):
        published.append(publish(mine_week(store, product, week, settings=settings, lang=lang), out, lang))
        if progress:
            progress(week)
    return published
