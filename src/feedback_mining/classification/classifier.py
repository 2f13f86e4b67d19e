"""The model of a comment: its opinion units with intent, theme and sentiment, and its signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from feedback_mining.classification.correction import Correction
from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.splitter import CommentClauses, split_features, units_of
from feedback_mining.classification.transformer import Place, TransformerReader, pooled
from feedback_mining.contextual import Reading
from feedback_mining.records import Analysis, Intent, Sentiment, Signal, Unit

_BATCH = 2000
LEAST_CONFIDENCE = 0.3
SURE_FROM = 0.6  # four of five such units were right in all three labels on products outside training


@dataclass(frozen=True)
class CommentModel:
    featuriser: Featuriser
    heads: dict[str, LinearHead]
    splitter: LinearHead
    specific: LinearHead
    signals: dict[str, LinearHead]
    agreement_weight: float = 0.25
    reader: TransformerReader | None = None  # a second opinion on units and their labels
    corrections: Mapping[str, Correction] = field(default_factory=dict)  # a team's own, by task
    sure_from: float = SURE_FROM  # confidence below which a unit's labels are unsure
    own_theme: LinearHead | None = None  # of another taxonomy; where units begin is left to `heads`

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
        reading = self.reader.read(cut) if self.reader else None
        spans = self._spans(cut, reading)
        places = [(k, a, b) for k, group in enumerate(spans) for a, b in group]
        units: list[list[Unit]] = [[] for _ in texts]
        if places:
            rows, base = self._unit_chances(texts, places, reading)
            chances = self.corrected(base, rows)
            intents, themes, sentiments, confidence = self.labels(chances)
            definite = chances["specific"][:, self.specific.classes.index("yes")] >= 0.5
            for k, (comment, a, b) in enumerate(places):
                units[comment].append(
                    Unit(
                        comment=comments[comment][0],
                        start=a,
                        end=b,
                        text=texts[comment][a:b],
                        intent=Intent(intents[k]),
                        theme=themes[k],
                        sentiment=Sentiment(sentiments[k]),
                        confidence=round(float(confidence[k]), 4),
                        specific=bool(definite[k]),
                    )
                )
        signals = self._signals(texts, reading)
        return [Analysis(comments[k][0], tuple(units[k]), tuple(signals[k])) for k in range(len(texts))]

    def unit_chances(
        self, texts: Sequence[str], places: Sequence[Place]
    ) -> tuple[csr_matrix, dict[str, NDArray[np.float32]]]:
        """What the base says of units, before any team's correction: their rows, and task → `(n, classes)`.

        places: of each unit, the index of its comment in `texts`, its start and its end.
        """
        reading = self.reader.read([CommentClauses.of(text) for text in texts]) if self.reader else None
        rows, chances = self._unit_chances(texts, places, reading)
        return rows, {task: chances[task] for task in self.heads}

    def _unit_chances(
        self, texts: Sequence[str], places: Sequence[Place], reading: Reading | None
    ) -> tuple[csr_matrix, dict[str, NDArray[np.float32]]]:
        spoken = [texts[k][a:b] for k, a, b in places]
        rows = self.featuriser.transform(spoken, texts, np.array([k for k, _, _ in places], np.int64))
        heads = {**self.readers, "specific": self.specific}
        chances = {task: head.probabilities(rows) for task, head in heads.items()}
        if self.reader and reading:
            for task, other in self.reader.chances(reading, places).items():
                if task != "theme" or not self.own_theme:  # the transformer knows the default taxonomy
                    chances[task] = pooled(chances[task], other, self.reader.weight)
        return rows, chances

    def corrected(
        self, chances: Mapping[str, NDArray[np.float32]], rows: csr_matrix
    ) -> dict[str, NDArray[np.float32]]:
        """The base's probabilities after the corrections in use."""
        fixes = {task: fix for task, fix in self.corrections.items() if task != "theme" or not self.own_theme}
        return {task: fixes[task].applied(p, rows) if task in fixes else p for task, p in chances.items()}

    def _spans(self, cut: Sequence[CommentClauses], reading: Reading | None) -> list[list[tuple[int, int]]]:
        if not any(c.clauses for c in cut):
            return [[] for _ in cut]
        chances = self.splitter.probabilities(split_features(cut, self.featuriser, self.heads))
        if self.reader and reading:
            chances = pooled(chances, self.reader.boundaries(reading, cut), self.reader.split_weight)
        labels = np.array(self.splitter.classes)[chances.argmax(axis=1)]
        return units_of(cut, labels.tolist())

    def clarity(self, statements: Sequence[tuple[str, str, Intent]]) -> NDArray[np.float32]:
        """`(n,)`: probability that each `(text, theme, intent)`, read alone, has that theme and intent."""
        texts = [text for text, _, _ in statements]
        # Without the transformer: it is made for comments, and would take most of the time of grouping.
        rows, base = self._unit_chances(texts, [(k, 0, len(text)) for k, text in enumerate(texts)], None)
        chances = self.corrected(base, rows)
        chance = np.ones(len(texts), np.float32)
        for task, wanted in (
            ("theme", [theme for _, theme, _ in statements]),
            ("intent", [str(intent) for _, _, intent in statements]),
        ):
            place = {name: k for k, name in enumerate(self.readers[task].classes)}
            known = np.flatnonzero([name in place for name in wanted])  # a demand may be of an older taxonomy
            chance[known] *= chances[task][known, [place[wanted[k]] for k in known]]
        return chance

    def labels(
        self, chances: dict[str, NDArray[np.float32]]
    ) -> tuple[list[str], list[str], list[str], NDArray[np.float64]]:
        """The most probable labels that go together, and the probability that all three are right."""
        ratios = self.heads["intent"].facts.get("agreement", {})
        logs = {task: np.log(np.clip(chances[task], 1e-6, 1)).astype(np.float64) for task in self.heads}
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

    def _signals(self, texts: Sequence[str], reading: Reading | None) -> list[list[Signal]]:
        found: list[list[Signal]] = [[] for _ in texts]
        if not texts or not self.signals:
            return found
        rows = self.featuriser.transform(texts, texts, np.arange(len(texts)))
        others = self.reader.signal_odds(reading, texts) if self.reader and reading else {}
        for name, head in sorted(self.signals.items()):
            chance = head.probabilities(rows)[:, head.classes.index("yes")]
            odds = _log_odds(chance) - _log_odds(float(head.facts.get("threshold", 0.5)))
            if self.reader and name in others:
                weight = self.reader.signal_weight
                odds = (1 - weight) * odds + weight * others[name]
            for k in np.flatnonzero(odds >= 0):
                found[k].append(Signal(name))
        return found


def _log_odds(chance: NDArray[np.float32] | float) -> NDArray[np.float64]:
    clipped = np.clip(np.asarray(chance, np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


def told(units: Sequence[Unit], least: float = LEAST_CONFIDENCE) -> list[Unit]:
    """Units whose labels are more than a guess; of a comment with none, the surest."""
    surest = max((u.confidence for u in units if u.intent is not Intent.OTHER), default=0.0)
    return [u for u in units if u.confidence >= min(least, surest)]
