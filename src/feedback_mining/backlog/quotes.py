"""Choose the comments that stand for many: typical, readable, recent, and not three times the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from feedback_mining.backlog.items import Quote
from feedback_mining.records import Comment, Unit
from feedback_mining.text.duplicates import comparable, shingles

_SHORT, _LONG = 8, 60  # letters of a unit that is easily read
_CANDIDATES = 400


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
) -> tuple[Quote, ...]:
    """Up to `count` quotes from different authors; `ages` gives the age in weeks of each comment.

    Units that use the words which the others use come first, those of this and last week before older ones
    and those of medium length before cries and essays. Near repetitions of a chosen one are passed over.
    """
    newest = sorted(units, key=lambda u: (comments[u.comment].time, u.id), reverse=True)[:_CANDIDATES]
    words = {u.id: shingles(comparable(u.text)) for u in newest}
    common = Counter(s for u in newest for s in words[u.id])

    def worth(unit: Unit) -> float:
        own = words[unit.id]
        typical = sum(common[s] for s in own) / (len(own) * len(newest)) if own else 0.0
        letters = len(comparable(unit.text))
        readable = min(1.0, letters / _SHORT, _LONG / max(1, letters))
        recent = 0.5 ** max(0, ages[unit.comment] - 1)
        return typical + 0.5 * readable + recent

    ranked = sorted(newest, key=worth, reverse=True)  # stable: newest first among equals
    chosen: list[Unit] = []
    people: set[str] = set()
    for unit in ranked:
        comment = comments[unit.comment]
        person = comment.author or comment.id
        if person not in people and all(_overlap(words[unit.id], words[c.id]) < 0.6 for c in chosen):
            chosen.append(unit)
            people.add(person)
        if len(chosen) == count:
            break
    return tuple(quote(unit, comments[unit.comment], zone) for unit in chosen)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
