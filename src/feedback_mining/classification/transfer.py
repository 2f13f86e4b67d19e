"""What a head knows, told in the columns of another featuriser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.errors import ModelError


def transferred(head: LinearHead, source: Featuriser, target: Featuriser) -> LinearHead:
    """`head`, fitted to rows of `source`, for rows of `target`, whose encoder is the same or begins with it.

    Where `target` leaves out the vector of the text around, texts are taken to be their own context. Raises
    ModelError where the columns of the two do not mean the same.
    """
    s, t = source.config, target.config
    same = (s.char_columns, s.word_columns, s.context_columns) == (t.char_columns, t.word_columns, t.context_columns)  # fmt: skip
    first, _, more = target.encoder.version.partition("+")
    if not same or first != source.encoder.version or head.weights.shape[1] != source.columns:
        raise ModelError(
            f"A head that reads vectors of {source.encoder.version} cannot read those of {target.encoder.version}; "
            "train it again with the encoder and the features in use"
        )
    at, size, width = source.vectors_at, source.encoder.dimensions, target.encoder.dimensions
    share = np.sqrt(1 + more.count("+") + bool(more)) if more else 1.0  # see JoinedEncoder
    vectors = head.weights[:, at : at + size] * s.vector_weight
    around = head.weights[:, at + size :] * s.context_vector_weight
    weights = np.zeros((len(head.classes), target.columns), np.float32)
    weights[:, :at] = head.weights[:, :at]
    if s.context_weight != t.context_weight:
        weights[:, at - s.context_columns : at] *= s.context_weight / t.context_weight
    if t.context_vector_weight:
        weights[:, at + width : at + width + size] = around * share / t.context_vector_weight
    else:
        vectors = vectors + around
    weights[:, at : at + size] = vectors * share / t.vector_weight
    return replace(head, weights=weights)


def stacked(heads: Sequence[LinearHead]) -> LinearHead:
    """One head with the classes of several, for use as a prior: only its scores mean anything."""
    return LinearHead(
        tuple(name for head in heads for name in head.classes),
        np.vstack([head.weights for head in heads]),
        np.concatenate([head.bias for head in heads]),
    )
