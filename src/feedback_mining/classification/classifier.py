"""The model of a comment: its opinion units with intent, theme and sentiment, and its signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.splitter import CommentClauses, split_features, units_of
from feedback_mining.records import Analysis, Intent, Sentiment, Signal, Unit

_BATCH = 2000
LEAST_CONFIDENCE = 0.3


@dataclass(frozen=True)
class CommentModel:
    featuriser: Featuriser
    heads: dict[str, LinearHead]
    splitter: LinearHead
    specific: LinearHead
    signals: dict[str, LinearHead]
    agreement_weight: float = 0.8
    own_theme: LinearHead | None = (
        None  # of a taxonomy other than the default; units are cut by `heads` alone
    )

    @property
    def readers(self) -> dict[str, LinearHead]:
        """The heads that label units."""
        return {**self.heads, "theme": self.own_theme} if self.own_theme else self.heads

    def analyse(self, comments: Sequence[tuple[str, str]]) -> list[Analysis]:
        """One Analysis per `(id, text)`, in order. Unit positions index into `text`."""
        found: list[Analysis] = []
        for start in range(0, len(comments), _BATCH):
            found.extend(self._analyse(comments[start : start + _BATCH]))
        return found

    def _analyse(self, comments: Sequence[tuple[str, str]]) -> list[Analysis]:
        texts = [text for _, text in comments]
        cut = [CommentClauses.of(text) for text in texts]
        spans = self._spans(cut)
        owner = np.repeat(np.arange(len(texts)), [len(s) for s in spans])
        spoken = [texts[k][a:b] for k, group in enumerate(spans) for a, b in group]
        units: list[list[Unit]] = [[] for _ in texts]
        if spoken:
            rows = self.featuriser.transform(spoken, texts, owner)
            intents, themes, sentiments, confidence = self.labels(
                {task: head.probabilities(rows) for task, head in self.readers.items()}
            )
            definite = self.specific.probabilities(rows)[:, self.specific.classes.index("yes")] >= 0.5
            places = [place for group in spans for place in group]
            for k, (a, b) in enumerate(places):
                units[owner[k]].append(
                    Unit(
                        comment=comments[owner[k]][0],
                        start=a,
                        end=b,
                        text=spoken[k],
                        intent=Intent(intents[k]),
                        theme=themes[k],
                        sentiment=Sentiment(sentiments[k]),
                        confidence=round(float(confidence[k]), 4),
                        specific=bool(definite[k]),
                    )
                )
        signals = self._signals(texts)
        return [Analysis(comments[k][0], tuple(units[k]), tuple(signals[k])) for k in range(len(texts))]

    def _spans(self, cut: Sequence[CommentClauses]) -> list[list[tuple[int, int]]]:
        if not any(c.clauses for c in cut):
            return [[] for _ in cut]
        chances = self.splitter.probabilities(split_features(cut, self.featuriser, self.heads))
        labels = np.array(self.splitter.classes)[chances.argmax(axis=1)]
        return units_of(cut, labels.tolist())

    def clarity(self, statements: Sequence[tuple[str, str, Intent]]) -> NDArray[np.float32]:
        """`(n,)`: probability that each `(text, theme, intent)`, read alone, has that theme and intent."""
        texts = [text for text, _, _ in statements]
        rows = self.featuriser.transform(texts, texts, np.arange(len(texts)))
        chance = np.ones(len(texts), np.float32)
        for task, wanted in (
            ("theme", [theme for _, theme, _ in statements]),
            ("intent", [str(intent) for _, _, intent in statements]),
        ):
            head = self.readers[task]
            place = {name: k for k, name in enumerate(head.classes)}
            known = np.flatnonzero([name in place for name in wanted])  # a demand may be of an older taxonomy
            columns = [place[wanted[k]] for k in known]
            chance[known] *= head.probabilities(rows)[known, columns]
        return chance

    def labels(
        self, chances: dict[str, NDArray[np.float32]]
    ) -> tuple[list[str], list[str], list[str], NDArray[np.float64]]:
        """The most probable labels that go together, and the probability that all three are right."""
        ratios = self.heads["intent"].facts.get("agreement", {})
        logs = {task: np.log(np.clip(p, 1e-6, 1)).astype(np.float64) for task, p in chances.items()}
        # (units, intents, sentiments, themes)
        joint = logs["intent"][:, :, None, None] + logs["sentiment"][:, None, :, None]
        joint = joint + logs["theme"][:, None, None, :]
        if ratios:
            pairs = np.asarray(ratios["intent/sentiment"])[None, :, :, None]
            own = self.own_theme.facts if self.own_theme else ratios
            themes = np.asarray(own["intent/theme"])[None, :, None, :]
            joint = joint + self.agreement_weight * (pairs + 0.5 * themes)
        flat = joint.reshape(len(joint), -1)
        best = flat.argmax(axis=1)
        top = flat.max(axis=1, keepdims=True)
        confidence = 1.0 / np.exp(flat - top).sum(axis=1)
        i, s, t = np.unravel_index(best, joint.shape[1:])
        names = {task: np.array(head.classes) for task, head in self.readers.items()}
        return (
            names["intent"][i].tolist(),
            names["theme"][t].tolist(),
            names["sentiment"][s].tolist(),
            confidence,
        )

    def _signals(self, texts: Sequence[str]) -> list[list[Signal]]:
        found: list[list[Signal]] = [[] for _ in texts]
        if not texts or not self.signals:
            return found
        rows = self.featuriser.transform(texts, texts, np.arange(len(texts)))
        for name, head in sorted(self.signals.items()):
            chance = head.probabilities(rows)[:, head.classes.index("yes")]
            for k in np.flatnonzero(chance >= float(head.facts.get("threshold", 0.5))):
                found[k].append(Signal(name))
        return found


def told(units: Sequence[Unit], least: float = LEAST_CONFIDENCE) -> list[Unit]:
    """Units whose labels are more than a guess; of a comment with none, the surest."""
    surest = max((u.confidence for u in units if u.intent is not Intent.OTHER), default=0.0)
    return [u for u in units if u.confidence >= min(least, surest)]
