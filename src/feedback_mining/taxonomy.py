"""Themes with stable ids, read from YAML so that a team can bring its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from feedback_mining.errors import UnreadableFile
from feedback_mining.resources import data_dir


@dataclass(frozen=True, slots=True)
class Theme:
    id: str
    zh: str
    en: str
    description: str
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    name: str
    version: int
    themes: tuple[Theme, ...]

    @classmethod
    def load(cls, name: str | Path = "default") -> Taxonomy:
        """A taxonomy that ships (by name) or the YAML file at a path. Raises UnreadableFile."""
        path = Path(name)
        if path.suffix not in {".yaml", ".yml"}:
            path = data_dir() / "taxonomy" / f"{name}.yaml"
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))
            themes = tuple(
                Theme(t["id"], t["zh"], t["en"], t["description"], tuple(map(str, t["seeds"])))
                for t in raw["themes"]
            )
            taxonomy = cls(str(raw["name"]), int(raw["version"]), themes)
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise UnreadableFile(
                f"{path} is not a taxonomy ({error!r}); expected name, version and themes, each with "
                "id, zh, en, description and seeds, as in data/taxonomy/default.yaml"
            ) from error
        ids = [theme.id for theme in themes]
        if len(set(ids)) != len(ids):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            raise UnreadableFile(f"{path} names a theme twice: {', '.join(twice)}; each id must be unique")
        return taxonomy

    def labels(self, lang: str = "zh") -> dict[str, str]:
        return {theme.id: theme.en if lang == "en" else theme.zh for theme in self.themes}

    def __str__(self) -> str:
        return f"{self.name}-{self.version}"
