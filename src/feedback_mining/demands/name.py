"""Titles and keywords of demands, made of words that its users said."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer

from feedback_mining.records import Intent, Unit
from feedback_mining.text.clean import normalise
from feedback_mining.text.split import clauses

_FILLER = re.compile(
    r"^(?:但是?|不过|只是|就是说?|而且|并且|然后|还有|另外|所以|因为|结果|甚至|反正|毕竟|感觉|觉得|个人|真的是?|真心|实在|简直|居然|竟然|尽然|"
    r"特别是|尤其是?|关键是?|主要是?|最近|昨天|今天|昨晚|刚刚|刚才|现在|目前|每次都?|我们?的?|俺|你们的?|你的?|他们|贵司|"
    r"这个?|那个?|这款?|该|此|其他|都|也|又|还|请问?|麻烦|拜托|强烈|开发者?|官方|程序员|赶紧|尽快|快点|快|一下|到底|"
    r"本来|原来|其实|虽然|如果|要是|为什么|为啥|为何|怎么就?|咋|什么时候|啥时候|几时|何时|求|跪求|在|和|跟|把)+"
)
_TAIL = re.compile(
    r"(?:了|吧|啊|呢|吗|嘛|呀|哦|啦|么|哈|诶|唉|呗|哎|额|呃|好吗|好不好|行不行|可以吗|谢谢|什么的|怎么办|怎么回事|什么鬼|什么情况|真是|可惜|求解|"
    r"的话|就好|就更?完美|就更好|多好|太?垃圾|服了|无语|[!?~.,，。!？…])+$"
)
_WISH = re.compile(
    r"(?<![不别没])(?:强烈)?(?:希望|建议|期待|盼望|能不能|可不可以|可否|能否|是否(?:可以|能)|可以|能够?|应该|最好|请|想要?|要求|需要|求)"
    r"(?:你们|官方|开发者|厂家|以后|后续|后期|早日|尽快|尽早|可以|能够?|再|也|给|把|有|来|会)*"
)
_ADD = re.compile(
    r"^(?:增加|添加|新增|多?加上?|出|弄|搞|做|整|上线?|开发|推出|提供|有|给)(?:一?个|一?款|一下|点|些)?(?=.{2,})"
)
_LACK = re.compile(r"^(?:就是)?(?:还是?)?(?:没有?|缺少|少了?|缺)(?:一?个)?(?=[^用法办人反].)")
_CANNOT = re.compile(r"^(?:还是?)?(?:不支持|不能|没法|无法|不可以|没办法)(?=.{2,})")
_RUDE = re.compile(
    r"垃圾|傻|妈的|tmd|nm|狗|屎|坑爹|恶心|骗子|脑残|尼玛|草|艹|滚|死全家|什么玩意|什么鬼|破|煞笔|sb"
)
_PERSONAL = re.compile(r"[我你他她俺您咱]|自己|老子|本人|楼上|大家|朋友")
_ASKING = re.compile(r"吗|怎么|为什么|什么|啥|哪|谁|多少|几")
_STAMMER = re.compile(r"(.{1,4})\1{1,}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
STYLE_COLUMNS = 2**15
_SHORTEST, _LONGEST = 4, 20


def plain_statement(clause: str, intent: Intent) -> str:
    """A clause without the words that carry no content; a wish becomes what is wished for."""
    text = normalise(clause).strip(" -—:：、,，。.!！?？\"'“”")
    text = _FILLER.sub("", text)
    if intent is Intent.SUGGESTION:
        wished = _WISH.search(text)
        if wished and len(text) - wished.end() >= 3 and wished.start() <= 8:
            text = _FILLER.sub("", text[wished.end() :])
    text = _TAIL.sub("", text)
    if intent is Intent.SUGGESTION:
        if _ADD.match(text):
            text = "增加" + _ADD.sub("", text)
        elif _CANNOT.match(text):
            text = "支持" + _CANNOT.sub("", text)
        elif _LACK.match(text):
            text = "增加" + _LACK.sub("", text)
    return _tidy(text)


def style_rows(statements: Sequence[str]) -> csr_matrix:
    """`(n, STYLE_COLUMNS)`: what a head reads to tell titles from talk."""
    hasher = HashingVectorizer(
        analyzer="char", ngram_range=(1, 3), n_features=STYLE_COLUMNS, alternate_sign=False, binary=True,
        norm="l2", lowercase=False, dtype=np.float32,
    )  # fmt: skip
    return hasher.transform([f"^{text}$" for text in statements])


def statements_of(units: Sequence[Unit]) -> list[str]:
    """What the units say, as statements of 4 to 20 characters; sorted."""
    found: set[str] = set()
    for unit in units:
        for clause in clauses(unit.text):
            said = plain_statement(unit.text[clause.start : clause.end], unit.intent)
            if _SHORTEST <= len(said) <= _LONGEST and len(_CHINESE.findall(said)) >= 2:
                found.add(said)
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement that could be a group's title.

    closeness: cosine with the group's mean. clarity: probability that the statement, read alone, has the
    group's theme and intent. style: probability that it is worded as a ticket's title.
    """

    text: str
    closeness: float
    clarity: float
    style: float


def title_of(
    units: Sequence[Unit],
    candidates: Sequence[Candidate],
    words: Callable[[str], list[str]],
    keywords: Sequence[str],
) -> str:
    """The candidate that stands best for the group; without any, the shortest unit.

    Besides closeness and clarity count how many members share the statement's words, the group's keywords
    and a length that reads as a ticket; against it insults, first persons, questions and numbers.
    """
    if not candidates:
        return _shortened(min((normalise(u.text) for u in units), key=lambda t: (abs(len(t) - 8), t)))
    holders = Counter(
        word for unit in units for word in {w for w in words(normalise(unit.text)) if len(w) > 1}
    )
    many = max(1.0, 0.25 * len(units))

    def shared(text: str) -> float:
        content = [word for word in words(normalise(text)) if len(word) > 1]
        return sum(min(1.0, (holders[w] - 1) / many) for w in content) / max(2, len(content))

    def score(candidate: Candidate) -> float:
        named = sum(word in candidate.text for word in keywords[:4])
        together = shared(candidate.text) if len(units) >= 3 else 0.0
        return (
            candidate.closeness
            + 0.6 * candidate.clarity
            + 0.4 * candidate.style
            + 0.6 * together
            + 0.06 * named
            + _readability(candidate.text)
        )

    return max(candidates, key=lambda c: (score(c), c.text)).text


def keywords_of(words: Sequence[str], background: Mapping[str, int], total: int, count: int = 5) -> list[str]:
    """Words that mark the group: c-TF-IDF (Grootendorst 2022), `background` counts units that hold a word."""
    counts = Counter(word for word in words if len(word) > 1 and _CHINESE.search(word))
    scored = {word: n * math.log(1 + total / (1 + background.get(word, 0))) for word, n in counts.items()}
    return sorted(scored, key=lambda word: (-scored[word], word))[:count]


def _readability(phrase: str) -> float:
    length = len(phrase)
    score = 0.15 if 5 <= length <= 11 else 0.08 if length <= 14 else 0.0
    score -= 0.35 * bool(_RUDE.search(phrase)) + 0.2 * bool(_PERSONAL.search(phrase))
    score -= (
        0.3 * bool(_STAMMER.search(phrase))
        + 0.15 * bool(_ASKING.search(phrase))
        + 0.1 * bool(re.search(r"\d{2,}", phrase))
    )
    return score - 0.03 * len(re.findall(r"[a-z]{6,}", phrase))


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip(" -—:：、,，。.!！?？\"'“”（）()")
    return (
        re.sub(r"\bapp\b|(?<![a-z])app(?![a-z])", "App", text).replace("登陆", "登录").replace("ios", "iOS")
    )


def _shortened(text: str) -> str:
    text = _tidy(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
