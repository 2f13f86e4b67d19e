"""The commands that find what was said: search, and whether something was asked for before."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining.console import Language, plain, progress_bar, say
from feedback_mining.errors import InputError, UnreadableFile
from feedback_mining.options import (
    Json,
    Lang,
    Out,
    Product,
    StoreUrl,
    TaxonomyName,
    open_run_store,
    settings_of,
)

if TYPE_CHECKING:
    from feedback_mining.pipeline.hits import DemandHit, Found, Match, UnitHit
    from feedback_mining.pipeline.search import Searcher
    from feedback_mining.weeks import Week

_TEXTS = {
    "head": (
        "符合的：{demands} 个诉求，{units} 个观点（{people} 人）",
        "Fitting: demands {demands}, units {units} (people {people})",
    ),
    "nothing": ("没有找到符合的诉求或观点", "Nothing fits"),
    "not_mined": ("（还没有挖掘过，只有观点；诉求见 feedback-mining mine）", "(no week was mined yet: units only)"),
    "demands": ("诉求", "Demands"),
    "units": ("观点", "Units"),
    "demand": (
        "{id}  {title} · {theme} · {people} 人 · {first} 至 {last} · {status} · 其中符合的观点 {matching} 个",
        "{id}  {title} · {theme} · people {people} · {first} to {last} · {status} · fitting units {matching}",
    ),
    "quote": ("    {week} {text}  [{unit}]", "    {week} {text}  [{unit}]"),
    "unit": (
        "  {week} {text} · {intent} · {theme}{demand}  [{unit}]",
        "  {week} {text} · {intent} · {theme}{demand}  [{unit}]",
    ),
    "more": ("  …还有 {} 个，用 --limit 多看几个", "  … {} more; see them with --limit"),
    "opinion": ("“{text}”（{intent}，{theme}）", "“{text}” ({intent}, {theme})"),
    "sure": ("  有人提过：", "  Asked before:"),
    "maybe": ("  可能有人提过，请看是不是：", "  May have been asked before; see whether it is one of these:"),
    "new": ("  没有人提过", "  Nobody has asked for it"),
    "candidate": (
        "  {id}  {title} · {people} 人 · {first} 至 {last} · {status} · 相近 {fit}",
        "  {id}  {title} · people {people} · {first} to {last} · {status} · nearness {fit}",
    ),
}  # fmt: skip


def search(
    query: Annotated[str, typer.Argument(metavar="要找的话", help="几个词或一句话", show_default=False)],
    units: Annotated[bool, typer.Option("--units", help="只列观点")] = False,
    demands: Annotated[bool, typer.Option("--demands", help="只列诉求")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="周", help="只看这一周起的观点，如 2019-W01")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="周", help="只看到这一周为止的观点")] = None,
    theme: Annotated[str | None, typer.Option("--theme", metavar="主题", help="只看这个主题（编号）")] = None,
    intent: Annotated[
        str | None,
        typer.Option(
            "--intent", metavar="意图", help="只看 suggestion、bug、complaint、praise、question 或 other"
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="也找不计入的刷评和广告里的话")] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="个数", min=1, help="每样最多列出几个")] = 10,
    as_json: Json = False,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """按意思和字词找诉求和观点；没有符合的就说没有。"""
    from feedback_mining.pipeline.hits import Sought
    from feedback_mining.pipeline.search import checked_query

    checked_query(query)
    if units and demands:
        raise InputError("Both --units and --demands were given; leave both out to see both")
    sought = Sought(_week(since), _week(until), theme, _intent(intent), everything)
    with _searcher(product, out, store, taxonomy, lang) as searcher:
        themes = _themes(searcher, lang)
        if theme is not None and theme not in themes:
            raise InputError(f"--theme {theme!r} is unknown; expected one of {', '.join(sorted(themes))}")
        if demands and not searcher.mined:
            raise InputError("No week was mined yet, so there are no demands; run: feedback-mining mine")
        found = searcher.search(query, sought, limit)
    if as_json:
        shown = asdict(found)
        hidden = [name for name, only in (("units", demands), ("demands", units)) if only]
        typer.echo(
            json.dumps({k: v for k, v in shown.items() if k not in hidden}, ensure_ascii=False, indent=2)
        )
        return
    typer.echo("\n".join(_found(found, themes, lang, with_units=not demands, with_demands=not units)))


def asked(
    text: Annotated[
        str | None, typer.Argument(metavar="一段话", help="粘贴的原话，如一张工单", show_default=False)
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="文件", help="从 UTF-8 文本文件读；- 为标准输入")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="个数", min=1, help="每个观点最多列出几个诉求")
    ] = 3,
    as_json: Json = False,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """有人提过吗：把一段话读成观点，各找出已有的诉求；没有就说没有人提过。"""
    from feedback_mining.pipeline.search import checked_query

    said = checked_query(_pasted(text, file))
    with _searcher(product, out, store, taxonomy, lang) as searcher:
        themes = _themes(searcher, lang)
        matches = searcher.asked(said, limit)
    if as_json:
        typer.echo(json.dumps([asdict(match) for match in matches], ensure_ascii=False, indent=2))
        return
    typer.echo("\n".join(line for match in matches for line in _matched(match, themes, lang)))


@contextmanager
def _searcher(
    product: str | None, out: Path, store: str | None, taxonomy: str | None, lang: str
) -> Iterator[Searcher]:
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.search import Searcher

    settings = settings_of(store, taxonomy)
    with open_run_store(out, settings) as opened:
        name = product_in_store(opened, product)
        with progress_bar(say("analyzing", lang)) as advance:
            searcher = Searcher.of(opened, name, settings, advance)
        with searcher:
            yield searcher


def _pasted(text: str | None, file: str | None) -> str:
    if (text is None) == (file is None):
        raise InputError("Expected a text or --file, one of them")
    if file is None:
        return text or ""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            f"{file} cannot be read ({type(error).__name__}); expected a UTF-8 text"
        ) from None


def _week(name: str | None) -> Week | None:
    from feedback_mining.weeks import Week

    return None if name is None else Week.parse(name)


def _intent(name: str | None) -> str | None:
    from feedback_mining.records import Intent

    if name is not None and name not in set(Intent):
        raise InputError(f"--intent {name!r} is unknown; expected one of {', '.join(Intent)}")
    return name


def _themes(searcher: Searcher, lang: str) -> Mapping[str, str]:
    return searcher.desk.reader.taxonomy.labels(lang)


def _found(
    found: Found, themes: Mapping[str, str], lang: str, *, with_units: bool, with_demands: bool
) -> Iterator[str]:
    if not (with_units and found.units) and not (with_demands and found.demands):
        yield _say("nothing", lang)
    else:
        yield _say("head", lang, demands=found.total_demands, units=found.total_units, people=found.people)
    if not found.mined:
        yield _say("not_mined", lang)
    if with_demands and found.demands:
        yield _say("demands", lang)
        for hit in found.demands:
            yield "  " + _demand("demand", hit, themes, lang)
            yield from (_quote(unit, lang) for unit in hit.quotes)
        if found.total_demands > len(found.demands):
            yield _say("more", lang, found.total_demands - len(found.demands))
    if with_units and found.units:
        yield _say("units", lang)
        for unit in found.units:
            demand = f" · {unit.demand}" if unit.demand else ""
            labels = {
                "intent": _label("intent", unit.intent, lang),
                "theme": themes.get(unit.theme, unit.theme),
            }
            yield _say(
                "unit", lang, week=unit.week, text=_marked(unit), demand=demand, unit=unit.unit, **labels
            )
        if found.total_units > len(found.units):
            yield _say("more", lang, found.total_units - len(found.units))


def _matched(match: Match, themes: Mapping[str, str], lang: str) -> Iterator[str]:
    text = " ".join(match.text.split())
    theme = themes.get(match.theme, match.theme)
    yield _say("opinion", lang, text=text, intent=_label("intent", match.intent, lang), theme=theme)
    yield _say("sure" if match.sure else "maybe" if match.demands else "new", lang)
    for hit in match.demands:
        yield _demand("candidate", hit, themes, lang)
        yield from (_quote(unit, lang) for unit in hit.quotes[:1])


def _demand(key: str, hit: DemandHit, themes: Mapping[str, str], lang: str) -> str:
    row = hit.demand
    return _say(
        key,
        lang,
        id=row.id,
        title=row.title,
        theme=themes.get(row.theme, row.theme),
        people=row.users_ever,
        first=row.first_seen,
        last=row.last_seen,
        status=_label("status", row.status, lang),
        matching=hit.matching,
        fit=f"{hit.fit:.0%}",
    )


def _quote(unit: UnitHit, lang: str) -> str:
    return _say("quote", lang, week=unit.week, text=_marked(unit), unit=unit.unit)


def _marked(unit: UnitHit) -> str:
    """The text on one line, the parts that hold words of the query in 【】."""
    pieces, end = list[str](), 0
    for start, stop in unit.marks:
        pieces += [unit.text[end:start], "【", unit.text[start:stop], "】"]
        end = stop
    return " ".join("".join([*pieces, unit.text[end:]]).split())


def _label(kind: str, value: str, lang: str) -> str:
    from feedback_mining.reporting.labels import Words

    return Words(lang).label(kind, value)


def _say(key: str, lang: str, *values: object, **named: object) -> str:
    return plain(_TEXTS[key][lang == "en"].format(*values, **named))
