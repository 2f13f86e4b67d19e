"""What quotes, summaries and groups of praise and questions need to know of language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from feedback_mining.text.clean import normalise
from feedback_mining.text.duplicates import comparable

Floats = NDArray[np.float32]
_COLUMNS = 512


def letter_pairs(text: str) -> list[str]:
    said = comparable(text)
    return [said[k : k + 2] for k in range(len(said) - 1)]


def letter_vectors(texts: Sequence[str]) -> Floats:
    """`(n, 512)`: which letters and pairs of them a text holds, hashed; of length 1. Needs no model."""
    rows = np.zeros((len(texts), _COLUMNS), np.float32)
    for row, text in zip(rows, texts, strict=True):
        row[[crc32(pair.encode()) % _COLUMNS for pair in (*comparable(text), *letter_pairs(text))]] = 1
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    vectors: Floats = np.divide(rows, lengths, out=rows, where=lengths > 0)
    return vectors


@dataclass(frozen=True, slots=True)
class Wording:
    """encode: texts → `(n, d)` vectors of length 1. words: text → its words, in order."""

    encode: Callable[[Sequence[str]], Floats] = letter_vectors
    words: Callable[[str], list[str]] = letter_pairs

    def held(self, text: str) -> frozenset[str]:
        """The words of a text, each once."""
        return frozenset(self.words(normalise(text)))


def central(vectors: Floats) -> Floats:
    """`(n,)`: cosine of each row with the mean of all."""
    mean = vectors.mean(axis=0)
    close: Floats = vectors @ (mean / max(1e-9, float(np.linalg.norm(mean))))
    return close
