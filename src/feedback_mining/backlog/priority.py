"""Why one demand comes before another: six factors between 0 and 1, and their weighted mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feedback_mining.backlog.items import Factor
from feedback_mining.records import Intent, Sentiment, Unit

_INTENTS: dict[str, float] = {Intent.BUG: 0.7, Intent.COMPLAINT: 0.5, Intent.SUGGESTION: 0.3}
_THEMES = {"stability": 0.2, "privacy": 0.2, "payment": 0.15, "account": 0.15, "connectivity": 0.1}


@dataclass(frozen=True, slots=True)
class Strategy:
    """What a team cares about; `Strategy(**mapping)` reads one from a settings file.

    Weights are relative. `severity_intents` and `severity_themes` are added up, with `severity_churn` times
    the share of people who say that they leave, and cut at 1.
    """

    reach: float = 0.35
    severity: float = 0.2
    sentiment: float = 0.1
    momentum: float = 0.2
    recency: float = 0.1
    confidence: float = 0.05
    half_life_weeks: float = 4.0
    severity_intents: Mapping[str, float] = field(default_factory=lambda: dict(_INTENTS))
    severity_themes: Mapping[str, float] = field(default_factory=lambda: dict(_THEMES))
    severity_churn: float = 0.5

    def __post_init__(self) -> None:
        weights = (self.reach, self.severity, self.sentiment, self.momentum, self.recency, self.confidence)
        if min(weights) < 0 or not sum(weights) or self.half_life_weeks <= 0:
            raise ValueError(
                f"Strategy has weights {weights} and a half-life of {self.half_life_weeks} weeks; "
                "expected weights of at least 0, one of them above 0, and a half-life above 0"
            )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one demand in the window."""

    units: Sequence[Unit]
    ages: Sequence[int]  # one a person: weeks since that person last mentioned it, 0 for this week
    people_this_week: int
    expected_this_week: float
    leaving: int = 0  # people among them who say that they leave


def effective_people(ages: Sequence[int], half_life_weeks: float) -> float:
    """People, each halved for every half-life that passed since the person spoke."""
    return sum(math.exp2(-age / half_life_weeks) for age in ages)


def factors_of(evidence: Evidence, everybody: float, strategy: Strategy) -> tuple[Factor, ...]:
    """The factors of one demand; `everybody` is `effective_people` of all comments in the window.

    Reach is on a log scale that ends at a fifth of everybody. What one or two people say in strong words is
    weak evidence, so severity, sentiment, momentum and recency are scaled by people / (people + 2).
    """
    people = len(evidence.ages)
    count = len(evidence.units)
    if not count or not people:
        raise ValueError("A demand without a unit in the window has no priority; leave it out of the backlog")
    support = people / (people + 2)
    reach = effective_people(evidence.ages, strategy.half_life_weeks)
    full = max(10.0, 0.2 * everybody)
    severity = sum(
        strategy.severity_intents.get(u.intent, 0.0) + strategy.severity_themes.get(u.theme, 0.0)
        for u in evidence.units
    ) / count + strategy.severity_churn * (evidence.leaving / people)
    negative = sum(u.sentiment is Sentiment.NEGATIVE for u in evidence.units) / count
    change = (evidence.people_this_week + 1) / (evidence.expected_this_week + 1)
    youngest = min(evidence.ages)
    confidence = sum(u.confidence for u in evidence.units) / count
    measured = (
        ("reach", reach, math.log1p(reach) / math.log1p(full), strategy.reach),
        ("severity", severity, support * severity, strategy.severity),
        ("sentiment", negative, support * negative, strategy.sentiment),
        ("momentum", change, support * (0.5 + math.log2(change) / 6), strategy.momentum),
        ("recency", youngest, support * math.exp2(-youngest / strategy.half_life_weeks), strategy.recency),
        ("confidence", confidence, confidence * people / (people + 1), strategy.confidence),
    )
    return tuple(
        Factor(name=name, value=round(min(1.0, max(0.0, value)), 4), weight=weight, raw=round(float(raw), 4))
        for name, raw, value, weight in measured
    )


def priority_of(factors: Sequence[Factor]) -> float:
    """100 · Σ weight · value / Σ weight, to one decimal."""
    return round(100 * sum(f.weight * f.value for f in factors) / sum(f.weight for f in factors), 1)
