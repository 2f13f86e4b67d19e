"""Near duplicates of short Chinese texts: exact Jaccard similarity of character bigrams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from feedback_mining.records import Comment
from feedback_mining.text.clean import foreign_regions, normalise

_PAIRS_AT_ONCE = 8_000_000


@lru_cache(maxsize=65536)
def comparable(text: str) -> str:
    """The user's own words, normalised, letters and digits only; empty for a text of signs and emoji."""
    for start, end in reversed(foreign_regions(text)):
        text = text[:start] + " " + text[end:]
    return "".join(c for c in normalise(text) if c.isalnum())


def shingles(text: str, size: int = 2) -> frozenset[str]:
    """Character n-grams of a `comparable` text; a shorter text is its own only shingle."""
    return frozenset(text[i : i + size] for i in range(max(1, len(text) - size + 1))) if text else frozenset()


def near_duplicate_groups(texts: Sequence[str], threshold: float = 0.7) -> npt.NDArray[np.int64]:
    """Group label of each text, shape (len(texts),): texts linked by Jaccard ≥ threshold share a label.

    Labels count up from 0 in the order in which groups first appear; a text without a twin has a label of
    its own, and so has every text without letters or digits. Who is grouped with whom does not depend on
    the order of the texts. Raises ValueError unless 0 < threshold ≤ 1.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; expected a Jaccard similarity above 0 and at most 1")
    keys = [comparable(text) or f"\0{i}" for i, text in enumerate(texts)]
    distinct = sorted(set(keys))
    place = {key: i for i, key in enumerate(distinct)}
    group = _linked(distinct, threshold)[[place[key] for key in keys]] if keys else np.empty(0, np.int64)
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def same_author_repeats(comments: Sequence[Comment], days: int = 28) -> set[str]:
    """Ids of comments in which an author says again, within `days`, what they had said already.

    The first of each series stays; after `days` of counting from it, the next one stays again. Comments
    without an author are nobody's repeats.
    """
    authors: dict[str, int] = {}
    for comment in comments:
        if comment.author:
            authors[comment.author] = authors.get(comment.author, 0) + 1
    several = sorted(
        (c for c in comments if c.author and authors[c.author] > 1 and comparable(c.text)),
        key=lambda c: (c.time, c.id),
    )
    counted: dict[tuple[str, int], datetime] = {}
    repeats: set[str] = set()
    for comment, group in zip(
        several, near_duplicate_groups([c.text for c in several]).tolist(), strict=True
    ):
        key = (str(comment.author), group)
        last = counted.get(key)
        if last is not None and comment.time - last <= timedelta(days=days):
            repeats.add(comment.id)
        else:
            counted[key] = comment.time
    return repeats


def _linked(texts: list[str], threshold: float) -> npt.NDArray[np.int64]:
    """Connected components of distinct comparable texts under Jaccard ≥ threshold."""
    sets = _incidence([shingles(text) for text in texts])
    sizes = np.diff(sets.indptr)
    prefixes = _prefixes(sets, threshold)
    rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for block in _blocks(prefixes):
        candidates = sparse.triu(prefixes[block] @ prefixes.T, k=1 + block.start).tocoo()
        left, right = candidates.row.astype(np.int64) + block.start, candidates.col.astype(np.int64)
        near = np.minimum(sizes[left], sizes[right]) >= threshold * np.maximum(sizes[left], sizes[right])
        left, right = left[near], right[near]
        for part in range(0, len(left), 500_000):
            one, other = left[part : part + 500_000], right[part : part + 500_000]
            shared = np.asarray(sets[one].multiply(sets[other]).sum(axis=1)).ravel()
            alike = shared >= threshold * (sizes[one] + sizes[other] - shared) - 1e-9
            rows.append(one[alike])
            columns.append(other[alike])
    left, right = np.concatenate(rows), np.concatenate(columns)
    graph = sparse.coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(len(texts), len(texts)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _incidence(sets: list[frozenset[str]]) -> sparse.csr_matrix:
    """Texts × shingles, 0/1, columns ordered from the rarest shingle to the commonest."""
    counts: dict[str, int] = {}
    for one in sets:
        for shingle in one:
            counts[shingle] = counts.get(shingle, 0) + 1
    column = {s: i for i, s in enumerate(sorted(counts, key=lambda s: (counts[s], s)))}
    indices = [sorted(column[s] for s in one) for one in sets]
    indptr = np.concatenate([[0], np.cumsum([len(i) for i in indices])]).astype(np.int64)
    flat = np.fromiter((i for one in indices for i in one), np.int64, int(indptr[-1]))
    return sparse.csr_matrix(
        (np.ones(len(flat), np.int32), flat, indptr), shape=(len(sets), max(1, len(column)))
    )


def _prefixes(sets: sparse.csr_matrix, threshold: float) -> sparse.csr_matrix:
    """The rarest shingles of each text, as many as make it impossible to be similar without sharing one.

    Two sets with Jaccard ≥ t overlap in at least t·|x| shingles, so that some shared one is among the
    |x| − ⌈t·|x|⌉ + 1 rarest of either (prefix filtering); this is what keeps common words out of the join.
    """
    sizes = np.diff(sets.indptr)
    keep = sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1
    offset = np.arange(len(sets.indices)) - np.repeat(sets.indptr[:-1], sizes)
    kept = offset < np.repeat(keep, sizes)
    indptr = np.concatenate([[0], np.cumsum(np.minimum(keep, sizes))])
    return sparse.csr_matrix((sets.data[kept], sets.indices[kept], indptr), shape=sets.shape)


def _blocks(prefixes: sparse.csr_matrix) -> Iterator[slice]:
    """Runs of rows whose join with all rows makes a bounded number of pairs, so that memory stays bounded."""
    postings = np.bincount(prefixes.indices, minlength=prefixes.shape[1])
    work = np.concatenate([[0], np.cumsum(postings[prefixes.indices])])[prefixes.indptr]
    start, rows = 0, prefixes.shape[0]
    while start < rows:
        stop = int(np.searchsorted(work, work[start] + _PAIRS_AT_ONCE, side="right")) - 1
        stop = min(max(stop, start + 1), rows)
        yield slice(start, stop)
        start = stop
