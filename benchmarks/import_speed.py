"""How fast files are imported, and in how much memory: `make bench-import`.

Comments are generated, one in fifty with a telephone number, one in a hundred twice and one in two hundred
without words. Each measurement runs in a process of its own and covers reading and storing, not the loading of
libraries. Beside it stands what pandas needs to read the same file and write it to SQLite as it is: without
masking, pseudonyms, times, duplicates or a count of what was refused.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = ("评论编号", "用户昵称", "发表时间", "评分", "版本", "点赞数", "评论内容")
PLACES = ("首页", "记账页面", "图表", "导出功能", "登录", "提醒", "搜索", "同步", "深色模式", "小组件")
FAULTS = ("总是闪退", "加载很慢", "找不到入口", "字太小了", "不能用了", "数据丢失", "颜色看不清", "一直转圈")
WISHES = (
    "希望尽快修复",
    "建议加上开关",
    "能不能做得简单一点",
    "不然就卸载了",
    "其他的都挺好",
    "客服也没有回复",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the CSV file; the XLSX has a tenth")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "import_speed")
    parser.add_argument("--measure", nargs=2, metavar=("TOOL", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        tool, file = options.measure
        print(json.dumps(MEASURED[tool](Path(file), options.work)))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    files = {
        "CSV": (_csv(options.work, options.rows), options.rows),
        "XLSX": (_xlsx(options.work, max(1, options.rows // 10)), max(1, options.rows // 10)),
    }
    print("| file | rows | tool | seconds | rows/s | peak MB | speed beside pandas | memory beside pandas |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind, (path, rows) in files.items():
        theirs = _measured("pandas", path, options.work)
        ours = _measured("feedback-mining", path, options.work)
        assert ours["counted"] == theirs["counted"] == rows, (kind, ours, theirs)
        for tool, found in (("feedback-mining", ours), ("pandas", theirs)):
            print(
                f"| {kind} | {rows:,} | {tool} | {found['seconds']:.1f} | {rows / found['seconds']:,.0f} "
                f"| {found['peak'] / 1e6:,.0f} | {theirs['seconds'] / found['seconds']:.2f} "
                f"| {found['peak'] / theirs['peak']:.2f} |"
            )


def _measured(tool: str, path: Path, work: Path) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__)), "--work", str(work), "--measure", tool, str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _ours(path: Path, work: Path) -> dict[str, float]:
    from feedback_mining.pipeline.ingest import import_files
    from feedback_mining.settings import Settings
    from feedback_mining.storage import open_store

    with open_store(f"sqlite:///{_fresh(work / 'ours.db')}") as store:
        start = time.perf_counter()
        (report,) = import_files([path], store, product="云记账", settings=Settings(), mapping=None)
        seconds = time.perf_counter() - start
    assert report.rows_read == report.stored + report.duplicates + report.quarantined
    return {"counted": report.rows_read, "seconds": seconds, "peak": _peak()}


def _pandas(path: Path, work: Path) -> dict[str, float]:
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{_fresh(work / 'pandas.db')}")
    start = time.perf_counter()
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_excel(path, engine="openpyxl")
    frame.to_sql("comments", engine, index=False)
    seconds = time.perf_counter() - start
    return {"counted": len(frame), "seconds": seconds, "peak": _peak()}


MEASURED = {"feedback-mining": _ours, "pandas": _pandas}


def _peak() -> int:
    """Bytes; of this program alone, unlike ru_maxrss, which remembers what started it."""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def _fresh(path: Path) -> Path:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    return path


def _rows(count: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random(20)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    row: tuple[str, ...] = ()
    for number in range(count):
        if row and chance.random() < 0.01:
            yield row
            continue
        words = f"{chance.choice(PLACES)}{chance.choice(FAULTS)}，{chance.choice(WISHES)}（第{number}次）"
        if chance.random() < 0.02:
            words += f"，我的电话是138{chance.randrange(10**8):08d}"
        if chance.random() < 0.005:
            words = ""
        when = start + timedelta(seconds=chance.randrange(180 * 86_400))
        row = (f"r{number}", f"用户{chance.randrange(count // 2 + 1)}", f"{when:%Y-%m-%d %H:%M:%S}",
               str(chance.randrange(1, 6)), f"8.{chance.randrange(20)}.0", str(chance.randrange(50)), words)  # fmt: skip
        yield row


def _csv(work: Path, rows: int) -> Path:
    path = work / f"{rows}.csv"
    if not path.exists():
        with path.with_suffix(".part").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(_rows(rows))
        path.with_suffix(".part").rename(path)
    return path


def _xlsx(work: Path, rows: int) -> Path:
    from openpyxl import Workbook

    path = work / f"{rows}.xlsx"
    if not path.exists():
        book = Workbook(write_only=True)
        sheet = book.create_sheet("评论")
        sheet.append(HEADER)
        for row in _rows(rows):
            sheet.append(row)
        book.save(path)
    return path


if __name__ == "__main__":
    main()
