"""Word segmentation with the project's own dictionary, apart from jieba's process-wide tokenizer."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import jieba

from feedback_mining.resources import data_dir

_WORD = re.compile(r"\w", re.UNICODE)


class Segmenter:
    """Splits normalised text into words; owns its jieba tokenizer.

    Dictionary files have one word a line, optionally followed by a frequency and a tag
    (jieba's user-dictionary format); lines that start with `#` are comments.
    """

    def __init__(self, dictionaries: Iterable[Path] | None = None) -> None:
        if dictionaries is None:
            dictionaries = sorted((data_dir() / "dictionaries").glob("*.txt"))
        self.dictionaries = tuple(dictionaries)

    @cached_property
    def _jieba(self) -> jieba.Tokenizer:
        logging.getLogger("jieba").setLevel(logging.WARNING)
        tokenizer = jieba.Tokenizer()
        tokenizer.initialize()
        for path in self.dictionaries:
            for line in path.read_text(encoding="utf-8").splitlines():
                fields = line.split()
                if fields and not fields[0].startswith("#"):
                    frequency = int(fields[1]) if len(fields) > 1 and fields[1].isdigit() else None
                    tokenizer.add_word(fields[0], frequency)
        return tokenizer

    @cached_property
    def version(self) -> str:
        """Digest of the dictionaries, recorded by each run."""
        digest = hashlib.sha256()
        for path in self.dictionaries:
            digest.update(path.read_bytes())
        return digest.hexdigest()[:12]

    def words(self, text: str) -> list[str]:
        """Words in order, punctuation and white space left out."""
        return [word for word in self._jieba.lcut(text, HMM=True) if _WORD.search(word)]
