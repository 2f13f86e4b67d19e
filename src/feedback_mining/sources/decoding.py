"""Bytes of a text file → text."""

from __future__ import annotations

import codecs
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from feedback_mining.errors import UnreadableFile

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 20_000
_HEAD = _BLOCK = 2**20
MAX_LINE = 2**22  # characters; far above what one comment may have


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of text after one pass over it; `lines` and `opened` read it again."""

    path: Path
    encoding: str
    sha256: str
    blank: bool
    nul: bool  # holds NUL characters, which reading drops
    damaged: int  # characters that do not fit the encoding, read as U+FFFD
    cut: bool  # ends inside a character
    complete: bool  # ends with the end of a line

    def opened(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(self.path.open("rb"), self.encoding, errors="replace", newline="")

    def lines(self) -> Iterator[str]:
        """Lines with their ends. Of a line that passes MAX_LINE characters the rest is dropped."""
        with self.opened() as file:
            while line := file.readline(MAX_LINE):
                if len(line) == MAX_LINE and line[-1] not in "\r\n":
                    while (rest := file.readline(MAX_LINE)) and rest[-1] not in "\r\n":
                        pass
                    line += "\n"
                if self.nul:
                    line = line.replace("\x00", "")
                yield line.removesuffix("\ufffd") if self.cut else line


def examine(path: Path) -> TextFile:
    """Find the encoding, UTF-8, UTF-16, GB18030 or Big5, by the mark or by the first megabyte.

    The rest of the file then has to fit. Where it does not, another encoding that fits all of it is taken,
    else each misfit becomes U+FFFD and is counted. Raises UnreadableFile for what is no text.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    name = path.name
    fallback: TextFile | None = None
    for encoding in _candidates(head):
        text = _decoded(head, encoding) or (_nearly(head, encoding) if encoding == "utf-8" else None)
        if text is None or not _looks_like_text(text):
            continue
        found = _scan(path, encoding)
        if not found.damaged:
            return found
        fallback = fallback or found
    if fallback is not None:
        return fallback
    for encoding in (*_chinese(head), "gb18030", "big5hkscs"):
        text = _nearly(head, encoding)
        if text and _looks_like_text(text):
            return _scan(path, encoding)
    raise UnreadableFile(
        f"{name}: this is neither text (UTF-8, UTF-16, GB18030, Big5) nor an Excel workbook; "
        f"expected .xlsx, .xls, .csv, .tsv, .json, .jsonl or .parquet"
    )


def _candidates(head: bytes) -> Iterator[str]:
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            yield encoding
    sample = head[:_SAMPLE]
    if sample.count(0) > len(sample) // 20:
        # ASCII in UTF-16 leaves zeros on one side only.
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if min(even, odd) <= max(even, odd) // 4:
            yield "utf-16-be" if even > odd else "utf-16-le"
        return
    yield "utf-8"
    if not head.isascii() and _nearly(head, "utf-8") is not None:
        return  # one bad byte does not make Chinese in UTF-8 into GB18030
    yield from _chinese(head)
    yield from ("gb18030", "big5hkscs")


def _scan(path: Path, encoding: str) -> TextFile:
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    blank, nul, damaged, end = True, False, 0, ""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            text = decoder.decode(block)
            nul = nul or "\x00" in text
            blank = blank and not text.strip("\x00 \t\r\n\ufeff")
            damaged += text.count("\ufffd")
            end = text.rstrip("\x00 ")[-1:] or end
    cut = bool(decoder.getstate()[0])
    return TextFile(path, encoding, digest.hexdigest(), blank, nul, damaged, cut, end in {"\n", "\r"})


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, False)
    except UnicodeDecodeError:
        return None


def _nearly(data: bytes, encoding: str) -> str | None:
    """The text where at most a quarter of what is not ASCII does not fit, as U+FFFD."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(data, False)
    foreign = sum(not character.isascii() for character in text)
    return text if foreign and text.count("\ufffd") <= foreign // 4 else None


def _chinese(data: bytes) -> list[str]:
    """GB18030 and Big5 share their bytes, so the words have to tell; a sample of whole lines is enough."""
    if data.isascii():
        return []
    sample = data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data
    best = from_bytes(sample[: 4 * _SAMPLE], cp_isolation=["gb18030", "big5hkscs"]).best()
    return [best.encoding] if best else []


def _looks_like_text(text: str) -> bool:
    head = text[:_SAMPLE]
    odd = sum(1 for character in head if character < " " and character not in "\t\r\n\x00\x0b\x0c")
    return odd <= max(4, len(head) // 100)  # a few stray bytes make a short file no less text
