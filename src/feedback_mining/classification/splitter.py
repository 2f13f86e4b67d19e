"""Clauses to opinion units: each clause begins a unit, continues the one before, or states no opinion.

A linear model over the clause, its neighbours and the label heads' own view of both (a change of intent,
theme or polarity is what the guideline splits at).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.text.clean import normalise
from feedback_mining.text.split import Clause, clauses

BEGIN, CONTINUE, OUTSIDE = "B", "I", "O"
_CHARS = 2**16
_MARKS = 2**14
_SEPARATORS = {
    "\n": "line", "。": "stop", ".": "stop", "!": "cry", "！": "cry", "？": "ask", "?": "ask", "；": "semi",
    ";": "semi", "，": "comma", ",": "comma", "、": "list", " ": "space", "（": "bracket", "：": "colon",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CommentClauses:
    text: str
    clauses: tuple[Clause, ...]

    @classmethod
    def of(cls, text: str) -> CommentClauses:
        return cls(text, tuple(clauses(text)))


def split_features(
    comments: Sequence[CommentClauses], featuriser: Featuriser, heads: Mapping[str, LinearHead]
) -> csr_matrix:
    """One row per clause of all comments, in order."""
    spoken = [normalise(c.text[k.start : k.end]) for c in comments for k in c.clauses]
    owner = np.repeat(np.arange(len(comments)), [len(c.clauses) for c in comments])
    chars = normalize(_char_hasher().transform([f" {text} " for text in spoken]))
    first = np.r_[True, owner[1:] != owner[:-1]] if len(owner) else np.zeros(0, bool)
    marks = _mark_hasher().transform(_marks(comments, spoken))
    rows = featuriser.transform(spoken, [c.text for c in comments], owner)
    views = [heads[name].probabilities(rows) for name in sorted(heads)]
    vectors = featuriser.encoder.encode(spoken)
    dense = [_shape(comments, spoken)]
    for view in [*views, vectors]:
        before = np.where(first[:, None], 0, np.roll(view, 1, axis=0))
        last = np.roll(first, -1)
        after = np.where(last[:, None], 0, np.roll(view, -1, axis=0))
        dense.append(np.column_stack([(view * before).sum(1), (view * after).sum(1)]))
        if view is not vectors:
            dense += [view, before]
    previous = (
        vstack([csr_matrix((1, _CHARS), dtype=np.float32), chars[:-1]]).tocsr() if len(spoken) else chars
    )
    previous = previous.multiply((~first[:, None]).astype(np.float32))
    return hstack(
        [chars, previous * 0.5, marks, csr_matrix(np.hstack(dense).astype(np.float32))],
        format="csr",
        dtype=np.float32,
    )


def units_of(comments: Sequence[CommentClauses], labels: Sequence[str]) -> list[list[tuple[int, int]]]:
    """`(start, end)` of each comment's units, from one label per clause."""
    units: list[list[tuple[int, int]]] = []
    position = 0
    for comment in comments:
        found: list[tuple[int, int]] = []
        joined = False
        for clause in comment.clauses:
            label = labels[position]
            position += 1
            if label == OUTSIDE:
                joined = False
            elif label == CONTINUE and joined:
                found[-1] = (found[-1][0], clause.end)
            else:
                found.append((clause.start, clause.end))
                joined = True
        units.append(found)
    return units


def gold_labels(comment: CommentClauses, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The label of each clause that reproduces the annotated `spans` best."""
    labels: list[str] = []
    previous = -1
    for clause in comment.clauses:
        overlaps = [min(end, clause.end) - max(start, clause.start) for start, end in spans]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best < 0 or overlaps[best] < 0.4 * (clause.end - clause.start):
            labels.append(OUTSIDE)
            previous = -1
        else:
            labels.append(CONTINUE if best == previous else BEGIN)
            previous = best
    return labels


def _char_hasher() -> HashingVectorizer:
    return HashingVectorizer(
        analyzer="char", ngram_range=(1, 3), n_features=_CHARS, alternate_sign=False, norm=None, binary=True,
        lowercase=False, dtype=np.float32,
    )  # fmt: skip


def _mark_hasher() -> HashingVectorizer:
    return HashingVectorizer(
        analyzer=partial(list),
        n_features=_MARKS,
        alternate_sign=False,
        norm=None,
        binary=True,
        dtype=np.float32,
    )


def _separator(text: str) -> str:
    if not text:
        return "none"
    return next((name for mark, name in _SEPARATORS.items() if mark in text), "other")


def _marks(comments: Sequence[CommentClauses], spoken: Sequence[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    position = 0
    for comment in comments:
        size = len(comment.clauses)
        words = spoken[position : position + size]
        position += size
        for k, clause in enumerate(comment.clauses):
            text, separator = words[k], _separator(clause.before)
            following = _separator(comment.clauses[k + 1].before) if k + 1 < size else "end"
            row = [
                f"head {text[:1]}", f"head {text[:2]}", f"tail {text[-1:]}", f"tail {text[-2:]}",
                f"before {separator}", f"after {following}", f"opens {separator} {text[:2]}",
                f"size {min(size, 8)}", f"place {min(k, 6)}", f"length {min(len(text), 20) // 2}",
            ]  # fmt: skip
            if k:
                row += [f"previous head {words[k - 1][:2]}", f"previous tail {words[k - 1][-2:]}"]
            if k + 1 < size:
                row.append(f"next head {words[k + 1][:2]}")
            rows.append(row)
    return rows


def _shape(comments: Sequence[CommentClauses], spoken: Sequence[str]) -> NDArray[np.float32]:
    """Length, place and how much of the clause is said elsewhere in the comment (titles restate bodies)."""
    rows: list[tuple[float, ...]] = []
    position = 0
    for comment in comments:
        size = len(comment.clauses)
        pairs = [{t[i : i + 2] for i in range(len(t) - 1)} for t in spoken[position : position + size]]
        position += size
        for k in range(size):
            elsewhere = set().union(*pairs[:k], *pairs[k + 1 :])
            restated = len(pairs[k] & elsewhere) / max(1, len(pairs[k]))
            previous = len(pairs[k - 1]) if k else 0
            rows.append((min(len(pairs[k]), 30) / 10, min(previous, 30) / 10, k / size, restated))
    return np.asarray(rows, np.float32).reshape(-1, 4)
