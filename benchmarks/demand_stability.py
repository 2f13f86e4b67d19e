"""How much a grouping changes when the rows come otherwise, some are missing, or a week is added; and its speed."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import mean

import numpy as np
from demand_groupings import SEED, Batch, Labels, bertopic, bertopic_model, k_means, ours
from rows import Row
from sklearn.metrics import adjusted_rand_score

from feedback_mining.demands.track import Tracker
from feedback_mining.pipeline.grouping import groupable
from feedback_mining.records import Intent, Sentiment, Unit

SUBSAMPLES = 5
TOPIC_SIZE = 3  # what BERTopic does best with on annotated products
SECTION = "stability, adjusted Rand index"


def rows(shared: Path) -> list[Row]:
    """On one real product, read by the models that ship; the same units and vectors for all methods."""
    from feedback_mining.pipeline.ingest import open_files
    from feedback_mining.pipeline.reader import Reader
    from feedback_mining.settings import Settings
    from feedback_mining.sources.rows import RawComment
    from feedback_mining.weeks import Week

    settings = Settings()
    reader = Reader.of(settings)
    (reading,) = open_files(
        [shared / "data" / "qimai" / "小米商城.xlsx"], product=None, settings=settings, lang="zh"
    )
    said = [
        (f"{k:05d}", row) for k, row in enumerate(reading.rows) if isinstance(row, RawComment) and row.time
    ]
    said.sort(key=lambda pair: (pair[1].time, pair[0]))
    weeks = {key: str(Week.of(row.time, settings.zone)) for key, row in said if row.time}
    texts = {key: row.text for key, row in said}
    analyses = reader.analyse([(key, row.text) for key, row in said])
    units = [unit for found in analyses for unit in found.units if groupable(unit)]
    comments = {key: (weeks[key], texts[key]) for key in texts}
    tracker = reader.tracker("")
    vectors = tracker.encode([unit.text for unit in units])

    def by_ours(places: Sequence[int]) -> Labels:
        # As the pipeline does, whatever the order of the rows, which come to it in order of time.
        ordered = sorted(places)
        found = dict(zip(ordered, ours(tracker, [units[k] for k in ordered], comments), strict=True))
        return [found[k] for k in places]

    def by(method: Callable[[Batch], Labels]) -> Callable[[Sequence[int]], Labels]:
        groups = len(set(by_ours(range(len(units)))))
        return lambda places: method(
            Batch(
                [units[k] for k in places],
                vectors[list(places)],
                [str(k % groups) for k in range(len(places))],
            )
        )

    last = max(comments[unit.comment][0] for unit in units)
    methods = {
        "ours": by_ours,
        f"BERTopic, min_topic_size={TOPIC_SIZE}": by(lambda batch: bertopic(batch, TOPIC_SIZE)),
        "k-means, k as ours": by(k_means),
    }
    found = []
    for name, group in methods.items():
        print(f"stability of {name}", file=sys.stderr, flush=True)
        everything = list(range(len(units)))
        whole = group(everything)
        random = np.random.default_rng(SEED)
        shuffled = random.permutation(len(units)).tolist()
        again = dict(zip(shuffled, group(shuffled), strict=True))
        parts = [
            sorted(random.choice(len(units), len(units) * 9 // 10, replace=False).tolist())
            for _ in range(SUBSAMPLES)
        ]
        before = [k for k in everything if comments[units[k].comment][0] < last]
        values = {
            "shuffled rows": alike(whole, [again[k] for k in everything]),
            f"90% of the rows, mean of {SUBSAMPLES}": mean(alike([whole[k] for k in part], group(part)) for part in parts),
            "without the last week": alike([whole[k] for k in before], group(before)),
        }  # fmt: skip
        found += [
            Row(SECTION, f"{name}: {what}", f"{value:.3f}", goal="1" if what == "shuffled rows" else "–",
                held_out=f"{len(units):,} units")
            for what, value in values.items()
        ]  # fmt: skip
    weekly = by_week(tracker, units, comments)
    kept = by_week(tracker, [u for u in units if comments[u.comment][0] < last], comments)
    same = mean(weekly[key] == demand for key, demand in kept.items())
    found.append(
        Row(
            SECTION,
            "ours, week by week: units that keep their demand when a week is added",
            f"{same:.1%}",
            goal="100%",
        )
    )
    return found


def alike(one: Labels, other: Labels) -> float:
    """Outliers are groups of their own."""
    return float(adjusted_rand_score(_numbered(one), _numbered(other)))


def _numbered(labels: Labels) -> list[str]:
    return [f"alone {k}" if label is None else label for k, label in enumerate(labels)]


def by_week(tracker: Tracker, units: Sequence[Unit], comments: dict[str, tuple[str, str]]) -> dict[str, str]:
    from feedback_mining.demands.anchors import Anchors

    known, members, anchors = {}, {}, Anchors()  # type: ignore[var-annotated]
    labels: dict[str, str] = {}
    for week in sorted({comments[unit.comment][0] for unit in units}):
        some = [unit for unit in units if comments[unit.comment][0] == week]
        tracked = tracker.track(some, comments, list(known.values()), members, anchors)
        anchors = tracked.anchors
        known.update((demand.id, demand) for demand in tracked.demands)
        labels.update(tracked.memberships)
        for unit in some:
            members.setdefault(labels[unit.id], []).append(unit)
    return labels


def speed_rows(shared: Path, counts: Iterable[int] = (20_000, 100_000)) -> list[Row]:
    """Ours groups and names; BERTopic fits on the same vectors, and only where it may finish."""
    found = []
    for count in counts:
        told = {}
        for method in ("ours", "bertopic") if count <= 20_000 else ("ours",):
            print(f"speed of {method} on {count:,}", file=sys.stderr, flush=True)
            done = subprocess.run(
                [sys.executable, __file__, str(shared), str(count), method], check=True, stdout=subprocess.PIPE,
                text=True,
            )  # fmt: skip
            told[method] = json.loads(done.stdout.splitlines()[-1])
        beside = told.get("bertopic")
        found += [
            Row("speed", f"group and name {count:,} real lines, s", f"{told['ours']['s']:.0f}",
                f"{beside['s']:.0f} (BERTopic's fit)" if beside else "–", "10 × faster",
                f"{beside['s'] / told['ours']['s']:.1f} × faster" if beside else ""),
            Row("speed", "the same, peak memory, GB", f"{told['ours']['gb']:.2f}", f"{beside['gb']:.2f}" if beside else "–"),
        ]  # fmt: skip
    return found


def _timed(shared: Path, count: int, method: str) -> dict[str, float]:
    import gzip
    from itertools import islice

    from feedback_mining.pipeline.reader import Reader
    from feedback_mining.settings import Settings

    with gzip.open(shared / "data/text/unlabelled.tsv.gz", "rt", encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t", 1)[-1][:200] for line in islice(file, count)]
    units = [
        Unit(f"{k:07d}", 0, len(text), text, Intent.COMPLAINT, "feature", Sentiment.NEGATIVE, 0.9)
        for k, text in enumerate(lines)
    ]
    tracker = Reader.of(Settings()).tracker("")
    tracker.clarity([("打不开", "stability", Intent.BUG)])
    vectors = tracker.encode(lines)
    began = time.monotonic()
    if method == "ours":
        ours(tracker, units, {unit.comment: ("", unit.text) for unit in units})
    else:
        bertopic_model(count, 10).fit_transform(lines, embeddings=vectors)
    spent = time.monotonic() - began
    return {"s": spent, "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


if __name__ == "__main__":
    print(json.dumps(_timed(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
