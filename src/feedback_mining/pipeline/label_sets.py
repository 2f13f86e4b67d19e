"""People's labels as arrays, and what a version said of those it was trained on while they were held out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from feedback_mining.classification.classifier import CommentModel
from feedback_mining.classification.correction import Floats
from feedback_mining.classification.labelling import LabelledComment
from feedback_mining.classification.rehearsal import positions
from feedback_mining.classification.training import TASKS
from feedback_mining.errors import ModelError
from feedback_mining.pipeline.base_set import places_of
from feedback_mining.text.duplicates import comparable, near_duplicate_groups

Ints = NDArray[np.int64]
_HELD_OUT = "held_out.safetensors"


@dataclass(frozen=True)
class LabelSet:
    """`n` labelled units of distinct comments, sorted by text, with what the base says of them."""

    comments: tuple[LabelledComment, ...]
    owner: Ints  # (n,): index into comments
    group: Ints  # (comments,): near duplicates share one
    rows: csr_matrix  # (n, columns)
    chances: Mapping[str, Floats]  # task → (n, classes), the base's
    labels: Mapping[str, Ints]  # task → (n,), -1 where the label is not one of the model's
    dropped: Mapping[str, int]  # why → comments, or units for unknown_label

    @property
    def keys(self) -> NDArray[np.uint64]:
        """`(n, 3)`: hash of the comment's text, start and end of each unit."""
        return np.array(
            [(content_hash(c.text), u.start, u.end) for c in self.comments for u in c.units], np.uint64
        ).reshape(-1, 3)


@dataclass(frozen=True)
class HeldOut:
    """What a version said of its own labels' units, each said by a part that had not seen its comment."""

    keys: NDArray[np.uint64]  # (n, 3)
    chances: Floats  # (n, classes)
    base: Floats  # (n, classes): what the base said of them
    labels: Ints  # (n,)
    groups: Ints  # (n,)

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save

        arrays: dict[str, NDArray[Any]] = {
            "keys": self.keys,
            "chances": self.chances.astype(np.float32),
            "base": self.base.astype(np.float32),
            "labels": self.labels.astype(np.int16),
            "groups": self.groups.astype(np.int32),
        }
        (folder / _HELD_OUT).write_bytes(save(arrays))

    @classmethod
    def load(cls, folder: Path) -> HeldOut:
        """Raises ModelError where the folder holds none."""
        from safetensors.numpy import load_file

        try:
            arrays = load_file(folder / _HELD_OUT)
            return cls(
                arrays["keys"],
                arrays["chances"],
                arrays["base"],
                arrays["labels"].astype(np.int64),
                arrays["groups"].astype(np.int64),
            )
        except Exception as error:
            raise ModelError(
                f"No held-out results in {folder} ({type(error).__name__}); run feedback-mining train again"
            ) from error


def content_hash(text: str) -> int:
    """Of the letters and digits alone, so that signs make no other comment."""
    told = comparable(text) or text
    return int.from_bytes(
        hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )


def label_set(comments: Sequence[LabelledComment], model: CommentModel) -> LabelSet:
    """Units with features and base probabilities; of a text labelled more than once, the last labels count."""
    dropped: Counter[str] = Counter()
    last: dict[str, LabelledComment] = {}
    for comment in sorted(comments, key=lambda c: (c.time.timestamp() if c.time else 0.0, c.id)):
        if not comment.units:
            dropped["no_units"] += 1
        else:
            dropped["labelled_again"] += comment.text in last
            last[comment.text] = comment
    kept = tuple(last[text] for text in sorted(last))
    owner = np.array([k for k, c in enumerate(kept) for _ in c.units], np.int64)
    rows, chances = model.unit_chances([c.text for c in kept], places_of(kept))
    return LabelSet(
        kept,
        owner,
        near_duplicate_groups([c.text for c in kept]),
        rows,
        chances,
        {
            task: positions([getattr(u, task) for c in kept for u in c.units], model.heads[task].classes)
            for task in TASKS
        },
        {name: n for name, n in dropped.items() if n},
    )


def unseen_by(labels: LabelSet, chances: Floats, held_out: HeldOut) -> tuple[Floats, NDArray[np.bool_]]:
    """What a version says of each unit without having seen it, and the units of which it cannot say so.

    chances: what it says after training on the comments of `held_out`. A unit of those is told as it was held
    out; a near duplicate of one of them counts as seen.
    """
    told, seen = chances.copy(), np.zeros(len(labels.owner), bool)
    known = {tuple(key): k for k, key in enumerate(held_out.keys.tolist())}
    texts = {key[0] for key in known}
    met = {
        int(g) for g, c in zip(labels.group, labels.comments, strict=True) if content_hash(c.text) in texts
    }
    for n, key in enumerate(map(tuple, labels.keys.tolist())):
        if key in known:
            told[n] = held_out.chances[known[key]]
        else:
            seen[n] = int(labels.group[labels.owner[n]]) in met
    return told, seen
