"""Floods told by who, when and how many stars, where the texts alone would not do.

Low ratings never make a brigade: an outage brings them in hundreds too. They count only where accounts share
a phrase so long that people do not find it twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from scipy.stats import binom, poisson

from feedback_mining.backlog.items import Campaign
from feedback_mining.backlog.runs import (
    campaign_of,
    head,
    people_of,
    runs_of,
    weight,
    whole_phrase,
)
from feedback_mining.records import Comment
from feedback_mining.text.duplicates import near_duplicate_groups, shingles

_TOP = 5  # stars
_SPAN = timedelta(hours=3)
_DAY = timedelta(hours=23)  # where a source gives only days
_BREAK = timedelta(minutes=45)  # without a top rating ends a brigade
_USUAL = timedelta(weeks=8)
_LEAST_TOP = 12  # accounts within the span
_LEAST_HISTORY = 30
_TOP_SHARE = 0.9  # of the ratings within a brigade
_LIFT = 10.0
_CALM = 0.5  # top ratings of the day before, as a share of the brigade's
_ONE_CLOCK = 0.3
_BY_CHANCE = (
    1e-4  # so many top ratings among those, where the weeks before gave fewer: more of all is no brigade
)
_CHANCE = 1e-9
_CHEERED = 0.4  # share of the comments with one phrase in common: they cheer one thing
_LATEST = timedelta(days=7)
_PHRASES = ((4, 4, 16), (0, 5, 40))  # least stars, accounts, letters that they share word by word
_LONG = 18  # distinct bigrams of a text that may hold such a phrase
_AUTHOR_LEAST = 6  # comments of one author that vary one text
_AUTHOR_ALIKE = 0.4
_AUTHOR_WEIGHT = 6


def rating_brigades(known: Sequence[Comment], since: datetime) -> tuple[list[Campaign], set[str]]:
    """Bursts of top ratings within hours, against the product's own weeks before; `known` in order of time."""
    rated = [c for c in known if c.rating is not None]
    top = [c for c in rated if c.rating == _TOP]
    times, top_times = [c.time for c in rated], [c.time for c in top]
    span = _SPAN if _have_hours(times) else _DAY
    campaigns: list[Campaign] = []
    taken: set[str] = set()
    places: list[int] = []  # in `top`, of those taken
    at = bisect_left(top_times, since)
    while at < len(top):
        start = top_times[at]
        first = bisect_left(top_times, start - _USUAL)
        stop = bisect_right(top_times, start + span)
        earlier = at - first - (bisect_left(places, at) - bisect_left(places, first))
        expected = (earlier + 0.5) * (span / _USUAL)
        wanted = max(_LEAST_TOP, _LIFT * expected)
        if not (
            stop - at >= wanted
            and (people := people_of(top[at:stop])) >= wanted
            and bisect_left(times, start) >= _LEAST_HISTORY
            and start - times[0] >= _USUAL / 2
            and poisson.sf(people - 1, expected) < _CHANCE
        ):
            at += 1
            continue
        end = at + 1
        while end < len(top) and top_times[end] - top_times[end - 1] <= _BREAK:
            end += 1
        run = top[at:end]
        during = rated[bisect_left(times, start) : bisect_right(times, run[-1].time)]
        before = [
            c
            for c in rated[bisect_left(times, start - _USUAL) : bisect_left(times, start)]
            if c.id not in taken
        ]
        usual = (sum(c.rating == _TOP for c in before) + 1) / (len(before) + 2)
        if (
            people_of(run) < _LEAST_TOP
            or len(run) < _TOP_SHARE * len(during)
            or binom.sf(len(run) - 1, len(during), usual) > _BY_CHANCE
            or _day_before(top[:at], start, taken) > _CALM * len(run)
            or _cheer_one_thing(run)
        ):
            at += 1
            continue
        hours = max(1, round((run[-1].time - start) / timedelta(hours=1)))
        evidence = (
            f"{people_of(run)} 个账号在 {hours} 小时里给出 {len(run)} 个五星，"
            f"按往常这段时间约 {expected * (max(run[-1].time - start, timedelta(hours=1)) / span):.1f} 个；"
            f"往常的评分里五星占 {usual:.0%}"
        )
        campaigns.append(campaign_of("brigade", run, evidence))
        taken |= {c.id for c in run}
        places += range(at, end)
        at = end
    return campaigns, taken


def shared_phrases(window: Sequence[Comment], known: Sequence[Comment]) -> tuple[list[Campaign], set[str]]:
    """Otherwise different texts of several accounts that hold one long phrase word by word."""
    campaigns: list[Campaign] = []
    taken: set[str] = set()
    for stars, accounts, letters in _PHRASES:
        holders: dict[str, list[Comment]] = defaultdict(list)
        for comment in window:
            if (comment.rating or 0) >= stars and weight(comment) >= min(_LONG, letters):
                for phrase in shingles(head(comment), letters):
                    if len(phrase) == letters:
                        holders[phrase].append(comment)
        often = {p: of for p, of in holders.items() if people_of(of) >= accounts}
        for phrase in sorted(often, key=lambda p: (-len(often[p]), p)):
            for run in runs_of([c for c in often[phrase] if c.id not in taken], _LATEST):
                if people_of(run) < accounts or run[accounts - 1].time - run[0].time > _LATEST:
                    continue
                ids = {c.id for c in run}
                if any(phrase in head(c) for c in known if c.id not in ids and c.time < run[0].time):
                    continue
                shown = whole_phrase(phrase, [head(c) for c in run], 1.0, 60)
                evidence = f"{people_of(run)} 个账号的 {len(run)} 条评论里有一字不差的一句：“{shown}”"
                campaigns.append(campaign_of("phrase", run, evidence))
                taken |= ids
    return campaigns, taken


def one_author(window: Sequence[Comment]) -> list[Campaign]:
    """One account that varies one text again and again within a week; its first comment stays a voice."""
    by_author: dict[str, list[Comment]] = defaultdict(list)
    for comment in window:
        if comment.author and weight(comment) >= _AUTHOR_WEIGHT:
            by_author[comment.author].append(comment)
    campaigns: list[Campaign] = []
    for _, comments in sorted(by_author.items()):
        if len(comments) < _AUTHOR_LEAST:
            continue
        groups: dict[int, list[Comment]] = defaultdict(list)
        labels = near_duplicate_groups([head(c) for c in comments], _AUTHOR_ALIKE).tolist()
        for comment, label in zip(comments, labels, strict=True):
            groups[label].append(comment)
        for members in groups.values():
            for run in runs_of(members, _LATEST):
                if len(run) < _AUTHOR_LEAST or run[_AUTHOR_LEAST - 1].time - run[0].time > _LATEST:
                    continue
                evidence = f"同一个账号发出 {len(run)} 条大同小异的评论，只有第一条计入"
                campaigns.append(campaign_of("one_author", run[1:], evidence))
    return campaigns


def _day_before(top: Sequence[Comment], start: datetime, taken: set[str]) -> int:
    """Top ratings of the 24 hours before: where a crowd was coming anyway, nobody sent it."""
    first = bisect_left(top, start - timedelta(days=1), key=_time)
    return sum(c.id not in taken for c in top[first:])


def _time(comment: Comment) -> datetime:
    return comment.time


def _have_hours(times: Sequence[datetime]) -> bool:
    """Whether the times tell hours: where most stand at one and the same clock time, they are days."""
    clock = Counter((t.hour, t.minute, t.second) for t in times)
    return max(clock.values(), default=0) < _ONE_CLOCK * len(times)


def _cheer_one_thing(run: Sequence[Comment]) -> bool:
    holders: dict[str, int] = defaultdict(int)
    for comment in run:
        for phrase in shingles(head(comment), 4):
            holders[phrase] += len(phrase) == 4
    return max(holders.values(), default=0) >= _CHEERED * len(run)
