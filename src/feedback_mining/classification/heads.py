"""Linear heads: what is kept of a fitted scikit-learn model, and how it is stored.

Weights are float16 arrays in safetensors, never pickles.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from feedback_mining.errors import ModelError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LinearHead:
    """`softmax((X @ weights.T + bias) / temperature)` over `classes`; one-column sigmoid for two-class heads."""

    classes: tuple[str, ...]
    weights: Floats  # (classes, columns)
    bias: Floats  # (classes,)
    temperature: float = 1.0
    facts: dict[str, Any] = field(default_factory=dict)  # thresholds, feature settings, versions it needs

    def probabilities(self, rows: csr_matrix) -> Floats:
        """`(rows, classes)`. Raises ModelError when the rows have another number of columns."""
        if rows.shape[1] != self.weights.shape[1]:
            raise ModelError(
                f"The head reads {self.weights.shape[1]} columns and was given {rows.shape[1]}; "
                "the encoder or the features are not those it was trained with: retrain it"
            )
        scores = (np.asarray(rows @ self.weights.T) + self.bias) / self.temperature
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {
            "weights": np.ascontiguousarray(self.weights, dtype=np.float16),
            "bias": self.bias.astype(np.float32),
        }
        # Not safetensors' own save_file, whose files only their writer can read.
        (folder / "weights.safetensors").write_bytes(save(arrays))
        config = {"classes": list(self.classes), "temperature": self.temperature, **self.facts}
        (folder / "config.json").write_text(
            json.dumps(config, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> LinearHead:
        from safetensors.numpy import load_file

        try:
            arrays = load_file(folder / "weights.safetensors")
            facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            return cls(
                classes=tuple(facts.pop("classes")),
                weights=arrays["weights"].astype(np.float32),
                bias=arrays["bias"],
                temperature=float(facts.pop("temperature")),
                facts=facts,
            )
        except Exception as error:
            raise ModelError(
                f"No model in {folder}: expected weights.safetensors and config.json "
                f"({type(error).__name__}); restore models/ or run: python -m flows.retrain FILE…"
            ) from error


def from_linear(model: Any) -> LinearHead:
    """A fitted linear model (`coef_`, `intercept_`) as a head; the two-class case gets its two rows."""
    weights, bias = np.asarray(model.coef_, np.float32), np.asarray(model.intercept_, np.float32)
    if len(model.classes_) == 2:
        weights = np.vstack([-weights / 2, weights / 2])
        bias = np.concatenate([-bias / 2, bias / 2])
    return LinearHead(tuple(str(c) for c in model.classes_), weights, bias)
