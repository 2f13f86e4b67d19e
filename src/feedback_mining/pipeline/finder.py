"""Texts by key, and how well each fits a query: the index, the encoder and the words put together."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.search import SearchConfig, coverage, fits, rarity
from feedback_mining.storage.search_index import SearchIndex
from feedback_mining.text.tokens import query_tokens, search_tokens

Floats = NDArray[np.float32]
_BY_WORDS = 20_000  # texts looked at for their words, best first
_BY_MEANING = 5_000  # and for their vectors


@dataclass
class Finder:
    """encode: texts → `(n, d)` of length 1. words: text → its words."""

    index: SearchIndex
    encode: Callable[[Sequence[str]], Floats]
    words: Callable[[str], Sequence[str]]
    config: SearchConfig = field(default_factory=SearchConfig)

    def update(self, texts: Mapping[str, str]) -> int:
        """Look among exactly these from now on (key → text); how many entries changed."""
        self.__dict__.pop("_vectors", None)
        return self.index.update(texts, lambda text: search_tokens(text, self.words), self.encode)

    def tokens(self, query: str) -> list[str]:
        return query_tokens(query, self.words)

    def fits(self, query: str, allowed: Container[str] | None = None) -> dict[str, float]:
        """Key of each text that comes into question → how well it fits, 0 to 1; `allowed` ones only."""
        tokens = self.tokens(query)
        single = len(tokens) == 1 and len(tokens[0]) == 1
        by_words = [
            key
            for key, _ in self.index.matching(tokens, _BY_WORDS, beginning=single)
            if allowed is None or key in allowed
        ]
        if single:  # the vector of one character means little
            return dict.fromkeys(by_words, 1.0)
        place, keys, vectors = self._vectors
        if not keys:
            return {}
        cosines = vectors @ self.encode([query])[0]
        nearest = np.argsort(-cosines, kind="stable")
        if allowed is not None:
            nearest = nearest[np.fromiter((key in allowed for key in keys), bool, len(keys))[nearest]]
        candidates = list(dict.fromkeys([*by_words, *(keys[k] for k in nearest[:_BY_MEANING].tolist())]))
        counts, total = self.index.holders(tokens)
        weights = {token: rarity(count, total) for token, count in counts.items()}
        held = self.index.tokens_of(by_words)  # the others hold none of the tokens, or are far down the list
        covered = [coverage(held[key], weights) if key in held else 0.0 for key in candidates]
        alike = cosines[[place[key] for key in candidates]]
        return dict(zip(candidates, fits(alike, covered, self.config).tolist(), strict=True))

    @cached_property
    def _vectors(self) -> tuple[dict[str, int], list[str], Floats]:
        keys, vectors = self.index.vectors()
        return {key: k for k, key in enumerate(keys)}, keys, vectors
