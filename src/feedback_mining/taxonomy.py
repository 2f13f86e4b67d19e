"""Themes with stable ids, read from YAML so that a team can bring its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from feedback_mining.errors import UnreadableFile
from feedback_mining.resources import data_dir

TAXONOMY_FILE = "taxonomy.yaml"  # in the folder of a model that was trained on its themes
_OTHERS = frozenset({"common_demands", "light_words"})  # files beside the taxonomies that are none
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NEEDED = ("id", "zh", "en", "description", "seeds")
_OPTIONAL = ("maps_to",)


@dataclass(frozen=True, slots=True)
class Theme:
    id: str
    zh: str
    en: str
    description: str
    seeds: tuple[str, ...]
    maps_to: str | None = None  # the theme of the default taxonomy whose trained model also knows this one


@dataclass(frozen=True, slots=True)
class Taxonomy:
    name: str
    version: int
    themes: tuple[Theme, ...]

    @classmethod
    def load(cls, name: str | Path = "default") -> Taxonomy:
        """A taxonomy that ships (by name), the YAML file at a path, or that of a model in a folder.

        Raises UnreadableFile.
        """
        path = Path(name)
        if (path / TAXONOMY_FILE).is_file():
            path = path / TAXONOMY_FILE
        if path.suffix not in {".yaml", ".yml"}:
            path = data_dir() / "taxonomy" / f"{name}.yaml"
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))
            _only(raw, ("name", "version", "themes"), "the file")
            themes = tuple(_theme(t, number) for number, t in enumerate(raw["themes"], 1))
            taxonomy = cls(str(raw["name"]), int(raw["version"]), themes)
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise UnreadableFile(
                f"{path} is not a taxonomy ({_reason(error)}); expected name, version and themes, each with "
                "id, zh, en, description and seeds (maps_to may be added), as in "
                f"data/taxonomy/default.yaml; those that ship: {', '.join(shipped())}"
            ) from error
        for what in ("id", "zh", "en"):
            names = [getattr(theme, what) for theme in themes]
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise UnreadableFile(
                    f"{path} names a theme twice: {', '.join(twice)}; each {what} must be unique"
                )
        if len(themes) < 2:
            raise UnreadableFile(f"{path} has {len(themes)} themes; expected at least two to tell apart")
        return taxonomy

    def labels(self, lang: str = "zh") -> dict[str, str]:
        return {theme.id: theme.en if lang == "en" else theme.zh for theme in self.themes}

    def write(self, folder: Path) -> None:
        themes = [{k: v for k, v in asdict(theme).items() if v is not None} for theme in self.themes]
        content = {"name": self.name, "version": self.version, "themes": [{**t, "seeds": list(t["seeds"])} for t in themes]}  # fmt: skip
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=200)
        (folder / TAXONOMY_FILE).write_text(text, encoding="utf-8")

    def __str__(self) -> str:
        return f"{self.name}-{self.version}"


def shipped() -> list[str]:
    """Names of the taxonomies that come with the project."""
    return sorted(path.stem for path in (data_dir() / "taxonomy").glob("*.yaml") if path.stem not in _OTHERS)


def _theme(raw: Any, number: int) -> Theme:
    named = f"theme {raw['id']!r}" if isinstance(raw, dict) and "id" in raw else f"theme {number}"
    _only(raw, (*_NEEDED, *_OPTIONAL), named)
    missing = [key for key in _NEEDED if key not in raw]
    if missing:
        raise ValueError(f"{named} lacks {', '.join(missing)}")
    if not isinstance(raw["id"], str) or not _ID.fullmatch(raw["id"]):
        raise ValueError(
            f"{named} has an id that cannot be used; expected lower-case letters, digits and _, a letter first"
        )
    empty = [key for key in ("zh", "en") if not str(raw[key] or "").strip()]
    if empty:
        raise ValueError(f"{named} has no {', '.join(empty)}")
    seeds = raw["seeds"]
    if not isinstance(seeds, list) or not seeds or not all(str(s or "").strip() for s in seeds):
        raise ValueError(f"{named} has no seeds; expected a list of words that users say about it")
    target = raw.get("maps_to")
    if target is not None and not isinstance(target, str):
        raise ValueError(
            f"{named} has maps_to {target!r}; expected the id of a theme of the default taxonomy"
        )
    return Theme(
        raw["id"],
        str(raw["zh"]),
        str(raw["en"]),
        str(raw["description"] or ""),
        tuple(map(str, seeds)),
        target,
    )


def _only(raw: Any, keys: tuple[str, ...], what: str) -> None:
    if not isinstance(raw, Mapping):
        raise TypeError(f"{what} is no mapping of names to values")
    unknown = sorted(str(key) for key in raw if key not in keys)
    if unknown:
        raise ValueError(f"{what} has unknown keys: {', '.join(unknown)}; known are {', '.join(keys)}")


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return " ".join(str(error).split())
