"""Titles and keywords of demands, made of words that its users said."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer

from feedback_mining.demands.statements import LONGEST, is_content, readability, tidy
from feedback_mining.records import Unit
from feedback_mining.text.clean import normalise

STYLE_COLUMNS = 2**15
_SHARING = 0.8  # for saying what many members say
_NAMING = (0.1, 0.1, 0.05, 0.05)  # what a title is worth for naming the first keywords


def style_rows(statements: Sequence[str]) -> csr_matrix:
    """`(n, STYLE_COLUMNS)`: what a head reads to tell titles from talk."""
    hasher = HashingVectorizer(
        analyzer="char", ngram_range=(1, 3), n_features=STYLE_COLUMNS, alternate_sign=False, binary=True,
        norm="l2", lowercase=False, dtype=np.float32,
    )  # fmt: skip
    return hasher.transform([f"^{text}$" for text in statements])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement that could be a group's title.

    closeness: cosine with the group's mean. clarity: probability that the statement, read alone, has the
    group's theme and intent. style: probability that it is worded as a ticket's title.
    """

    text: str
    closeness: float
    clarity: float
    style: float


def title_of(
    units: Sequence[Unit],
    candidates: Sequence[Candidate],
    words: Callable[[str], list[str]],
    keywords: Sequence[str],
) -> str:
    """The candidate that stands best for the group; without any, the shortest unit.

    Besides closeness and clarity count how many members share the statement's words, the group's keywords
    and a length that reads as a ticket; against it insults, first persons, questions and numbers.
    """
    if not candidates:
        return _shortened(min((normalise(u.text) for u in units), key=lambda t: (abs(len(t) - 8), t)))
    ranked = zip(scores(units, candidates, words, keywords), (c.text for c in candidates), strict=True)
    return max(ranked)[1]


def scores(
    units: Sequence[Unit],
    candidates: Sequence[Candidate],
    words: Callable[[str], list[str]],
    keywords: Sequence[str],
) -> list[float]:
    """What each candidate is worth as a title."""
    holders = Counter(word for unit in units for word in _named(unit.text, words))
    many = max(1.0, 0.25 * len(units))
    intent = Counter(unit.intent for unit in sorted(units, key=lambda u: u.intent)).most_common(1)[0][0]

    def shared(text: str) -> float:
        content = _named(text, words)
        alone = sum(holders[w] < 2 for w in content) / max(1, len(content)) if len(units) > 3 else 0
        return sum(min(1.0, (holders[w] - 1) / many) for w in content) / max(2, len(content)) - 0.5 * alone

    def score(candidate: Candidate) -> float:
        named = sum(weight for word, weight in zip(keywords, _NAMING, strict=False) if word in candidate.text)
        return (
            candidate.closeness
            + 0.6 * candidate.clarity
            + 0.4 * candidate.style
            + (_SHARING * shared(candidate.text) if len(units) >= 3 else 0.0)
            + named
            + readability(candidate.text, intent)
        )

    return [round(score(candidate), 6) for candidate in candidates]


def _named(text: str, words: Callable[[str], list[str]]) -> frozenset[str]:
    return frozenset(word for word in words(tidy(normalise(text)).lower()) if len(word) > 1)


def keywords_of(
    words: Sequence[str], background: Mapping[str, int], total: int, product: str = "", count: int = 5
) -> list[str]:
    """Words that mark the group: c-TF-IDF (Grootendorst 2022), `background` counts units that hold a word.

    words: those of every unit, each once. No function words, no parts of the product's name, and no word that
    only one of all units holds where others are left: such are mostly cut wrongly.
    """
    counts = Counter(word for word in words if is_content(word) and word not in product)
    scored = {word: n * math.log(1 + total / (1 + background.get(word, 0))) for word, n in counts.items()}
    ranked = sorted(scored, key=lambda word: (-scored[word], word))
    shared = [word for word in ranked if background.get(word, 2) > 1]
    return (shared or ranked)[:count]


def _shortened(text: str) -> str:
    text = tidy(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
