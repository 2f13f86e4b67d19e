"""When two rows are the same comment."""

from __future__ import annotations

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from feedback_mining.text.clean import foreign_regions


def comment_id(
    source: str, source_id: str | None, *, product: str, time: datetime | None, words: str = ""
) -> str:
    """`source:id` as the source gives it, or a hash of the content where it gives none.

    The author is no part of the hash: the name would be guessable from it, and the keyed hash differs from
    store to store. The store tells two authors with the same words in the same second apart.
    `words` are those of `own_words`.
    """
    if source_id:
        return f"{source}:{source_id}"
    return f"{source}:{_digest(product, time.isoformat() if time else '', words)}"


def sameness(
    *, author: str | None, time: datetime | None, words: str, zone: ZoneInfo, occurrence: int = 0
) -> str:
    """Equal for rows without an id that are one comment: same author, same words, same day in `zone`.

    Without an author the instants must be equal. Without an instant either, nothing tells "很好" from
    "很好": then the first row of one file equals the first with these words in another (`occurrence`).
    """
    if author is not None:
        when = time.astimezone(zone).date().isoformat() if time else ""
    else:
        when = time.isoformat() if time else f"#{occurrence}"
    return _digest(author or "", when, words)


def own_words(text: str) -> str:
    """The user's own words: a review that is deleted or answered later stays the same comment."""
    for start, end in reversed(foreign_regions(text)):
        text = text[:start] + text[end:]
    return " ".join(text.split())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
