"""Which version is in use: changed one at a time, atomically, and with a line in a log that says who and why."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from feedback_mining.errors import InputError
from feedback_mining.registry.versions import POINTER, Registry, current

LOG = "promotions.jsonl"


def switch(
    registry: Registry,
    task: str,
    version: str,
    *,
    instead_of: str,
    action: str,
    author: str,
    reason: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """Make `version` the one in use, if `instead_of` still is.

    action: promoted, forced or rolled_back. Raises InputError where another promotion is being written or
    has been since.
    """
    own = _folder(registry)
    with _alone(own):
        now = registry.in_use().get(task)
        if now != instead_of:
            raise InputError(
                f"{task} {now} has come into use meanwhile, expected {instead_of}: compare {version} with it again"
            )
        _append(own, action, task, now, version, author, reason, evidence)
        pointer = registry.named()
        if version == current().get(task) and not (own / task / version).is_dir():
            pointer.pop(task, None)
        else:
            pointer[task] = version
        _write(own / POINTER, json.dumps(pointer, indent=1, sort_keys=True) + "\n")


def note_refusal(
    registry: Registry, task: str, version: str, *, author: str, reason: str, evidence: Mapping[str, Any]
) -> None:
    """Log that `version` was not promoted."""
    own = _folder(registry)
    with _alone(own):
        _append(own, "refused", task, registry.in_use().get(task), version, author, reason, evidence)


def history(registry: Registry, task: str | None = None) -> list[dict[str, Any]]:
    """The log's entries, oldest first. Raises InputError where a line of it is damaged."""
    path = registry.own / LOG if registry.own else None
    if path is None or not path.exists():
        return []
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entries.append({**json.loads(line)})
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{path} line {number} is no JSON object; mend or remove the line to go on"
            ) from error
    return [entry for entry in entries if task is None or entry.get("task") == task]


def version_before(registry: Registry, task: str) -> str:
    """What was in use before the last promotion that has not been taken back. Raises InputError for none."""
    stack: list[str] = []
    for entry in history(registry, task):
        if entry["action"] in {"promoted", "forced"}:
            stack.append(entry["from"])
        elif entry["action"] == "rolled_back" and stack:
            stack.pop()
    if not stack:
        raise InputError(
            f"{task} {registry.in_use().get(task)} is the first version in use; there is none before it"
        )
    return stack[-1]


def _folder(registry: Registry) -> Path:
    if registry.own is None:
        raise InputError(
            "The models that ship are not changed; name a folder of your own with --out or FEEDBACK_MINING_MODELS"
        )
    registry.own.mkdir(parents=True, exist_ok=True)
    return registry.own


@contextmanager
def _alone(own: Path) -> Iterator[None]:
    lock = FileLock(own / f".{POINTER}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"Another promotion is being written in {own}; wait until it is done and look at models list"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _append(
    own: Path,
    action: str,
    task: str,
    before: str | None,
    after: str,
    author: str,
    reason: str | None,
    evidence: Mapping[str, Any] | None,
) -> None:
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "author": author,
        "action": action,
        "task": task,
        "from": before,
        "to": after,
        "reason": reason,
        "evidence": dict(evidence or {}),
    }
    with (own / LOG).open("a", encoding="utf-8", newline="\n") as log:
        log.write(json.dumps(entry, ensure_ascii=False) + "\n")
        log.flush()
        os.fsync(log.fileno())


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.partial")
    draft.write_text(text, encoding="utf-8", newline="\n")
    os.replace(draft, path)
