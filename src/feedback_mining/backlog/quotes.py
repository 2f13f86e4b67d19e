"""Choose the comments that stand for many: typical, readable, recent, and not three times the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np

from feedback_mining.backlog.items import Quote
from feedback_mining.backlog.wording import Wording
from feedback_mining.records import Comment, Unit
from feedback_mining.text.duplicates import comparable, shingles

_SHORT, _LONG = 8, 60  # letters of a unit that is easily read
_CANDIDATES = 400
_READABLE, _RECENT = 0.2, 0.3  # what these count beside the share of units that a quote stands for
_LONG_COMMENT = 200  # letters from which a comment is a burden to read


def quote(unit: Unit, comment: Comment, zone: ZoneInfo) -> Quote:
    return Quote(
        comment=comment.id,
        text=comment.text,
        start=unit.start,
        end=unit.end,
        time=comment.time.astimezone(zone).isoformat(timespec="seconds"),
        rating=comment.rating,
        version=comment.version,
        source=comment.source,
        url=comment.url,
    )


def representatives(
    units: Sequence[Unit],
    comments: Mapping[str, Comment],
    ages: Mapping[str, int],
    zone: ZoneInfo,
    count: int = 3,
    wording: Wording | None = None,
) -> tuple[Quote, ...]:
    """Up to `count` quotes from different authors; `ages` gives the age in weeks of each comment.

    Greedy facility location: each next quote is the one that brings all units nearest to some quote, in
    meaning and in words (Lin & Bilmes 2011), with a little for a readable length and for recency. Near
    repetitions of a chosen one are passed over.
    """
    wording = wording or Wording()
    newest = sorted(units, key=lambda u: (comments[u.comment].time, u.id), reverse=True)[:_CANDIDATES]
    if not newest:
        return ()
    vectors = wording.encode([u.text for u in newest])
    letters = [shingles(comparable(u.text)) for u in newest]
    alike = np.clip(vectors @ vectors.T, 0, 1).astype(np.float64)
    held = [wording.held(u.text) for u in newest]
    if len(newest) > 1:
        alike = (alike + _shared(held)) / 2
    worth = np.array([_worth(u, comments[u.comment], ages[u.comment]) for u in newest])
    reached = np.zeros(len(newest))
    chosen: list[int] = []
    people: set[str] = set()
    while len(chosen) < count:
        gains = np.maximum(alike - reached[:, None], 0).mean(axis=0) + worth
        allowed = [
            k
            for k, unit in enumerate(newest)
            if _person(comments[unit.comment]) not in people
            and all(_overlap(letters[k], letters[c]) < 0.6 for c in chosen)
        ]
        if not allowed:
            break
        best = max(allowed, key=lambda k: (round(float(gains[k]), 6), -k))  # the newest among equals
        chosen.append(best)
        people.add(_person(comments[newest[best].comment]))
        reached = np.maximum(reached, alike[:, best])
    return tuple(quote(newest[k], comments[newest[k].comment], zone) for k in chosen)


def _worth(unit: Unit, comment: Comment, age: int) -> float:
    letters = len(comparable(unit.text))
    readable = min(1.0, letters / _SHORT, _LONG / max(1, letters), _LONG_COMMENT / max(1, len(comment.text)))
    return _READABLE * readable + _RECENT * 0.5 ** max(0, age - 1)


def _shared(held: Sequence[frozenset[str]]) -> np.ndarray:
    """`(n, n)`: cosine of the sets of words."""
    place = {word: k for k, word in enumerate(sorted(frozenset().union(*held)))}
    rows = np.zeros((len(held), max(1, len(place))))
    for k, words in enumerate(held):
        rows[k, [place[word] for word in words]] = 1 / np.sqrt(max(1, len(words)))
    product: np.ndarray = rows @ rows.T
    return product


def _person(comment: Comment) -> str:
    return comment.author or comment.id


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
