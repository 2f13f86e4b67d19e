"""Words of a product that the segmenter cuts to pieces, found in what users write.

A string of characters is proposed when its parts stick together (pointwise mutual information at its
weakest joint), when it is used freely (entropy of what stands left and right of it), and when its pieces
make a noun: by the parts of speech of jieba's dictionary, or because all of them are single characters.
Matrix67 described the first two tests for Chinese in 2012 (互联网时代的社会语言学).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from feedback_mining.text.clean import normalise
from feedback_mining.text.segment import Segmenter
from feedback_mining.text.split import clauses

Gram = tuple[str, ...]

_ATOM = re.compile(r"[a-z0-9]+(?:\.[0-9]+)*|[\u4e00-\u9fff]")
_LONGEST = 6  # atoms: a Chinese character or a run of letters and digits
_NOUNS = ("n", "vn", "eng", "j", "l")  # parts of speech, by how jieba's names of them begin
# Single characters that make a noun of what stands before them, whatever the dictionary calls them.
_SUFFIXES = frozenset(
    "号码券卡宝盒机器端版款圈榜区店群费包键条图页屏灯锁表环球币车桩站舱杆座垫粉党仓团位站点"
)
# Characters that build sentences, not words: no word of single characters holds one.
_FUNCTION = frozenset(
    "的了是我你他她它们咱就都很太也还又再才只最更好真不没别未非一二两三几个些这那哪谁啥么吗呢吧啊呀哦呵哈嘿嗯唉喔啦咯嘛"
    "在有和跟与或及把被给让叫向往从到对为以于而且但却如若要会能可想该应得着过地之其所将去来上下里后前时候说做用看买"
)
# Words that make a phrase of opinion, not a name, when a candidate begins or ends with them.
_OPINION = frozenset((
    "垃圾", "破", "烂", "无法", "根本", "强烈", "无限", "各种", "整个", "所有", "全部", "大家", "感觉", "东西", "问题", "时间", "希望", "良心",
    "忠实", "精品", "实惠",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One comment as it is looked at: `who` and `week` only count how widely a word is used."""

    text: str
    who: str
    week: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A word that may go into the dictionary, with its evidence."""

    word: str
    count: int  # occurrences, repeated comments counted once
    authors: int
    weeks: int
    pmi: float  # bits, at the joint that holds least
    npmi: float  # the same as a share of what it can be at most, -1 to 1
    left_entropy: float  # bits
    right_entropy: float
    kept_whole: float  # share of occurrences that the segmenter gives as one word already, 0 to 1
    pieces: tuple[str, ...]  # what it gives most often instead
    examples: tuple[str, ...]  # as written, at most a line each


@dataclass(frozen=True, slots=True)
class DiscoveryConfig:
    least_count: int = 5
    least_authors: int = 3
    least_npmi: float = 0.35  # of nouns in a row
    least_npmi_loose: float = 0.6  # of single characters, and of a verb or adjective with a noun
    least_entropy: float = 1.2
    aligned: float = 0.6  # share of occurrences that begin and end where words do
    kept_whole: float = 0.5  # above it the segmenter knows the word
    inside: float = 0.6  # share of occurrences within one longer word that make a fragment
    examples: int = 3


@dataclass(slots=True)
class _Clause:
    atoms: list[str]
    places: list[tuple[int, int]]
    words: dict[int, int]  # start → end of each word
    source: int  # index of the comment
    start: int  # of the clause in the comment as written
    end: int


@dataclass(slots=True)
class _Uses:
    left: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    whole: int = 0
    cuts: Counter[Gram] = field(default_factory=Counter)  # what it is given as where it is not whole
    sources: dict[int, tuple[int, int]] = field(default_factory=dict)  # comment → the clause, as written


def discover(
    comments: Sequence[Said],
    segmenter: Segmenter,
    *,
    known: Collection[str] = (),
    config: DiscoveryConfig | None = None,
) -> list[Proposal]:
    """Proposals, best first; `known` words (decided before) are left out. Ads and floods are the caller's."""
    c = config or DiscoveryConfig()
    cut = list(_clauses(comments, segmenter))
    counts = _frequent(cut, c.least_count)
    total = sum(n for gram, n in counts.items() if len(gram) == 1)
    uses = _uses(cut, {gram for gram in counts if len(gram) > 1})
    noun = _noun_test({word for word, _ in segmenter.entries()})
    found: dict[Gram, Proposal] = {}
    for gram, use in uses.items():
        word, count = "".join(gram), counts[gram]
        aligned = use.whole + sum(use.cuts.values())
        if word in known or not use.cuts or aligned < c.aligned * count or use.whole >= c.kept_whole * count:
            continue
        pieces = use.cuts.most_common(1)[0][0]
        pmi = _weakest_joint(gram, pieces, counts, total)
        strict = noun(pieces)
        npmi = pmi / math.log2(total / count)
        if strict is None or npmi < (c.least_npmi if strict else c.least_npmi_loose):
            continue
        left, right = _entropy(use.left), _entropy(use.right)
        authors = {comments[k].who for k in use.sources}
        if min(left, right) < c.least_entropy or len(authors) < c.least_authors:
            continue
        found[gram] = Proposal(
            word=word,
            count=count,
            authors=len(authors),
            weeks=len({comments[k].week for k in use.sources}),
            pmi=round(pmi, 2),
            npmi=round(npmi, 3),
            left_entropy=round(left, 2),
            right_entropy=round(right, 2),
            kept_whole=round(use.whole / count, 3),
            pieces=pieces,
            examples=_examples(use, comments, c.examples),
        )
    kept = _without_fragments(found, c.inside)
    return sorted(kept, key=lambda p: (-_score(p), p.word))


def _score(p: Proposal) -> float:
    return math.log2(p.authors) * p.npmi * min(p.left_entropy, p.right_entropy, 4.0)


def _clauses(comments: Sequence[Said], segmenter: Segmenter) -> Iterator[_Clause]:
    seen: set[str] = set()
    for number, comment in enumerate(comments):
        whole = normalise(comment.text)
        if whole in seen:
            continue
        seen.add(whole)
        for clause in clauses(comment.text):
            text = normalise(comment.text[clause.start : clause.end])
            words, position = {}, 0
            for piece in segmenter.pieces(text):
                words[position] = position + len(piece)
                position += len(piece)
            run: list[re.Match[str]] = []
            for atom in [*_ATOM.finditer(text), None]:
                if run and (atom is None or atom.start() != run[-1].end()):
                    yield _Clause(
                        [m[0] for m in run], [m.span() for m in run], words, number, clause.start, clause.end
                    )
                    run = []
                if atom:
                    run.append(atom)


def _frequent(cut: Iterable[_Clause], least: int) -> Counter[Gram]:
    """Counts of strings of atoms, a longer one only where both its shorter parts are frequent."""
    rows = [clause.atoms for clause in cut]
    found: Counter[Gram] = Counter((atom,) for atoms in rows for atom in atoms)
    for size in range(2, _LONGEST + 1):
        longer: Counter[Gram] = Counter()
        for atoms in rows:
            for k in range(len(atoms) - size + 1):
                gram = tuple(atoms[k : k + size])
                if found[gram[:-1]] >= least and found[gram[1:]] >= least:
                    longer[gram] += 1
        found.update({gram: count for gram, count in longer.items() if count >= least})
    return found


def _uses(cut: Iterable[_Clause], wanted: Collection[Gram]) -> dict[Gram, _Uses]:
    uses: dict[Gram, _Uses] = defaultdict(_Uses)
    for clause in cut:
        atoms, ends = clause.atoms, set(clause.words.values())
        for start in range(len(atoms)):
            for stop in range(start + 2, min(start + _LONGEST, len(atoms)) + 1):
                gram = tuple(atoms[start:stop])
                if gram not in wanted:
                    break  # nor is any longer one
                use = uses[gram]
                # The edge of a clause is as free a neighbour as any: each counts as one of its own.
                use.left[atoms[start - 1] if start else f"^{clause.source}"] += 1
                use.right[atoms[stop] if stop < len(atoms) else f"${clause.source}"] += 1
                use.sources.setdefault(clause.source, (clause.start, clause.end))
                a, b = clause.places[start][0], clause.places[stop - 1][1]
                if a in clause.words and b in ends:
                    if clause.words[a] == b:
                        use.whole += 1
                    else:
                        use.cuts[tuple(_between(clause, a, b))] += 1
    return uses


def _between(clause: _Clause, start: int, stop: int) -> Iterator[str]:
    text = {a: atom for atom, (a, _) in zip(clause.atoms, clause.places, strict=True)}
    while start < stop:
        end = clause.words[start]
        yield "".join(text.get(k, "") for k in range(start, end))
        start = end


def _weakest_joint(gram: Gram, pieces: Gram, counts: Mapping[Gram, int], total: int) -> float:
    """Bits by which the parts left and right of a joint come together more often than by chance.

    Only the joints between pieces count: within them the dictionary vouches.
    """
    *joints, end = accumulate(len(_ATOM.findall(piece)) for piece in pieces)
    if end != len(gram):  # a piece that is not made of whole atoms, such as half of a version number
        return -math.inf
    return min(math.log2(counts[gram] * total / (counts[gram[:k]] * counts[gram[k:]])) for k in joints)


def _entropy(neighbours: Counter[str]) -> float:
    total = sum(neighbours.values())
    return -sum(n / total * math.log2(n / total) for n in neighbours.values())


def _noun_test(own: Collection[str]) -> Callable[[Gram], bool | None]:
    """Pieces → True for nouns in a row, False for what is a word only if it sticks together well, None for no."""
    import rjieba

    tagger = rjieba.Jieba()

    def tag(piece: str) -> str:
        if len(piece) > 1 and piece not in own and not tagger.has_word(piece):
            # What only the hidden Markov model takes for a word is mostly a name, 买个 and 不买 apart.
            return "x" if _FUNCTION & set(piece) else "n"
        return str(tagger.tag(piece)[-1][1])

    def modifies(piece: str, head: str) -> bool:
        """Can a verb or adjective stand before a noun that is not its object? 收货 in 收货地址, 黑 in 黑科技."""
        kind = tag(piece)
        if kind.startswith("v"):  # a verb with its object inside takes no other
            return len(piece) == 2 and tag(piece[1]).startswith("n")
        return kind.startswith(("a", "b", "s")) and (len(piece) == 1 or kind[0] != "a" or head in _SUFFIXES)

    def test(pieces: Gram) -> bool | None:
        if all(len(piece) == 1 for piece in pieces):
            return None if _FUNCTION & set(pieces) or any(piece.isdigit() for piece in pieces) else False
        first, last = pieces[0], pieces[-1]
        letter = len(last) == 1 and last.isascii() and last.isalpha()
        if letter or first[0].isdigit() or {first, last} & (_OPINION | _FUNCTION):
            return None
        if not (tag(last).startswith(_NOUNS) or last in _SUFFIXES or last.isascii()):
            return None
        nouns = [piece.isascii() or tag(piece).startswith(_NOUNS) for piece in pieces[:-1]]
        if all(nouns):
            return True
        return False if all(n or modifies(p, last) for n, p in zip(nouns, pieces, strict=False)) else None

    return test


def _without_fragments(found: Mapping[Gram, Proposal], inside: float) -> list[Proposal]:
    fragments = {
        part
        for gram, proposal in found.items()
        for size in range(2, len(gram))
        for k in range(len(gram) - size + 1)
        if (part := gram[k : k + size]) in found and proposal.count >= inside * found[part].count
    }
    return [proposal for gram, proposal in found.items() if gram not in fragments]


def _examples(use: _Uses, comments: Sequence[Said], most: int) -> tuple[str, ...]:
    said = (comments[k].text[a:b] for k, (a, b) in use.sources.items())
    lines = sorted({" ".join(text.split()) for text in said}, key=lambda text: (abs(len(text) - 20), text))
    return tuple(lines[:most])
