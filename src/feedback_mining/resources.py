"""Where the files that come with the project are found: beside the source tree, or inside the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def _home(name: str) -> Path:
    shipped = _PACKAGE / "_shipped" / name
    return shipped if shipped.is_dir() else _CHECKOUT / name


def data_dir() -> Path:
    """Folder with taxonomy/ and dictionaries/ (and sample/ and labels/ in a checkout)."""
    return _home("data")


def models_dir() -> Path:
    """Folder with <task>/<version>/ of the models that ship."""
    return _home("models")
