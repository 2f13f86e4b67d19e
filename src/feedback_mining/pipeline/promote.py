"""Compare two versions on what neither has seen; put one in use if it is better; go back to the one before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from feedback_mining.classification.correction import Correction
from feedback_mining.classification.labelling import read_labels
from feedback_mining.errors import InputError
from feedback_mining.evaluation.judge import Comparison, Estimate, compare
from feedback_mining.pipeline.label_sets import HeldOut, label_set, unseen_by
from feedback_mining.pipeline.reader import loaded_models
from feedback_mining.pipeline.train_labels import WORSE_ELSEWHERE
from feedback_mining.registry.promotions import note_refusal, switch, version_before
from feedback_mining.registry.versions import Registry
from feedback_mining.settings import Settings

_NOT_COMPARED = Comparison(0, Estimate(0.0, 0.0, 0.0), 1.0, 0, 0, 1.0)


@dataclass(frozen=True)
class Verdict:
    """Is version `b` better than `a`? `on`: data that both had not seen."""

    task: str
    a: str
    b: str
    on: str
    comparison: Comparison
    elsewhere: Comparison | None = None

    @property
    def wins(self) -> bool:
        return self.comparison.better and not (
            self.elsewhere and self.elsewhere.difference.high < -WORSE_ELSEWHERE
        )

    @property
    def evidence(self) -> dict[str, Any]:
        return {
            "units": self.comparison.units,
            "difference": asdict(self.comparison.difference),
            "p": self.comparison.p,
            "mcnemar_p": self.comparison.mcnemar_p,
            "on": self.on,
        }


def promote_version(
    registry: Registry,
    task: str,
    version: str,
    *,
    author: str,
    force: bool = False,
    reason: str | None = None,
) -> Verdict:
    """Put a version in use if it is better than the one in use, or with `force` whatever it is.

    A refusal is told by `wins` of the result and kept in the log, as is a forced promotion with its reason.
    Raises InputError where the two cannot be compared, and for `force` without a reason.
    """
    registry.found(task, version)
    if force and not (reason or "").strip():
        raise InputError("--force needs --reason: it is kept in the log of promotions")
    champion = registry.version_of(task)
    if version == champion:
        raise InputError(f"{task} {version} is in use already")
    try:
        verdict = compare_versions(registry, task, champion, version)
    except InputError:
        if not force:
            raise
        verdict = Verdict(task, champion, version, "nothing", _NOT_COMPARED)
    if not (verdict.wins or force):
        note_refusal(registry, task, version, author=author, reason="not better", evidence=verdict.evidence)
        return verdict
    switch(
        registry,
        task,
        version,
        instead_of=champion,
        action="promoted" if verdict.wins else "forced",
        author=author,
        reason=reason,
        evidence=verdict.evidence,
    )
    return verdict


def rollback(registry: Registry, task: str, *, author: str, reason: str | None = None) -> tuple[str, str]:
    """Put the version before in use again; returns `(what was in use, what is)`."""
    now, before = registry.version_of(task), version_before(registry, task)
    registry.found(task, before)
    switch(registry, task, before, instead_of=now, action="rolled_back", author=author, reason=reason)
    return now, before


def compare_versions(
    registry: Registry,
    task: str,
    a: str,
    b: str,
    *,
    files: Sequence[Path] = (),
    settings: Settings | None = None,
) -> Verdict:
    """Compare two versions on what was held out from both of them when they were trained, or on annotated files.

    Raises InputError where they have no such units in common.
    """
    for version in (a, b):
        registry.found(task, version)
    if files:
        return _compared_on_files(registry, task, a, b, files, settings or Settings())
    recorded = metrics_of(registry, task, b)
    if recorded.get("champion_version") == a and "comparison" in recorded:
        found = _comparison(recorded["comparison"])
        assert found is not None
        return Verdict(task, a, b, "held-out labels", found, _comparison(recorded["elsewhere"]))
    sides = {version: _held_out(registry, task, version) for version in (a, b)}
    known = {v: h for v, h in sides.items() if h is not None}
    if not known:
        raise InputError(f"{task} {a} and {b} keep no held-out results; name annotated files with --data")
    tables = [known.get(version) or next(iter(known.values())) for version in (a, b)]
    places = [{tuple(key): k for k, key in enumerate(t.keys.tolist())} for t in tables]
    common = sorted(set(places[0]) & set(places[1]))
    rows = np.array([[p[key] for p in places] for key in common], np.int64).reshape(-1, 2)
    rows = rows[tables[0].labels[rows[:, 0]] == tables[1].labels[rows[:, 1]]]
    if not len(rows):
        raise InputError(
            f"{task} {a} and {b} have no held-out unit in common; name annotated files with --data"
        )
    said = [
        (t.chances if v in known else t.base)[rows[:, k]].argmax(axis=1)
        for k, (t, v) in enumerate(zip(tables, (a, b), strict=True))
    ]
    truth, groups = tables[1].labels[rows[:, 1]], tables[1].groups[rows[:, 1]]
    return Verdict(
        task, a, b, "held-out labels", compare(truth, said[0], said[1], groups, int(recorded.get("seed", 0)))
    )


def metrics_of(registry: Registry, task: str, version: str) -> dict[str, Any]:
    """The version's metrics.json; empty where it is missing or damaged."""
    try:
        return dict(json.loads((registry.folder(task, version) / "metrics.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _compared_on_files(
    registry: Registry, task: str, a: str, b: str, files: Sequence[Path], settings: Settings
) -> Verdict:
    models = loaded_models(settings, registry.own, None)
    base = replace(models.comments, corrections={})
    labels = label_set(read_labels(files), base)
    said = []
    left = labels.labels[task] >= 0
    for version in (a, b):
        chances, held_out = labels.chances[task], _held_out(registry, task, version)
        if held_out is not None:
            correction = Correction.load(registry.folder(task, version))
            chances, seen = unseen_by(labels, correction.applied(chances, labels.rows), held_out)
            left &= ~seen
        said.append(chances.argmax(axis=1))
    if not left.any():
        raise InputError("No unit of these files is unseen by both versions; name other files with --data")
    truth, groups = labels.labels[task][left], labels.group[labels.owner[left]]
    found = compare(truth, said[0][left], said[1][left], groups, settings.seed)
    return Verdict(task, a, b, ", ".join(path.name for path in files), found)


def _held_out(registry: Registry, task: str, version: str) -> HeldOut | None:
    """None for the base model in use, which saw none of a team's labels."""
    if registry.is_correction(task, version):
        if registry.is_stale(task, version):
            raise InputError(
                f"{task} {version} corrects a base model that is not in use any more: run feedback-mining train {task}"
            )
        return HeldOut.load(registry.folder(task, version))
    if version != registry.base()[task]:
        raise InputError(f"{task} {version} is a base model that is not in use; it cannot be compared so")
    return None


def _comparison(stored: Mapping[str, Any] | None) -> Comparison | None:
    return Comparison(**{**stored, "difference": Estimate(**stored["difference"])}) if stored else None
