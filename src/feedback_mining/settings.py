"""Typed settings, read from the environment (`FEEDBACK_MINING_STORE`, `FEEDBACK_MINING_TIMEZONE`, …)."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from feedback_mining.errors import InputError

_PREFIX = "FEEDBACK_MINING_"


class Settings(BaseSettings):
    """What a run may be told from outside; `load_settings` makes one and reports a mistake in one line."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True)

    store: str | None = None  # SQLAlchemy URL; may hold a password, so it is never printed
    timezone: str = "Asia/Shanghai"  # where the product's users live: reads times without a zone, cuts weeks
    author_key: SecretStr | None = None  # keys the hash of author names; otherwise each store makes its own
    annotator: str | None = None  # whose labels these are, where --author says nothing
    window_weeks: int = Field(default=12, ge=1, le=520)
    models: Path | None = None  # folder with current.json; by default the models that ship
    encoder: str | None = None  # of grouping: a folder or a hub's name; by default the one that ships
    vectors: Path | None = None  # folder of the vector cache; by default that of the SQLite store
    dictionaries: Path | None = (
        None  # folder of a team's words; by default dictionaries/ beside the SQLite store
    )
    taxonomy: str = "default"  # a name that ships, a YAML file, or a folder that train theme --taxonomy wrote
    secrets: Path | None = None  # file of NAME=value lines that only its owner can read
    seed: int = Field(default=20, ge=0, le=2**32 - 1)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("not a time zone; expected a name such as Asia/Shanghai") from None
        return name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, options given as `overrides` first. Raises InputError in one line."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        reason = first["msg"].removeprefix("Value error, ")
        raise InputError(
            f"Setting {name} cannot be used: {reason}; change the option or {_PREFIX}{name.upper()}"
        ) from None


def store_folder(out: Path, settings: Settings) -> Path:
    """The folder in which an SQLite store lies; `out` where the store is on a server."""
    found = re.match(r"sqlite(?:\+pysqlite)?:///([^?]+)", settings.store or "")
    return Path(found[1]).parent if found else out


def team_models(out: Path, settings: Settings) -> Path:
    """The folder of a team's own models: that of the settings, else beside the SQLite store.

    Raises InputError where the store is on a server, beside which there is no folder.
    """
    if settings.models is None and settings.store and not settings.store.startswith("sqlite"):
        raise InputError(
            f"The store is on a server, and no folder is named for its models; set {_PREFIX}MODELS to one that "
            "every run can read"
        )
    return settings.models or store_folder(out, settings) / "models"


def default_store(out: Path) -> str:
    """URL of the SQLite file that a run keeps beside its reports; the folder must exist when it is opened."""
    return f"sqlite:///{out}/feedback_mining.db"
