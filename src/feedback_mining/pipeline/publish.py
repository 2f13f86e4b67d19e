"""A backlog → the files that people and other tools open."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from feedback_mining.backlog.items import SCHEMA_VERSION, Backlog
from feedback_mining.errors import InputError, StoreError
from feedback_mining.reporting.export import write_csv, write_json, write_xlsx
from feedback_mining.reporting.render import render_html, render_markdown
from feedback_mining.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Published:
    """Where the five files of one week lie, all in `folder`."""

    folder: Path
    json: Path
    csv: Path
    xlsx: Path
    markdown: Path
    html: Path


def publish(backlog: Backlog, out: Path, lang: str = "zh", taxonomy: str = "default") -> Published:
    """Write `<out>/<week>/backlog.{json,csv,xlsx}` and `report.{md,html}`, themes named as in `taxonomy`.

    The files are finished in a folder beside and then moved into place, so that a reader never meets half of
    one; files of other names in the week's folder stay. Raises InputError if `out` cannot be written.
    """
    themes = Taxonomy.load(taxonomy).labels(lang)
    folder = out / backlog.week
    published = Published(
        folder=folder,
        json=folder / "backlog.json",
        csv=folder / "backlog.csv",
        xlsx=folder / "backlog.xlsx",
        markdown=folder / "report.md",
        html=folder / "report.html",
    )

    def text(render: Callable[..., str]) -> Callable[[Path], None]:
        return lambda path: _write_text(path, render(backlog, lang, themes=themes))

    # The JSON comes last: other tools watch for it.
    writers: dict[Path, Callable[[Path], None]] = {
        published.csv: lambda path: write_csv(backlog, path, lang, themes=themes),
        published.xlsx: lambda path: write_xlsx(backlog, path, lang, themes=themes),
        published.markdown: text(render_markdown),
        published.html: text(render_html),
        published.json: lambda path: write_json(backlog, path),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{backlog.week}-", dir=out))
        try:
            for target, write in writers.items():
                write(workshop / target.name)
            for target in writers:
                os.replace(workshop / target.name, target)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {folder}: {error.strerror or error}; "
            f"expected a folder that can be written, choose one with --out"
        ) from error
    return published


def load_backlog(content: Mapping[str, Any]) -> Backlog:
    """The backlog that `Backlog.as_json` gave. Raises StoreError if it is not of this version's shape."""
    found = content.get("schema")
    if found == SCHEMA_VERSION:
        try:
            return TypeAdapter(Backlog).validate_python({k: v for k, v in content.items() if k != "schema"})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            found = f"{found}, but {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    raise StoreError(f"The stored backlog has schema {found}, expected {SCHEMA_VERSION}; mine the week again")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
