"""One linear SVM a label, micro-F1 of decided labels, the best threshold, and the figures of each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.svm import LinearSVC

from feedback_mining.classification.examples import Label
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.text_model import decide

Array = NDArray[Any]
_PRIOR = 0.2  # size of a prior's scores beside features of length 1
_THRESHOLDS = np.round(np.arange(0.1, 0.71, 0.02), 2)


def one_vs_rest(
    rows: csr_matrix, truth: NDArray[np.bool_], cost: float, seed: int, prior: LinearHead | None = None
) -> LinearHead:
    """For each label the sum of two linear SVMs: one over the rows and what `prior` says of them, one over the
    n-grams weighted by the log ratio of their counts (NBSVM; Wang & Manning 2012).

    A label without examples is never said, one without counter-examples always.
    """
    weights = np.zeros((truth.shape[1], rows.shape[1]), np.float32)
    bias = np.zeros(truth.shape[1], np.float32)
    told = np.zeros((rows.shape[0], 0)) if prior is None else _PRIOR * (rows @ prior.weights.T + prior.bias)
    both = hstack([rows, csr_matrix(told.astype(np.float32))], format="csr")
    counted = np.asarray(rows.min(axis=0).todense()).ravel() >= 0  # only vectors have negative entries
    for k in range(truth.shape[1]):
        if truth[:, k].all() or not truth[:, k].any():
            bias[k] = 1.0 if truth[:, k].all() and len(truth) else -1.0
            continue
        one = LinearSVC(C=cost, tol=1e-2, max_iter=3000, random_state=seed, dual=True).fit(both, truth[:, k])
        ratio = _log_ratio(rows, truth[:, k], counted)
        other = LinearSVC(C=cost / 3, tol=1e-2, max_iter=3000, random_state=seed, dual=True)
        other.fit(rows @ diags(ratio), truth[:, k])
        weights[k] = one.coef_[0, : rows.shape[1]] + other.coef_[0] * ratio
        bias[k] = one.intercept_[0] + other.intercept_[0]
        if prior is not None:
            learned = _PRIOR * one.coef_[0, rows.shape[1] :].astype(np.float32)
            weights[k] += learned @ prior.weights
            bias[k] += learned @ prior.bias
    return LinearHead(tuple(map(str, range(truth.shape[1]))), weights, bias)


def _log_ratio(rows: csr_matrix, truth: NDArray[np.bool_], counted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """`(columns,)` |log(share of the column with the label / share without it)|; 0 where not `counted`."""
    with_label = np.asarray(rows[truth].sum(axis=0)).ravel()
    without = np.asarray(rows[~truth].sum(axis=0)).ravel()
    with_label, without = np.where(counted, with_label, 0) + 0.1, np.where(counted, without, 0) + 0.1
    ratio = np.abs(np.log((with_label / with_label.sum()) / (without / without.sum())))
    return np.where(counted, ratio, 0).astype(np.float32)


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
