"""Words for demands: their titles, keywords, and the entry of the catalogue that they follow."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.catalogue import Catalogue, CommonDemand
from feedback_mining.demands.group import GroupingConfig, of_length_one
from feedback_mining.demands.name import Candidate, keywords_of, title_of
from feedback_mining.demands.statements import titles_of
from feedback_mining.records import Demand, Intent, Unit
from feedback_mining.text.clean import normalise

Floats = NDArray[np.float32]
Kind = tuple[str, bool]  # theme, and whether it is a wish
_TITLE_SHARE = (
    0.8  # of `anchor_threshold`: how near half of a demand's units are to an entry whose title it has
)
_CONSIDERED = 24  # statements of a demand that could be its title; the rest are too far from what it means


@dataclass(frozen=True)
class Namer:
    """Names one product's demands.

    encode: texts → `(n, d)` vectors of length 1. words: text → its words. clarity: `(statement, theme,
    intent)` → probability that the statement, read alone, has these labels. style: statement → probability
    that it is worded as a title. themes: ids of the taxonomy.
    """

    product: str
    encode: Callable[[Sequence[str]], Floats]
    words: Callable[[str], list[str]]
    clarity: Callable[[Sequence[tuple[str, str, Intent]]], Floats]
    style: Callable[[Sequence[str]], Floats]
    themes: Sequence[str]
    catalogue: Catalogue
    config: GroupingConfig = field(default_factory=GroupingConfig)
    lang: str = "zh"
    encoder: str = ""  # version of what `encode` is
    kind: Kind | None = None  # the only kind of demand that its units may come to

    @property
    def entries(self) -> tuple[CommonDemand, ...]:
        """Those of the catalogue that its units may come to."""
        return tuple(e for e in self.catalogue.entries if self.kind in (None, (e.theme, e.wish)))

    @cached_property
    def usual(self) -> Floats:
        said = [text for entry in self.catalogue.entries for text in (entry.zh, *entry.examples)]
        return self.encode(said).mean(axis=0) if said else np.zeros(1, np.float32)

    def entry_of(self, units: Sequence[Unit]) -> CommonDemand | None:
        """The catalogue's entry that a whole group is about, if there is one."""
        entries, means = self._entries
        if not entries:
            return None
        mean = self.encode([u.text for u in units]).mean(axis=0)
        theme = most(u.theme for u in units)
        alike = means @ (mean / max(1e-9, float(np.linalg.norm(mean))))
        alike = alike - self.config.anchor_theme_penalty * np.array([e.theme != theme for e in entries])
        best = int(alike.argmax())
        return entries[best] if alike[best] >= self.config.anchor_group_threshold else None

    def _is_said_as(self, entry: CommonDemand, units: Sequence[Unit], intent: Intent) -> bool:
        """Does the entry's title fit what most of the units say? A fault is not titled as a wish."""
        if entry.wish and intent is Intent.BUG:
            return False
        said = self.encode([u.text for u in units])
        alike = (said @ self.encode([entry.zh, *entry.examples]).T).max(axis=1)
        enough = _TITLE_SHARE * self.config.anchor_threshold
        return self.entry_of(units) == entry and float(np.median(alike)) >= enough

    @cached_property
    def _entries(self) -> tuple[tuple[CommonDemand, ...], Floats]:
        """The catalogue and the direction of each entry's examples, `(entries, d)`."""
        rows = [self.encode([e.zh, *e.examples]).mean(axis=0) for e in self.entries]
        if not rows:
            return (), np.zeros((0, 0), np.float32)
        means = np.stack(rows)
        return self.entries, means / np.linalg.norm(means, axis=1, keepdims=True)

    def titles_for(self, drafts: Sequence[Demand], units: Mapping[str, Sequence[Unit]]) -> dict[str, str]:
        common = {self.anchored_id(e.id): e for e in self.entries}
        titles: dict[str, str] = {}
        others: list[Demand] = []
        for draft in drafts:
            entry = common.get(draft.id)
            if entry and self._is_said_as(entry, units[draft.id], draft.intent):
                titles[draft.id] = entry.en if self.lang == "en" else entry.zh
            else:
                others.append(draft)
        shared = self._shared(units)
        said = {d.id: titles_of(units[d.id], self.words) for d in others}
        vectors = self.encode([text for texts in said.values() for text in texts])
        drawn: dict[str, list[tuple[str, float]]] = {}
        at = 0
        for key, texts in said.items():
            drawn[key] = self._nearest(texts, vectors[at : at + len(texts)], units[key], shared)
            at += len(texts)
        flat = [(text, d.theme, d.intent) for d in others for text, _ in drawn[d.id]]
        clear = self.clarity(flat) if flat else np.zeros(0)
        style = self.style([text for text, _, _ in flat]) if flat else np.zeros(0)
        position = 0
        for draft in others:
            candidates = [
                Candidate(text, close, float(clear[k]), float(style[k]))
                for k, (text, close) in enumerate(drawn[draft.id], position)
            ]
            position += len(candidates)
            titles[draft.id] = title_of(units[draft.id], candidates, self.words, draft.keywords)
        return titles

    def _nearest(
        self, texts: Sequence[str], vectors: Floats, units: Sequence[Unit], shared: Floats
    ) -> list[tuple[str, float]]:
        """The `_CONSIDERED` texts closest to the mean of the units, with their closeness."""
        mean = self.encode([u.text for u in units]).mean(axis=0) - shared
        close = of_length_one(vectors - shared) @ (mean / max(1e-9, float(np.linalg.norm(mean))))
        kept = np.sort(np.argsort(-close, kind="stable")[:_CONSIDERED])
        return [(texts[k], float(close[k])) for k in kept]

    def _shared(self, groups: Mapping[str, Sequence[Unit]]) -> Floats:
        """What all groups have in common, as `centred` has it for units; a title need not say it."""
        means = [self.encode([u.text for u in units]).mean(axis=0) for units in groups.values()]
        total = np.sum(means, axis=0) + self.config.few * self.usual
        shared: Floats = (total / (len(means) + self.config.few)).astype(np.float32)
        return shared

    def background(self, groups: Sequence[Sequence[Unit]]) -> tuple[Counter[str], int]:
        """How many of all these units hold each word."""
        counts: Counter[str] = Counter()
        units = {unit.id: unit for some in groups for unit in some}
        for unit in units.values():
            counts.update(set(self.words(normalise(unit.text))))
        return counts, len(units)

    def described(self, key: str, title: str, units: Sequence[Unit], week: str) -> Demand:
        """A demand that a person founded of `units`, the first of them said in `week`."""
        background, total = self.background([units])
        return Demand(
            key,
            self.product,
            title,
            most(u.theme for u in units),
            Intent(most(u.intent for u in units)),
            founded=week,
            keywords=tuple(keywords_of([w for u in units for w in self.words(u.text)], background, total)),
        )

    def anchored_id(self, entry: str) -> str:
        return id_of(self.product, f"common:{entry}")


def id_of(*parts: str) -> str:
    return "D-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def most(values: object) -> str:
    counts = Counter(values)  # type: ignore[call-overload]
    return str(min(counts, key=lambda value: (-counts[value], str(value))))
