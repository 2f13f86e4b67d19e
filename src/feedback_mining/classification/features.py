"""Texts to the sparse rows that the linear heads read.

Columns: hashed character 1–4-grams and word 1–2-grams of the text itself, hashed character 1–2-grams of
the whole comment around it, then the encoder's vectors of both. Hashing keeps no vocabulary, so no user's
words are stored in a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from feedback_mining.encoders import Encoder
from feedback_mining.text.clean import normalise
from feedback_mining.text.segment import Segmenter

_LONGEST = 4  # characters of an n-gram


@dataclass(frozen=True, slots=True)
class FeatureConfig:
    char_columns: int = 2**17
    word_columns: int = 2**16
    context_columns: int = 2**14
    context_weight: float = 0.5
    vector_weight: float = 1.0
    context_vector_weight: float = 0.5


def _hasher(analyzer: str, grams: tuple[int, int], columns: int) -> HashingVectorizer:
    return HashingVectorizer(
        analyzer=analyzer, ngram_range=grams, n_features=columns, alternate_sign=False, norm=None,
        binary=True, lowercase=False, token_pattern=r"\S+" if analyzer == "word" else None, dtype=np.float32,
    )  # fmt: skip


class Featuriser:
    """Stateless: the same text gives the same row under the same segmenter, encoder and config."""

    def __init__(self, segmenter: Segmenter, encoder: Encoder, config: FeatureConfig | None = None) -> None:
        self.segmenter = segmenter
        self.encoder = encoder
        self.config = config or FeatureConfig()

    @property
    def vectors_at(self) -> int:
        """First column of the text's vector; that of the comment around it follows."""
        return self.config.char_columns + self.config.word_columns + self.config.context_columns

    @property
    def columns(self) -> int:
        return self.vectors_at + 2 * self.encoder.dimensions

    def columns_of(self, word: str) -> NDArray[np.int64]:
        """Columns of the longest character n-grams of a word."""
        text = normalise(word)
        length = min(len(text), _LONGEST)
        if not length:
            return np.empty(0, np.int64)
        grams = _hasher("char", (length, length), self.config.char_columns).transform([text])
        return np.asarray(grams.indices, np.int64)

    def transform(
        self, texts: Sequence[str], contexts: Sequence[str], owner: NDArray[np.int64] | Sequence[int]
    ) -> csr_matrix:
        """`(len(texts), columns)`; text k stands in the comment `contexts[owner[k]]`."""
        c = self.config
        clean = [normalise(text) for text in texts]
        around = [normalise(text) for text in contexts]
        index = np.asarray(owner, dtype=np.int64)
        chars = _hasher("char", (1, _LONGEST), c.char_columns).transform([f" {text} " for text in clean])
        words = _hasher("word", (1, 2), c.word_columns).transform(
            [" ".join(self.segmenter.words(text)) for text in clean]
        )
        context = normalize(_hasher("char", (1, 2), c.context_columns).transform(around)) * c.context_weight
        vectors = self.encoder.encode(clean) * c.vector_weight
        context_vectors = self.encoder.encode(around) * c.context_vector_weight
        return hstack(
            [
                normalize(chars),
                normalize(words),
                context.tocsr()[index],
                csr_matrix(vectors),
                csr_matrix(context_vectors[index]),
            ],
            format="csr",
            dtype=np.float32,
        )
