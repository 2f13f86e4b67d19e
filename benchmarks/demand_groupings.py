"""Ways to group units: ours, and those that it is measured beside. All get the same units and vectors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_mining.demands.track import Tracker
from feedback_mining.pipeline.grouping import pieces
from feedback_mining.records import Demand, Unit

Floats = NDArray[np.float32]
Labels = list[str | None]  # the group of each unit; None is what a method calls an outlier
Comments = Mapping[str, tuple[str, str]]  # comment's id → ISO week and text
SEED = 20
TOPIC_SIZES = (2, 3, 4, 5)
NGRAM_DISTANCES = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97)


@dataclass(frozen=True)
class Batch:
    """Units in a stable order, with their vectors `(n, d)` of length 1 and our tracker's labels of them."""

    units: Sequence[Unit]
    vectors: Floats
    ours: Labels

    @property
    def texts(self) -> list[str]:
        return [unit.text for unit in self.units]


def ours(tracker: Tracker, units: Sequence[Unit], comments: Comments) -> Labels:
    """Grouped and named as `analyze` does."""
    known: dict[str, Demand] = {}
    members: dict[str, list[Unit]] = {}
    labels: dict[str, str] = {}
    for piece in pieces(units):
        tracked = tracker.track(piece, comments, list(known.values()), members)
        known.update((demand.id, demand) for demand in tracked.demands)
        labels.update(tracked.memberships)
        for unit in piece:
            members.setdefault(labels[unit.id], []).append(unit)
    return [labels[unit.id] for unit in units]


def bertopic(batch: Batch, least: int = 10) -> Labels:
    """BERTopic with its own defaults but for a seed, jieba's words and the least size of a topic."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = bertopic_model(len(batch.units), least)
        topics, _ = model.fit_transform(batch.texts, embeddings=batch.vectors)
    return [None if topic == -1 else f"t{topic}" for topic in topics]


def bertopic_model(n: int, least: int) -> Any:
    import jieba
    from bertopic import BERTopic
    from sklearn.feature_extraction.text import CountVectorizer
    from umap import UMAP

    return BERTopic(
        language="multilingual",
        umap_model=UMAP(
            n_neighbors=min(15, n - 1), n_components=min(5, n - 2), min_dist=0.0, metric="cosine", low_memory=False,
            random_state=SEED,
        ),
        vectorizer_model=CountVectorizer(tokenizer=jieba.lcut, token_pattern=None),
        min_topic_size=least,
    )  # fmt: skip


def k_means(batch: Batch, k: int | None = None) -> Labels:
    """k: number of groups; by default as many as ours found."""
    from sklearn.cluster import KMeans

    k = k or len(set(batch.ours))
    model = KMeans(n_clusters=min(k, len(batch.units)), n_init=3, random_state=SEED)
    return [f"k{label}" for label in model.fit_predict(batch.vectors)]


def k_means_by_silhouette(batch: Batch) -> Labels:
    """k with the best silhouette among ten shares of the number of units."""
    from sklearn.metrics import silhouette_score

    n = len(batch.units)
    tried = sorted({max(2, min(n - 1, round(n * share / 20))) for share in range(1, 20, 2)})
    found = [k_means(batch, k) for k in tried]
    scores = [
        silhouette_score(batch.vectors, labels, metric="cosine") if 1 < len(set(labels)) < n else -1.0
        for labels in found
    ]
    return found[int(np.argmax(scores))]


def n_grams(batch: Batch, distance: float) -> Labels:
    """Average linkage over the cosines of character 1–3-gram TF-IDF."""
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.feature_extraction.text import TfidfVectorizer

    rows = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True).fit_transform(batch.texts)
    apart = np.clip(1 - (rows @ rows.T).toarray(), 0, None)
    model = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=distance
    )
    return [f"n{label}" for label in model.fit_predict(apart)]


def singletons(batch: Batch) -> Labels:
    return [unit.id for unit in batch.units]


METHODS: dict[str, dict[str, Callable[[Batch], Labels]]] = {
    "ours": {"": lambda batch: batch.ours},
    "BERTopic": {
        f"min_topic_size={least}": lambda batch, least=least: bertopic(batch, least)  # type: ignore[misc]
        for least in TOPIC_SIZES
    },
    "k-means, k as ours": {"": k_means},
    "k-means, k by silhouette": {"": k_means_by_silhouette},
    "n-grams, average linkage": {
        f"distance {far}": lambda batch, far=far: n_grams(batch, far)  # type: ignore[misc]
        for far in NGRAM_DISTANCES
    },
    "each unit its own": {"": singletons},
}
