"""Values without end: what is read stays bounded, and what is left out is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feedback_mining.records import Quarantined, QuarantineReason
from feedback_mining.sources import documents
from feedback_mining.sources.files import read_comments
from feedback_mining.sources.rows import RawComment, Row

SHANGHAI = ZoneInfo("Asia/Shanghai")
_CHILD = """
import sys
from pathlib import Path
from zoneinfo import ZoneInfo
from feedback_mining.sources.files import read_comments
rows = [type(row).__name__ for row in read_comments(Path(sys.argv[1]), zone=ZoneInfo("UTC")).rows]
# Unlike ru_maxrss, this is of the program alone and not of what started it.
status = Path("/proc/self/status").read_text().splitlines()
print(*rows, next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))
"""


def rows_of(path: Path) -> list[Row]:
    return list(read_comments(path, zone=SHANGHAI).rows)


def read_apart(path: Path) -> list[str]:
    """Kinds of the rows, and the peak memory in MiB, of a process that reads the file."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.split()


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_a_field_of_hundreds_of_megabytes(tmp_path: Path, suffix: str) -> None:
    head, tail = {
        "csv": ("id,content\n1,卡\n2,", "\n3,慢\n"),
        "jsonl": ('{"id":"1","content":"卡"}\n{"id":"2","content":"', '"}\n{"id":"3","content":"慢"}\n'),
        "json": ('[{"id":"1","content":"卡"},{"id":"2","content":"', '"},{"id":"3","content":"慢"}]'),
    }[suffix]
    path = tmp_path / f"a.{suffix}"
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        for _ in range(200):
            file.write("x" * 2**20)
        file.write(tail)
    *kinds, peak = read_apart(path)
    assert kinds == ["RawComment", "Quarantined", "RawComment"][: 2 if suffix == "json" else 3]
    assert int(peak) < 200


@pytest.mark.parametrize("deep", [600, 1200, 30_000, 3_000_000])
def test_lists_in_lists(tmp_path: Path, deep: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_WHOLE", 100)
    path = tmp_path / "a.json"
    records = [json.dumps({"content": f"第{i}次闪退"}) for i in range(2000)]
    path.write_text(f'[{",".join(records)},{{"content":{"[" * deep}{"]" * deep}}}]', encoding="utf-8")
    *kept, last = rows_of(path)
    assert all(isinstance(row, RawComment) for row in kept)
    assert len(kept) == 2000
    if deep > 100_000:
        assert isinstance(last, Quarantined)
        assert (last.reason, "500 deep" in last.raw) == (QuarantineReason.BAD_ROW, True)


@pytest.mark.parametrize("deep", [900, 960, 975, 985, 2000])
def test_lists_in_lists_in_a_small_file(tmp_path: Path, deep: int) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"content":"卡"}}\n{{"content":{"[" * deep}{"]" * deep}}}\n', encoding="utf-8")
    first, second = rows_of(path)
    assert isinstance(first, RawComment)
    assert isinstance(second, (RawComment, Quarantined))


def test_brackets_and_quotes_in_words_are_no_nesting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_WHOLE", 100)
    words = ['[大哭', '{', '"[[', "\\", '\\"[', "好" * 70_000 + "[", "]"]  # fmt: skip
    records = [{"content": words[i % len(words)] + str(i)} for i in range(5000)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"total": 1, "data": records}, ensure_ascii=False), encoding="utf-8")
    kinds = [row.text if isinstance(row, RawComment) else row.reason for row in rows_of(path)]
    assert len(kinds) == 5000
    assert kinds[:5] == [record["content"] for record in records[:5]]
    assert kinds[5] == QuarantineReason.TOO_LONG


def test_a_record_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_WHOLE", 100)
    monkeypatch.setattr(documents, "MAX_RECORD", 100_000)
    path = tmp_path / "a.json"
    many = {f"k{i}": i for i in range(50_000)}
    path.write_text(json.dumps([{"content": "卡"}] * 5000 + [many]), encoding="utf-8")
    *kept, last = rows_of(path)
    assert isinstance(last, Quarantined)
    assert "100,000 characters" in last.raw
    assert all(isinstance(row, RawComment) for row in kept)
    assert len(kept) == 5000
