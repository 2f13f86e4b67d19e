"""What a clause states: users' words without those that carry no content."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

import yaml

from feedback_mining.records import Intent, Unit
from feedback_mining.resources import data_dir
from feedback_mining.text.clean import normalise
from feedback_mining.text.split import clauses

_FILLER = re.compile(
    r"^(?:但是?|不过|只是|就是说?|而且|并且|然后|还有|另外|所以|因为|结果|甚至|反正|毕竟|感觉|觉得|个人|真的是?|真心|实在|简直|居然|竟然|尽然|"
    r"特别是|尤其是?|以及|关键是?|主要是?|最近|昨天|今天|昨晚|刚刚|刚才|现在|目前|每次都?|我们?的?|俺|你们的?|你的?|他们|贵司|"
    r"这个?|那个?|这款?|该|此|都|也|又|还|请问?|麻烦|拜托|强烈|开发者?|官方|程序员|赶紧|尽快|快点|快|一下|到底|"
    r"本来|原来|其实|虽然|如果|要是|为什么|为[啥嘛毛何]|怎么就?|咋|什么时候|啥时候|几时|何时|求|跪求|在|和|跟|把)+"
)
_TAIL = re.compile(
    r"(?:(?<![不得])了|吧|啊|呢|吗|嘛|呀|哦|啦|么|哈|诶|唉|呗|哎|额|呃|好吗|好不好|行不行|可以吗|谢谢|什么的|怎么办|怎么回事|什么鬼|什么情况|真是|可惜|求解|不说|再说|而已|罢了|来着|算了|这个|那个|"
    r"的话|就好|就更?完美|就更好|多好|太?垃圾|服了|无语|[!?~.,，。!？…])+$"
)
_WISH = re.compile(
    r"(?<![不别没])(?:强烈)?(?:希望|建议|期待|盼望|能不能|可不可以|可否|能否|是否(?:可以|能)|可以|能够?|应该|最好|请|想要?|要求|需要|求)"
    r"(?:你们|官方|开发者|厂家|以后|后续|后期|早日|尽快|尽早|可以|能够?|再|也|给|把|有|来|会)*"
)
_ADD = re.compile(
    r"^(?:增加|添加|新增|加入|多?加(?![强快大油速密载班])上?|出|弄|搞|做|整|上线?|开发|推出|提供|有|给)(?:一?个|一?款|一下|点|些)?(?=.{2,})"
)
_LACK = re.compile(r"^(?:就是)?(?:还是?)?(?:没有?|缺少|少了?|缺)(?:一?个)?(?=[^用法办人反].)")
_CANNOT = re.compile(r"^(?:还是?)?(?:不支持|不能|没法|无法|不可以|没办法)(?=.{2,})")
_RUDE = re.compile(
    r"垃圾|傻|妈的|tmd|nm|狗|屎|坑爹|恶心|骗人|骗子|脑残|[个根]毛|毛线|尼玛|草|艹|滚|死全家|什么玩意|什么鬼|破|煞笔|sb"
)
_PERSONAL = re.compile(r"[我你他她俺您咱]|自己|老子|本人|楼上|大家|朋友")
_ASKING = re.compile(r"吗|怎么|为什么|什么|啥|哪|谁|多少|几")
_MOOD = re.compile(
    r"失望|无语|郁闷|气死|气人|烦死|烦人|烦不烦|服了|尴尬|呵呵|哈哈|呜呜|吓|心塞|悲哀|耍猴|丢人|可笑|要命|该死"
)
_DANGLING = re.compile(
    r"^(?:一(?!键|般|直)|的|了|着|等(?!待)|或|而|让(?!步)|被)|(?:[的和与跟就还都也在把给让被对是很太不没为着将而或]|无法|不能|没有|因为|如果|时候|以后|之后)$"
)
_CUT_NUMBER = re.compile(r"^\d+(?:系统|[^\d\w]|[\u4e00-\u9fff])|[\u4e00-\u9fff]\d$")
_FAULT = re.compile(
    r"[不没无错慢卡差丢断掉崩黑白满坏旧破难乱贵低少]|失败|失效|异常|错误|中断|离线|闪退|退出|崩溃|卡顿|发热|耗电|延迟|缺|减少|消失|自动|自己|强制|强行|频繁|"
    r"变成|取消了|太[^好快方]|过[高大多长小]|乱码|假|骗|推诿|诱导|捆绑|广告|限制|偏[高大小贵]|bug|浪费|问题|盗|泄露"
)
_WISHED = re.compile(
    r"^(?:增加|支持|恢复|取消|去掉|删除|关闭|不要|别|减少|降低|提高|提升|加强|改进|优化|改善|完善|允许|适配|开放|简化|统一|修改|调整|显示|保留|换|改|更|多|能|可以|加|买|出)"
)
_STAMMER = re.compile(r"(.{1,4})\1{1,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SHORTEST, LONGEST = 4, 20
_KINDS = ("light", "degree", "grammar", "empty")  # of light words


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
            text = _begun("增加", _ADD.sub("", text))
        elif _CANNOT.match(text):
            text = _begun("支持", _CANNOT.sub("", text))
        elif _LACK.match(text):
            text = _begun("增加", _LACK.sub("", text))
    return tidy(text)


def _begun(verb: str, rest: str) -> str:
    return rest if rest.startswith(("支持", "增加")) else verb + rest


def titles_of(units: Sequence[Unit], words: Callable[[str], list[str]]) -> list[str]:
    """What could be a title for the units: their statements, also without light words; sorted.

    Where every clause is too long, spans of whole words that hold what is wrong or wished for.
    """
    found = set(statements_of(units))
    long: set[str] = set()
    for unit in units:
        for clause in clauses(unit.text):
            said = plain_statement(unit.text[clause.start : clause.end], unit.intent)
            for text in (said, condensed(said, words)):
                if _is_title(text):
                    found.add(text)
                elif len(text) > LONGEST:
                    long.add(text)
    return sorted(found or {span for text in long for span in _spans(text, words)})


@cache
def _light_words() -> dict[str, frozenset[str]]:
    """Of data/taxonomy/light_words.yaml: kind → words."""
    content = yaml.safe_load((data_dir() / "taxonomy" / "light_words.yaml").read_text(encoding="utf-8"))
    return {kind: frozenset(content[kind].split()) for kind in _KINDS}


def _is_title(text: str) -> bool:
    return SHORTEST <= len(text) <= LONGEST and len(CHINESE.findall(text)) >= 2


def _spans(text: str, words: Callable[[str], list[str]]) -> set[str]:
    starts = [0]
    for word in words(text):
        place = text.find(word, starts[-1])
        if place >= 0:
            starts.append(place + len(word))
    spans = {tidy(text[a:b]) for a in starts for b in starts if 5 <= b - a <= 14}
    marked = {span for span in spans if _FAULT.search(span) or _WISHED.search(span)}
    return {span for span in marked or spans if _is_title(span)}


def statements_of(units: Sequence[Unit]) -> list[str]:
    """What the units say, as statements of 4 to 20 characters; sorted."""
    found: set[str] = set()
    for unit in units:
        for clause in clauses(unit.text):
            said = plain_statement(unit.text[clause.start : clause.end], unit.intent)
            if _is_title(said):
                found.add(said)
    return sorted(found)


def is_content(word: str) -> bool:
    """Does the word tell what is talked about? Single letters and words of grammar, time and degree do not."""
    empty = any(word in _light_words()[kind] for kind in ("grammar", "light"))
    return len(word) > 1 and bool(CHINESE.search(word)) and not empty


def names_something(text: str) -> bool:
    """Is there a word in the text that tells what it is about? 赶快修复吧, 结果还好 and 12 tell nothing."""
    left = _empty_words().sub("", normalise(text).lower())
    return any(letter.isalpha() for letter in left)


@cache
def _empty_words() -> re.Pattern[str]:
    failing = re.compile(r"不[^是过]")  # 不了, 不到: something does not work
    words = [w for kind in _light_words().values() for w in kind if not failing.match(w) and w != "还要"]
    return re.compile("|".join(sorted(map(re.escape, set(words)), key=lambda word: (-len(word), word))))


def plain_topic(text: str, words: Callable[[str], list[str]]) -> str:
    """What is liked or asked, without how much: 真的非常好用的一款软件 is 好用. The text itself if that is all."""
    light, degree = _light_words()["light"], _light_words()["degree"]
    kept = [word for word in words(normalise(text)) if word not in light and word not in degree]
    return "".join(kept) or text


def condensed(statement: str, words: Callable[[str], list[str]]) -> str:
    """The statement without its light words, every other one kept in its place.

    words: text → its words, in order.
    """
    kept: list[str] = []
    place = 0
    for word in words(statement):
        start = statement.find(word, place)
        if start < 0:
            continue
        between = statement[place:start]
        kept.append(between if between.isspace() or not kept else between.strip("，,"))
        if word not in _light_words()["light"]:
            kept.append(word)
        place = start + len(word)
    return tidy("".join(kept))


def readability(statement: str, intent: Intent | None = None) -> float:
    """How well a statement reads as a title, about -1 to 0.5.

    For it: a length that is taken in at once; an object and what is wrong with it, or what is wished for it.
    Against it: insults and moods, first persons, questions, numbers, and ends that were cut.
    """
    length = len(statement)
    score = 0.15 if 5 <= length <= 11 else 0.08 if length <= 14 else 0.0
    score -= 0.35 * bool(_RUDE.search(statement)) + 0.2 * bool(_PERSONAL.search(statement))
    score -= 0.25 * bool(_CUT_NUMBER.search(statement))
    score -= 0.3 * bool(_MOOD.search(statement)) + 0.25 * bool(_DANGLING.search(statement))
    score -= (
        0.3 * bool(_STAMMER.search(statement))
        + 0.15 * bool(_ASKING.search(statement))
        + 0.1 * bool(re.search(r"\d{2,}|\d[天年月周秒]|\d个?小时|\d分钟", statement))
    )
    if intent is not None:
        what = _WISHED if intent is Intent.SUGGESTION else _FAULT
        left = len(CHINESE.findall(what.sub("", statement))) + len(re.findall("[a-zA-Z]{2,}", statement))
        score += 0.35 * bool(what.search(statement)) + 0.1 * (left >= 2)
    return score - 0.03 * len(re.findall(r"[a-z]{6,}", statement))


def tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip(" -—:：、,，。.!！?？\"'“”（）()")
    return (
        re.sub(r"\bapp\b|(?<![a-z])app(?![a-z])", "App", text).replace("登陆", "登录").replace("ios", "iOS")
    )
