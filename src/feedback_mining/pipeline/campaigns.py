"""Campaigns as people left them, and the pipeline's side of ruling on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from feedback_mining.backlog.campaigns import find_campaigns
from feedback_mining.backlog.items import Campaign
from feedback_mining.backlog.rulings import Ruling, Rulings, Verdict, ruled
from feedback_mining.errors import InputError
from feedback_mining.pipeline.publish import load_backlog
from feedback_mining.records import Comment
from feedback_mining.storage import Store
from feedback_mining.weeks import Week


def campaigns_until(
    comments: Sequence[Comment], until: datetime, rulings: Rulings, *, weeks: int = 12
) -> list[Campaign]:
    """`find_campaigns`, with people's rulings applied."""
    since = until - timedelta(weeks=weeks)
    found = find_campaigns(comments, until, weeks=weeks)
    return ruled(found, (c for c in comments if since <= c.time < until), rulings)


def campaigns_of_week(store: Store, product: str, week: Week) -> tuple[Campaign, ...]:
    """Those of a mined week's backlog."""
    content = store.backlog(product, week)
    return load_backlog(content).campaigns if content else ()


def campaign_named(store: Store, product: str, name: str) -> Campaign:
    """The campaign whose id starts with `name`, as the latest week that has it knew it; else InputError."""
    for week in reversed(store.weeks_done(product)):
        found = {
            c.id: c for c in campaigns_of_week(store, product, Week.parse(week)) if c.id.startswith(name)
        }
        if len(found) > 1:
            raise InputError(
                f"{name} begins the ids of several campaigns: {', '.join(sorted(found))}; give more"
            )
        if found:
            return next(iter(found.values()))
    raise InputError(
        f"No mined week of {product!r} has a campaign {name!r}; `feedback-mining campaigns list` shows those "
        "there are; weeks mined by an older version have none, mine them again"
    )


def release(store: Store, product: str, names: Sequence[str], author: str, reason: str) -> Ruling:
    """Say that a campaign, or single comments, are voices after all."""
    return _rule(store, product, Verdict.VOICE, names, author, reason)


def mark(store: Store, product: str, names: Sequence[str], author: str, reason: str) -> Ruling:
    """Say that comments, or a campaign that was released, are no voices."""
    return _rule(store, product, Verdict.CAMPAIGN, names, author, reason)


def undo(store: Store, product: str, number: int, author: str, reason: str) -> Ruling:
    """Take back ruling `number`; the record keeps both. Raises InputError where there is nothing to take back."""

    def check(record: Sequence[Ruling]) -> None:
        found = next((r for r in record if r.id == number and r.verdict is not Verdict.UNDO), None)
        if found is None:
            raise InputError(
                f"Ruling {number} of {product!r} is none that can be undone; "
                "`feedback-mining campaigns list` shows the numbers of those in force"
            )
        again = next((r for r in record if r.undoes == number), None)
        if again:
            raise InputError(f"{again.author} has undone ruling {number} already, on {again.time:%Y-%m-%d}")

    record = {r.id: r for r in store.campaign_rulings(product)}
    campaign = record[number].campaign if number in record else None
    row = Ruling(product, Verdict.UNDO, (), author, datetime.now(UTC), reason, campaign, undoes=number)
    return store.add_campaign_ruling(row, check)


def comments_named(store: Store, product: str, ids: Sequence[str]) -> list[Comment]:
    """These comments in order of time. Raises InputError for an id that the product has not."""
    known = {c.id: c for c in store.comments_of(product, list(ids))}
    missing = [i for i in ids if i not in known]
    if missing:
        raise InputError(
            f"{missing[0]!r} is neither a campaign nor a comment of {product!r}; expected an id such as C-5f2a98f4a2 "
            "or one that the report shows beside a comment"
        )
    return sorted((known[i] for i in dict.fromkeys(ids)), key=lambda c: (c.time, c.id))


def _rule(
    store: Store, product: str, verdict: Verdict, names: Sequence[str], author: str, reason: str
) -> Ruling:
    campaign: str | None = None
    if len(names) == 1 and names[0].startswith("C-"):
        found = campaign_named(store, product, names[0])
        campaign, ids = found.id, found.comments
    elif any(name.startswith("C-") for name in names):
        raise InputError("Expected one campaign, or ids of comments; give one campaign at a time")
    else:
        ids = tuple(c.id for c in comments_named(store, product, names))

    def check(record: Sequence[Ruling]) -> None:
        last = Rulings.of(record).of_comment
        before = {last[c] for c in ids if c in last}
        if all(c in last and last[c].verdict is verdict for c in ids):
            who = max(before, key=lambda r: r.id)
            raise InputError(
                f"{who.author} has ruled so already (no. {who.id}, {who.time:%Y-%m-%d}); nothing was changed"
            )

    row = Ruling(product, verdict, ids, author, datetime.now(UTC), reason, campaign)
    return store.add_campaign_ruling(row, check)
