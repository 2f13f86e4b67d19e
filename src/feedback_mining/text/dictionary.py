"""A team's own words: who accepted or rejected which, and the dictionary file that follows from it.

The folder holds `decisions.jsonl`, one decision a line, never changed, and `accepted.txt`, which is made
from it in jieba's format. Other `.txt` files there are a team's own and are read too.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from feedback_mining.errors import InputError, UnreadableFile
from feedback_mining.text.clean import normalise

DECISIONS, ACCEPTED = "decisions.jsonl", "accepted.txt"
_LONGEST = 20  # characters
_WORD = re.compile(r"[\w+#&.%\-]+")


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Decision:
    word: str  # normalised, as texts are when they are cut
    verdict: Verdict
    author: str
    time: datetime  # aware, UTC
    version: int  # of the dictionary that it made, counted from 1
    product: str | None = None  # where it was met


@dataclass(frozen=True, slots=True)
class TeamDictionary:
    """What a folder's decisions come to."""

    folder: Path
    decisions: tuple[Decision, ...]

    @classmethod
    def load(cls, folder: Path) -> TeamDictionary:
        """Empty where the folder is missing. Raises UnreadableFile naming file and line."""
        path = folder / DECISIONS
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            lines = []
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFile(f"{path} cannot be read ({type(error).__name__}); restore it") from error
        found = []
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    found.append(_from_json(line))
                except (AttributeError, KeyError, TypeError, ValueError) as error:
                    raise UnreadableFile(
                        f"{path}, line {number}, is no decision ({type(error).__name__}); expected word, verdict, "
                        "author, time and version as JSON; restore or remove the line"
                    ) from error
        return cls(folder, tuple(found))

    @property
    def version(self) -> int:
        return max((decision.version for decision in self.decisions), default=0)

    @property
    def in_force(self) -> Mapping[str, Decision]:
        """Word → the last decision about it, sorted by word."""
        last = {decision.word: decision for decision in self.decisions}
        return {word: last[word] for word in sorted(last)}

    @property
    def accepted(self) -> list[str]:
        return [word for word, decision in self.in_force.items() if decision.verdict is Verdict.ACCEPTED]

    def decide(
        self, words: Iterable[str], verdict: Verdict, author: str, product: str | None = None
    ) -> TeamDictionary:
        """Add decisions about words and write both files. Words decided so before change nothing.

        Raises InputError for a word that the segmenter could never give, and for a folder that cannot be
        written.
        """
        before = self.in_force
        fresh = [
            Decision(word, verdict, author, datetime.now(UTC), self.version + 1, product)
            for word in dict.fromkeys(checked_word(word) for word in words)
            if word not in before or before[word].verdict is not verdict
        ]
        if not fresh:
            return self
        after = replace(self, decisions=(*self.decisions, *fresh))
        log = "".join(_to_json(decision) + "\n" for decision in after.decisions)
        head = (
            f"# 第 {after.version} 版，由 {DECISIONS} 生成；要改请用 feedback-mining words accept / reject\n"
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _replace(self.folder / DECISIONS, log)
            _replace(self.folder / ACCEPTED, head + "".join(f"{word}\n" for word in after.accepted))
        except OSError as error:
            raise InputError(
                f"The folder {self.folder} cannot be written ({error.strerror}); choose another with "
                "FEEDBACK_MINING_DICTIONARIES"
            ) from error
        return after


def checked_word(word: str) -> str:
    """The word as texts hold it. Raises InputError where it is none."""
    clean = normalise(word)
    if not 2 <= len(clean) <= _LONGEST or not _WORD.fullmatch(clean):
        raise InputError(
            f"{word[:40]!r} cannot be a word; expected 2 to {_LONGEST} characters without spaces and punctuation"
        )
    return clean


def _to_json(decision: Decision) -> str:
    return json.dumps(asdict(decision) | {"time": decision.time.isoformat()}, ensure_ascii=False)


def _from_json(line: str) -> Decision:
    row = json.loads(line)
    return Decision(
        word=str(row["word"]),
        verdict=Verdict(row["verdict"]),
        author=str(row["author"]),
        time=datetime.fromisoformat(row["time"]),
        version=int(row["version"]),
        product=row.get("product"),
    )


def _replace(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.partial")
    draft.write_text(content, encoding="utf-8", newline="\n")
    os.replace(draft, path)
