"""Search and "was this asked before" on the annotated files, by models that have not seen their products.

Search: the query is the annotators' name of a demand, relevant are the comments with that demand, among all
comments of the file. Asked: the query is an annotated unit, read by the models; the demands are those that
the annotators see in all other comments of the file. `--speed` adds times among 100,000 real texts.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import log2
from pathlib import Path
from statistics import mean, median

import numpy as np
from held_out_products import FOLDS, product_of, train_fold
from rows import Row, table

ROOT = Path(__file__).resolve().parent.parent
SECTION, ASKED = "search: recall@10, nDCG@10, MRR", "asked before"
MANY = 100_000
ELSEWHERE = [
    "明天的天气怎么样",
    "红烧肉怎么做才好吃",
    "孩子几岁上幼儿园",
    "世界杯决赛是哪两个队",
    "怎样给番茄浇水",
    "高铁票提前几天可以买",
    "猫咪不吃猫粮怎么办",
    "量子力学的基本假设",
    "新房装修需要多少钱",
    "周杰伦演唱会门票",
    "感冒了吃什么药",
    "二次函数的顶点公式",
    "去云南旅游几月合适",
    "考研英语复习计划",
    "牛排几分熟好吃",
    "怎么减肥最快",
    "今年的中秋节是哪一天",
    "油画颜料怎么保存",
    "太阳系有几颗行星",
    "小提琴和大提琴的区别",
]  # of no product among the files


@dataclass(frozen=True)
class Said:
    comment: str
    text: str
    demand: str | None


def rows(shared: Path, work: Path, labels: Sequence[Path] = ()) -> list[Row]:
    """work: the folder of held_out_products, whose folds are trained where they are missing."""
    files = sorted((shared / "labels" / "gold").glob("*.jsonl"))
    ranked: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    passed: dict[bool, list[bool]] = defaultdict(list)
    answers: list[Answer] = []
    for fold in FOLDS:
        models = train_fold(fold, [*files, *sorted(labels)], shared, work)
        for path in (path for path in files if product_of(path) in fold):
            of_file = Searched(path, models)
            of_file.rank(ranked)
            of_file.off_topic(passed)
            answers += of_file.answers()
    found = [
        Row(SECTION, method, ", ".join(f"{mean(one):.3f}" for one in zip(*scores, strict=True)))
        for method, scores in ranked.items()
    ]
    found.append(
        Row("search", "queries about something in the file that find something", f"{mean(passed[True]):.1%}")
    )
    found.append(
        Row("search", "queries about nothing in it that find something", f"{mean(passed[False]):.1%}")
    )
    return [*found, *asked_rows(answers)]


@dataclass(frozen=True)
class Answer:
    known: bool  # is the unit's demand in other comments
    right: bool  # is it the first of those told
    fit: float


def asked_rows(answers: Sequence[Answer]) -> list[Row]:
    from feedback_mining.demands.search import SearchConfig

    config = SearchConfig()
    known = [a for a in answers if a.known]
    single = [a for a in answers if not a.known]
    found = [Row(ASKED, f"its demand is first, of {len(known)} units", f"{mean(a.right for a in known):.3f}")]
    for name, least in (("told", config.asked), ("told as sure", config.asked_sure)):
        told = [a for a in known if a.fit >= least]
        wrong = mean(a.fit >= least for a in single)
        right = mean(a.right for a in told) if told else 0.0
        both = [a for a in answers if a.fit >= least]
        found += [
            Row(ASKED, f"{name}: of units with a demand, told / right among these", f"{len(told) / len(known):.3f} / {right:.3f}"),
            Row(ASKED, f"{name}: of {len(single)} units with a demand of their own, told as asked before", f"{wrong:.3f}"),
            Row(ASKED, f"{name}: right among all that is told", f"{mean(a.right for a in both):.3f}"),
        ]  # fmt: skip
    return found


class Searched:
    """One annotated file, in an index."""

    def __init__(self, path: Path, models: Path) -> None:
        from feedback_mining.pipeline.finder import Finder
        from feedback_mining.pipeline.reader import Reader
        from feedback_mining.settings import Settings
        from feedback_mining.storage.search_index import SearchIndex

        self.rows = [json.loads(line) for line in path.open(encoding="utf-8")]
        self.said = [
            Said(str(row["id"]), unit["span"], unit.get("demand"))
            for row in self.rows
            for unit in row["units"]
        ]
        self.kinds = {
            unit["demand"]: (unit["theme"], unit["intent"] == "suggestion")
            for row in self.rows
            for unit in row["units"]
            if unit.get("demand")
        }
        self.reader = Reader.of(Settings(models=models))
        words = self.reader.models.comments.featuriser.segmenter.words
        self.finder = Finder(SearchIndex(None, ""), self.reader.models.encoder.encode, words)
        self.finder.update({str(k): said.text for k, said in enumerate(self.said)})

    def rank(self, found: dict[str, list[tuple[float, float, float]]]) -> None:
        _, keys, vectors = self.finder._vectors
        relevant: dict[str, set[str]] = defaultdict(set)
        for said in self.said:
            if said.demand:
                relevant[said.demand].add(said.comment)
        for demand, comments in relevant.items():
            vector = self.finder.encode([demand])[0]
            meaning = dict(zip(keys, (vectors @ vector).tolist(), strict=True))
            bm25 = dict(self.finder.index.matching(self.finder.tokens(demand), len(keys)))
            for method, scores in (
                ("ours", self.finder.fits(demand)),
                ("BM25 alone", bm25),
                ("vectors alone", meaning),
                ("reciprocal rank fusion of the two", fused([bm25, meaning])),
            ):
                found[method].append(judged([c in comments for c in self.comments(scores)], len(comments)))

    def comments(self, scores: dict[str, float]) -> list[str]:
        """Best first, each once."""
        order = sorted(scores, key=lambda key: (-scores[key], key))
        return list(dict.fromkeys(self.said[int(key)].comment for key in order))

    def off_topic(self, passed: dict[bool, list[bool]]) -> None:
        for about, queries in ((True, sorted(self.kinds)), (False, ELSEWHERE)):
            for query in queries:
                best = max(self.finder.fits(query).values(), default=0.0)
                passed[about].append(best >= self.finder.config.threshold)

    def answers(self) -> list[Answer]:
        from feedback_mining.demands.search import best_of
        from feedback_mining.demands.track import kind_of

        holders: dict[str, set[str]] = defaultdict(set)
        for said in self.said:
            if said.demand:
                holders[said.demand].add(said.comment)
        asked = [said for said in self.said if said.demand]
        read = self.reader.analyse([(str(k), said.text) for k, said in enumerate(asked)])
        found = []
        for said, analysis in zip(asked, read, strict=True):
            others: dict[str, list[float]] = defaultdict(list)
            for key, fit in self.finder.fits(said.text).items():
                other = self.said[int(key)]
                if other.demand and other.comment != said.comment:
                    others[other.demand].append(fit)
            kinds = [kind_of(unit) for unit in analysis.units][:1]
            near = {
                demand: best_of(values)
                - self.finder.config.facet_penalty
                * sum(a != b for kind in kinds for a, b in zip(kind, self.kinds[demand], strict=True))
                for demand, values in others.items()
            }
            first = max(near, key=lambda demand: (near[demand], demand))
            found.append(Answer(len(holders[said.demand]) > 1, first == said.demand, near[first]))
        return found


def judged(hits: Sequence[bool], relevant: int) -> tuple[float, float, float]:
    """Recall and nDCG of the first ten, and the reciprocal of the first hit's rank."""
    gain = sum(hit / log2(k + 2) for k, hit in enumerate(hits[:10]))
    ideal = sum(1 / log2(k + 2) for k in range(min(relevant, 10)))
    first = next((1 / (k + 1) for k, hit in enumerate(hits) if hit), 0.0)
    return sum(hits[:10]) / min(relevant, 10), gain / ideal, first


def fused(rankings: Sequence[dict[str, float]]) -> dict[str, float]:
    """Reciprocal rank fusion (Cormack et al. 2009)."""
    total: dict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, key in enumerate(sorted(ranking, key=lambda key: (-ranking[key], key)), 1):
            total[key] += 1 / (60 + rank)
    return total


def speed_rows(shared: Path, work: Path) -> list[Row]:
    """Times among 100,000 real texts, in a file; queries are the annotators' names of demands."""
    from feedback_mining.pipeline.finder import Finder
    from feedback_mining.pipeline.reader import Reader
    from feedback_mining.settings import Settings
    from feedback_mining.storage.search_index import SearchIndex

    with gzip.open(shared / "data/text/unlabelled.tsv.gz", "rt", encoding="utf-8") as file:
        lines = (line.rstrip("\n").split("\t")[-1] for line in file)
        texts = dict(enumerate(islice((line for line in lines if 4 <= len(line) <= 60), MANY + 1000)))
    keyed = {str(k): text for k, text in texts.items()}
    path = work / "search-speed.db"
    path.unlink(missing_ok=True)
    models = Reader.of(Settings()).models
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def opened() -> Finder:
        return Finder(
            SearchIndex(path, "1"), models.encoder.encode, models.comments.featuriser.segmenter.words
        )

    first = dict(islice(keyed.items(), MANY))
    finder = opened()
    building = _seconds(lambda: finder.update(first))
    adding = _seconds(lambda: finder.update(keyed))
    finder.index.close()
    finder = opened()
    unchanged = _seconds(lambda: finder.update(keyed))
    loading = _seconds(lambda: finder.fits("夜间模式"))
    queries = sorted({u["demand"] for p in (shared / "labels/gold").glob("*.jsonl") for line in p.open(encoding="utf-8")
                      for u in json.loads(line)["units"] if u.get("demand")})[::7]  # fmt: skip
    times = [_seconds(lambda query=query: finder.fits(query)) for query in queries]
    most = [max(finder.fits(query).values()) for query in ELSEWHERE]
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    finder.index.close()
    size = path.stat().st_size / 2**20
    note = f"{len(keyed):,} texts"
    return [
        Row("search: speed", "building the index, s", f"{building:.1f}", held_out=note),
        Row("search: speed", "adding 1,000 texts, s", f"{adding:.1f}", held_out=note),
        Row("search: speed", "seeing that nothing changed, s", f"{unchanged:.2f}", held_out=note),
        Row("search: speed", "first query, vectors read from the file, s", f"{loading:.2f}", held_out=note),
        Row("search: speed", "a query after that, median / slowest, s",
            f"{median(times):.3f} / {max(times):.3f}", goal="about 1", held_out=f"{len(times)} queries"),
        Row("search: speed", "memory on top of the models', MiB; file, MiB", f"{peak:.0f}; {size:.0f}", held_out=note),
        Row("search: speed", "best fits of queries about nothing in it, quartiles",
            ", ".join(f"{q:.2f}" for q in np.quantile(most, (0.25, 0.5, 0.75))), held_out=note),
    ]  # fmt: skip


def _seconds(act: object) -> float:
    start = time.perf_counter()
    act()  # type: ignore[operator]
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "held-out")
    parser.add_argument("--speed", action="store_true")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    found = [] if given.speed else rows(given.shared, given.work)
    print(table([*found, *(speed_rows(given.shared, given.work) if given.speed else [])]))


if __name__ == "__main__":
    main()
