"""The sentiment of each label of a text: fitted and judged together with the labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_mining.classification.examples import Example, Label
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.text_model import Clauses, TextModel, candidates, decide
from feedback_mining.classification.text_scores import best_threshold, by_label, f1, one_vs_rest
from feedback_mining.classification.training import fit_temperature

Array = NDArray[Any]


@dataclass(frozen=True)
class LabelsUnseen:
    """What was said of each text by heads that had not seen it."""

    chances: Array  # (texts, labels) probabilities
    cut: Clauses
    parts: Array  # (clauses, labels) scores
    folds: Sequence[Array]  # texts of each fold


def with_sentiments(
    model: TextModel,
    feelings: list[Label],
    examples: Sequence[Example],
    place: dict[Label, int],
    unseen: LabelsUnseen,
    costs: Sequence[float],
    seed: int,
    prior: LinearHead | None,
    report: dict[str, Any],
    tell: Callable[[str], None],
) -> TextModel:
    """The sentiment of each (text, label) and the threshold at which pairs score the best micro-F1.

    The heads that pick a label's clauses were fitted without the text, as they will be in use.
    """
    texts = [e.text for e in examples]
    chances = unseen.chances
    fold = np.zeros(len(texts), np.int64)
    for number, members in enumerate(unseen.folds):
        fold[members] = number
    given = np.full(chances.shape, -1)
    truth = np.zeros(chances.shape, np.bool_)
    for i, e in enumerate(examples):
        for name, feeling in zip(e.labels, e.sentiments, strict=True):
            truth[i, place[name]] = True
            if feeling is not None:
                given[i, place[name]] = feelings.index(feeling)
    likely = np.zeros(chances.shape, np.bool_)
    likely[candidates(chances)] = True
    text, label = np.nonzero(likely | (given >= 0))
    rows = model.featuriser.transform(unseen.cut.focus(text, label, unseen.parts), texts, text)
    known = given[text, label] >= 0
    answer = np.eye(len(feelings), dtype=np.bool_)[given[text, label]]
    best: tuple[float, float, float, float, Array] | None = None
    for cost in costs:
        scores = np.zeros((len(text), len(feelings)))
        for number in range(len(unseen.folds)):
            inside = known & (fold[text] != number)
            head = one_vs_rest(rows[inside], answer[inside], cost, seed, prior)
            outside = fold[text] == number
            scores[outside] = np.asarray(rows[outside] @ head.weights.T) + head.bias
        temperature = fit_temperature(scores[known], given[text, label][known], np.ones(int(known.sum())))
        z = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
        felt = z / z.sum(axis=1, keepdims=True)
        joint, right = np.zeros(chances.shape), np.zeros(chances.shape, np.bool_)
        joint[text, label] = chances[text, label] * felt.max(axis=1)
        right[text, label] = felt.argmax(axis=1) == given[text, label]
        threshold, score = best_threshold(joint, truth, right, model.at_least_one, model.several)
        accuracy = float((felt.argmax(axis=1) == given[text, label])[known].mean())
        report["designs"][f"sentiment C={cost}"] = round(score, 4)
        tell(f"sentiment C={cost}: {score:.4f}, accuracy of the sentiment alone {accuracy:.4f}")
        if best is None or score > best[0]:
            best = (score, cost, threshold, temperature, decide(joint, threshold, model.at_least_one))
    assert best is not None
    score, cost, threshold, temperature, said = best
    head = replace(one_vs_rest(rows[known], answer[known], cost, seed, prior), temperature=temperature)
    report |= {
        "label_and_sentiment_micro_f1": round(score, 4),
        "micro_f1": round(f1(said, truth, truth), 4),
        "by_label": by_label(said, truth, model.labels),
    }
    return replace(model, threshold=threshold, sentiments=tuple(feelings), sentiment=head)
