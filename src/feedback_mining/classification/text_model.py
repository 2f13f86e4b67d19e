"""A classifier of whole texts by any set of labels, one or several a text, each with a sentiment or without.

Where labels have sentiments, the sentiment of a label is read from the clauses that speak most of it, within
the whole text; so a text that praises one aspect and blames another gives each its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from feedback_mining.classification.examples import Label
from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.errors import ModelError
from feedback_mining.text.split import clauses

Floats = NDArray[np.float32]
_BATCH = 2000
_CANDIDATE = 0.02  # probability below which no sentiment is asked for
CONFIG = "model.json"


@dataclass(frozen=True, slots=True)
class Prediction:
    label: Label
    sentiment: Label | None
    probability: float  # of the label, and of its sentiment where there is one


@dataclass(frozen=True)
class TextModel:
    """`labels[k]` is class k of `head`; likewise `sentiments` and `sentiment`."""

    task: str
    key: str  # the name under which rows hold a label
    labels: tuple[Label, ...]
    head: LinearHead
    several: bool  # may a text have several labels, or none
    threshold: float  # least probability of a label; above 1 only the most probable is said
    at_least_one: bool
    featuriser: Featuriser
    sentiments: tuple[Label, ...] = ()
    sentiment: LinearHead | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # versions and encoders it needs

    def predict(self, texts: Sequence[str]) -> list[list[Prediction]]:
        """Labels of each text, the most probable first."""
        found: list[list[Prediction]] = []
        for start in range(0, len(texts), _BATCH):
            found.extend(self._predict(texts[start : start + _BATCH]))
        return found

    def _predict(self, texts: Sequence[str]) -> list[list[Prediction]]:
        cut = Clauses.of(texts if self.several or self.sentiment else [], self.featuriser)
        rows = self.featuriser.transform(texts, texts, np.arange(len(texts)))
        scores, parts = evidence(self.head, rows, cut, self.several)
        chances = probabilities(scores, self.head.temperature, self.several)
        feelings: NDArray[np.int64] | None = None
        if self.sentiment is not None:
            text, label = candidates(chances)
            rows = self.featuriser.transform(cut.focus(text, label, parts), texts, text)
            felt = self.sentiment.probabilities(rows)
            feelings = np.zeros(chances.shape, np.int64)
            feelings[text, label] = felt.argmax(axis=1)
            joint = np.zeros_like(chances)
            joint[text, label] = chances[text, label] * felt.max(axis=1)
            chances = joint
        said = decide(chances, self.threshold, self.at_least_one or not self.several)
        return [
            [
                Prediction(
                    self.labels[k],
                    None if feelings is None else self.sentiments[feelings[i, k]],
                    round(float(chances[i, k]), 4),
                )
                for k in sorted(np.flatnonzero(said[i]), key=lambda k: (-chances[i, k], k))
            ]
            for i in range(len(texts))
        ]

    def save(self, folder: Path) -> None:
        self.head.save(folder)
        if self.sentiment is not None:
            self.sentiment.save(folder / "sentiment")
        config = {
            "task": self.task, "key": self.key, "labels": self.labels, "several": self.several,
            "threshold": self.threshold, "at_least_one": self.at_least_one, "sentiments": self.sentiments,
            **self.facts,
        }  # fmt: skip
        (folder / CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path, featuriser: Featuriser) -> TextModel:
        """Raises ModelError where the folder holds none, or one whose parts do not fit each other."""
        config = read_config(folder)
        try:
            sentiments = tuple(config.pop("sentiments"))
            return cls(
                task=config.pop("task"),
                key=config.pop("key"),
                labels=tuple(config.pop("labels")),
                head=LinearHead.load(folder),
                several=config.pop("several"),
                threshold=float(config.pop("threshold")),
                at_least_one=config.pop("at_least_one"),
                featuriser=featuriser,
                sentiments=sentiments,
                sentiment=LinearHead.load(folder / "sentiment") if sentiments else None,
                facts=config,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _no_model(folder, error) from error


def read_config(folder: Path) -> dict[str, Any]:
    """What `save` wrote about a model beside its weights."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return dict(config)
    except (OSError, ValueError, TypeError) as error:
        raise _no_model(folder, error) from error


def _no_model(folder: Path, error: Exception) -> ModelError:
    return ModelError(
        f"No text model in {folder}: expected {CONFIG}, config.json and weights.safetensors as "
        f"feedback-mining train TASK --data FILE --out DIR writes them ({type(error).__name__}); train it again"
    )


def evidence(head: LinearHead, rows: csr_matrix, cut: Clauses, several: bool) -> tuple[Floats, Floats]:
    """`(texts, labels)` scores and `(clauses, labels)` scores.

    Where a text may have several labels, each is scored in the whole text and in the clause that speaks most
    of it: one clause of a long text is enough. Elsewhere `cut` may hold no clauses.
    """
    whole = np.asarray(rows @ head.weights.T) + head.bias
    parts = np.asarray(cut.rows @ head.weights.T) + head.bias
    if several and len(whole):
        whole = whole + np.maximum.reduceat(parts, cut.starts[:-1])
    return np.asarray(whole, np.float32), np.asarray(parts, np.float32)


def probabilities(scores: NDArray[Any], temperature: float, several: bool) -> Floats:
    """A sigmoid for each label where there may be several, else a softmax over them."""
    if several:
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30))), np.float32)
    odds = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


def candidates(chances: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(text, label) places that may be said: the probable ones and the best of each text."""
    likely = chances >= _CANDIDATE
    if len(chances):
        likely[np.arange(len(chances)), chances.argmax(axis=1)] = True
    text, label = np.nonzero(likely)
    return text, label


def decide(chances: NDArray[Any], threshold: float, at_least_one: bool) -> NDArray[np.bool_]:
    said = np.asarray(chances >= threshold)
    if at_least_one and len(chances):
        said[np.arange(len(chances)), chances.argmax(axis=1)] = True
    return said


@dataclass(frozen=True)
class Clauses:
    """The clauses of texts: those of text i are `pieces[starts[i] : starts[i + 1]]`, at least one."""

    pieces: list[str]
    starts: NDArray[np.int64]
    rows: csr_matrix

    @classmethod
    def of(cls, texts: Sequence[str], featuriser: Featuriser) -> Clauses:
        cut = [[t[c.start : c.end] for c in clauses(t)] or [t] for t in texts]
        starts = np.concatenate([[0], np.cumsum([len(c) for c in cut])]).astype(np.int64)
        pieces = [piece for c in cut for piece in c]
        owner = np.repeat(np.arange(len(texts)), np.diff(starts))
        if not pieces:
            return cls(pieces, starts, csr_matrix((0, featuriser.columns), dtype=np.float32))
        return cls(pieces, starts, featuriser.transform(pieces, texts, owner))

    def focus(self, text: NDArray[np.int64], label: NDArray[np.int64], scores: NDArray[Any]) -> list[str]:
        """For each pair (text[i], label[i]) the clauses that speak of the label, else the one nearest to it."""
        found: list[str] = []
        for i, k in zip(text, label, strict=True):
            a, b = int(self.starts[i]), int(self.starts[i + 1])
            own = scores[a:b]
            chosen = (own.argmax(axis=1) == k) & (own[:, k] > np.median(own))
            chosen[own[:, k].argmax()] = True
            found.append("，".join(p for p, yes in zip(self.pieces[a:b], chosen, strict=True) if yes))
        return found
