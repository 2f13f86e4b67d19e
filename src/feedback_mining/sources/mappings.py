"""Remember which column holds what, so that a file with the same header needs no `--map` next time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from feedback_mining.errors import InputError
from feedback_mining.sources.columns import canonical
from feedback_mining.sources.rows import FIELDS

MAPPINGS_FILE = "mappings.json"  # in the folder of the store


def remember_mapping(path: Path, columns: Iterable[str], mapping: Mapping[str, str]) -> None:
    """Keep `mapping` (field → column) for files whose header has the same set of `columns`.

    Raises InputError where the file cannot be read or written.
    """
    known = _load(path)
    known[_key(columns)] = {field: mapping[field] for field in FIELDS if field in mapping}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_name(path.name + ".part")
        written.write_text(
            json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        os.replace(written, path)
    except OSError as error:
        raise InputError(f"{path}: the mapping cannot be saved ({error.strerror})") from None


def recall_mapping(path: Path, columns: Iterable[str]) -> dict[str, str] | None:
    """The mapping that was kept for a header with this set of `columns`, in their present spelling."""
    if not path.is_file():
        return None
    names = list(columns)
    kept = _load(path).get(_key(names))
    if kept is None:
        return None
    present = {canonical(name): name for name in names}
    return {field: present.get(canonical(column), column) for field, column in kept.items()}


def _key(columns: Iterable[str]) -> str:
    return " | ".join(sorted({canonical(column) for column in columns} - {""}))


def _load(path: Path) -> dict[str, dict[str, str]]:
    try:
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if not all(isinstance(c, str) for mapping in known.values() for c in mapping.values()):
            raise ValueError
    except (OSError, ValueError, AttributeError, RecursionError):
        raise InputError(f"{path}: these saved mappings cannot be read; mend or delete the file") from None
    return dict(known)
