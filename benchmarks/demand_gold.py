"""Groupings against the annotators' demands, each product read by models that have not seen it.

Every method groups the units that our models read, by the same vectors. Two more rows tell reading from
grouping: our grouping of the annotators' units, and the annotators' grouping of our units.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from demand_groupings import METHODS, Batch, Labels, ours
from held_out_products import FOLDS, product_of, train_fold
from rows import Row

from feedback_mining.records import Intent, Sentiment, Unit

Gold = dict[str, dict[str, Any]]  # comment's id → the annotator's row
BOTH_OURS, BOTH_GOLD = "our grouping of the annotators' units", "the annotators' grouping of our units"
GOAL = "0.45, 0.65 / 0.67, 0.81"


@dataclass(frozen=True, slots=True)
class Score:
    """F1 of pairs of comments, and of the best match of each demand of three comments or more."""

    pairs: float
    best: float
    groups: int = 0
    outliers: float = 0.0  # share of the units

    def __str__(self) -> str:
        return f"{self.pairs:.3f}, {self.best:.3f}"


Scores = dict[str, dict[str, dict[str, Score]]]  # method → setting → file


def rows(shared: Path, models: Path, labels: Sequence[Path] = ()) -> list[Row]:
    """models: the work folder of held_out_products, whose folds are trained where they are missing."""
    files = sorted((shared / "labels" / "gold").glob("*.jsonl"))
    judge = _scorer(shared)
    scores: Scores = {}
    for fold in FOLDS:
        folder = train_fold(fold, [*files, *sorted(labels)], shared, models)
        for path in (path for path in files if product_of(path) in fold):
            print(f"grouping {path.stem}", file=sys.stderr, flush=True)
            for method, setting, score in judged(path, folder, judge):
                scores.setdefault(method, {}).setdefault(setting, {})[path.stem] = score
    return table_rows(scores)


def table_rows(scores: Scores) -> list[Row]:
    """A row for each method's mean over files, then one for each file."""
    picked = {method: chosen(settings) for method, settings in scores.items()}
    found = []
    for method, of_file in picked.items():
        used = Counter(setting for setting, _ in of_file.values() if setting)
        notes = [f"{mean(s.groups for _, s in of_file.values()):.0f} groups a file"]
        outliers = mean(s.outliers for _, s in of_file.values())
        notes += [f"{outliers:.0%} of units in outliers"] if outliers else []
        notes += [", ".join(f"{setting} × {n}" for setting, n in used.most_common())] if used else []
        found.append(
            Row("demands: pairwise F1, best-match F1", f"{method}, mean of {len(of_file)} files",
                str(average([score for _, score in of_file.values()])),
                goal=GOAL if method == "ours" else "–", held_out="; ".join(notes))
        )  # fmt: skip
    for name, (_, score) in picked["ours"].items():
        beside = [
            (m, of_file[name][1]) for m, of_file in picked.items() if m in ("BERTopic", "k-means, k as ours")
        ]
        found.append(
            Row("demands: pairwise F1, best-match F1", name, str(score),
                "; ".join(f"{other} ({method.partition(',')[0]})" for method, other in beside), GOAL,
                f"fold without it; {score.groups} groups")
        )  # fmt: skip
    return found


def average(scores: Sequence[Score]) -> Score:
    return Score(mean(s.pairs for s in scores), mean(s.best for s in scores))


def chosen(settings: Mapping[str, Mapping[str, Score]]) -> dict[str, tuple[str, Score]]:
    """For each file the setting that does best on the files of all other products, and its score."""
    found = {}
    for name in next(iter(settings.values())):
        product = product_of(Path(name))

        def elsewhere(setting: str, product: str = product) -> float:
            others = [s for file, s in settings[setting].items() if product_of(Path(file)) != product]
            return sum(s.pairs + s.best for s in others)

        best = max(settings, key=elsewhere)
        found[name] = (best, settings[best][name])
    return found


def judged(path: Path, models: Path, judge: Any) -> list[tuple[str, str, Score]]:
    """Method, setting and score of every grouping of one annotated file."""
    from feedback_mining.classification.classifier import told
    from feedback_mining.pipeline.grouping import groupable
    from feedback_mining.pipeline.reader import Reader
    from feedback_mining.settings import Settings

    gold: Gold = {str(row["id"]): row for row in map(json.loads, path.open(encoding="utf-8"))}
    reader = Reader.of(Settings(models=models))
    texts = sorted((key, str(row["text"])) for key, row in gold.items())
    analyses = list(reader.analyse(texts))
    units = [unit for found in analyses for unit in found.units if groupable(unit)]
    said = {unit.id for found in analyses for unit in told(found.units)}
    comments = {key: ("", text) for key, text in texts}
    tracker = reader.tracker("")
    vectors = tracker.encode([unit.text for unit in units])
    batch = Batch(units, vectors, ours(tracker, units, comments))

    def score(labels: Labels, of: Sequence[Unit] = units) -> Score:
        groups = {label for label in labels if label is not None}
        outliers = sum(label is None for label in labels) / len(labels)
        result = judge.demands(gold, predicted(of, labels, said if of is units else None, gold))
        return Score(
            result["pairwise P/R/F1"][2],
            result["best-match F1, weighted"],
            len(groups) + sum(label is None for label in labels),
            outliers,
        )

    found = [
        (method, setting, score(group(batch)))
        for method, settings in METHODS.items()
        for setting, group in settings.items()
    ]
    theirs = annotated(gold)
    found.append(
        (BOTH_OURS, "", score(ours(tracker, [u for u, _ in theirs], comments), [u for u, _ in theirs]))
    )
    found.append((BOTH_GOLD, "", score(matched(units, theirs))))
    return found


def predicted(units: Sequence[Unit], labels: Labels, said: set[str] | None, gold: Gold) -> Gold:
    """Rows as the scorer reads them. An outlier stands alone; units that are not `said` are not told."""
    rows: Gold = {key: {"id": key, "units": []} for key in gold}
    for unit, label in zip(units, labels, strict=True):
        if said is None or unit.id in said:
            rows[unit.comment]["units"].append({"demand": f"alone {unit.id}" if label is None else label})
    return rows


def annotated(gold: Gold) -> list[tuple[Unit, str]]:
    """The annotators' units that carry a demand, with it, in order of comment and place."""
    found = []
    for key, row in sorted(gold.items()):
        for unit in row["units"]:
            if unit.get("demand"):
                start = max(0, str(row["text"]).find(unit["span"]))
                found.append(
                    (
                        Unit(
                            key, start, start + len(unit["span"]), unit["span"], Intent(unit["intent"]),
                            unit["theme"], Sentiment(unit["sentiment"]), 1.0,
                        ),
                        str(unit["demand"]),
                    )
                )  # fmt: skip
    return found


def matched(units: Sequence[Unit], theirs: Sequence[tuple[Unit, str]]) -> Labels:
    """The demand of the annotated unit that each unit overlaps most; without any it is an outlier."""
    of_comment: dict[str, list[tuple[Unit, str]]] = {}
    for unit, demand in theirs:
        of_comment.setdefault(unit.comment, []).append((unit, demand))
    labels: Labels = []
    for unit in units:
        overlaps = [
            (min(unit.end, other.end) - max(unit.start, other.start), demand)
            for other, demand in of_comment.get(unit.comment, [])
        ]
        most, demand = max(overlaps, default=(0, ""))
        labels.append(demand if most > 0 else None)
    return labels


def _scorer(shared: Path) -> Any:
    spec = importlib.util.spec_from_file_location("score", shared / "labels" / "score.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(shared / "labels" / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
