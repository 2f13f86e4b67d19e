"""The second opinion: a small transformer that reads a comment whole, with linear heads on its states.

Its chances are pooled with those of the n-gram heads, log-linearly (Genest & Zidek 1986): the n-grams know
words, the transformer knows where in the comment they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.splitter import CommentClauses
from feedback_mining.contextual import ContextualEncoder, Reading

Floats = NDArray[np.float32]
Place = tuple[int, int, int]  # comment, start, end

HEADS = ("intent", "theme", "sentiment", "specific")


@dataclass(frozen=True)
class TransformerReader:
    encoder: ContextualEncoder
    heads: dict[str, LinearHead]
    splitter: LinearHead  # reads `clause_rows`
    signals: LinearHead  # each of its rows is a yes/no head of the whole comment
    weight: float = 0.6  # of its chances of labels beside those of the n-gram heads
    split_weight: float = 0.5
    signal_weight: float = 0.5

    def read(self, cut: Sequence[CommentClauses]) -> Reading:
        return self.encoder.read([c.text for c in cut], [[k.start for k in c.clauses] for c in cut])

    def boundaries(self, reading: Reading, cut: Sequence[CommentClauses]) -> Floats:
        """`(clauses, labels)`: chances of `splitter.classes` for each clause of all comments, in order."""
        places = [(k, c.start, c.end) for k, comment in enumerate(cut) for c in comment.clauses]
        return self.splitter.probabilities(clause_rows(reading.vectors(places), [k for k, _, _ in places]))

    def chances(self, reading: Reading, places: Sequence[Place]) -> dict[str, Floats]:
        """`(places, classes)` by task."""
        rows = reading.vectors(places)
        return {task: head.probabilities(rows) for task, head in self.heads.items()}

    def signal_odds(self, reading: Reading, texts: Sequence[str]) -> dict[str, Floats]:
        """Signal → `(texts,)`: log odds above those from which it is said."""
        rows = reading.vectors([(k, 0, len(text)) for k, text in enumerate(texts)])
        odds = rows @ self.signals.weights.T + self.signals.bias
        cuts = self.signals.facts.get("cuts", {})
        return {
            name: np.asarray(odds[:, k] - cuts.get(name, 0.0), np.float32)
            for k, name in enumerate(self.signals.classes)
        }

    def save(self, folder: Path) -> None:
        """Beside the encoder's files, which are the trainer's to save."""
        for task, head in {
            **self.heads,
            "splitter": self.splitter,
            "signals": self.signals,
        }.items():
            head.save(folder / "heads" / task)

    @classmethod
    def load(cls, folder: Path) -> TransformerReader:
        """Raises ModelError."""
        heads = {task: LinearHead.load(folder / "heads" / task) for task in HEADS}
        splitter, signals = (LinearHead.load(folder / "heads" / name) for name in ("splitter", "signals"))
        return cls(ContextualEncoder(folder), heads, splitter, signals)


def clause_rows(vectors: Floats, owner: Sequence[int]) -> Floats:
    """`(clauses, 4 × dimensions)`: a clause, its neighbours within its comment, and what it shares with the one before."""
    comment = np.asarray(owner)
    first = np.ones(len(comment), bool)
    first[1:] = comment[1:] != comment[:-1]
    before = np.where(first[:, None], 0, np.roll(vectors, 1, axis=0))
    after = np.where(np.roll(first, -1)[:, None], 0, np.roll(vectors, -1, axis=0))
    return np.hstack([vectors, before, after, vectors * before]).astype(np.float32)


def pooled(one: Floats, other: Floats, weight: float) -> Floats:
    """The log-linear pool of two `(rows, classes)`, `weight` in [0, 1] being that of `other`."""
    logs = (1 - weight) * np.log(np.clip(one, 1e-6, 1)) + weight * np.log(np.clip(other, 1e-6, 1))
    chances = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True), np.float32)
