"""The commands about campaigns: what was left out of the count, and people's rulings on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining.console import Language, plain
from feedback_mining.options import (
    Decider,
    Lang,
    Out,
    Product,
    Reason,
    StoreUrl,
    WeekName,
    decided_by,
    open_run_store,
    settings_of,
)

if TYPE_CHECKING:
    from feedback_mining.backlog.items import Campaign
    from feedback_mining.backlog.rulings import Ruling
    from feedback_mining.storage import Store

_TEXTS = {
    "none": ("{}：没有不计入的刷评或广告", "{}: no campaign or advertising was left out"),
    "week": ("{}：不计入的 {} 起，共 {} 条评论", "{}: campaigns left out {}, comments {}"),
    "campaign": (
        "{id} · {kind} · {comments} 条，{people} 个账号 · {first} 至 {last}",
        "{id} · {kind} · comments {comments}, accounts {people} · {first} to {last}",
    ),
    "stars": ("  星级：{}；其余评论：{}", "  Stars: {}; other comments: {}"),
    "rulings": ("人的裁定", "People's rulings"),
    "ruling": (
        "  #{id} {verdict} {what} · {author} · {time:%Y-%m-%d %H:%M} UTC{reason}",
        "  #{id} {verdict} {what} · {author} · {time:%Y-%m-%d %H:%M} UTC{reason}",
    ),
    "undone": ("（已撤销）", " (undone)"),
    "voice": ("放行", "released"),
    "campaign_verdict": ("不计入", "left out"),
    "undo": ("撤销", "undone"),
    "comments": ("{} 条评论", "comments {}"),
    "done": (
        "已记下 #{id}：{verdict} {what}。下次 mine 起生效，以前的周重跑时也照办；反悔用 campaigns undo {id}",
        "Recorded #{id}: {verdict} {what}. Runs from now on obey, of earlier weeks too; "
        "take it back with campaigns undo {id}",
    ),
    "took_back": ("已撤销 #{}，下次 mine 起生效", "Ruling #{} is undone for runs from now on"),
    "more": ("  …还有 {} 条，用 --limit 多看几条", "  … {} more; see them with --limit"),
}

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="编号…", help="一起刷评的编号（C-…，可只写开头），或若干条评论的编号", show_default=False
    ),
]


def list_(
    product: Product = None,
    week: WeekName = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """列出一周里不计入的刷评和广告，以及人的裁定。"""
    from feedback_mining.pipeline.campaigns import campaigns_of_week
    from feedback_mining.pipeline.choose import mined_week, parse_week, product_in_store

    with open_run_store(out, settings_of(store)) as opened:
        name = product_in_store(opened, product)
        chosen = mined_week(opened, name, parse_week(week, None))
        campaigns = campaigns_of_week(opened, name, chosen)
        record = opened.campaign_rulings(name)
    if as_json:
        shown = {"week": str(chosen), "campaigns": [asdict(c) for c in campaigns],
                 "rulings": [{**asdict(r), "time": r.time.isoformat()} for r in record]}  # fmt: skip
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    if campaigns:
        total = len({c for campaign in campaigns for c in campaign.comments})
        typer.echo(_say("week", lang, chosen, len(campaigns), total))
    else:
        typer.echo(_say("none", lang, chosen))
    for campaign in campaigns:
        typer.echo(_headed(campaign, lang))
    _echo_rulings(record, lang)


def show(
    campaign: Annotated[str, typer.Argument(metavar="编号", help="C-…，可只写开头", show_default=False)],
    limit: Annotated[int, typer.Option("--limit", metavar="条数", min=0, help="最多看几条评论")] = 20,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """一起刷评的依据：账号、时间、评分对照往常，和其中的评论。"""
    from feedback_mining.pipeline.campaigns import campaign_named, comments_named
    from feedback_mining.pipeline.choose import product_in_store

    settings = settings_of(store)
    with open_run_store(out, settings) as opened:
        name = product_in_store(opened, product)
        found = campaign_named(opened, name, campaign)
        comments = comments_named(opened, name, found.comments)
        record = [r for r in opened.campaign_rulings(name) if r.campaign == found.id]
    typer.echo(_headed(found, lang))
    if found.ratings:
        typer.echo(_say("stars", lang, _shares(found.ratings), _shares(found.usual_ratings)))
    for comment in comments[:limit]:
        when = comment.time.astimezone(settings.zone)
        stars = f" {comment.rating}★" if comment.rating else ""
        words = " ".join(comment.text.split())
        typer.echo(f"  {when:%Y-%m-%d %H:%M}{stars} {comment.author or '–'} {comment.id}\n    {words[:160]}")
    if len(comments) > limit:
        typer.echo(_say("more", lang, len(comments) - limit))
    _echo_rulings(record, lang)


def release(
    names: Names,
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """放行：这起刷评或这些评论是真实的声音，以后都计入。"""
    from feedback_mining.pipeline.campaigns import release as rule

    _rule(rule, names, author, reason, product, out, store, lang)


def mark(
    names: Names,
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """认定：这些评论是刷的，以后都不计入。"""
    from feedback_mining.pipeline.campaigns import mark as rule

    _rule(rule, names, author, reason, product, out, store, lang)


def undo(
    number: Annotated[
        int, typer.Argument(metavar="裁定号", help="campaigns list 里 # 后的数字", show_default=False)
    ],
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """撤销一次放行或认定；记录里两次都留着。"""
    from feedback_mining.pipeline.campaigns import undo as take_back

    settings = settings_of(store)
    with open_run_store(out, settings) as opened:
        take_back(opened, _product(opened, product), number, decided_by(author, settings), reason)
    typer.echo(_say("took_back", lang, number))


def _rule(
    rule: Callable[[Store, str, list[str], str, str], Ruling],
    names: list[str],
    author: str | None,
    reason: str,
    product: str | None,
    out: Path,
    store: str | None,
    lang: str,
) -> None:
    settings = settings_of(store)
    with open_run_store(out, settings) as opened:
        made = rule(opened, _product(opened, product), names, decided_by(author, settings), reason)
    typer.echo(_ruling("done", made, lang))


def _product(store: Store, asked: str | None) -> str:
    from feedback_mining.pipeline.choose import product_in_store

    return product_in_store(store, asked)


def _headed(campaign: Campaign, lang: str) -> str:
    from feedback_mining.reporting.labels import Words

    head = _say(
        "campaign",
        lang,
        id=campaign.id,
        kind=Words(lang).label("campaign", campaign.kind),
        comments=len(campaign.comments),
        people=campaign.people,
        first=campaign.first,
        last=campaign.last,
    )
    return plain(f"{head}\n  {campaign.evidence}")


def _shares(stars: dict[str, int]) -> str:
    total = sum(stars.values())
    return " ".join(f"{n}★ {count} ({count / total:.0%})" for n, count in stars.items()) or "–"


def _echo_rulings(record: list[Ruling], lang: str) -> None:
    undone = {r.undoes for r in record if r.undoes}
    shown = [r for r in record if not r.undoes]
    if shown:
        typer.echo(_say("rulings", lang))
    for ruling in shown:
        typer.echo(_ruling("ruling", ruling, lang) + (_say("undone", lang) if ruling.id in undone else ""))


def _ruling(key: str, ruling: Ruling, lang: str) -> str:
    comments = _say("comments", lang, len(ruling.comments))
    verdict = "campaign_verdict" if ruling.verdict == "campaign" else str(ruling.verdict)
    return _say(
        key,
        lang,
        id=ruling.id,
        verdict=_say(verdict, lang),
        what=f"{ruling.campaign} ({comments})" if ruling.campaign else comments,
        author=ruling.author,
        time=ruling.time,
        reason=f" · {ruling.reason}" if ruling.reason else "",
    )


def _say(key: str, lang: str, *values: object, **named: object) -> str:
    return _TEXTS[key][lang == "en"].format(*values, **named)
