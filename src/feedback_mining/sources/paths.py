"""Folders, patterns and archives → the files in them.

An archive is taken apart into a folder of the caller's: what comes out are plain files, whatever went in.
"""

from __future__ import annotations

import glob
import gzip
import os
import time
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from feedback_mining.errors import InputError, UnreadableFile

READABLE = frozenset(
    {
        ".xlsx",
        ".xlsm",
        ".xls",
        ".csv",
        ".tsv",
        ".txt",
        ".json",
        ".jsonl",
        ".ndjson",
        ".parquet",
        ".zip",
        ".gz",
    }
)
MAX_MEMBERS = 1_000
MAX_BYTES = 4 * 2**30  # unpacked, over all members of one archive
MAX_RATIO = 200  # unpacked to packed; text rarely passes 20
RATIO_FROM = 2**24  # bytes; a small file may be as repetitive as it likes
_BLOCK = 2**20


def expand_paths(paths: Iterable[Path | str], scratch: Path) -> list[Path]:
    """The files that `paths` stand for, in a stable order and each once.

    A folder stands for the readable files in it, at any depth, hidden ones left out; a pattern (`*`, `?`,
    `**`) for what it matches; a ZIP or gzip file for its members, which are unpacked below `scratch`, a ZIP
    inside a ZIP included. Other paths are passed on as they are, missing ones too: who opens them says so.

    Raises InputError where a folder, pattern or archive holds nothing readable, UnreadableFile for an archive
    that is damaged, protected by a password, or too large when unpacked.
    """
    found: dict[Path, None] = {}
    for given in paths:
        path = Path(given)
        for file in _listed(path):
            for plain in _unpacked(file, scratch, depth=0):
                found.setdefault(plain)
    return list(found)


def _listed(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(
            Path(folder, name)
            for folder, _, names in os.walk(path)  # does not follow links out of the folder
            for name in names
            if Path(name).suffix.lower() in READABLE and not _hidden(Path(folder, name).relative_to(path))
        )
        if not files:
            raise InputError(f"{path}: the folder holds no file of comments; expected {_kinds()}")
        return files
    if not path.exists() and glob.has_magic(str(path)):
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))
        files = [match for match in matches if match.is_file()]
        if not files:
            raise InputError(f"{path}: no file matches this pattern; check the path")
        return files
    return [path]


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "~$", "__MACOSX")) for part in path.parts if part != "..")


def _kinds() -> str:
    return ", ".join(sorted(READABLE))


def _unpacked(path: Path, scratch: Path, depth: int) -> list[Path]:
    if not path.is_file():
        return [path]
    with path.open("rb") as file:
        magic = file.read(4)
    if magic.startswith(b"\x1f\x8b"):
        return _unpacked_gzip(path, scratch)
    if magic == b"PK\x03\x04" and path.suffix.lower() not in {".xlsx", ".xlsm"}:
        return _unpacked_zip(path, scratch, depth)
    return [path]


def _unpacked_gzip(path: Path, scratch: Path) -> list[Path]:
    target = _folder(scratch) / (path.name[:-3] if path.name.lower().endswith(".gz") else path.name)
    try:
        with gzip.open(path) as packed:
            _copy(packed, target, path.name, _Budget(path.stat().st_size))
    except (EOFError, OSError, zlib.error):
        raise UnreadableFile(f"{path.name}: the gzip file is damaged or cut off; fetch it again") from None
    _keep_time(target, path.stat().st_mtime)
    return [target]


def _unpacked_zip(path: Path, scratch: Path, depth: int) -> list[Path]:
    files: list[Path] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(member.filename == "[Content_Types].xml" for member in members):
                return [path]  # a workbook under another name
            if depth > 1:
                raise UnreadableFile(
                    f"{path.name}: archives inside archives inside archives; unpack it first"
                )
            if len(members) > MAX_MEMBERS:
                raise UnreadableFile(
                    f"{path.name}: the archive has {len(members)} members, at most {MAX_MEMBERS} are read; "
                    f"unpack it and import the folder"
                )
            budget = _Budget(path.stat().st_size)
            for member in sorted(members, key=_member_name):
                name = Path(_member_name(member).replace("\\", "/"))
                if member.is_dir() or _hidden(name) or name.suffix.lower() not in READABLE:
                    continue
                if member.flag_bits & 1:
                    raise UnreadableFile(
                        f"{path.name}: the archive is protected by a password; unpack it first"
                    )
                # Only the last part of the name is used: no member leaves the folder, whatever it is called.
                target = _folder(scratch) / name.name
                with archive.open(member) as packed:
                    _copy(packed, target, f"{path.name}/{name.name}", budget)
                _keep_time(target, time.mktime((*member.date_time, 0, 0, -1)))
                files += _unpacked(target, scratch, depth + 1)
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        zlib.error,
        NotImplementedError,
        ValueError,
        OverflowError,
    ):
        raise UnreadableFile(f"{path.name}: the ZIP archive is damaged; pack or fetch it again") from None
    if not files and depth == 0:
        raise InputError(f"{path.name}: the archive holds no file of comments; expected {_kinds()}")
    return files


def _member_name(member: zipfile.ZipInfo) -> str:
    """Archives packed on Chinese Windows name their members in GBK and do not say so."""
    if member.flag_bits & 0x800 or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


@dataclass(slots=True)
class _Budget:
    """How much one archive may still unpack to."""

    packed: int
    used: int = 0

    def spend(self, count: int, name: str) -> None:
        self.used += count
        if self.used > MAX_BYTES or (self.used > RATIO_FROM and self.used > MAX_RATIO * self.packed):
            raise UnreadableFile(
                f"{name}: unpacked, this archive passes {MAX_BYTES // 2**30} GiB or {MAX_RATIO} times its own "
                f"size, which looks like a zip bomb; unpack it and import the files"
            )


def _copy(packed: IO[bytes] | gzip.GzipFile, target: Path, name: str, budget: _Budget) -> None:
    with target.open("xb") as plain:
        while block := packed.read(_BLOCK):
            budget.spend(len(block), name)
            plain.write(block)


def _folder(scratch: Path) -> Path:
    """A new folder for one file, so that equal names of two archives do not meet."""
    number = sum(1 for _ in scratch.iterdir()) if scratch.is_dir() else 0
    folder = scratch / str(number)
    folder.mkdir(parents=True)
    return folder


def _keep_time(target: Path, instant: float) -> None:
    """Relative times ("昨天 10:05") count from the moment at which a file was written."""
    os.utime(target, (instant, instant))
