"""Fixtures that several test files use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["encoder_fixtures", "postgres_fixture"]

ROOT = Path(__file__).resolve().parent.parent


def missing(reason: str) -> None:
    """Skip the test, or fail it where everything is required to run."""
    if os.environ.get("FEEDBACK_MINING_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with real comments and gold labels, which are not part of the project."""
    folder = Path(os.environ.get("FEEDBACK_MINING_SHARED") or ROOT.parent / "shared")
    if not (folder / "data").is_dir():
        missing(f"{folder} with data/ and labels/ is missing; set FEEDBACK_MINING_SHARED to where it lies")
    return folder


@pytest.fixture(scope="session")
def sample_files() -> list[Path]:
    """The three files of the sample product."""
    return [ROOT / "data" / "sample" / name for name in ("appstore.xlsx", "tucao.json", "wechat_group.csv")]
