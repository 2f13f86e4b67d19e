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
