"""Outbreaks: found in their first week, and quiet weeks left quiet."""

from __future__ import annotations

import numpy as np
import pytest

from feedback_mining.backlog.emerging import (
    Series,
    benjamini_hochberg,
    outbreaks,
    predict,
    since_version,
    trend_of,
    typical_rate,
)
from feedback_mining.backlog.platforms import platform_of, platforms_in

VOLUME = (100,) * 12
CALM = (1, 0, 2, 1, 0, 1, 1, 2, 0, 1, 1)


def trend(people: tuple[int, ...], volume: tuple[int, ...] = VOLUME, known_before: bool = False) -> str:
    series = Series(people, known_before)
    return trend_of(series, volume, typical_rate([series, Series((*CALM, 1))], volume))


def test_the_predictive_distribution_is_the_negative_binomial_of_a_gamma_rate() -> None:
    draw = np.random.default_rng(1)
    weights = 0.5 ** (np.arange(3, 0, -1) / 8)
    rates = draw.gamma(0.5 + weights @ [2, 0, 1], 1 / (0.5 / 0.01 + weights @ [100, 50, 80]), 400_000)
    counts = draw.poisson(rates * 120)
    found = predict((2, 0, 1, 4), (100, 50, 80, 120), 0.01)
    assert found.expected == pytest.approx(counts.mean(), rel=0.02)
    assert found.more == pytest.approx((counts >= 4).mean(), rel=0.05)
    assert found.fewer == pytest.approx((counts <= 4).mean(), rel=0.02)


def test_benjamini_hochberg_takes_all_up_to_the_last_that_passes() -> None:
    assert benjamini_hochberg([0.04, 0.001, 0.9, 0.02], 0.05) == [False, True, False, True]
    assert benjamini_hochberg([0.03, 0.04, 0.05], 0.05) == [True, True, True]
    assert benjamini_hochberg([], 0.05) == []


def test_kinds_of_outbreaks() -> None:
    found = outbreaks(
        {
            "steady": Series((*CALM, 1)),
            "new": Series((0,) * 11 + (12,)),
            "surging": Series((*CALM, 15)),
            "returned": Series((0,) * 11 + (11,), known_before=True),
        },
        VOLUME,
    )
    assert {o.key: o.kind for o in found} == {"new": "new", "surging": "surging", "returned": "returned"}
    assert [o.p_value for o in found] == sorted(o.p_value for o in found)
    surge = next(o for o in found if o.key == "surging")
    assert surge.rate == 0.15
    assert surge.expected < 0.02


def test_two_people_are_no_outbreak() -> None:
    calm = {f"d{n}": Series((*CALM, 1)) for n in range(5)}
    assert outbreaks({**calm, "x": Series((0,) * 11 + (2,))}, (1000,) * 12) == []
    assert [o.key for o in outbreaks({**calm, "x": Series((0,) * 11 + (3,))}, (1000,) * 12)] == ["x"]


def test_more_of_everything_is_no_outbreak() -> None:
    assert outbreaks({"x": Series((5,) * 11 + (50,))}, (100,) * 11 + (1000,)) == []
    assert [o.kind for o in outbreaks({"x": Series((5,) * 11 + (50,))}, VOLUME)] == ["surging"]


def test_a_fault_that_brings_the_crowd_is_an_outbreak() -> None:
    """Its share of the people is as before, but they came for it."""
    calm = (2, 1, 2, 0, 3, 2, 3, 1, 1, 3, 2)
    small = (10,) * 11
    found = outbreaks({"login": Series((*calm, 26)), "other": Series((1,) * 11 + (4,))}, (*small, 100))
    assert [(o.key, o.kind, o.people) for o in found] == [("login", "surging", 26)]
    assert found[0].usual < 3
    assert outbreaks({"login": Series((*calm, 12))}, (*small, 100)) == []  # more came, but not for this
    assert outbreaks({"login": Series((*calm, 5))}, (*small, 18)) == []  # no crowd


def test_many_series_are_judged_as_each_alone() -> None:
    draw = np.random.default_rng(3)
    volume = tuple(draw.integers(40, 200, 12).tolist())
    series = {str(k): Series(tuple(draw.poisson(2, 12).tolist())) for k in range(20)}
    series["up"] = Series((*CALM, 14))
    typical = typical_rate(list(series.values()), volume)
    found = outbreaks(series, volume)
    assert [o.key for o in found] == ["up"]
    alone = predict(series["up"].people, volume, typical)
    assert found[0].p_value == pytest.approx(alone.more)
    assert found[0].expected == pytest.approx(alone.expected / volume[-1])


def test_the_first_week_has_nothing_to_compare_with() -> None:
    assert outbreaks({"x": Series((30,))}, (40,)) == []
    assert outbreaks({"x": Series((0,) * 11 + (30,))}, (0,) * 11 + (40,)) == []
    assert outbreaks({}, VOLUME) == []
    assert trend((30,), (40,)) == "new"


def test_quiet_weeks_raise_few_alarms() -> None:
    draw = np.random.default_rng(7)
    rates = draw.gamma(0.6, 0.02, 80)
    volume = draw.poisson(120, 120)
    counts = draw.poisson(rates[:, None] * volume[None, :])
    alarms = sum(
        len(
            outbreaks(
                {
                    str(d): Series(tuple(counts[d, t - 11 : t + 1]), bool(counts[d, : t - 11].any()))
                    for d in range(80)
                },
                tuple(volume[t - 11 : t + 1]),
            )
        )
        for t in range(11, 120)
    )
    assert alarms <= 109 / 4  # weeks; at most one a month


def test_trends() -> None:
    assert trend((0,) * 11 + (1,)) == "new"
    assert trend((0,) * 11 + (1,), known_before=True) == "returned"
    assert trend((2, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 2)) == "returned"
    assert trend((2, 1, 3, 1, 0, 2, 0, 0, 0, 0, 0, 0)) == "dormant"
    assert trend((*CALM, 15)) == "surging"
    assert trend((9, 8, 11, 9, 10, 9, 8, 10, 9, 9, 2, 1)) == "cooling"
    assert trend((9, 8, 11, 9, 10, 9, 8, 10, 9, 9, 8, 10)) == "steady"
    assert trend((*CALM, 0)) == "steady"


def test_a_fault_that_fades_with_a_straggler_is_cooling() -> None:
    assert trend((6, 3, 6, 5, 2, 2, 3, 4, 1, 0, 2, 0)) == "cooling"
    assert trend((6, 3, 6, 5, 2, 2, 3, 4, 4, 3, 5, 4)) == "steady"


def test_a_stray_voice_long_ago_makes_no_return() -> None:
    found = outbreaks({"x": Series((0, 0, 1, *(0,) * 8, 12)), "y": Series((0, 4, 2, *(0,) * 8, 12))}, VOLUME)
    assert {o.key: o.kind for o in found} == {"x": "surging", "y": "returned"}


def test_fewer_comments_are_not_cooling() -> None:
    assert trend((9, 8, 11, 9, 10, 9, 8, 10, 9, 9, 1, 1), (100,) * 10 + (10, 10)) == "steady"


def test_the_version_that_an_outbreak_follows() -> None:
    before = {"5.1": 90, "5.2": 60, "5.3": 2}
    assert since_version(["5.3", "5.3", None, "5.3", "5.1"], before) == "5.3"
    assert since_version(["5.2", "5.2", "5.2"], before) is None  # nothing new about it
    assert since_version(["5.3", "5.1", "5.2", "5.2"], before) is None  # spread over versions
    assert since_version(["5.3"], before) is None  # one mention follows nothing
    assert since_version([None, None], before) is None
    assert since_version(["1.0", "1.0"], {}) == "1.0"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("升级iOS 8.1后打不开", {"iOS 8"}),
        ("ios11.3闪退，iPhone X", {"iOS 11", "iPhone X"}),
        ("苹果6s plus 登录不上", {"iPhone 6s"}),
        ("安卓12和鸿蒙都不行", {"Android 12", "HarmonyOS"}),
        ("用了苹果5年了", set()),
        ("iPad横屏", {"iPad"}),
        ("第8次闪退", set()),
        ("", set()),
    ],
)
def test_platforms_that_a_text_names(text: str, named: set[str]) -> None:
    assert platforms_in(text) == named


def test_the_platform_that_an_outbreak_is_about() -> None:
    before = ["挺好用", "偶尔闪退", "iOS 7 上很流畅"] * 20
    now = ["iOS 8 登录不了", "升级ios8.0后登不上", "登录不了", "IOS 8 没法登录", "又登不上"]
    assert platform_of(now, before) == "iOS 8"
    assert platform_of(now, [*before, *["iOS 8 用着不错"] * 20]) is None  # named as often before
    assert platform_of(["iOS 8 登录不了", "登不上"], before) is None  # one voice
    assert platform_of([], []) is None


def test_a_crowd_that_comes_for_something_else_cools_nothing_down() -> None:
    """More people than ever mention it, though they are a smaller share of those who write."""
    series = Series((2, 1, 3, 2, 1, 2, 2, 1, 2, 3, 2, 19))
    volume = (12, 10, 14, 12, 9, 12, 11, 10, 13, 12, 12, 1100)
    assert trend_of(series, volume, 0.02) != "cooling"
    assert trend_of(Series((*series.people[:-4], 0, 0, 0, 0)), (*volume[:-1], 12), 0.02) == "cooling"
