"""Two sentences about a demand, both of clauses that users said: what it is, and what goes with it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from feedback_mining.backlog.items import Place, Said
from feedback_mining.backlog.window import Window
from feedback_mining.backlog.wording import Wording, central
from feedback_mining.demands.statements import is_content, readability, tidy
from feedback_mining.records import Analysis, Comment, Unit
from feedback_mining.text.clean import normalise
from feedback_mining.text.split import clauses

_NEWEST = 200  # units that are read for a summary
_SHORT, _LONG = 5, 40  # letters of a clause that is worth telling
_SEVERAL = 2  # people who must tell a circumstance
_OFTEN = 0.05  # of the demand's people
_STANDS_OUT = 1.5  # times as common among the demand's people as among all


@dataclass(frozen=True, slots=True)
class Background:
    """How many people of the window use a word, of how many."""

    holders: Mapping[str, int]
    people: int
    product: str  # its name, parts of which tell nothing

    @classmethod
    def of(cls, product: str, comments: Iterable[Comment], wording: Wording) -> Background:
        holders: dict[str, set[str]] = defaultdict(set)
        people: set[str] = set()
        for comment in comments:
            person = comment.author or comment.id
            people.add(person)
            for word in wording.held(comment.text):
                holders[word].add(person)
        return cls({word: len(who) for word, who in holders.items()}, len(people), product)


def summary_of(
    units: Sequence[Unit],
    title: str,
    window: Window,
    analyses: Mapping[str, Analysis],
    background: Background,
    wording: Wording,
) -> tuple[Said, ...]:
    """The most central full clause of the units (newest first), and a circumstance that several tell with it.

    A circumstance is a word that at least two of the demand's people use and that is more common among them
    than among all, told by the clause that says it best; clauses of opinions on other matters do not count.
    Where there is none, the second is how somebody else puts the need, if that adds to the first.
    """
    read = units[:_NEWEST]
    need = _need(read, title, wording)
    if need is None:
        return ()
    people = len({window.person(u) for u in units})
    first = Said(need.text, people, (need.place,))
    if people == 1:
        return (first,)
    second = _circumstance(read, need, title, window, analyses, background, wording)
    return (first, second) if second else (first,)


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    place: Place


def _need(units: Sequence[Unit], title: str, wording: Wording) -> _Clause | None:
    told = []
    for unit in units:
        whole = " ".join(unit.text.split())
        if _SHORT <= len(whole) <= _LONG and "\n" not in unit.text:
            told.append(_Clause(unit.text, Place(unit.comment, unit.start, unit.end)))
            continue
        told += [c for c in _clauses(unit.text, unit.comment, unit.start) if _SHORT <= len(c.text) <= _LONG]
    if not told:
        if not units:
            return None
        short = min(units, key=lambda u: (abs(len(u.text) - _LONG), u.id))
        return _Clause(short.text, Place(short.comment, short.start, short.end))
    close = central(
        np.vstack([wording.encode([u.text for u in units]), wording.encode([c.text for c in told])])
    )
    named = wording.held(title)
    intents = Counter(u.intent for u in units)
    intent = min(intents, key=lambda i: (-intents[i], i))
    scores = [
        float(close[len(units) + k])
        + 0.5 * len(named & wording.held(clause.text)) / max(1, len(named))
        + readability(normalise(clause.text), intent)
        + 0.1 * min(1.0, len(clause.text) / 12)
        for k, clause in enumerate(told)
    ]
    best = max(range(len(told)), key=lambda k: (round(scores[k], 6), -k))
    return told[best]


def _circumstance(
    units: Sequence[Unit],
    need: _Clause,
    title: str,
    window: Window,
    analyses: Mapping[str, Analysis],
    background: Background,
    wording: Wording,
) -> Said | None:
    told = _around(units, window, analyses)
    tellers: dict[str, dict[str, list[_Clause]]] = defaultdict(lambda: defaultdict(list))
    for clause in told:
        for word in wording.held(clause.text):
            tellers[word][window.person_of(clause.place.comment)].append(clause)
    people = len({window.person(u) for u in units})
    taken = tidy(normalise(need.text)) + tidy(title)
    least = max(_SEVERAL, math.ceil(_OFTEN * people))
    found: list[tuple[float, str, _Clause]] = []
    about = wording.encode([need.text])[0]
    for word, who in sorted(tellers.items()):
        if len(who) < least or not is_content(word) or word in background.product or _says(taken, word):
            continue
        usual = background.holders.get(word, len(who)) / max(1, background.people)
        ratio = len(who) / people / max(1e-9, usual)
        full = [c for of in who.values() for c in of if _tellable(c, need)]
        if ratio < _STANDS_OUT or not full:
            continue
        vectors = wording.encode([c.text for c in full])
        scores = central(vectors) + np.array([readability(normalise(c.text)) for c in full])
        best = max(range(len(full)), key=lambda k: (round(float(scores[k]), 6), -k))
        other = 1 - max(0.0, float(vectors[best] @ about))
        found.append((round(len(who) * math.log(ratio) * other, 6), word, full[best]))
    if found:
        _, word, best_clause = max(found, key=lambda f: (f[0], f[1]))
        who = tellers[word]
        others = sorted(
            (of[0].place for of in who.values() if best_clause not in of),
            key=lambda place: (place.comment, place.start),
        )
        return Said(best_clause.text, len(who), (best_clause.place, *others), word)
    return _another(units, need, wording)


def _another(units: Sequence[Unit], need: _Clause, wording: Wording) -> Said | None:
    """How somebody else puts it, in other words."""
    told = [c for u in units for c in _clauses(u.text, u.comment, u.start) if _tellable(c, need)]
    if not told:
        return None
    vectors = wording.encode([need.text, *(c.text for c in told)])
    close = central(wording.encode([u.text for u in units] + [c.text for c in told]))[len(units) :]
    scores = close - 0.5 * (vectors[1:] @ vectors[0])
    worth = [round(float(scores[k]) + readability(normalise(c.text)), 6) for k, c in enumerate(told)]
    best = max(range(len(told)), key=lambda k: (worth[k], -k))
    return Said(told[best].text, 1, (told[best].place,)) if worth[best] > 0 else None


def _tellable(clause: _Clause, need: _Clause) -> bool:
    return _SHORT <= len(clause.text) <= _LONG and clause.place.comment != need.place.comment


def _says(taken: str, word: str) -> bool:
    """Does the text say the word, or a part of it (更新后: 更新)?"""
    same = tidy(word)
    return any(same[k : k + 2] in taken for k in range(len(same) - 1))


def _around(units: Sequence[Unit], window: Window, analyses: Mapping[str, Analysis]) -> list[_Clause]:
    """The clauses of the units' comments that are not opinions on other matters."""
    own = {unit.id for unit in units}
    found = []
    for key in dict.fromkeys(u.comment for u in units):
        others = [(u.start, u.end) for u in analyses[key].units if u.id not in own]
        for clause in _clauses(window.comments[key].text, key, 0):
            a, b = clause.place.start, clause.place.end
            if not any(a < end and start < b for start, end in others):
                found.append(clause)
    return found


def _clauses(text: str, comment: str, offset: int) -> list[_Clause]:
    return [
        _Clause(text[c.start : c.end], Place(comment, offset + c.start, offset + c.end))
        for c in clauses(text)
    ]
