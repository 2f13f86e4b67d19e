"""What a team's own labels change in a base model's answer: `p = softmax(log base + Δ x + b)`.

Multinomial logistic regression with the base's log-probabilities as offset (McCullagh & Nelder 1989, §4.3.3)
and an L2 penalty on Δ and b. Δ = 0 is the base, so what it knows is kept until labels say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import entr

from feedback_mining.errors import ModelError

Floats = NDArray[np.float32]
_LEAST_CHANCE = 1e-6
_ITERATIONS = 200
_CURVATURE = 0.3  # of the cross-entropy in a score, where only squares of columns are known


@dataclass(frozen=True)
class Correction:
    """Weights for those columns of the rows that occurred in the labels; all others are 0."""

    classes: tuple[str, ...]
    width: int  # columns of the rows that it reads
    columns: NDArray[np.int32]  # ascending
    weights: Floats  # (classes, len(columns))
    bias: Floats  # (classes,)
    facts: dict[str, Any] = field(default_factory=dict)

    def applied(self, chances: Floats, rows: csr_matrix) -> Floats:
        """`(n, classes)`: the base's probabilities, corrected.

        Raises ModelError where rows or classes are not those that it was fitted for.
        """
        if rows.shape[1] != self.width or chances.shape[1] != len(self.classes):
            raise ModelError(
                f"The correction reads {self.width} columns and {len(self.classes)} classes and was given "
                f"{rows.shape[1]} and {chances.shape[1]}; the base model is not the one it was trained on: "
                "run feedback-mining train again"
            )
        scores = log_chances(chances) + rows[:, self.columns] @ self.weights.T + self.bias
        return np.asarray(softmax(scores)[0], np.float32)

    def save(self, folder: Path) -> None:
        """Write `correction.safetensors` and `config.json`."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {
            "columns": self.columns.astype(np.int32),
            "weights": np.ascontiguousarray(self.weights, dtype=np.float16),
            "bias": self.bias.astype(np.float32),
        }
        (folder / "correction.safetensors").write_bytes(save(arrays))
        config = {"classes": list(self.classes), "width": self.width, **self.facts}
        text = json.dumps(config, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (folder / "config.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Correction:
        """Raises ModelError where the folder holds none."""
        from safetensors.numpy import load_file

        try:
            arrays = load_file(folder / "correction.safetensors")
            facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            return cls(
                tuple(facts.pop("classes")),
                int(facts.pop("width")),
                arrays["columns"],
                arrays["weights"].astype(np.float32),
                arrays["bias"],
                facts,
            )
        except Exception as error:
            raise ModelError(
                f"No correction in {folder}: expected correction.safetensors and config.json "
                f"({type(error).__name__}); run feedback-mining train again, or models rollback"
            ) from error


@dataclass(frozen=True)
class Rehearsal:
    """Units on which the base's answers should stay what they are (Li & Hoiem 2016, learning without forgetting).

    Only the last columns of their rows are known; the others move the less, the more of the units they occur
    in (a diagonal quadratic penalty, as in elastic weight consolidation, Kirkpatrick et al. 2017).
    """

    vectors: Floats  # (n, d): the last d columns of their rows
    chances: Floats  # (n, classes): the base's probabilities
    weight: float  # of each, beside 1 of a labelled unit
    loads: Floats  # (columns,): sum of squares of each column over the units


def fit_correction(
    rows: csr_matrix,
    chances: Floats,
    labels: NDArray[np.int64],
    classes: Sequence[str],
    penalty: float,
    *,
    rehearsal: Rehearsal | None = None,
    least: int = 2,
) -> Correction:
    """Fit by L-BFGS from Δ = 0; the same input gives the same weights.

    rows: `(n, columns)`; chances: `(n, classes)`, the base's; labels: indices into `classes`; penalty: of
    ½ penalty ‖Δ‖² against the summed cross-entropy; least: rows that a column must occur in to get a weight.
    """
    occurs = np.bincount(rows.indices, minlength=rows.shape[1])
    if rehearsal is not None:
        occurs[-rehearsal.vectors.shape[1] :] = least
    columns = np.flatnonzero(occurs >= least).astype(np.int32)
    targets = np.eye(len(classes))[labels]
    parts = [_Part(rows[:, columns].astype(np.float64), log_chances(chances), targets, 1.0)]
    if rehearsal is not None:
        known = log_chances(rehearsal.chances)
        parts.append(_Part(rehearsal.vectors, known, softmax(known)[0], rehearsal.weight))
    shape = (len(columns), len(classes))

    stiffness = np.full(shape[0] * shape[1] + shape[1], float(penalty))
    if rehearsal is not None:
        loads = rehearsal.loads[columns].astype(np.float64)
        loads[-rehearsal.vectors.shape[1] :] = 0  # these are rehearsed themselves
        stiffness[: -shape[1]] += np.repeat(rehearsal.weight * _CURVATURE * loads, shape[1])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        delta, bias = flat[: -shape[1]].reshape(shape), flat[-shape[1] :]
        gradient = stiffness * flat
        total = 0.5 * float(gradient @ flat)
        slopes = gradient[: -shape[1]].reshape(shape)  # a view
        for part in parts:
            some = delta[shape[0] - part.rows.shape[1] :]
            value, residuals = part.loss(some, bias)
            total += value
            slopes[shape[0] - part.rows.shape[1] :] += part.rows.T @ residuals
            gradient[-shape[1] :] += residuals.sum(axis=0)
        return total, gradient

    start = np.zeros(shape[0] * shape[1] + shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS, "ftol": 1e-3})
    delta = found.x[: -shape[1]].reshape(shape)
    kept = np.abs(delta).max(axis=1, initial=0) > 1e-4
    return Correction(
        tuple(classes),
        int(rows.shape[1]),
        columns[kept],
        # As they are stored, so that what is judged is what is loaded.
        delta[kept].T.astype(np.float16).astype(np.float32),
        found.x[-shape[1] :].astype(np.float32),
        {"penalty": penalty},
    )


def log_chances(chances: NDArray[Any]) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = np.log(np.clip(chances, _LEAST_CHANCE, 1)).astype(np.float64)
    return logs


@dataclass(frozen=True)
class _Part:
    """Rows with offsets and what their probabilities should be."""

    rows: Any
    offsets: NDArray[np.float64]
    targets: NDArray[np.float64]
    weight: float

    @cached_property
    def least(self) -> float:
        """The targets' own entropy, which no model can go below."""
        return float(entr(self.targets).sum())

    def loss(
        self, delta: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """Divergence from the targets, and its slope in the scores, `(n, classes)`."""
        scores = self.offsets + self.rows @ delta.astype(self.rows.dtype) + bias
        chances, logs = softmax(scores)
        value = float(logs.sum() - (self.targets * scores).sum()) - self.least
        return self.weight * value, self.weight * (chances - self.targets)


def softmax(scores: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities, and the logarithm of what they were divided by."""
    top = scores.max(axis=1, keepdims=True)
    odds = np.exp(scores - top)
    total = odds.sum(axis=1, keepdims=True)
    return odds / total, (top + np.log(total)).ravel()
