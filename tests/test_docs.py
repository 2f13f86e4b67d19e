"""The documentation against the project: commands, options, links, dependencies, pinned releases."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement

from feedback_mining.cli import EXIT_CODES, app

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
TOP: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS: dict[str, Any] = {
    f"{name} {part}".strip(): command
    for name, top in TOP.items()
    for part, command in getattr(top, "commands", {"": top}).items()
}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_readme_begins_with_the_two_commands() -> None:
    blocks = re.findall(
        r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert [block.strip() for block in blocks[:2]] == ["make backlog", "make test"]


def test_the_commands_are_those_promised() -> None:
    plain = {
        "run",
        "import",
        "mine",
        "report",
        "backfill",
        "analyze",
        "fetch",
        "webhook",
        "train",
        "predict",
        "drift",
        "search",
        "asked",
        "alerts",
    }
    quarantine = {f"quarantine {part}" for part in ("list", "export", "retry")}
    words = {f"words {part}" for part in ("discover", "list", "accept", "reject", "evaluate")}
    demands = {
        f"demands {part}"
        for part in (
            "list", "show", "merge", "split", "rename", "move", "apart", "undo", "history", "propose",
        )
    }  # fmt: skip
    label = {f"label {part}" for part in ("next", "show", "set", "import", "export", "config", "stats")}
    models = {f"models {part}" for part in ("list", "show", "compare", "promote", "rollback")}
    campaigns = {f"campaigns {part}" for part in ("list", "show", "release", "mark", "undo")}
    assert set(COMMANDS) == plain | demands | quarantine | words | models | label | campaigns


@pytest.mark.parametrize("name", sorted(COMMANDS))
class TestCommand:
    def test_has_help_for_itself_and_every_option(self, name: str) -> None:
        command = COMMANDS[name]
        assert command.help
        assert command.epilog == EXIT_CODES
        without = [p.name for p in command.params if p.name != "help" and not getattr(p, "help", None)]
        assert without == []

    def test_is_documented_with_every_option(self, name: str) -> None:
        page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
        section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
        assert section, f"docs/commands.md has no section {name}"
        options = {o for p in COMMANDS[name].params for o in p.opts if o.startswith("--") and o != "--help"}
        assert options, "no option was found to look for"
        assert {o for o in options if f"`{o}`" not in section[1]} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link.partition("#")[0] for link in links if not re.match(r"https?://|#", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_dependency_is_explained_once() -> None:
    texts = chain(project()["dependencies"], *project()["optional-dependencies"].values())
    names = [Requirement(text).name for text in texts]
    names.remove("feedback_mining")  # an extra that contains another
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| ([A-Za-z][\w.-]*) \|", page, re.MULTILINE)) == sorted(names)


def test_every_runtime_dependency_is_used() -> None:
    modules: dict[str, set[str]] = {}
    for module, names in packages_distributions().items():
        for name in names:
            modules.setdefault(name.lower().replace("_", "-"), set()).add(module)
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("src", "flows")
        for path in (ROOT / folder).rglob("*.py")
    )
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", code, re.MULTILINE))
    names = {Requirement(text).name.lower() for text in project()["dependencies"]}
    unused = {name for name in names if not modules[name.replace("_", "-")] & imported}
    assert unused == set()


class TestConstraints:
    LINES = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]

    def test_name_exact_public_releases_and_no_place(self) -> None:
        pins = [Requirement(line) for line in self.LINES]
        odd = [str(pin) for pin in pins if pin.url or not re.fullmatch(r"==[\w.]+", str(pin.specifier))]
        assert odd == []
        assert len({pin.name.lower().replace("_", "-") for pin in pins}) == len(pins) > 100

    def test_satisfy_what_the_project_asks_for(self) -> None:
        pins = {pin.name.lower(): str(pin.specifier)[2:] for pin in map(Requirement, self.LINES)}
        texts = list(chain(project()["dependencies"], *project()["optional-dependencies"].values()))
        asked = [r for r in map(Requirement, texts) if r.name != "feedback_mining"]
        wrong = [str(r) for r in asked if not r.specifier.contains(pins.get(r.name.lower(), "0"))]
        assert wrong == []
