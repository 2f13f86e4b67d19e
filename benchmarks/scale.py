"""Grouping and tracking of many units, and the cost of one more week on a short and on a long history.

A store is filled with real lines (`data/text/unlabelled.tsv.gz`, each line one comment of one unit, 5,000 a
week; after the last line the first ones come again under other ids). Reading them is not measured here: each
line counts as one complaint of the theme `feature`, so that nothing but its words tells demands apart, which
is harder than life. The weeks are grouped, named and kept one after the other; then `Miner` mines one more.

    python benchmarks/scale.py --shared FOLDER [--units 1000000]
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from rows import Row

from feedback_mining.demands.anchors import MEMORY, Anchors
from feedback_mining.pipeline.grouping import pieces
from feedback_mining.pipeline.history import Members
from feedback_mining.pipeline.mine import Miner
from feedback_mining.pipeline.reader import Reader
from feedback_mining.records import Analysis, Comment, Demand, Intent, Sentiment, Unit
from feedback_mining.settings import Settings, load_settings
from feedback_mining.storage import Store, open_store
from feedback_mining.storage.records import Incoming, SourceFile
from feedback_mining.weeks import Week

PRODUCT = "scale"
A_WEEK = 5_000
START = datetime(2020, 1, 6, tzinfo=UTC)


def rows(shared: Path, work: Path, units: tuple[int, ...] = (10_000, 100_000, 1_000_000)) -> list[Row]:
    found: list[Row] = []
    base: float | None = None
    for count in units:
        command = [sys.executable, __file__, "--shared", str(shared), "--units", str(count), "--json"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=work)
        told = json.loads(done.stdout.splitlines()[-1])
        base = base or told["week_cpu_s"]
        found += [
            Row("scale", f"{count:,} units grouped and tracked, s", f"{told['grouped_s']:.0f}", held_out=f"{told['grouped_cpu_s']:.0f} CPU-seconds"),
            Row("scale", f"{count:,} units, peak memory, GB", f"{told['grouped_gb']:.2f}", goal="≤ 3"),
            Row("scale", f"{count:,} units, demands (largest, share)", f"{told['demands']:,} ({told['largest']:.3%})"),
            Row("scale", f"one more week of {A_WEEK:,} on {count:,}, s", f"{told['week_s']:.1f}", held_out=f"{told['week_cpu_s']:.0f} CPU-seconds, {told['week_cpu_s'] / base:.1f} × the shortest history"),
            Row("scale", f"one more week on {count:,}, peak memory, GB", f"{told['week_gb']:.2f}"),
        ]  # fmt: skip
    return found


def lines(shared: Path) -> Iterator[str]:
    while True:
        with gzip.open(shared / "data/text/unlabelled.tsv.gz", "rt", encoding="utf-8") as file:
            yield from (line.rstrip("\n").split("\t", 1)[-1][:200] for line in file)


def week_of(number: int) -> Week:
    return Week.of(START + timedelta(weeks=number), load_settings().zone)


def comments_of(number: int, texts: list[str]) -> list[Comment]:
    start = START + timedelta(weeks=number)
    return [
        Comment(f"f:{number:04d}-{k:04d}", PRODUCT, "bench", text, start + timedelta(minutes=k), f"u{number}-{k}")
        for k, text in enumerate(texts)
    ]  # fmt: skip


def unit_of(comment: Comment) -> Unit:
    text = comment.text
    return Unit(comment.id, 0, len(text), text, Intent.COMPLAINT, "feature", Sentiment.NEGATIVE, 0.9)


def fill(store: Store, reader: Reader, number: int, texts: list[str]) -> list[Unit]:
    comments = comments_of(number, texts)
    file = SourceFile(f"{number}.csv", f"{number:064d}", "bench")
    store.add_import(PRODUCT, file, [Incoming(c, f"{c.id:>16}"[-16:], True) for c in comments])
    units = [unit_of(c) for c in comments]
    store.save_analyses(PRODUCT, reader.models.version, [Analysis(u.comment, (u,)) for u in units])
    return units


def measure(shared: Path, count: int, folder: Path) -> dict[str, float]:
    settings: Settings = load_settings()
    with open_store(f"sqlite:///{folder}/scale.db") as store:
        reader = Reader.of(settings, store)
        tracker = reader.tracker(PRODUCT)
        source = lines(shared)
        demands: dict[str, Demand] = {}
        sizes: Counter[str] = Counter()
        anchors = Anchors()
        spent, worked = 0.0, 0.0
        weeks = count // A_WEEK
        for number in range(weeks):
            units = fill(store, reader, number, list(islice(source, A_WEEK)))
            began, started = time.monotonic(), time.process_time()
            week = week_of(number)
            said = {u.comment: (str(week), u.text) for u in units}
            before = anchors

            def older(key: str, week: Week = week, said: dict[str, tuple[str, str]] = said) -> list[Unit]:
                ids = store.latest_members(PRODUCT, key, week, MEMORY)
                found = store.comments_of(PRODUCT, [i.rpartition(":")[0] for i in ids])
                said.update((c.id, ("", c.text)) for c in found)
                return [unit_of(c) for c in found]

            members = Members({}, older)
            joined: dict[str, str] = {}
            changed: dict[str, Demand] = {}
            for piece in pieces(units):
                tracked = tracker.track(piece, said, list(demands.values()), members, anchors)
                anchors = tracked.anchors
                demands.update((d.id, d) for d in tracked.demands)
                changed.update((d.id, d) for d in tracked.demands)
                joined.update(tracked.memberships)
                for unit in piece:
                    members.add(tracked.memberships[unit.id], unit)
            sizes.update(joined.values())
            kept = (tracker.version, anchors.changed_from(before))
            content = {"versions": reader.versions}
            store.save_week(PRODUCT, week, list(changed.values()), joined, content, kept)
            spent += time.monotonic() - began
            worked += time.process_time() - started
            if number % 10 == 9:
                print(
                    number + 1,
                    f"{spent:.0f} s ({worked:.0f} CPU), {len(demands)} demands, {_gb():.2f} GB",
                    file=sys.stderr,
                    flush=True,
                )
        fill(store, reader, weeks, list(islice(source, A_WEEK)))
    told = {
        "grouped_s": spent, "grouped_cpu_s": worked, "grouped_gb": _gb(), "demands": len(demands),
        "largest": max(sizes.values()) / sizes.total(),
    }  # fmt: skip
    command = [sys.executable, __file__, "--week", str(weeks), "--store", str(folder / "scale.db")]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return told | json.loads(done.stdout.splitlines()[-1])


def one_more(number: int, path: Path) -> dict[str, float]:
    settings = load_settings()
    with open_store(f"sqlite:///{path}") as store:
        Reader.of(settings, store)  # loading models is the same for all
        began, started = time.monotonic(), time.process_time()
        miner = Miner(store, PRODUCT, settings, week=week_of(number))
        miner.mine(week_of(number))
        spent, worked = time.monotonic() - began, time.process_time() - started
        return {"week_s": spent, "week_cpu_s": worked, "week_gb": _gb()}


def _gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--week", type=int)
    parser.add_argument("--store", type=Path)
    given = parser.parse_args()
    if given.week is not None:
        print(json.dumps(one_more(given.week, given.store)))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(given.shared, given.units, Path(folder))))


if __name__ == "__main__":
    main()
