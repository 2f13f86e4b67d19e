from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedback_mining.records import Comment
from feedback_mining.storage import Incoming, SourceFile, importing, open_store

START = datetime(2026, 3, 2, tzinfo=UTC)
ROWS = 60_000
IMPORT = "import sys; from feedback_mining.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres_url"))


def test_how_many_rows_are_decided_at_once_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        Incoming(
            Comment(
                f"file:{n % 4}", "云记账", "file", f"第{n}次打不开", START + timedelta(days=n), author="u"
            ),
            f"s{n}",
            has_id=True,
        )
        for n in range(12)
    ]
    found = []
    for size in (1, 5, 5_000):
        monkeypatch.setattr(importing, "_SIFTED_AT_ONCE", size)
        with open_store(f"sqlite:///{tmp_path}/{size}.db") as store:
            counts = store.add_import("云记账", SourceFile("a.csv", "a", "file"), rows).counts
            assert counts.rows_read == counts.stored + counts.duplicates + counts.quarantined
            words = [c.text for c in store.comments("云记账")]
            revisions = [r.text for r in store.revisions("云记账", "file:0")]
            found.append((counts, words, revisions))
    assert found[0] == found[1] == found[2]
    assert found[0][0].edited == 0
    assert found[0][1] == [f"第{n}次打不开" for n in range(8, 12)]
    assert found[0][2] == ["第0次打不开", "第4次打不开"]


def test_an_import_that_is_killed_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = (f"{n},第{n}次打不开,2026-03-{n % 28 + 1:02d} 10:00\n" for n in range(ROWS))
    path.write_text("编号,内容,时间\n" + "".join(lines), encoding="utf-8")
    address = f"sqlite:///{tmp_path}/s.db"
    with open_store(address) as store:
        assert store.products() == []
    arguments = ["import", str(path), "--product", "云记账", "--store", address]
    command = [sys.executable, "-c", IMPORT, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log, deadline = tmp_path / "s.db-wal", time.monotonic() + 60
    while not (log.exists() and log.stat().st_size > 1_000_000):  # rows are being written
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with open_store(address) as store:
        assert store.comments("云记账") == []
        assert store.import_counts("云记账").rows_read == 0
    subprocess.run(command, check=True, capture_output=True)
    with open_store(address) as store:
        assert len(store.comments("云记账")) == ROWS
        assert store.import_counts("云记账").stored == ROWS


def write_export(path: Path, rows: int, first: int = 0) -> Path:
    lines = (
        f"{n},用户{n % 5000},第{n}次打不开，希望修复,2026-03-{n % 28 + 1:02d} 10:00\n"
        for n in range(first, first + rows)
    )
    path.write_text("编号,昵称,内容,时间\n" + "".join(lines), encoding="utf-8")
    return path


PEAK = """
import sys
from feedback_mining.cli import main
assert main(sys.argv[1:]) == 0
status = open("/proc/self/status").read().splitlines()
print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for rows in (20_000, 80_000):
        path = write_export(tmp_path / f"{rows}.csv", rows)
        store = f"sqlite:///{tmp_path}/{rows}.db"
        command = [sys.executable, "-c", PEAK, "import", str(path), "--product", "云记账", "--store", store]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert f"读 {rows:,} 行 = 入库 {rows:,} " in done.stdout
        peaks.append(int(done.stdout.splitlines()[-1]))
    # Held in memory, 60,000 rows more would take well above 60 MB.
    assert peaks[1] < peaks[0] + 30_000


def test_two_imports_at_the_same_time_lose_and_double_nothing(store_url: str, tmp_path: Path) -> None:
    with open_store(store_url):
        pass  # two processes that make the tables at once are tested elsewhere
    files = [write_export(tmp_path / "a.csv", 9_000), write_export(tmp_path / "b.csv", 9_000, first=6_000)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", IMPORT, "import", str(path), "--product", "云记账", "--store", store_url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for path in files
    ]
    assert [process.communicate(timeout=120)[1] for process in processes] == [b"", b""]
    assert [process.returncode for process in processes] == [0, 0]
    with open_store(store_url) as store:
        assert len(store.comments("云记账")) == 15_000
        counts = store.import_counts("云记账")
    assert (counts.rows_read, counts.stored, counts.duplicates) == (18_000, 15_000, 3_000)
