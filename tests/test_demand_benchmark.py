"""What `make bench-demands` compares, and how it chooses and counts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feedback_mining.records import Intent, Sentiment, Unit

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def gold(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import demand_gold

    return demand_gold


@pytest.fixture
def stability(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import demand_stability

    return demand_stability


def unit(comment: str, start: int, end: int) -> Unit:
    text = "字" * (end - start)
    return Unit(comment, start, end, text, Intent.BUG, "stability", Sentiment.NEGATIVE, 0.9)


def test_a_setting_is_chosen_on_the_files_of_other_products(gold: Any) -> None:
    score = gold.Score
    settings = {
        "fine": {"a": score(0.9, 0.9), "a_2": score(0.9, 0.9), "b": score(0.1, 0.1)},
        "coarse": {"a": score(0.1, 0.1), "a_2": score(0.1, 0.1), "b": score(0.8, 0.8)},
    }
    chosen = gold.chosen(settings)
    assert {name: setting for name, (setting, _) in chosen.items()} == {
        "a": "coarse",
        "a_2": "coarse",  # the second file of a product is no other product
        "b": "fine",
    }
    assert chosen["b"][1] == score(0.1, 0.1)


def test_a_unit_is_matched_with_the_annotated_one_that_it_overlaps_most(gold: Any) -> None:
    theirs = [(unit("1", 0, 4), "闪退"), (unit("1", 4, 12), "登录不了"), (unit("2", 0, 4), "卡顿")]
    ours = [unit("1", 2, 9), unit("1", 0, 3), unit("2", 5, 9), unit("3", 0, 2)]
    assert gold.matched(ours, theirs) == ["登录不了", "闪退", None, None]


def test_outliers_are_groups_of_one(gold: Any, stability: Any) -> None:
    rows = {"1": {}, "2": {}}
    units = [unit("1", 0, 2), unit("2", 0, 2)]
    predicted = gold.predicted(units, [None, None], None, rows)
    demands = [u["demand"] for row in predicted.values() for u in row["units"]]
    assert len(set(demands)) == 2
    assert stability.alike([None, None, "a", "a"], ["x", "y", "z", "z"]) == 1.0
    assert stability.alike(["a", "a", "b", "b"], ["a", "b", "a", "b"]) < 0


def test_annotated_units_carry_their_demands(gold: Any) -> None:
    row = {
        "text": "老是闪退，挺好",
        "units": [
            {
                "span": "老是闪退",
                "intent": "bug",
                "theme": "stability",
                "sentiment": "negative",
                "demand": "闪退",
            },
            {
                "span": "挺好",
                "intent": "praise",
                "theme": "general",
                "sentiment": "positive",
                "demand": None,
            },
        ],
    }
    ((found, demand),) = gold.annotated({"7": row})
    assert (found.comment, found.start, found.end, demand) == ("7", 0, 4, "闪退")


def test_the_table_gives_the_means_and_each_file(gold: Any) -> None:
    score = gold.Score(0.4, 0.6, 10, 0.25)
    of_file = {"mall": score, "game": score}
    rows = gold.table_rows(
        {"ours": {"": of_file}, "BERTopic": {"least 2": of_file}, "k-means, k as ours": {"": of_file}}
    )
    assert [row.ours for row in rows] == ["0.400, 0.600"] * 5
    assert "25% of units in outliers" in rows[1].held_out
    assert rows[3].floor == "0.400, 0.600 (BERTopic); 0.400, 0.600 (k-means)"


def test_data_that_is_missing_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "demands.py"), "--shared", str(tmp_path), "--work", str(tmp_path / "w")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"No data/ in {tmp_path}" in done.stderr
    assert not (tmp_path / "w").exists()
