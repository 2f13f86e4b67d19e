"""Bytes of a text file → text."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from feedback_mining.errors import UnreadableFile

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 20_000


def decode(data: bytes, name: str) -> tuple[str, str]:
    """`(text, encoding)` of UTF-8, UTF-16, GB18030 or Big5, told by the mark or by the bytes.

    A character cut off at the very end is dropped. Raises UnreadableFile for what is no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = _decoded(data, encoding)
            if text is not None:
                return text, encoding.removesuffix("-sig")
    head = data[:_SAMPLE]
    if head.count(0) > len(head) // 20:
        # ASCII in UTF-16 leaves zeros on one side only.
        even, odd = head[::2].count(0), head[1::2].count(0)
        candidates = (
            [] if min(even, odd) > max(even, odd) // 4 else ["utf-16-be" if even > odd else "utf-16-le"]
        )
    else:
        candidates = ["utf-8", *_chinese(data), "gb18030", "big5hkscs"]
    for encoding in candidates:
        text = _decoded(data, encoding)
        if text is not None and _looks_like_text(text):
            return text, encoding
    raise UnreadableFile(
        f"{name}: this is neither text (UTF-8, UTF-16, GB18030, Big5) nor an Excel workbook; "
        f"expected .xlsx, .xls, .csv, .tsv, .json or .jsonl"
    )


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, False)
    except UnicodeDecodeError:
        return None


def _chinese(data: bytes) -> list[str]:
    """GB18030 and Big5 share their bytes, so the words have to tell; a sample of whole lines is enough."""
    if data.isascii() or _decoded(data, "utf-8") is not None:
        return []
    sample = data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data
    best = from_bytes(sample[: 4 * _SAMPLE], cp_isolation=["gb18030", "big5hkscs"]).best()
    return [best.encoding] if best else []


def _looks_like_text(text: str) -> bool:
    head = text[:_SAMPLE]
    odd = sum(1 for character in head if character < " " and character not in "\t\r\n\x00\x0b\x0c")
    return odd <= len(head) // 100
