"""Priority: what many people report now comes first, and every factor shows how."""

from __future__ import annotations

import pytest

from feedback_mining.backlog.priority import Evidence, Strategy, effective_people, factors_of, priority_of
from feedback_mining.records import Intent, Sentiment, Unit


def unit(
    intent: Intent = Intent.BUG,
    theme: str = "stability",
    sentiment: Sentiment = Sentiment.NEGATIVE,
    confidence: float = 0.8,
) -> Unit:
    return Unit("c", 0, 2, "闪退", intent, theme, sentiment, confidence)


def score(
    ages: list[int], expected: float = 0.1, one: Unit | None = None, leaving: int = 0, **strategy: float
) -> float:
    evidence = Evidence([one or unit()] * len(ages), ages, ages.count(0), expected, leaving)
    return priority_of(factors_of(evidence, 120.0, Strategy(**strategy)))


def test_priority_is_the_weighted_mean_of_its_factors() -> None:
    factors = factors_of(Evidence([unit()] * 3, [0, 1, 4], 1, 0.5), 60.0, Strategy())
    assert [f.name for f in factors] == [
        "reach",
        "severity",
        "sentiment",
        "momentum",
        "recency",
        "confidence",
    ]
    assert all(0 <= f.value <= 1 for f in factors)
    by_hand = 100 * sum(f.value * f.weight for f in factors) / sum(f.weight for f in factors)
    assert priority_of(factors) == pytest.approx(by_hand, abs=0.05)
    reach = factors[0]
    assert reach.raw == pytest.approx(1 + 2 ** (-1 / 4) + 0.5, abs=1e-4)


def test_people_count_half_after_the_half_life() -> None:
    assert effective_people([0, 4, 8], 4.0) == pytest.approx(1.75)
    assert effective_people([], 4.0) == 0


def test_an_outbreak_beats_a_long_standing_demand_and_that_beats_one_voice() -> None:
    outbreak = score([0] * 30, expected=0.3)
    standing = score([0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11] * 2, expected=4)
    wish = score([0, 1, 2, 2, 3, 5], 0.8, unit(Intent.SUGGESTION, "feature", Sentiment.NEUTRAL))
    lone = score([0])
    assert outbreak > standing > wish > lone
    assert outbreak > 75
    assert lone < 35


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (unit(Intent.BUG), unit(Intent.SUGGESTION)),
        (unit(theme="privacy"), unit(theme="ui_ux")),
        (unit(sentiment=Sentiment.NEGATIVE), unit(sentiment=Sentiment.NEUTRAL)),
        (unit(confidence=0.9), unit(confidence=0.3)),
    ],
)
def test_each_quality_counts(better: Unit, worse: Unit) -> None:
    assert score([0, 1, 2], one=better) > score([0, 1, 2], one=worse)


def test_people_who_leave_make_it_more_severe() -> None:
    wish = unit(Intent.SUGGESTION, "feature")
    assert score([0, 0, 0], one=wish, leaving=3) > score([0, 0, 0], one=wish)


def test_recent_beats_old_and_rising_beats_expected() -> None:
    assert score([1, 1, 1]) > score([9, 9, 9])
    assert score([0] * 6, expected=0.5) > score([0] * 6, expected=12)


def test_weights_are_relative_and_a_weight_of_zero_takes_a_factor_out() -> None:
    double = {name: 2 * getattr(Strategy(), name) for name in ("reach", "severity", "sentiment", "momentum")}
    double |= {"recency": 0.2, "confidence": 0.1}
    assert score([0, 1, 2], **double) == score([0, 1, 2])
    only_reach = dict.fromkeys(("severity", "sentiment", "momentum", "recency", "confidence"), 0.0)
    assert score([3, 3], one=unit(), **only_reach) == score([3, 3], one=unit(Intent.SUGGESTION), **only_reach)


@pytest.mark.parametrize("wrong", [{"reach": -1.0}, {"half_life_weeks": 0.0}])
def test_a_strategy_that_cannot_be_meant_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected weights of at least 0"):
        Strategy(**wrong)


def test_a_demand_without_units_has_no_priority() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        factors_of(Evidence([], [], 0, 0.0), 10.0, Strategy())
