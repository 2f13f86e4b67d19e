"""Where versions lie: a team's models folder above the models that ship, which are never written to.

The team's `current.json` names only what differs; a version is looked for in the team's folder first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from feedback_mining.errors import InputError, ModelError
from feedback_mining.resources import models_dir

POINTER = "current.json"
CORRECTION = "correction.safetensors"
_OTHER_PARTS = {"splitter", "specific", "title", "base"}  # what a label's probabilities do not depend on
_LABEL_TASKS = {"intent", "theme", "sentiment"}


def current(root: Path | None = None) -> dict[str, str]:
    """Task → version that the folder's current.json names. Raises ModelError where it is missing or damaged."""
    path = (root or models_dir()) / POINTER
    try:
        return {str(k): str(v) for k, v in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{path} cannot be read ({type(error).__name__}); expected JSON such as "
            '{"encoder": "static-zh-1", "intent": "1"}; restore models/ or run: python -m flows.retrain FILE…'
        ) from error


@dataclass(frozen=True)
class Registry:
    """`own`: the team's folder, or None where only the shipped models are in use."""

    own: Path | None = None

    def named(self) -> dict[str, str]:
        """What the team's pointer names; nothing where it has none yet. Raises ModelError for a damaged one."""
        return current(self.own) if self.own and (self.own / POINTER).exists() else {}

    def in_use(self) -> dict[str, str]:
        """Task → version in use."""
        return {**current(), **self.named()}

    def version_of(self, task: str) -> str:
        """The version in use. Raises InputError for a task that there is not."""
        using = self.in_use()
        if task not in using:
            raise InputError(f"There is no task {task}; expected one of: {', '.join(sorted(using))}")
        return using[task]

    def base(self) -> dict[str, str]:
        """Task → version without any correction."""
        versions = self.in_use()
        for task, version in self.named().items():
            if self.is_correction(task, version):
                wanted = self.base_of(task, version).get(task, "")
                own = self.own is not None and (self.own / task / wanted).is_dir()
                versions[task] = wanted if own else current()[task]
        return versions

    def folder(self, task: str, version: str) -> Path:
        """The version's folder, the team's before the shipped; it need not exist."""
        if self.own is not None and (self.own / task / version).is_dir():
            return self.own / task / version
        return (models_dir() if self.own is None or self._ships(task, version) else self.own) / task / version

    def found(self, task: str, version: str) -> Path:
        """The folder of a version that exists. Raises InputError listing those that do."""
        known = self.versions(task)
        if version not in known:
            listed = ", ".join(known) or "none"
            raise InputError(f"{task} has no version {version}; expected one of: {listed}")
        return self.folder(task, version)

    def versions(self, task: str) -> list[str]:
        """All versions of a task, the shipped ones first, in order of their numbers."""
        roots = [models_dir(), *([self.own] if self.own else [])]
        names = [{p.name for p in (root / task).glob("*") if p.is_dir()} for root in roots]
        return [name for some in names for name in sorted(some, key=_natural)] if task else []

    def tasks(self) -> list[str]:
        return sorted(self.in_use())

    def is_correction(self, task: str, version: str) -> bool:
        return (self.folder(task, version) / CORRECTION).exists()

    def base_of(self, task: str, version: str) -> dict[str, str]:
        """The base versions that a correction was fitted on."""
        try:
            config = json.loads((self.folder(task, version) / "config.json").read_text(encoding="utf-8"))
            return dict(config["base"])
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def is_stale(self, task: str, version: str) -> bool:
        """Was the correction fitted on other base models than those in use?"""
        return self.is_correction(task, version) and self.base_of(task, version) != what_it_stands_on(
            task, self.base()
        )

    def _ships(self, task: str, version: str) -> bool:
        return (models_dir() / task / version).is_dir()


def what_it_stands_on(task: str, base: Mapping[str, str]) -> dict[str, str]:
    """The parts of the base that decide what it says of `task`."""
    return {
        name: version
        for name, version in sorted(base.items())
        if name == task
        or (name not in _OTHER_PARTS and name not in _LABEL_TASKS and not name.startswith("signal-"))
    }


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name))
