"""What the kinds of campaigns have in common: how texts are compared, runs cut, findings put down."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from feedback_mining.backlog.items import Campaign
from feedback_mining.records import Comment
from feedback_mining.text.duplicates import comparable, shingles
from feedback_mining.weeks import DEFAULT_ZONE

_HEAD = 400  # letters of a comment that are compared: spammers pad theirs with thousands


def head(comment: Comment) -> str:
    return comparable(comment.text)[:_HEAD]


def weight(comment: Comment) -> int:
    """Number of distinct bigrams: the length of a text, not counting what it repeats."""
    return len(shingles(head(comment)))


def people_of(comments: Iterable[Comment]) -> int:
    return len({c.author or c.id for c in comments})


def runs_of(members: Sequence[Comment], pause: timedelta) -> list[list[Comment]]:
    """Cut comments, ordered by time, where they pause."""
    runs: list[list[Comment]] = []
    for comment in members:
        if runs and comment.time - runs[-1][-1].time <= pause:
            runs[-1].append(comment)
        else:
            runs.append([comment])
    return runs


def whole_phrase(phrase: str, texts: Sequence[str], shared: float, longest: int) -> str:
    """The phrase with the letters around it that the share `shared` of the texts has, so that it reads as words."""
    while len(phrase) < longest:
        holding = [text for text in texts if phrase in text]
        longer = Counter[str]()
        for text in holding:
            at = text.index(phrase)
            longer.update(
                {text[max(0, at - 1) : at + len(phrase)], text[at : at + len(phrase) + 1]} - {phrase}
            )
        best = max(longer, key=lambda text: (longer[text], text), default="")
        if longer[best] < shared * len(holding):
            break
        phrase = best
    return phrase


def campaign_of(kind: str, run: Sequence[Comment], evidence: str) -> Campaign:
    """The campaign of these comments, ordered by time; its id comes from the first of them."""
    ratings = Counter(c.rating for c in run if c.rating is not None)
    texts = Counter(comparable(c.text) for c in run)
    commonest = min(texts, key=lambda t: (-texts[t], t))
    days = [c.time.astimezone(DEFAULT_ZONE).date().isoformat() for c in run]
    return Campaign(
        kind=kind,
        comments=tuple(sorted(c.id for c in run)),
        evidence=evidence,
        example=next(c.text for c in run if comparable(c.text) == commonest),
        first=days[0],
        last=days[-1],
        mean_rating=round(sum(s * n for s, n in ratings.items()) / ratings.total(), 2) if ratings else None,
        id="C-" + hashlib.sha256(run[0].id.encode()).hexdigest()[:10],
        people=people_of(run),
        ratings=stars_of(run),
    )


def stars_of(comments: Iterable[Comment]) -> dict[str, int]:
    """Stars, the fewest first → comments that gave them."""
    counts = Counter(c.rating for c in comments if c.rating is not None)
    return {str(stars): counts[stars] for stars in sorted(counts)}
