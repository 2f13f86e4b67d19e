"""A team's own labels → a correction of the base model, judged against the version in use on unseen comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from feedback_mining.classification.classifier import CommentModel
from feedback_mining.classification.correction import (
    Correction,
    Floats,
    Rehearsal,
    fit_correction,
    log_chances,
    softmax,
)
from feedback_mining.classification.rehearsal import BaseSet, positions
from feedback_mining.classification.training import TASKS
from feedback_mining.errors import InputError, TooFewLabels
from feedback_mining.evaluation.judge import Comparison, Scores, compare, score
from feedback_mining.pipeline.label_sets import HeldOut, Ints, LabelSet, unseen_by

FOLDS = 5
PENALTIES = (0.1, 0.4, 1.6, 6.4)  # of ½ penalty ‖Δ‖²
_REHEARSAL = 16.0  # what the base's units weigh together, a labelled unit weighing 1
LEAST_UNITS = 50
LEAST_COMMENTS = 20  # that are no near duplicates of each other
WORSE_ELSEWHERE = 0.01  # accuracy that may be lost on other products


@dataclass(frozen=True)
class Trained:
    """A version before it is saved."""

    task: str
    correction: Correction
    held_out: HeldOut
    judged: int  # units on which champion and challenger were compared
    champion: Scores
    challenger: Scores
    comparison: Comparison
    elsewhere: Comparison | None  # the same on the base's products; None without a base set
    counts: Mapping[str, int]

    @property
    def forgets(self) -> bool:
        """Is it clearly worse than the champion on the base's products, by more than is tolerated?"""
        return bool(self.elsewhere and self.elsewhere.difference.high < -WORSE_ELSEWHERE)

    @property
    def wins(self) -> bool:
        return self.comparison.better and not self.forgets


def train_correction(
    task: str,
    labels: LabelSet,
    model: CommentModel,
    base: BaseSet | None,
    *,
    seed: int,
    champions: Mapping[str, HeldOut] | None = None,
) -> Trained:
    """Fit, and judge by cross-fitting: five folds grouped by near duplicates, so that every unit is judged by
    a correction that saw neither its comment nor a twin of it; the penalty is chosen inside each fold's
    training part. The version itself is then fitted on all labels.

    model: the champion, base and corrections in use; champions: task → what the correction in use said of its
    own labels held out. Raises TooFewLabels.
    """
    known = labels.labels[task] >= 0
    _check_enough(task, labels, known)
    some = np.flatnonzero(known)
    owner, y = labels.owner[some], labels.labels[task][some]
    rows, chances = labels.rows[some], labels.chances[task][some]
    groups = labels.group[owner]
    classes = model.heads[task].classes
    fold = _folds(groups, seed)
    parts = _BaseParts.of(base, task, seed)

    def fitted(members: NDArray[np.bool_], penalty: float, without: int | None) -> Correction:
        rehearsal = parts.rehearsal(without, int(members.sum()))
        return fit_correction(
            rows[members], chances[members], y[members], classes, penalty, rehearsal=rehearsal
        )

    losses = np.zeros((FOLDS, len(PENALTIES)))
    said = np.zeros_like(chances)
    elsewhere = parts.nothing()
    for held in range(FOLDS):
        inner = (held + 1) % FOLDS
        unseen, chosen_on = fold == held, fold == inner
        for k, penalty in enumerate(PENALTIES):
            part = fitted(~unseen & ~chosen_on, penalty, held)
            losses[held, k] = _loss(part.applied(chances[chosen_on], rows[chosen_on]), y[chosen_on])
        part = fitted(~unseen, PENALTIES[int(losses[held].argmin())], held)
        said[unseen] = part.applied(chances[unseen], rows[unseen])
        parts.fill(elsewhere, part, held)
    correction = fitted(np.ones(len(y), bool), PENALTIES[int(losses.sum(axis=0).argmin())], None)
    held_out = HeldOut(labels.keys[some], said, chances, y, groups)
    corrected = model.corrected(labels.chances, labels.rows)
    seen = np.zeros(len(labels.owner), bool)
    for name, own in (champions or {}).items():
        corrected[name], met = unseen_by(labels, corrected[name], own)
        seen |= met
    judged = ~seen[some]
    counts = {
        "comments": len(set(owner.tolist())), "units": len(y), "groups": len(set(groups.tolist())),
        **labels.dropped, "unknown_label": int((~known).sum()), "seen_by_champion": int((~judged).sum()),
        "rehearsed_units": len(base) if base else 0,
    }  # fmt: skip
    if not judged.any():
        raise InputError(
            f"All {len(y)} labelled units were seen by the {task} in use in another form; nothing is left to judge on"
        )
    before = {name: p[some][judged] for name, p in corrected.items()}
    after = {**before, task: said[judged]}
    truth, group = y[judged], groups[judged]
    champion, challenger = decided(model, before, task), decided(model, after, task)
    return Trained(
        task=task,
        correction=correction,
        held_out=held_out,
        judged=len(truth),
        champion=score(truth, champion, before[task], group, classes, seed),
        challenger=score(truth, challenger, after[task], group, classes, seed),
        comparison=compare(truth, champion, challenger, group, seed),
        elsewhere=parts.compared(model, task, elsewhere, seed),
        counts=counts,
    )


def decided(model: CommentModel, chances: Mapping[str, Floats], task: str) -> Ints:
    """Index of the label of `task` that the model tells, the three tasks decided together."""
    intents, themes, sentiments, _ = model.labels(dict(chances))
    names = {"intent": intents, "theme": themes, "sentiment": sentiments}
    return positions(names[task], model.heads[task].classes)


def _check_enough(task: str, labels: LabelSet, known: NDArray[np.bool_]) -> None:
    units = int(known.sum())
    comments = len(set(labels.group[labels.owner[known]].tolist()))
    if units < LEAST_UNITS or comments < LEAST_COMMENTS:
        unknown = int((~known).sum())
        beside = f" (beside {unknown} whose {task} the model does not know)" if unknown else ""
        raise TooFewLabels(
            f"{units} labelled units in {comments} different comments{beside} are too few to train {task}; at least "
            f"{LEAST_UNITS} units in {LEAST_COMMENTS} comments are needed: label more (feedback-mining label next)"
        )
    if len(set(labels.labels[task][known].tolist())) < 2:
        raise TooFewLabels(f"All labelled units have the same {task}; label comments of at least two kinds")


def _folds(groups: Ints, seed: int) -> Ints:
    """Fold of each unit; near duplicates share one. The same labels and seed give the same folds."""
    fold = np.zeros(len(groups), np.int64)
    splits = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(np.zeros(len(groups)), groups=groups)
    for number, (_, held) in enumerate(splits):
        fold[held] = number
    return fold


def _loss(chances: Floats, labels: Ints) -> float:
    return float(-log_chances(chances)[np.arange(len(labels)), labels].sum())


@dataclass(frozen=True)
class _BaseParts:
    """The base set in folds by product: a fold's correction rehearses the others and is judged on it."""

    base: BaseSet | None
    task: str
    fold: Ints
    seed: int

    @classmethod
    def of(cls, base: BaseSet | None, task: str, seed: int) -> _BaseParts:
        if base is None:
            return cls(None, task, np.zeros(0, np.int64), seed)
        place = np.random.default_rng(seed).permutation(len(base.products)) % FOLDS
        return cls(base, task, place[base.product[base.comment]].astype(np.int64), seed)

    def rehearsal(self, without: int | None, units: int) -> Rehearsal | None:
        """Of the products outside the fold `without`, beside so many labelled units."""
        if self.base is None:
            return None
        members = self.fold != (-1 if without is None else without)
        return self.base.rehearsal(self.task, members, _REHEARSAL * units, self.seed)

    def nothing(self) -> Floats:
        return np.zeros_like(self.base.chances(self.task)) if self.base else np.zeros((0, 0), np.float32)

    def fill(self, found: Floats, part: Correction, held: int) -> None:
        if self.base is not None:
            members = self.fold == held
            found[members] = on_vectors(part, self.base, self.task)[members]

    def compared(self, model: CommentModel, task: str, after: Floats, seed: int) -> Comparison | None:
        if self.base is None:
            return None
        before = {name: self.base.chances(name) for name in TASKS}
        for name, correction in model.corrections.items():
            before[name] = on_vectors(correction, self.base, name)
        truth = self.base.labels[task].astype(np.int64)
        return compare(
            truth,
            decided(model, before, task),
            decided(model, {**before, task: after}, task),
            self.base.comment.astype(np.int64),
            seed,
        )


def on_vectors(correction: Correction, base: BaseSet, task: str) -> Floats:
    """A correction on the base's units, of which only the vectors are known: `(units, classes)`."""
    first = correction.width - base.vectors.shape[1]
    dense = np.zeros((len(correction.classes), base.vectors.shape[1]), np.float32)
    last = correction.columns >= first
    dense[:, correction.columns[last] - first] = correction.weights[:, last]
    scores = log_chances(base.chances(task)) + base.vectors @ dense.T + correction.bias
    return np.asarray(softmax(scores)[0], np.float32)
