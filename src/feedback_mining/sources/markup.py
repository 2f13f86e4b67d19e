"""Cells that hold HTML → the words that a reader of the page would see."""

from __future__ import annotations

import html
import re

_ATTRIBUTES = (
    r"""(?:\s+(?:[a-z_:@][\w:.-]*\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+)"""
    r"""|open|hidden|disabled|checked|controls|download|async|defer))*\s*/?>"""
)
# Only names that HTML knows, and attributes with a value: "a<b" and "<3" are words, and so is "a<b and b>a".
_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|em|strong|ul|ol|li|img|h[1-6]|blockquote|code|pre|table|tr|td|th|hr|aside|"
    r"font|section|article|figure|details|summary|script|style|iframe|s|del|sup|sub)" + _ATTRIBUTES,
    re.IGNORECASE | re.ASCII,
)
# It would swallow what follows it.
_STRAY = re.compile(r"<(?!!--|/?[a-z][\w:-]*" + _ATTRIBUTES + ")", re.IGNORECASE | re.ASCII)
_BLOCK = re.compile(r"<(?:br|hr)\s*/?>|</(?:p|div|li|tr|h[1-6]|blockquote|pre)>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,7}|#x[0-9a-fA-F]{1,6});")


def plain_text(text: str) -> str:
    """`text` without tags, quotes of other posts and scripts, entities decoded; as it is where it has none."""
    if "<" in text and _TAG.search(text):
        from selectolax.lexbor import LexborHTMLParser

        marked = _STRAY.sub("&lt;", _BLOCK.sub(lambda m: f"{m[0]}\n", text))
        tree = LexborHTMLParser(marked)
        for node in tree.css("script, style, aside.quote, div.quote blockquote"):
            node.decompose()
        found = tree.body.text() if tree.body else ""
        return "\n".join(line for part in found.splitlines() if (line := part.strip()))
    if "&" in text and _ENTITY.search(text):
        return html.unescape(text).strip()
    return text
