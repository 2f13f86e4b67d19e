"""What to label next: comments of a store with the reason for which each is asked, each wording once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from feedback_mining.backlog.advertising import is_advertising
from feedback_mining.backlog.rulings import Rulings
from feedback_mining.classification.classifier import told
from feedback_mining.classification.label_rows import LabelTask
from feedback_mining.classification.labelling import HumanLabel, LabelledUnit, corrected, in_force
from feedback_mining.classification.selection import (
    label_issues,
    least_sure,
    likeness_to_earlier,
    new_words,
    representatives,
)
from feedback_mining.classification.training import TASKS
from feedback_mining.pipeline.campaigns import campaigns_until
from feedback_mining.pipeline.labels import as_labelled, labels_of
from feedback_mining.pipeline.reader import Progress, Reader
from feedback_mining.records import Analysis, Comment, Intent, Unit
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.text.clean import normalise
from feedback_mining.text.duplicates import near_duplicate_groups
from feedback_mining.weeks import Week

RECENT_WEEKS = 4
_POOL = 5  # candidates of a strategy per comment that is asked for
_UNLIKE = 0.6  # cosine with the nearest earlier comment below which a comment says something else
_LETTERS = 6  # of a comment that can say something new


class Strategy(StrEnum):
    UNCERTAIN = "uncertain"
    DIVERSE = "diverse"
    DRIFTING = "drifting"
    MISLABELLED = "mislabelled"
    MIXED = "mixed"


_MIXED = (Strategy.MISLABELLED, Strategy.UNCERTAIN, Strategy.DRIFTING, Strategy.DIVERSE)


@dataclass(frozen=True, slots=True)
class Reason:
    """`key` names a sentence; `values` are what it is about: names of labels are ids."""

    key: str
    values: tuple[str | int | float, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    comment: Comment
    week: Week
    units: tuple[LabelledUnit, ...]  # the model's, or the person's that is doubted
    signals: tuple[str, ...]
    confidence: float
    reason: Reason

    def task(self, why: str) -> LabelTask:
        c = self.comment
        return LabelTask(
            c.id, c.text, self.units, c.product, str(self.week), self.signals, why, confidence=self.confidence
        )


@dataclass(frozen=True, slots=True)
class Queue:
    asked: tuple[Asked, ...]
    labelled: int  # comments of the product that people have labelled as a whole
    comments: int


def next_labels(
    store: Store,
    product: str,
    *,
    settings: Settings,
    count: int = 20,
    strategy: Strategy = Strategy.MIXED,
    progress: Progress | None = None,
) -> Queue:
    """At most `count` comments to label, best first; the same store gives the same ones.

    Comments that a person labelled as a whole are asked again only by `mislabelled`, and near duplicates of
    labelled or asked ones never.
    """
    candidates = Candidates(store, product, settings, count, progress)
    chosen = _MIXED if strategy is Strategy.MIXED else (strategy,)
    pools = [list(islice(candidates.of(one), _POOL * count)) for one in chosen]
    asked = candidates.distinct(pools, count)
    return Queue(tuple(asked), len(candidates.labelled), len(candidates.comments))


class Candidates:
    """A product's comments as the strategies see them. Positions index into `comments`, sorted by id."""

    def __init__(
        self, store: Store, product: str, settings: Settings, count: int, progress: Progress | None
    ) -> None:
        self.reader = Reader.of(settings, store)
        self.settings, self.count = settings, count
        stored = store.comments(product)
        self.rulings = Rulings.of(store.campaign_rulings(product))
        analyses = self.reader.analyses(store, product, stored, progress)
        self.history = store.labels(product)
        self.comments = sorted(stored, key=lambda c: c.id)
        self.place = {c.id: k for k, c in enumerate(self.comments)}
        self.labels = labels_of(self.comments, self.history)
        self.labelled = {key for key, label in self.labels.items() if label.whole}
        themes = {theme.id for theme in self.reader.taxonomy.themes}
        self.analyses = [
            corrected(analyses[c.id], self.labels[c.id], themes) if c.id in self.labels else analyses[c.id]
            for c in self.comments
        ]
        self.weeks = [Week.of(c.time, settings.zone) for c in self.comments]

    def of(self, strategy: Strategy) -> Iterator[Asked]:
        """Candidates, best first; may repeat wordings."""
        match strategy:
            case Strategy.UNCERTAIN:
                return self._uncertain()
            case Strategy.DIVERSE:
                return self._diverse()
            case Strategy.DRIFTING:
                return self._drifting()
            case _:
                return self._mislabelled()

    def distinct(self, pools: Sequence[Sequence[Asked]], count: int) -> list[Asked]:
        """Taken from the pools in turn; of texts that say the same, one."""
        done = sorted({label.text for label in in_force(self.history) if label.whole})
        texts = [*done, *(asked.comment.text for pool in pools for asked in pool)]
        groups = near_duplicate_groups(texts).tolist()
        known = set(groups[: len(done)])
        group = dict(zip(texts, groups, strict=True))
        taken: list[Asked] = []
        ids: set[str] = set()
        seen: set[int] = set()
        rows = [iter(pool) for pool in pools]
        while rows and len(taken) < count:
            for row in list(rows):
                for asked in row:
                    own = group[asked.comment.text]
                    again = asked.comment.id in self.labelled  # asked because it is labelled
                    if asked.comment.id not in ids and own not in seen and (again or own not in known):
                        taken.append(asked)
                        ids.add(asked.comment.id)
                        seen.add(own)
                        break
                else:
                    rows.remove(row)
        return taken[:count]

    def _uncertain(self) -> Iterator[Asked]:
        free = list(self._free())
        shown = [told(self.analyses[k].units) for k in free]
        for k, number in least_sure(shown):
            yield self._asked(free[k], self._doubt(free[k], shown[k][number]))

    def _diverse(self) -> Iterator[Asked]:
        labelled = np.array([c.id in self.labelled for c in self.comments], bool)
        for k, size, done in representatives(self._vectors, labelled, self.count, self.settings.seed):
            if self.comments[k].id not in self._flooded and not is_advertising(self.comments[k].text):
                yield self._asked(k, Reason("diverse", (size, done)))

    def _drifting(self) -> Iterator[Asked]:
        last = max(self.weeks, default=None)
        recent = np.array([last is not None and last.minus(w) < RECENT_WEEKS for w in self.weeks], bool)
        if not recent.any() or recent.all():
            return
        place = np.cumsum(recent) - 1
        likeness = likeness_to_earlier(self._vectors, recent, self.settings.seed)
        free = [k for k in self._free() if recent[k] and len(self.comments[k].text) >= _LETTERS]
        opinion = [k for k in free if any(u.intent is not Intent.OTHER for u in told(self.analyses[k].units))]
        far = [k for k in opinion if np.linalg.norm(self._vectors[k]) > 0 and likeness[place[k]] < _UNLIKE]
        far.sort(key=lambda k: float(likeness[place[k]]))
        by_likeness = [self._asked(k, Reason("unlike", (float(likeness[place[k]]),))) for k in far]
        by_word = list(self._with_new_words(free, recent))
        for k in range(max(len(by_word), len(by_likeness))):
            yield from by_word[k : k + 1]
            yield from by_likeness[k : k + 1]

    def _with_new_words(self, free: Sequence[int], recent: NDArray[np.bool_]) -> Iterator[Asked]:
        """For each new word one comment, the one that says most around it."""
        segmenter = self.reader.models.comments.featuriser.segmenter
        words = [
            {w for w in segmenter.words(normalise(c.text)) if _is_word(w)}
            if c.id not in self._flooded
            else set()
            for c in self.comments
        ]
        used: set[int] = set()
        for new in new_words(words, recent):
            holding = [k for k in free if new.word in words[k] and k not in used]
            if holding:
                best = max(holding, key=lambda k: (len(words[k]), -k))
                used.add(best)
                yield self._asked(best, Reason("new_word", (new.word, new.recent, new.earlier)))

    def _mislabelled(self) -> Iterator[Asked]:
        """Labels that a model contradicts which has not learnt from them: the base, not the team's correction."""
        settled = self._settled_twice()
        doubted = [self.labels[c.id] for c in self.comments if c.id in self.labels and c.id not in settled]
        units = [(label, u) for label in doubted for u in label.units]
        if not units:
            return
        chances = self._chances([(label.text, u.start, u.end) for label, u in units], base=True)
        found: list[tuple[float, int, Reason]] = []
        for task in TASKS:
            classes = self.reader.models.comments.readers[task].classes
            said = [str(getattr(u, task)) for _, u in units]
            for n, (better, margin) in label_issues(said, chances[task], classes).items():
                label, u = units[n]
                span = label.text[u.start : u.end]
                values = (task, span, said[n], better, float(chances[task][n].max()))
                found.append((margin, self.place[str(label.comment)], Reason("mislabelled", values)))
        for _, k, reason in sorted(found, key=lambda f: (-f[0], f[1])):
            yield self._asked(k, reason)

    def _settled_twice(self) -> set[str]:
        """Comments of which the same was said twice: asking a third time would be nagging."""
        said: dict[str, list[HumanLabel]] = {}
        for label in self.history:
            if label.comment in self.labels:
                said.setdefault(str(label.comment), []).append(label)
        return {
            key for key, labels in said.items() if sum(one.units == labels[-1].units for one in labels) > 1
        }

    def _free(self) -> Iterator[int]:
        return (
            k for k, c in enumerate(self.comments) if c.id not in self.labelled and not is_advertising(c.text)
        )

    @cached_property
    def _flooded(self) -> frozenset[str]:
        """Comments of floods in the latest weeks: what was written to order tells nothing."""
        if not self.comments:
            return frozenset()
        stored = sorted(self.comments, key=lambda c: (c.time, c.id))
        campaigns = campaigns_until(stored, max(self.weeks).end(self.settings.zone), self.rulings)
        return frozenset(key for campaign in campaigns for key in campaign.comments)

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return self.reader.encoder.encode([c.text for c in self.comments])

    def _chances(
        self, spans: Sequence[tuple[str, int, int]], *, base: bool
    ) -> Mapping[str, NDArray[np.float32]]:
        """Task → `(spans, classes)` of `(text, start, end)`; `base`: without what the team's labels taught."""
        model = self.reader.models.comments
        texts = [text for text, _, _ in spans]
        rows, chances = model.unit_chances(texts, [(k, a, b) for k, (_, a, b) in enumerate(spans)])
        return chances if base else model.corrected(chances, rows)

    def _doubt(self, k: int, unit: Unit) -> Reason:
        """The label that is least sure, and the two names that compete for it."""
        chances = self._chances([(self.comments[k].text, unit.start, unit.end)], base=False)
        close: list[tuple[float, str, str, str, float, float]] = []
        for task in TASKS:
            order = np.argsort(-chances[task][0], kind="stable")[:2]
            classes = self.reader.models.comments.readers[task].classes
            (one, other), (p, q) = [classes[i] for i in order], chances[task][0][order].tolist()
            close.append((p - q, task, one, other, p, q))
        _, task, one, other, p, q = min(close)
        return Reason("uncertain", (task, unit.text, one, p, other, q, unit.confidence))

    def _asked(self, k: int, reason: Reason) -> Asked:
        comment, analysis = self.comments[k], self.analyses[k]
        units = tuple(map(as_labelled, told(analysis.units)))
        confidence = min((u.confidence for u in analysis.units), default=0.0)
        return Asked(comment, self.weeks[k], units, _names(analysis), confidence, reason)


def _names(analysis: Analysis) -> tuple[str, ...]:
    return tuple(sorted(str(signal) for signal in analysis.signals))


def _is_word(word: str) -> bool:
    return len(word) > 1 and any(character.isalpha() for character in word)
