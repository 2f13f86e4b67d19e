"""What breaks out, fades or comes back: this week's count of people against the rate of the weeks before.

Rates are shares of the people who commented, so a week in which everybody writes more is no news. A demand's
rate is Gamma distributed with a prior taken from all demands, and counts are Poisson given the rate; this
week's count is then judged by its negative binomial predictive distribution, which is honest about how little
a few weeks of small numbers tell.

A fault can also bring the crowd: when many more people than usual write and one thing takes a large part of
them, it is news although its share of the people stayed as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

_HALF_LIFE = 8.0  # weeks after which an earlier week counts half
_DORMANT = 6  # weeks without a word
_LEAST_PEOPLE = 3  # for any alert
_LEAST_BEFORE = 10  # people in the weeks before, without which nothing is "unusual"
_LEAST_LIFT = 2.0
_RELAPSE = 3  # weeks
_PRIOR_SHAPE = 0.5  # as vague as one half of a mention
_CROWD = 2.0  # times the usual people, from which a week is crowded
_CARRIED = 0.15  # share of a crowded week's people, from which one thing is what brought them
_CROWD_LIFT = 4.0  # times its own usual people
_CROWD_LEAST = 8  # people


@dataclass(frozen=True, slots=True)
class Series:
    """People who mentioned one thing, per week, oldest first and this week last."""

    people: tuple[int, ...]
    known_before: bool = False  # mentioned before the first of these weeks

    @property
    def seen_before(self) -> bool:
        return self.known_before or any(self.people[:-1])

    @property
    def silence(self) -> int:
        """Weeks without a mention that ended last week."""
        return next((k for k, count in enumerate(reversed(self.people[:-1])) if count), len(self.people) - 1)


@dataclass(frozen=True, slots=True)
class Prediction:
    expected: float  # people this week
    more: float  # probability of at least as many as came
    fewer: float  # probability of at most as many as came


@dataclass(frozen=True, slots=True)
class Outbreak:
    key: str
    kind: str  # new, surging, returned
    people: int
    rate: float  # share of this week's people
    expected: float  # share expected
    p_value: float
    usual: float  # people in a usual span as long


def typical_rate(series: Sequence[Series], volume: Sequence[float]) -> float:
    """Mean share of people per week and demand, over all demands and the weeks before this one."""
    exposure = sum(volume[:-1])
    mentions = sum(sum(s.people[:-1]) for s in series)
    return (mentions + 0.5) / (max(1, len(series)) * exposure + 1) if exposure else 0.0


def predict(people: Sequence[int], volume: Sequence[float], typical: float) -> Prediction:
    """Predictive distribution of this week's count (the last of `people`), given `volume` people a week.

    `people` and `volume` have one entry a week, this week last; `typical` is `typical_rate` of all demands.
    Without any comment in the weeks before, nothing is surprising: both probabilities are 1.
    """
    if not sum(volume[:-1]) or not volume[-1]:
        return Prediction(expected=0.0, more=1.0, fewer=1.0)
    weights = _weights(len(people))
    shape = _PRIOR_SHAPE + float(weights @ np.asarray(people[:-1], float))
    scale = _PRIOR_SHAPE / max(typical, 1e-9) + float(weights @ np.asarray(volume[:-1], float))
    chance = scale / (scale + volume[-1])
    return Prediction(
        expected=shape * volume[-1] / scale,
        more=float(nbinom.sf(people[-1] - 1, shape, chance)),
        fewer=float(nbinom.cdf(people[-1], shape, chance)),
    )


def benjamini_hochberg(p_values: Sequence[float], rate: float) -> list[bool]:
    """Which of the tests to believe so that at most the share `rate` of them is expected to be false."""
    order = np.argsort(p_values, kind="stable")
    ranked = np.asarray(p_values, float)[order]
    passing = np.flatnonzero(ranked <= rate * np.arange(1, len(ranked) + 1) / max(1, len(ranked)))
    believed = np.zeros(len(ranked), bool)
    if len(passing):
        believed[order[: passing[-1] + 1]] = True
    return [bool(b) for b in believed]


def outbreaks(
    series: Mapping[str, Series], volume: Sequence[int], *, rate: float = 0.02, days: int = 7
) -> list[Outbreak]:
    """What broke out this week, the least likely first; `rate` bounds the share of false discoveries.

    days: how long the last span of `series` and `volume` is, where it is no whole week; the others are.
    """
    if sum(volume[:-1]) < _LEAST_BEFORE:
        return []
    keys = sorted(key for key, one in series.items() if one.people[-1])
    every_week = (*(1.0,) * (len(volume) - 1), days / 7)
    shares = _predictions(series, keys, volume)
    people = _predictions(series, keys, every_week)
    by_share = benjamini_hochberg([shares[key].more for key in keys], rate)
    crowd = predict(volume, every_week, sum(volume[:-1]) / len(volume[:-1]))
    crowded = volume[-1] >= _CROWD * crowd.expected
    by_people = (
        benjamini_hochberg([people[key].more for key in keys], rate) if crowded else [False] * len(keys)
    )
    found = []
    for key, of_share, of_people in zip(keys, by_share, by_people, strict=True):
        now, share, usual = series[key].people[-1], shares[key], people[key]
        rose = of_share and now >= _LEAST_PEOPLE and now >= _LEAST_LIFT * share.expected
        brought = (
            of_people
            and now >= max(_CROWD_LEAST, share.expected, _CARRIED * volume[-1], _CROWD_LIFT * usual.expected)
        )  # fmt: skip
        if rose or brought:
            found.append(
                Outbreak(
                    key=key,
                    kind=_kind(series[key]) or "surging",
                    people=now,
                    rate=now / volume[-1],
                    expected=share.expected / volume[-1],
                    p_value=share.more if rose else usual.more,
                    usual=usual.expected,
                )
            )
    return sorted(found, key=lambda o: (o.p_value, -o.people, o.key))


def _predictions(
    series: Mapping[str, Series], keys: Sequence[str], volume: Sequence[float]
) -> dict[str, Prediction]:
    """`predict` of many series at once."""
    if not keys or not sum(volume[:-1]) or not volume[-1]:
        return dict.fromkeys(keys, Prediction(expected=0.0, more=1.0, fewer=1.0))
    people = np.array([series[key].people for key in keys], float)
    weights = _weights(people.shape[1])
    shapes = _PRIOR_SHAPE + people[:, :-1] @ weights
    typical = typical_rate(list(series.values()), volume)
    scale = _PRIOR_SHAPE / max(typical, 1e-9) + float(weights @ np.asarray(volume[:-1], float))
    chance = scale / (scale + volume[-1])
    more = nbinom.sf(people[:, -1] - 1, shapes, chance)
    fewer = nbinom.cdf(people[:, -1], shapes, chance)
    expected = shapes * volume[-1] / scale
    rows = zip(expected.tolist(), more.tolist(), fewer.tolist(), strict=True)
    return {key: Prediction(*row) for key, row in zip(keys, rows, strict=True)}


def _weights(weeks: int) -> NDArray[np.float64]:
    """Of the weeks before this one, oldest first."""
    return np.asarray(0.5 ** (np.arange(weeks - 1, 0, -1) / _HALF_LIFE), np.float64)


def trend_of(series: Series, volume: Sequence[int], typical: float) -> str:
    """`new`, `returned`, `dormant`, `surging`, `cooling` or `steady`.

    Cooling looks at the last two weeks together and at the last four, since one quiet week of a small demand
    tells nothing, and a fault that a release mends fades as people update.
    """
    if series.people[-1] and (kind := _kind(series)):
        return kind
    if _relapsed(series.people):
        return "returned"
    if not any(series.people[-_DORMANT:]) and len(series.people) >= _DORMANT:
        return "dormant"
    now = predict(series.people, volume, typical)
    if (
        series.people[-1] >= _LEAST_PEOPLE
        and now.more < 0.01
        and series.people[-1] >= _LEAST_LIFT * now.expected
    ):
        return "surging"
    for weeks in (2, 4):
        if len(series.people) > weeks:
            people = (*series.people[:-weeks], sum(series.people[-weeks:]))
            lately = predict(people, (*volume[:-weeks], sum(volume[-weeks:])), typical)
            usual = sum(people[:-1]) / len(people[:-1])
            fewer = people[-1] <= weeks * usual  # in people too, not only as a share of a sudden crowd
            if lately.fewer < 0.05 and people[-1] <= 0.5 * lately.expected and fewer:
                return "cooling"
    return "steady"


def since_version(now: Sequence[str | None], before: Mapping[str, int]) -> str | None:
    """The version that most of this week's mentions carry and that hardly anybody carried before.

    `now` holds the version of each mention, `before` the number of comments per version in earlier weeks.
    """
    known = [version for version in now if version]
    total = sum(before.values())
    for version in sorted(set(known)):
        if known.count(version) >= max(2, 0.6 * len(known)) and before.get(version, 0) <= 0.05 * total:
            return version
    return None


def _relapsed(people: Sequence[int]) -> bool:
    """Nearly silent for `_DORMANT` weeks, after weeks and before weeks that were loud.

    The last one to three weeks and the loudest three in a row before the quiet ones each hold four times the
    quiet ones' average or more, and at least two people a week.
    """
    for since in range(1, _RELAPSE + 1):
        start = len(people) - since - _DORMANT
        if start < _RELAPSE:
            break
        now = sum(people[-since:]) / since
        quiet = sum(people[start : start + _DORMANT]) / _DORMANT
        before = max(sum(people[k : k + _RELAPSE]) for k in range(start - _RELAPSE + 1)) / _RELAPSE
        if min(now, before) >= max(2.0, 4 * quiet):
            return True
    return False


def _kind(series: Series) -> str | None:
    if not series.seen_before:
        return "new"
    if 0 < sum(series.people[:-1]) < _LEAST_PEOPLE:
        return None  # a stray voice some weeks ago: nothing was there that could return
    return "returned" if series.silence >= min(_DORMANT, len(series.people)) else None
