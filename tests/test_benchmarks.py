"""What the benchmarks say was held out was held out."""

from __future__ import annotations

import csv
import gzip
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def pair_benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("held_out_pairs")


def write(path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerows([("source", "s1", "s2", "label"), *rows])


def read(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def test_no_sentence_of_a_held_out_pair_is_left_for_training(pair_benchmark: Any, tmp_path: Path) -> None:
    shared_words = [f"怎么还款{k}" for k in range(40)]
    pairs = [
        (name, shared_words[k % 40], f'{name}还款方式{k} "引号', str(k % 2))
        for name in ("lcqmc", "bq", "afqmc", "atec")
        for k in range(300)
    ]
    write(tmp_path / "pairs.tsv.gz", pairs)
    held = pair_benchmark.held_out(tmp_path / "pairs.tsv.gz", tmp_path / "rest.tsv.gz")
    rest = read(tmp_path / "rest.tsv.gz")
    assert set(held) == {"lcqmc", "bq", "afqmc"}
    assert all(10 <= len(found) <= 60 for found in held.values())
    unseen = {text for found in held.values() for a, b, _ in found for text in (a, b)}
    assert not unseen & {text for row in rest for text in row[1:3]}
    assert {tuple(row) for row in rest} <= set(pairs)
    again = pair_benchmark.held_out(tmp_path / "pairs.tsv.gz", tmp_path / "again.tsv.gz")
    assert again == held
    assert read(tmp_path / "again.tsv.gz") == rest


def test_a_good_encoder_tells_paraphrases_apart(pair_benchmark: Any) -> None:
    from feedback_mining.registry.models import current
    from feedback_mining.resources import models_dir

    pairs = [
        ("一打开就闪退", "打开之后直接闪退", 1),
        ("怎么注销账号", "账号在哪里注销", 1),
        ("一打开就闪退", "广告太多了", 0),
        ("怎么注销账号", "物流很快", 0),
    ]
    (row,) = pair_benchmark.rows({"ours": pairs}, models_dir() / "encoder" / current()["encoder"])
    assert (row.section, row.measure, row.ours) == ("encoder", "AUC, ours (4 pairs)", "1.000")


def test_what_is_missing_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "quality.py"), "--shared", str(tmp_path), "--work", str(tmp_path / "w")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"No data/ in {tmp_path}" in done.stderr
    assert not (tmp_path / "w").exists()


def test_the_table_names_a_section_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    rows = importlib.import_module("rows")
    lines = rows.table([rows.Row("speed", "a", "1"), rows.Row("speed", "b", "2", "3", "4", "5")]).splitlines()
    assert lines[2:] == ["| speed | a | 1 | – | – |  |", "|  | b | 2 | 3 | 4 | 5 |"]
