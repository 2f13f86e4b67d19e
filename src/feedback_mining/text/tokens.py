"""The tokens by which texts are found: words and pairs of neighbouring Chinese characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from feedback_mining.text.clean import normalise

_RUNS = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")


def search_tokens(text: str, words: Callable[[str], Sequence[str]]) -> list[str]:
    """Lower-case Simplified tokens of a text, each once, in order.

    Words of two characters and more, Latin words and numbers, every pair of neighbouring Chinese characters,
    and the last character of each run of them: so every character begins a token, and a single character can
    be looked for by the beginnings of tokens.
    """
    said = normalise(text)
    found = [word for word in words(said) if len(word) > 1 and _RUNS.fullmatch(word)]
    for run in _RUNS.findall(said):
        if run.isascii():
            found.append(run)
        else:
            found += [run[k : k + 2] for k in range(len(run))]
    return list(dict.fromkeys(found))


def query_tokens(text: str, words: Callable[[str], Sequence[str]]) -> list[str]:
    """Those that a text which holds the query holds too; a query of one character is that character."""
    found = search_tokens(text, words)
    return [token for token in found if len(token) > 1 or token.isascii()] or found[:1]


def marks(text: str, tokens: Sequence[str]) -> list[tuple[int, int]]:
    """`(start, end)` of the parts of `text` that are one of the tokens, in order, touching ones joined."""
    said, places = "", list[int]()
    for place, character in enumerate(text):
        plain = normalise(character)
        said += plain or " "
        places += [place] * max(1, len(plain))
    hit = [False] * len(text)
    for token in tokens:
        start = said.find(token)
        while start >= 0:
            for place in places[start : start + len(token)]:
                hit[place] = True
            start = said.find(token, start + 1)
    edges = [k for k in range(len(text) + 1) if (k > 0 and hit[k - 1]) != (k < len(text) and hit[k])]
    return list(zip(edges[::2], edges[1::2], strict=True))
