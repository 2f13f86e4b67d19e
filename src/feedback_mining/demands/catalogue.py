"""Needs that recur in every product: anchors for grouping, and the titles that a ticket would carry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import yaml

from feedback_mining.errors import UnreadableFile
from feedback_mining.resources import data_dir


@dataclass(frozen=True, slots=True)
class CommonDemand:
    id: str
    zh: str
    en: str
    theme: str
    wish: bool  # a suggestion rather than a fault
    examples: tuple[str, ...]  # how users say it


@dataclass(frozen=True, slots=True)
class Catalogue:
    entries: tuple[CommonDemand, ...]
    version: str  # digest of the file, recorded by each run

    @classmethod
    def load(cls, path: Path | None = None) -> Catalogue:
        """The catalogue that ships, or the YAML file at `path`. Raises UnreadableFile."""
        path = path or data_dir() / "taxonomy" / "common_demands.yaml"
        try:
            content = path.read_text(encoding="utf-8")
            entries = tuple(
                CommonDemand(
                    str(e["id"]), str(e["zh"]), str(e["en"]), str(e["theme"]), _wish(e["kind"]),
                    tuple(map(str, e["examples"])),
                )
                for e in yaml.safe_load(content)["demands"]
            )  # fmt: skip
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise UnreadableFile(
                f"{path} is not a catalogue of common demands ({error!r}); expected demands, each with "
                "id, zh, en, theme, kind (fault or wish) and examples"
            ) from error
        return cls(entries, hashlib.sha256(content.encode()).hexdigest()[:12])


def _wish(kind: str) -> bool:
    if kind not in {"fault", "wish"}:
        raise ValueError(f"kind {kind!r} is neither fault nor wish")
    return kind == "wish"
