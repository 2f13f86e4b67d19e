"""From labelled texts to a `TextModel`: chosen, calibrated and judged by cross-validation on those texts alone.

Labels that contradict what a model says of texts it has not seen are left out where that helps (confident
learning; Northcutt, Jiang & Chuang 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from feedback_mining.classification.examples import Example, Label
from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.text_model import Clauses, TextModel, decide, evidence, probabilities
from feedback_mining.classification.text_scores import best_threshold, by_label, f1, one_vs_rest
from feedback_mining.classification.text_sentiments import LabelsUnseen, with_sentiments
from feedback_mining.classification.training import fit_temperature
from feedback_mining.errors import InputError
from feedback_mining.text.duplicates import near_duplicate_groups

Array = NDArray[Any]
_SHARES = (0.0, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class TextTraining:
    costs: tuple[float, ...] = (0.1, 0.3)  # C of LinearSVC, the best is taken
    sentiment_costs: tuple[float, ...] = (0.1, 0.4)
    folds: int = 4
    noisy: bool | None = None  # None: where cross-validation shows that it helps
    seed: int = 20


@dataclass(frozen=True, slots=True)
class Trained:
    model: TextModel
    scores: dict[str, Any]  # cross-validated, by design and of the one taken


@dataclass(frozen=True)
class _Data:
    rows: csr_matrix
    truth: NDArray[np.bool_]  # (texts, labels)
    several: bool
    folds: list[tuple[Array, Array]]
    seed: int
    prior: LinearHead | None
    cut: Clauses

    def fit(self, inside: Array, cost: float, weights: Array) -> LinearHead:
        used = inside[weights[inside] > 0]
        return one_vs_rest(self.rows[used], self.truth[used], cost, self.seed, self.prior)

    def unseen(
        self, heads: Sequence[LinearHead], start: LinearHead | None, share: float
    ) -> tuple[Array, Array]:
        """Scores of texts and of clauses by heads that have not seen the text, with a share of `start`."""
        scores = np.zeros(self.truth.shape)
        parts = np.zeros((len(self.cut.pieces), self.truth.shape[1]))
        owner = np.repeat(np.arange(len(self.cut.starts) - 1), np.diff(self.cut.starts))
        for head, (_, outside) in zip(heads, self.folds, strict=True):
            whole, pieces = evidence(_added(head, start, share), self.rows, self.cut, self.several)
            scores[outside] = whole[outside]
            here = np.isin(owner, outside)
            parts[here] = pieces[here]
        return scores, parts


def train_text_model(
    examples: Sequence[Example],
    featuriser: Featuriser,
    config: TextTraining | None = None,
    *,
    task: str = "label",
    key: str | None = None,
    prior: LinearHead | None = None,
    start: LinearHead | None = None,
    say: Callable[[str], None] | None = None,
) -> Trained:
    """Fit a model to `examples`; the result depends only on the arguments, not on the order of the rows.

    prior: a head over rows of `featuriser` whose scores are features too, and are folded into the weights.
    start: a head that scores the labels (by their names) before any is learned; as much of it is added as
    helps, which is much where texts are few.
    Raises InputError where there are fewer than two labels, or too few texts to judge a model.
    """
    config = config or TextTraining()
    tell = say or (lambda _: None)
    examples = sorted(examples, key=lambda e: (e.text, str(e.labels)))
    labels = _distinct(label for e in examples for label in e.labels)
    texts = [e.text for e in examples]
    several = any(len(e.labels) != 1 for e in examples)
    if len(labels) < 2 or len(examples) < 2 * config.folds:
        raise InputError(
            f"{len(examples)} texts with {len(labels)} different labels were given; expected at least two labels "
            f"and {2 * config.folds} texts: add rows, or see with which name the labels stand in the file"
        )
    if several and config.noisy:
        raise InputError(
            "Some texts have several labels, or none; labels in doubt are found only where each text has exactly "
            "one: train without --noisy"
        )
    place = {label: k for k, label in enumerate(labels)}
    truth = np.zeros((len(texts), len(labels)), np.bool_)
    for i, e in enumerate(examples):
        truth[i, [place[label] for label in e.labels]] = True
    groups = near_duplicate_groups(texts)
    if len(set(groups.tolist())) < config.folds:
        raise InputError("Nearly all texts are the same; expected different ones, to judge a model on some")
    splits = list(GroupKFold(config.folds).split(texts, groups=groups))
    rows = featuriser.transform(texts, texts, np.arange(len(texts)))
    feelings = _distinct(s for e in examples for s in e.sentiments if s is not None)
    cut = Clauses.of(texts if several or len(feelings) > 1 else [], featuriser)
    data = _Data(rows, truth, several, splits, config.seed, prior, cut)
    report: dict[str, Any] = {"texts": len(texts), "labels": len(labels), "designs": {}}
    everything = np.ones(len(texts))
    at_least_one = bool(truth.any(axis=1).all())

    begun = _aligned(start, labels) if start else None
    best: tuple[float, float, Array, Array, Array, float] | None = None

    def consider(name: str, cost: float, weights: Array) -> None:
        nonlocal best
        heads = [data.fit(inside, cost, weights) for inside, _ in splits]
        for share in _SHARES if begun else (0.0,):
            scores, parts = data.unseen(heads, begun, share)
            score = _quality(scores, truth, several, at_least_one)
            design = f"{name}, {share:g} × seeds" if share else name
            report["designs"][design] = round(score, 4)
            tell(f"{design}: {score:.4f}")
            if best is None or score > best[0] + 1e-9:
                best = (score, cost, scores, parts, weights, share)

    for cost in config.costs:
        consider(f"C={cost}", cost, everything)
    assert best is not None
    if not several and config.noisy is not False:
        cost = best[1]
        clean = _trusted(data, cost, best[2])
        if config.noisy:
            best = None
        consider(f"C={cost}, {int((clean == 0).sum())} doubtful labels left out", cost, clean)
    assert best is not None
    _, cost, scores, parts, weights, share = best
    report["left_out"] = int((weights == 0).sum())
    head = _added(data.fit(np.arange(len(texts)), cost, weights), begun, share)
    head, scores = _calibrated(head, scores, truth, several, weights)
    chances = probabilities(scores, head.temperature, several)
    model = TextModel(
        task, key or task, tuple(labels), head, several, 0.5, at_least_one, featuriser, facts={"cost": cost}
    )
    if len(feelings) > 1:
        unseen = LabelsUnseen(chances, data.cut, parts, [outside for _, outside in splits])
        model = with_sentiments(
            model, feelings, examples, place, unseen, config.sentiment_costs, config.seed, prior, report, tell
        )
        return Trained(model, report)
    threshold, score = best_threshold(chances, truth, truth, at_least_one or not several, several)
    report |= {
        "micro_f1" if several else "accuracy": round(score, 4),
        "by_label": by_label(decide(chances, threshold, at_least_one or not several), truth, labels),
    }
    return Trained(replace(model, threshold=threshold), report)


def _aligned(start: LinearHead, labels: Sequence[Label]) -> LinearHead:
    """`start` for `labels` in their order; what it does not know has no score."""
    weights = np.zeros((len(labels), start.weights.shape[1]), np.float32)
    bias = np.zeros(len(labels), np.float32)
    for k, label in enumerate(labels):
        if str(label) in start.classes:
            of = start.classes.index(str(label))
            weights[k], bias[k] = start.weights[of], start.bias[of]
    return LinearHead(tuple(map(str, labels)), weights, bias)


def _added(head: LinearHead, start: LinearHead | None, share: float) -> LinearHead:
    if start is None or not share:
        return head
    return replace(head, weights=head.weights + share * start.weights, bias=head.bias + share * start.bias)


def _distinct(labels: Any) -> list[Label]:
    return sorted(set(labels), key=lambda label: (str(type(label)), label))


def _quality(scores: Array, truth: NDArray[np.bool_], several: bool, at_least_one: bool) -> float:
    """Accuracy, or micro-F1 at the best common threshold."""
    if not several:
        return float(truth[np.arange(len(truth)), scores.argmax(axis=1)].mean())
    quantiles = np.quantile(scores, 1 - np.linspace(0.5, 1.5, 21) * truth.mean())
    return max(f1(decide(scores, t, at_least_one), truth, truth) for t in quantiles)


def _trusted(data: _Data, cost: float, scores: Array) -> Array:
    """1 for each label to be believed, 0 for those that unseen scores contradict.

    A label is doubtful where another label's probability reaches what is usual among texts that have that
    other label, and the own one's does not.
    """
    given = data.truth.argmax(axis=1)
    temperature = fit_temperature(scores, given, np.ones(len(given)))
    z = scores / temperature
    chances = np.exp(z - z.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    usual = np.array([
        chances[given == k, k].mean() if (given == k).any() else 1.0 for k in range(data.truth.shape[1])
    ])  # fmt: skip
    above = np.where(chances >= usual, chances, 0.0)
    other = above.argmax(axis=1)
    doubtful = (above.max(axis=1) > 0) & (other != given) & (chances[np.arange(len(given)), given] < usual[given])  # fmt: skip
    return np.where(doubtful, 0.0, 1.0)


def _calibrated(
    head: LinearHead, scores: Array, truth: NDArray[np.bool_], several: bool, weights: Array
) -> tuple[LinearHead, Array]:
    """A temperature for the softmax, or one slope and offset for all sigmoids (Platt 1999)."""
    if not several:
        return replace(head, temperature=fit_temperature(scores, truth.argmax(axis=1), weights)), scores
    line = LogisticRegression(C=100.0).fit(scores.reshape(-1, 1), truth.reshape(-1))
    slope, offset = np.float32(line.coef_[0, 0]), np.float32(line.intercept_[0])
    # The bias counts twice, in the whole text and in the clause.
    scaled = replace(head, weights=head.weights * slope, bias=head.bias * slope + offset / 2)
    return scaled, scores * slope + offset
