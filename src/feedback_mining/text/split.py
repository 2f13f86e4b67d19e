"""Cut a comment into clauses, the smallest pieces that an opinion unit can be made of.

Which clauses belong together is decided later (classification/splitter.py); here are only positions, all
of them offsets into the comment as read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from feedback_mining.text.clean import foreign_regions

_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d"
_SEPARATOR = re.compile(
    rf"(?:</?[a-zA-Z!][^<>]{{0,200}}>|&nbsp;|[\s,，。!！?？;；、~～…:：()（）\"“”'‘’【】\[\]「」|/\\—_=+*#^<>《》·{_EMOJI}]"
    r"|(?<![0-9a-zA-Z])[.\-]|[.\-](?![0-9a-zA-Z]))+"
)
# Words that open a new opinion even where the writer put no punctuation before them.
_OPENERS = re.compile(
    r"(?<=[\w]{4})(?:但是|但愿|不过|然而|可是|只是|就是|而且|并且|另外|还有|希望|建议|强烈要求|能不能|可不可以|请问|为什么|为啥"
    r"|感觉|然后|所以|结果|自从|刚刚|现在|但|還有|建議|為什麼|但願|不過)"
)
_MINIMUM = 4  # characters left before an opener for it to cut


@dataclass(frozen=True, slots=True)
class Clause:
    start: int
    end: int
    before: str  # what separates it from the clause before; "" where an opener cut


def clauses(text: str) -> list[Clause]:
    """Clauses of the user's own words, in order, without separators at their ends.

    Quoted official replies and store markers yield none.
    """
    blocked = foreign_regions(text)
    found: list[Clause] = []
    position, before = 0, "\n"
    for start, end in [*_separators(text, blocked), (len(text), len(text))]:
        if start > position:
            found.extend(_cut_at_openers(text, position, start, before))
            before = ""
        before += text[start:end]
        position = end
    return found


def _separators(text: str, blocked: list[tuple[int, int]]) -> list[tuple[int, int]]:
    marks = [m.span() for m in _SEPARATOR.finditer(text)] + blocked
    merged: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut_at_openers(text: str, start: int, end: int, before: str) -> list[Clause]:
    cuts = [start]
    for match in _OPENERS.finditer(text, start, end):
        if match.start() - cuts[-1] >= _MINIMUM and end - match.start() >= _MINIMUM:
            cuts.append(match.start())
    edges = [*cuts, end]
    return [Clause(a, b, before if a == start else "") for a, b in pairwise(edges)]
