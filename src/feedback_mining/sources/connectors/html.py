"""Text out of HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_BLOCKS = "br, p, li, div, tr, blockquote, h1, h2, h3, h4, pre"


def text_of_html(html: str) -> str:
    """Words of a fragment, one line per block; scripts and styles dropped."""
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(html).body
    return text_of(body) if body else ""


def text_of(node: LexborNode) -> str:
    for hidden in node.css("script, style"):
        hidden.decompose()
    for block in node.css(_BLOCKS):
        block.insert_after("\n")
    lines = (" ".join(line.split()) for line in node.text(deep=True).replace("\xa0", " ").split("\n"))
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()
