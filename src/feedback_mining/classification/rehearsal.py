"""The base's training set as vectors, not texts: what a team's training rehearses, and is judged on elsewhere.

Of each annotated unit: the int8 encoder vectors of its words and of the comment around it, the probabilities
that models gave which had not seen its product, its labels, and its product. No words, and of the n-gram
columns only their sums over all units.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_mining.classification.correction import Floats, Rehearsal
from feedback_mining.errors import ModelError

_REHEARSED = 2000


@dataclass(frozen=True)
class BaseSet:
    """`n` units of `m` comments; `version` names the base models that its probabilities belong to."""

    version: str
    products: tuple[str, ...]
    classes: Mapping[str, tuple[str, ...]]  # task → classes, as the heads have them
    quantised: NDArray[np.int8]  # (n, dimensions)
    contexts: NDArray[np.int8]  # (m, dimensions)
    comment: NDArray[np.int32]  # (n,): index into contexts
    product: NDArray[np.int16]  # (m,): index into products
    logs: Mapping[str, NDArray[np.float16]]  # task → (n, classes)
    labels: Mapping[str, NDArray[np.int8]]  # task → (n,)
    loads: NDArray[np.float16]  # (columns,): sum of squares of each column of the rows over the units
    facts: Mapping[str, Any]  # encoder and the weights that its vectors have in a row

    def __len__(self) -> int:
        return len(self.quantised)

    def chances(self, task: str) -> Floats:
        """`(n, classes)`: out-of-fold probabilities."""
        return np.exp(self.logs[task].astype(np.float32))

    @cached_property
    def vectors(self) -> Floats:
        """`(n, 2 * dimensions)`: the last columns of the units' rows."""
        own = restored(self.quantised) * float(self.facts["vector_weight"])
        around = restored(self.contexts)[self.comment] * float(self.facts["context_vector_weight"])
        return np.hstack([own, around])

    def rehearsal(self, task: str, members: NDArray[np.bool_], total: float, seed: int) -> Rehearsal:
        """Up to 2,000 of the units in `members`; together they weigh `total`."""
        chosen = np.flatnonzero(members)
        if len(chosen) > _REHEARSED:
            chosen = np.sort(np.random.default_rng(seed).choice(chosen, _REHEARSED, replace=False))
        loads = self.loads.astype(np.float32) * (len(chosen) / max(1, len(self)))
        weight = total / max(1, len(chosen))
        return Rehearsal(self.vectors[chosen], self.chances(task)[chosen], weight, loads)

    def save(self, folder: Path) -> None:
        """Write `base.safetensors` and `config.json`."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {
            "vectors": self.quantised,
            "contexts": self.contexts,
            "comment": self.comment,
            "product": self.product,
            "loads": self.loads,
            **{f"logs.{task}": np.ascontiguousarray(logs) for task, logs in self.logs.items()},
            **{f"labels.{task}": labels for task, labels in self.labels.items()},
        }
        (folder / "base.safetensors").write_bytes(save(arrays))
        config = {
            "version": self.version,
            "products": list(self.products),
            "classes": {task: list(names) for task, names in self.classes.items()},
            **self.facts,
        }
        text = json.dumps(config, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (folder / "config.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> BaseSet:
        """Raises ModelError where the folder holds none."""
        from safetensors.numpy import load_file

        try:
            arrays = load_file(folder / "base.safetensors")
            facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            classes = {task: tuple(names) for task, names in facts.pop("classes").items()}
            return cls(
                facts.pop("version"),
                tuple(facts.pop("products")),
                classes,
                arrays["vectors"],
                arrays["contexts"],
                arrays["comment"],
                arrays["product"],
                {task: arrays[f"logs.{task}"] for task in classes},
                {task: arrays[f"labels.{task}"] for task in classes},
                arrays["loads"],
                facts,
            )
        except Exception as error:
            raise ModelError(
                f"No base set in {folder}: expected base.safetensors and config.json "
                f"({type(error).__name__}); restore models/"
            ) from error


def base_facts(folder: Path) -> dict[str, Any]:
    """What a base set's config.json says, without its arrays; nothing where there is none."""
    try:
        return dict(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def quantised(vectors: Floats) -> NDArray[np.int8]:
    """Unit-length rows as int8; each row's largest entry becomes ±127."""
    top = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    scaled = np.divide(vectors * 127, top, out=np.zeros_like(vectors), where=top > 0)
    found: NDArray[np.int8] = np.rint(scaled).astype(np.int8)
    return found


def restored(rows: NDArray[np.int8]) -> Floats:
    """Back to unit length (or 0)."""
    floats = rows.astype(np.float32)
    norms = np.linalg.norm(floats, axis=1, keepdims=True)
    found: Floats = np.divide(floats, norms, out=np.zeros_like(floats), where=norms > 0)
    return found


def positions(names: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Index of each name in `classes`; -1 where it is not one of them."""
    place = {name: k for k, name in enumerate(classes)}
    return np.array([place.get(name, -1) for name in names], np.int64)
