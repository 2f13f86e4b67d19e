"""What the benchmark over events counts as found, as flagged and as quiet."""

from __future__ import annotations

import importlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
HEADER = "product,start,end,event,regex,n_reviews,n_match,share_in,share_out,lift,mean_rating,deleted_share"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("emerging")


@pytest.fixture
def fault(benchmark: Any, tmp_path: Path) -> Any:
    path = tmp_path / "events.csv"
    path.write_text(
        f"{HEADER}\n云账本,2026-03-04,2026-03-11,闪退,闪退|崩溃,9,5,0,0,0,1,0\n", encoding="utf-8-sig"
    )
    (event,) = benchmark.read_events(path)
    return event


def raised(benchmark: Any, *texts: str) -> Any:
    return benchmark.Raised("t", "new", texts, "")


def run(benchmark: Any, *alerts: Any, flagged: Any = (), listed: Any = ()) -> Any:
    return benchmark.WeekRun(10, alerts, frozenset(flagged), frozenset(listed))


def test_an_alert_matches_when_half_of_its_units_do(benchmark: Any, fault: Any) -> None:
    assert raised(benchmark, "一直闪退", "打不开").matches(fault)
    assert not raised(benchmark, "一直闪退", "打不开", "慢").matches(fault)
    assert not raised(benchmark).matches(fault)


def test_the_rank_is_that_in_the_first_week(benchmark: Any, fault: Any) -> None:
    found, other = raised(benchmark, "崩溃"), raised(benchmark, "太慢")
    runs = {"2026-W10": run(benchmark, other, found), "2026-W11": run(benchmark, found)}
    assert benchmark.fault_row(fault, runs).ours == "rank 2 of 2, 1 about something else"
    runs["2026-W10"] = run(benchmark, other)
    assert benchmark.fault_row(fault, runs).ours == "missed"


def test_flagged_comments_are_those_that_match_within_the_window(benchmark: Any, fault: Any) -> None:
    texts = {
        "a": (date(2026, 3, 4), "闪退"),
        "b": (date(2026, 3, 9), "闪退"),
        "c": (date(2026, 3, 11), "闪退"),  # the day after
        "d": (date(2026, 3, 5), "好用"),
    }
    runs = {
        "2026-W10": run(benchmark, flagged="a", listed="ab"),
        "2026-W11": run(benchmark, flagged="ac"),
    }
    row = benchmark.noise_row(fault, runs, texts)
    assert row.ours == "1 of 2 flagged, 1 by the run of their own week; 1 of the flagged in items of that run"


def test_weeks_that_touch_a_window_are_not_quiet(benchmark: Any, fault: Any) -> None:
    assert benchmark._busy([fault]) == {"2026-W10", "2026-W11"}


def test_simulated_quiet_weeks_are_quiet(benchmark: Any) -> None:
    quiet, power = benchmark.simulated(weeks=150, demands=40)
    assert float(quiet.ours.rstrip("%")) <= 5
    assert float(power.ours.rstrip("%")) >= 60
    assert benchmark.simulated(weeks=150, demands=40)[0] == quiet
