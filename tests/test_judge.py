"""Scores with intervals, paired comparison, calibration and thresholds, on tables that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from feedback_mining.evaluation.judge import compare, score, threshold_for

TRUTH = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
SAID = np.array([0, 0, 1, 1, 0, 2, 2, 2, 2, 0])
CHANCES = np.eye(3)[SAID] * 0.7 + 0.1


def test_figures_are_those_of_scikit_learn() -> None:
    found = score(TRUTH, SAID, CHANCES, np.arange(10), ("a", "b", "c"), seed=1)
    for name, function in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        wanted = function(TRUTH, SAID, average=None)
        assert [getattr(row, name).value for row in found.classes] == pytest.approx(wanted, abs=1e-4)
    assert found.macro_f1.value == pytest.approx(f1_score(TRUTH, SAID, average="macro"), abs=1e-4)
    assert found.accuracy.value == 0.7
    assert found.confusion == ((2, 1, 0), (1, 1, 0), (1, 0, 4))
    assert [row.support for row in found.classes] == [3, 2, 5]
    assert all(
        row.f1.low <= row.f1.value <= row.f1.high and row.f1.low >= 0 and row.f1.high <= 1
        for row in found.classes
    )
    assert found.ece == pytest.approx(0.1, abs=1e-4)  # says 0.8 and is right in 0.7
    assert sum(b.count for b in found.bins) == 10


def test_a_class_that_nobody_names_has_no_figures() -> None:
    found = score(TRUTH, SAID, np.hstack([CHANCES, np.zeros((10, 1))]), np.arange(10), "abcd", seed=1)
    assert np.isnan(found.classes[3].f1.value)
    assert found.classes[3].support == 0
    assert 0 < found.macro_f1.low < found.macro_f1.value < found.macro_f1.high


def test_units_of_one_comment_are_drawn_together() -> None:
    """Ten copies of every unit in the same group say no more than one."""
    single = score(TRUTH, SAID, CHANCES, np.arange(10), "abc", seed=1)
    groups = np.repeat(np.arange(10), 10)
    copied = score(
        np.repeat(TRUTH, 10), np.repeat(SAID, 10), np.repeat(CHANCES, 10, axis=0), groups, "abc", 1
    )
    apart = score(
        np.repeat(TRUTH, 10), np.repeat(SAID, 10), np.repeat(CHANCES, 10, axis=0), np.arange(100), "abc", 1
    )
    assert copied.accuracy == single.accuracy
    assert apart.accuracy.high - apart.accuracy.low < 0.6 * (single.accuracy.high - single.accuracy.low)


class TestComparison:
    def test_better_worse_and_even(self) -> None:
        truth = np.zeros(200, np.int64)
        champion, challenger = truth.copy(), truth.copy()
        champion[:40] = 1
        challenger[:10] = 1
        found = compare(truth, champion, challenger, np.arange(200), seed=3)
        assert found.better
        assert not found.worse
        assert found.difference.value == 0.15
        assert (found.only_champion, found.only_challenger) == (0, 30)
        assert found.p < 0.01
        assert found.mcnemar_p < 1e-6
        back = compare(truth, challenger, champion, np.arange(200), seed=3)
        assert back.worse
        assert back.difference.value == -0.15
        same = compare(truth, champion, champion, np.arange(200), seed=3)
        assert not same.better
        assert not same.worse
        assert same.p == same.mcnemar_p == 1.0

    def test_a_gain_in_one_comment_alone_is_no_proof(self) -> None:
        truth = np.zeros(60, np.int64)
        champion = truth.copy()
        champion[:12] = 1
        one_comment = np.r_[np.zeros(12, np.int64), np.arange(1, 49)]
        assert not compare(truth, champion, truth, one_comment, seed=3).better
        assert compare(truth, champion, truth, np.arange(60), seed=3).better

    def test_the_same_seed_gives_the_same_interval(self) -> None:
        arguments = (TRUTH, SAID, TRUTH, np.arange(10))
        assert compare(*arguments, seed=5) == compare(*arguments, seed=5)

    def test_no_units_are_refused(self) -> None:
        none = np.zeros(0, np.int64)
        with pytest.raises(ValueError, match="at least one"):
            compare(none, none, none, none, seed=1)
        with pytest.raises(ValueError, match="at least one"):
            score(none, none, np.zeros((0, 2)), none, "ab", seed=1)


@pytest.mark.parametrize(
    ("precision", "expected"), [(1.0, (0.9, 0.4, 1.0)), (0.75, (0.7, 0.8, 0.75)), (0.5, (0.1, 1.0, 0.6))]
)
def test_the_threshold_tells_as_many_as_the_precision_allows(
    precision: float, expected: tuple[float, float, float]
) -> None:
    confidence = np.array([0.9, 0.9, 0.7, 0.7, 0.1])
    right = np.array([True, True, True, False, False])
    assert threshold_for(confidence, right, precision) == pytest.approx(expected)


def test_no_threshold_can_reach_what_is_never_right() -> None:
    assert threshold_for(np.array([0.9, 0.8]), np.array([False, False]), 0.8)[:2] == (1.0, 0.0)
