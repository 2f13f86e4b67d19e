"""One file → what the models read out of each comment, without a store."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback_mining.errors import InputError
from feedback_mining.pipeline.grouping import analyze_comments
from feedback_mining.pipeline.ingest import open_files
from feedback_mining.pipeline.reader import Reader
from feedback_mining.records import Quarantined
from feedback_mining.settings import Settings
from feedback_mining.sources.identity import comment_id, own_words


@dataclass(frozen=True, slots=True)
class FileAnalysis:
    """One JSON object per comment, in the file's order, and the number of rows that were refused."""

    lines: list[dict[str, Any]]
    refused: int

    @property
    def units(self) -> int:
        return sum(len(line["units"]) for line in self.lines)

    @property
    def unsure(self) -> int:
        return sum(unit["unsure"] for line in self.lines for unit in line["units"])


def analyze_file(
    path: Path,
    *,
    settings: Settings,
    product: str | None = None,
    mapping: Mapping[str, str] | None = None,
    lang: str = "zh",
    progress: Callable[[int], None] | None = None,
) -> FileAnalysis:
    """Read a file and analyse its comments; texts are as read, `start` and `end` index into them.

    A comment's id is the one in the file, else a hash of its content. Raises InputError for a file that
    cannot be used.
    """
    reading = open_files(
        [path], product=product, settings=settings, mapping=mapping, lang=lang, lenient=True
    )[0]
    refused = 0
    texts: list[tuple[str, str]] = []
    ids: list[str] = []
    uses: Counter[str] = Counter()
    for row in reading.rows:
        if isinstance(row, Quarantined) or row.official:
            refused += 1
            continue
        key = row.id or comment_id(
            reading.source, None, product=reading.product, time=row.time, words=own_words(row.text)
        )
        uses[key] += 1  # rows that say the same at the same time, or an id used twice
        ids.append(key)
        texts.append((key if uses[key] == 1 else f"{key}~{uses[key]}", row.text))
    sure_from = Reader.of(settings).models.comments.sure_from
    lines = [
        {
            "id": key,
            "text": found.text,
            "units": [
                {
                    "start": unit.start,
                    "end": unit.end,
                    "text": unit.text,
                    "intent": str(unit.intent),
                    "theme": unit.theme,
                    "sentiment": str(unit.sentiment),
                    "confidence": round(unit.confidence, 4),
                    "unsure": unit.confidence < sure_from,
                    "demand": found.demands.get(unit.start),
                }
                for unit in found.units
            ],
            "signals": [str(signal) for signal in found.signals],
        }
        for key, found in zip(ids, analyze_comments(texts, settings, progress=progress), strict=True)
    ]
    return FileAnalysis(lines, refused)


def check_output(output: str) -> None:
    """Raise InputError where `write_jsonl` could not write, before any work is done."""
    target = Path(output)
    if output != "-" and (target.is_dir() or not os.access(target.parent, os.W_OK)):
        raise InputError(
            f"{output} cannot be written; expected a file in a folder that exists, or - for stdout"
        )


def write_jsonl(lines: Sequence[Mapping[str, Any]], output: str) -> None:
    """Write one JSON object a line to a file, all or nothing, or to stdout for `-`."""
    content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if output == "-":
        sys.stdout.write(content)
    else:
        write_text(content, output)


def write_text(content: str, output: str) -> None:
    """Write a file, all or nothing. Raises InputError."""
    target = Path(output)
    draft = target.with_name(f".{target.name}.partial")
    try:
        draft.write_text(content, encoding="utf-8", newline="\n")
        os.replace(draft, target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(f"{output} cannot be written: {error.strerror or error}") from error
