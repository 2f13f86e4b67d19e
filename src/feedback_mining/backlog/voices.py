"""Praise and questions: grouped as demands are, kept apart from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from feedback_mining.backlog.items import Praise, Question
from feedback_mining.backlog.quotes import representatives
from feedback_mining.backlog.window import Window
from feedback_mining.backlog.wording import Wording, central
from feedback_mining.demands.statements import readability, titles_of
from feedback_mining.demands.topics import topics_of
from feedback_mining.records import Intent, Unit
from feedback_mining.text.clean import normalise

_OVERALL = "general"  # praise of nothing in particular is one group
_READ = 100  # newest units that a title is made from
_TITLE_LETTERS = 12


def praise_of(units: Iterable[Unit], window: Window, wording: Wording) -> tuple[Praise, ...]:
    """What is praised: by theme and object, those that most people name first."""
    praised = window.newest_first(u for u in units if u.intent is Intent.PRAISE)
    overall = [u for u in praised if u.theme == _OVERALL]
    groups = [*topics_of([u for u in praised if u.theme != _OVERALL], wording.encode, wording.words)]
    if overall:
        groups.append(overall)
    found = [
        Praise(
            theme=_theme(group),
            title="" if group is overall else _title(group, wording),
            users=len({window.person(u) for u in group}),
            users_this_week=window.people_a_week(group)[-1],
            mentions=len(group),
            mentions_this_week=sum(window.ages[u.comment] == 0 for u in group),
            quotes=representatives(group, window.comments, window.ages, window.zone, wording=wording),
        )
        for group in groups
    ]
    return tuple(sorted(found, key=lambda p: (-p.users, -p.users_this_week, p.theme, p.title)))


def questions_of(units: Iterable[Unit], window: Window, wording: Wording) -> tuple[Question, ...]:
    """What is asked: this week's first, and among them what most people need to know."""
    asked = window.newest_first(u for u in units if u.intent is Intent.QUESTION)
    found = []
    for group in topics_of(asked, wording.encode, wording.words):
        quotes = representatives(group, window.comments, window.ages, window.zone, wording=wording)
        found.append(
            Question(
                theme=_theme(group),
                title=" ".join(quotes[0].text[quotes[0].start : quotes[0].end].split()),
                users=len({window.person(u) for u in group}),
                users_this_week=window.people_a_week(group)[-1],
                mentions=len(group),
                mentions_this_week=sum(window.ages[u.comment] == 0 for u in group),
                quotes=quotes,
            )
        )
    return tuple(sorted(found, key=lambda q: (-q.users_this_week, -q.users, q.theme, q.title)))


def _theme(units: Sequence[Unit]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for unit in units:
        counts[unit.theme] += 1
    return min(counts, key=lambda theme: (-counts[theme], theme))


def _title(units: Sequence[Unit], wording: Wording) -> str:
    """The short clause that stands nearest to all of the group and shares most words with it."""
    read = units[:_READ]
    told = [t for t in titles_of(read, wording.words) if len(t) <= _TITLE_LETTERS]
    if not told:
        return min((" ".join(normalise(u.text).split()) for u in read), key=lambda t: (len(t), t))
    close = central(wording.encode([*(u.text for u in read), *told]))[len(read) :]
    holders: dict[str, int] = defaultdict(int)
    for unit in read:
        for word in wording.held(unit.text):
            holders[word] += 1

    def worth(k: int) -> float:
        words = wording.held(told[k])
        shared = sum(holders[w] - 1 for w in words) / (len(read) * max(1, len(words)))
        return round(float(close[k]) + shared + readability(told[k]), 6)

    return told[max(range(len(told)), key=lambda k: (worth(k), told[k]))]
