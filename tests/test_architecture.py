"""What the import rules in pyproject.toml cannot see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "feedback_mining"
HEAVY = {"alembic", "faiss", "jieba", "numpy", "openpyxl", "pandas", "prefect", "pydantic", "scipy", "sklearn",
         "sqlalchemy", "torch"}  # fmt: skip


@pytest.mark.parametrize("module", ["feedback_mining", "feedback_mining.cli"])
def test_importing_is_light(module: str) -> None:
    look = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    assert module in loaded.split()
    assert HEAVY & set(loaded.split()) == set()


def test_files_stay_short_enough_to_read() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert lengths
    assert {str(path.relative_to(PACKAGE)): n for path, n in lengths.items() if n > 350} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if (text := path.read_text(encoding="utf-8").strip()) and not text.startswith('"""')
    ]
    assert silent == []
