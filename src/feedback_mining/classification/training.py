"""From annotated comments to the models that `CommentModel` runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, vstack
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.heads import LinearHead, from_linear
from feedback_mining.classification.labelling import LabelledComment
from feedback_mining.classification.splitter import CommentClauses, gold_labels, split_features
from feedback_mining.records import ACTIONABLE, Signal

TASKS = ("intent", "theme", "sentiment")
_FOLDS = 3
_ACTIONABLE = {str(intent) for intent in ACTIONABLE}


@dataclass(frozen=True, slots=True)
class TrainedModels:
    heads: dict[str, LinearHead]  # intent, theme, sentiment
    splitter: LinearHead
    specific: LinearHead  # yes, no: is an actionable unit definite enough to be a ticket
    signals: dict[str, LinearHead]


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    unit_cost: float = 0.5  # C of the label heads
    split_cost: float = 0.005
    split_weight: float = 0.25  # of comments with a weight below 1: written ones are cut unlike real ones
    signal_cost: float = 0.5
    seed: int = 20


def train(
    comments: Sequence[LabelledComment], featuriser: Featuriser, config: TrainingConfig | None = None
) -> TrainedModels:
    """Fit all heads. Each comment counts with its `weight`; the result depends only on the arguments."""
    config = config or TrainingConfig()
    ordered = sorted(comments, key=lambda c: (c.id, c.text))
    owner = np.array([k for k, c in enumerate(ordered) for _ in c.units])
    spans = [c.text[u.start : u.end] for c in ordered for u in c.units]
    rows = featuriser.transform(spans, [c.text for c in ordered], owner)
    weights = np.array([ordered[k].weight for k in owner])
    groups = _folds(ordered)
    heads: dict[str, LinearHead] = {}
    by_fold: list[dict[str, LinearHead]] = [{} for _ in range(_FOLDS)]
    for task in TASKS:
        labels = np.array([getattr(u, task) for c in ordered for u in c.units])
        unseen = np.zeros((len(labels), len(set(labels))))
        for fold in range(_FOLDS):
            inside = groups[owner] != fold
            head = fit(rows[inside], labels[inside], weights[inside], config.unit_cost, config.seed)
            by_fold[fold][task] = _widened(head, np.unique(labels))
            columns = np.searchsorted(np.unique(labels), head.classes)
            unseen[np.ix_(~inside, columns)] = _scores(head, rows[~inside])
        head = fit(rows, labels, weights, config.unit_cost, config.seed)
        temperature = fit_temperature(unseen, np.searchsorted(head.classes, labels), weights)
        heads[task] = replace(head, temperature=temperature)
        by_fold = [{**f, task: replace(f[task], temperature=temperature)} for f in by_fold]
    splitter = _train_splitter(ordered, groups, featuriser, by_fold, config)
    heads["intent"].facts["agreement"] = agreement(ordered, heads)
    # Without annotated demands, all that has an aspect counts as definite.
    annotated = any(c.with_demands for c in ordered)
    definite = np.array(
        [(c.with_demands or not annotated) and u.intent in _ACTIONABLE for c in ordered for u in c.units]
    )
    answers = np.array(
        [
            "yes" if (u.demand if annotated else u.theme != "general") else "no"
            for c in ordered
            for u in c.units
        ]
    )
    specific = fit(rows[definite], answers[definite], weights[definite], config.unit_cost, config.seed)
    return TrainedModels(heads, splitter, specific, _train_signals(ordered, groups, featuriser, config))


def fit(rows: csr_matrix, labels: Any, weights: Any, cost: float, seed: int) -> LinearHead:
    model = LinearSVC(C=cost, tol=1e-3, max_iter=3000, random_state=seed, dual=True)
    return from_linear(model.fit(rows, labels, sample_weight=weights))


def _widened(head: LinearHead, classes: NDArray[np.str_]) -> LinearHead:
    """The head over all `classes`: those that its part of the comments lacks are never probable."""
    place = np.searchsorted(classes, head.classes)
    weights = np.zeros((len(classes), head.weights.shape[1]), np.float32)
    bias = np.full(len(classes), -1e4, np.float32)
    weights[place], bias[place] = head.weights, head.bias
    return replace(head, classes=tuple(classes.tolist()), weights=weights, bias=bias)


def fit_temperature(scores: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any]) -> float:
    """The temperature at which the softmax of unseen scores is most probable (Guo et al. 2017)."""

    def loss(log_temperature: float) -> float:
        z = scores / np.exp(log_temperature)
        z = z - z.max(axis=1, keepdims=True)
        nll = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), truth]
        return float((weights * nll).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 2.0), method="bounded").x))


def agreement(
    comments: Sequence[LabelledComment], heads: dict[str, LinearHead]
) -> dict[str, list[list[float]]]:
    """Log ratios log p(a, b) / (p(a) p(b)) of label pairs, so that labels are chosen that go together."""
    weights = np.array([c.weight for c in comments for _ in c.units])
    table: dict[str, list[list[float]]] = {}
    for one, other in (("intent", "sentiment"), ("intent", "theme")):
        a = np.searchsorted(heads[one].classes, [getattr(u, one) for c in comments for u in c.units])
        b = np.searchsorted(heads[other].classes, [getattr(u, other) for c in comments for u in c.units])
        counts = np.zeros((len(heads[one].classes), len(heads[other].classes)))
        np.add.at(counts, (a, b), weights)
        joint = (counts + 0.5) / (counts + 0.5).sum()
        ratio = np.log(joint / (joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)))
        table[f"{one}/{other}"] = np.round(ratio, 3).tolist()
    return table


def _folds(comments: Sequence[LabelledComment]) -> NDArray[np.int64]:
    """Fold of each comment; the same text is always in the same fold."""
    texts = [c.text for c in comments]
    fold = np.zeros(len(texts), np.int64)
    splits = GroupKFold(_FOLDS).split(np.zeros(len(texts)), groups=texts)
    for number, (_, held) in enumerate(splits):
        fold[held] = number
    return fold


def _scores(head: LinearHead, rows: csr_matrix) -> NDArray[np.float32]:
    return np.asarray(rows @ head.weights.T) + head.bias


def _train_splitter(
    comments: Sequence[LabelledComment],
    groups: NDArray[np.int64],
    featuriser: Featuriser,
    by_fold: Sequence[dict[str, LinearHead]],
    config: TrainingConfig,
) -> LinearHead:
    """The heads that look at a comment's clauses were fitted without it, as they will be in use."""
    parts: list[csr_matrix] = []
    labels: list[str] = []
    weights: list[float] = []
    for fold in range(_FOLDS):
        members = [c for c, g in zip(comments, groups, strict=True) if g == fold and c.whole]
        cut = [CommentClauses.of(c.text) for c in members]
        parts.append(split_features(cut, featuriser, by_fold[fold]))
        for comment, pieces in zip(members, cut, strict=True):
            found = gold_labels(pieces, [(u.start, u.end) for u in comment.units])
            labels += found
            weight = comment.weight if comment.weight >= 1 else comment.weight * config.split_weight
            weights += [weight] * len(found)
    return fit(vstack(parts).tocsr(), np.array(labels), np.array(weights), config.split_cost, config.seed)


def _train_signals(
    comments: Sequence[LabelledComment],
    groups: NDArray[np.int64],
    featuriser: Featuriser,
    config: TrainingConfig,
) -> dict[str, LinearHead]:
    """One yes/no head a signal, with the threshold at which unseen comments score the best F1."""
    looked_at = np.array([c.whole for c in comments], bool)
    comments, groups = [c for c in comments if c.whole], groups[looked_at]
    texts = [c.text for c in comments]
    rows = featuriser.transform(texts, texts, np.arange(len(texts)))
    weights = np.array([c.weight for c in comments])
    heads: dict[str, LinearHead] = {}
    for signal in Signal:
        labels = np.array(["yes" if signal in c.signals else "no" for c in comments])
        if (labels == "yes").sum() < 10:
            continue
        chances = np.zeros(len(texts))
        for fold in range(_FOLDS):
            inside = groups != fold
            part = fit(rows[inside], labels[inside], weights[inside], config.signal_cost, config.seed)
            chances[~inside] = part.probabilities(rows[~inside])[:, 1]
        real = weights >= 1
        threshold = _best_threshold(chances[real], labels[real] == "yes")
        head = fit(rows, labels, weights, config.signal_cost, config.seed)
        heads[signal] = replace(head, facts={"threshold": threshold})
    return heads


def _best_threshold(chances: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    candidates = np.round(np.arange(0.05, 0.95, 0.05), 2)

    def f1(threshold: float) -> float:
        said = chances >= threshold
        return float(2 * (said & truth).sum() / max(1, said.sum() + truth.sum()))

    return float(max(candidates, key=lambda t: (f1(t), t)))
