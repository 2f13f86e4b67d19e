"""Word segmentation with the project's own dictionary.

jieba (Sun Junyi) is the reference; rjieba (messense's port to Rust, the same dictionary and hidden Markov
model) serves, at about ten times its speed. rjieba keeps ASCII written with marks as one piece (`check-in`);
here it is cut as jieba cuts it. The two then differ only where two cuts are equally probable (画画画).
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from feedback_mining.errors import UnreadableFile
from feedback_mining.resources import data_dir

_WORD = re.compile(r"\w", re.UNICODE)
_LATIN = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")  # jieba's own pattern (finalseg.re_skip)


class Engine(StrEnum):
    RJIEBA = "rjieba"
    JIEBA = "jieba"


class Segmenter:
    """Splits normalised text into words; owns its tokenizer, apart from the libraries' process-wide ones.

    Dictionary files have one word a line, optionally followed by a frequency and a tag
    (jieba's user-dictionary format); lines that start with `#` are comments.
    """

    def __init__(
        self, dictionaries: Iterable[Path] | None = None, engine: Engine | str = Engine.RJIEBA
    ) -> None:
        self.dictionaries = tuple(shipped_dictionaries() if dictionaries is None else dictionaries)
        self.engine = Engine(engine)

    def __reduce__(self) -> tuple[type[Segmenter], tuple[tuple[Path, ...], Engine]]:
        return Segmenter, (self.dictionaries, self.engine)  # rjieba's tokenizer cannot be pickled

    @cached_property
    def version(self) -> str:
        """Engine and digest of the dictionaries, recorded by each run."""
        digest = hashlib.sha256()
        for path in self.dictionaries:
            digest.update(path.read_bytes())
        return f"{self.engine}-{digest.hexdigest()[:12]}"

    def words(self, text: str) -> list[str]:
        """Words in order, punctuation and white space left out."""
        return [word for word in self._cut(text) if _WORD.search(word)]

    def pieces(self, text: str) -> list[str]:
        """Words and what stands between them: joined, they are the text."""
        return list(self._cut(text))

    @cached_property
    def _cut(self) -> Callable[[str], Iterable[str]]:
        return self._rjieba() if self.engine is Engine.RJIEBA else self._jieba()

    def _rjieba(self) -> Callable[[str], Iterable[str]]:
        import rjieba

        tokenizer = rjieba.Jieba()
        for word, frequency in self.entries():
            tokenizer.add_word(word, frequency, None)

        def cut(text: str) -> Iterator[str]:
            for piece in tokenizer.cut(text, True):
                if (
                    len(piece) > 2
                    and piece.isascii()
                    and not piece.isalnum()
                    and not tokenizer.has_word(piece)
                ):
                    yield from filter(None, _LATIN.split(piece))
                else:
                    yield piece

        return cut

    def _jieba(self) -> Callable[[str], Iterable[str]]:
        import jieba

        logging.getLogger("jieba").setLevel(logging.WARNING)
        tokenizer = jieba.Tokenizer()
        tokenizer.initialize()
        for word, frequency in self.entries():
            tokenizer.add_word(word, frequency)

        def cut(text: str) -> Iterable[str]:
            words: list[str] = tokenizer.lcut(text, HMM=True)
            return words

        return cut

    def entries(self) -> Iterator[tuple[str, int | None]]:
        """Words of the dictionaries, with the frequency that is given there. Raises UnreadableFile."""
        for path in self.dictionaries:
            try:
                lines = path.read_text(encoding="utf-8-sig").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise UnreadableFile(
                    f"The dictionary {path} cannot be read ({type(error).__name__}); expected UTF-8 with a word "
                    "a line, optionally followed by its frequency"
                ) from error
            for line in lines:
                fields = line.split()
                if fields and not fields[0].startswith("#"):
                    yield fields[0], int(fields[1]) if len(fields) > 1 and fields[1].isdigit() else None


def shipped_dictionaries() -> list[Path]:
    return sorted((data_dir() / "dictionaries").glob("*.txt"))


def dictionary_files(folder: Path | None) -> tuple[Path, ...]:
    """A team's dictionaries: the `.txt` files of a folder, none where it is missing."""
    return tuple(sorted(folder.glob("*.txt"))) if folder else ()
