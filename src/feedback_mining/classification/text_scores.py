"""One linear SVM a label, micro-F1 of decided labels, the best threshold, and the figures of each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from feedback_mining.classification.examples import Label
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.text_model import decide

Array = NDArray[Any]
_THRESHOLDS = np.round(np.arange(0.1, 0.71, 0.02), 2)


def one_vs_rest(rows: csr_matrix, truth: NDArray[np.bool_], cost: float, seed: int) -> LinearHead:
    """One linear SVM a label; a label without examples, or without counter-examples, is never or always said."""
    weights = np.zeros((truth.shape[1], rows.shape[1]), np.float32)
    bias = np.zeros(truth.shape[1], np.float32)
    for k in range(truth.shape[1]):
        if truth[:, k].all() or not truth[:, k].any():
            bias[k] = 1.0 if truth[:, k].all() and len(truth) else -1.0
            continue
        model = LinearSVC(C=cost, tol=1e-2, max_iter=3000, random_state=seed, dual=True)
        model.fit(rows, truth[:, k])
        weights[k], bias[k] = model.coef_[0], model.intercept_[0]
    return LinearHead(tuple(map(str, range(truth.shape[1]))), weights, bias)


def f1(said: NDArray[np.bool_], truth: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    return float(2 * (said & right).sum() / max(1, said.sum() + truth.sum()))


def best_threshold(chances: Array, truth: NDArray[np.bool_], right: NDArray[np.bool_], at_least_one: bool, several: bool = True) -> tuple[float, float]:  # fmt: skip
    """(threshold, micro-F1) where `right` says which of the labels count as right if said."""
    found = [(f1(decide(chances, t, at_least_one), truth, right & truth), -abs(t - 0.4), t) for t in (_THRESHOLDS if several else [2.0])]  # fmt: skip
    score, _, threshold = max(found)
    return float(threshold), score


def by_label(said: NDArray[np.bool_], truth: NDArray[np.bool_], labels: Sequence[Label]) -> dict[str, Any]:
    table = {}
    for k, label in enumerate(labels):
        both = int((said[:, k] & truth[:, k]).sum())
        n, given = int(truth[:, k].sum()), int(said[:, k].sum())
        table[str(label)] = {
            "n": n,
            "precision": round(both / given, 3) if given else 0.0,
            "recall": round(both / n, 3) if n else 0.0,
            "f1": round(2 * both / (n + given), 3) if n + given else 0.0,
        }
    return table
