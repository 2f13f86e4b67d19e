"""The commands about demands: look at them, and steer them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining.console import Language, progress_bar, say
from feedback_mining.errors import InputError
from feedback_mining.options import (
    Decider,
    Json,
    Lang,
    Out,
    Product,
    Reason,
    StoreUrl,
    TaxonomyName,
    decided_by,
    open_run_store,
    settings_of,
)

if TYPE_CHECKING:
    from feedback_mining.demand_lines import Lines
    from feedback_mining.demands.decisions import Decision
    from feedback_mining.pipeline.demand_desk import Desk

STATES = ("new", "surging", "steady", "cooling", "returned", "dormant", "changed")

Demand = Annotated[str, typer.Argument(metavar="编号", help="诉求的编号，只写开头也行", show_default=False)]
Units = Annotated[
    list[str],
    typer.Option(
        "--unit",
        metavar="观点",
        help="观点的编号（评论:起点），可重复；见 demands show --all",
        show_default=False,
    ),
]
Title = Annotated[str, typer.Option("--title", metavar="名称", help="1 到 40 个字", show_default=False)]


def list_(
    theme: Annotated[str | None, typer.Option("--theme", metavar="主题", help="只看这个主题（编号）")] = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="状态",
            help="只看 new、surging、steady、cooling、returned、dormant 或 changed（有新决定，待重跑）",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="个数", min=1, help="最多列出几个")] = 50,
    as_json: Json = False,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """列出诉求：编号、标题、主题、人数、趋势、首见、状态；人多的在前。"""
    from feedback_mining.demand_lines import as_json as written
    from feedback_mining.pipeline.demand_views import Views

    if state is not None and state not in STATES:
        raise InputError(f"--state {state!r} is unknown; expected one of {', '.join(STATES)}")
    with _desk(product, out, store, taxonomy, lang) as (desk, lines):
        known = {t.id for t in desk.reader.taxonomy.themes}
        if theme is not None and theme not in known:
            raise InputError(f"--theme {theme!r} is unknown; expected one of {', '.join(sorted(known))}")
        views = Views(desk)
        rows = views.rows(theme, state)
        if as_json:
            typer.echo(written(rows[:limit]))
            return
        weeks = desk.settings.window_weeks
        typer.echo("\n".join(lines.listed(rows, limit, desk.product, str(views.last), weeks)))


def show(
    demand: Demand,
    everything: Annotated[bool, typer.Option("--all", help="列出全部观点和它们的编号")] = False,
    as_json: Json = False,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """一个诉求：标题、关键词、每周次数、代表性的话、人的决定。"""
    from feedback_mining.demand_lines import as_json as written
    from feedback_mining.pipeline.demand_views import Views

    with _desk(product, out, store, taxonomy, lang) as (desk, lines):
        found = Views(desk).show(desk.resolve(demand))
        typer.echo(written(found) if as_json else "\n".join(lines.shown(found, everything=everything)))


def merge(
    demands: Annotated[
        list[str], typer.Argument(metavar="编号…", help="并进去的诉求，可以几个", show_default=False)
    ],
    into: Annotated[str, typer.Option("--into", metavar="编号", help="并到哪一个", show_default=False)],
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """合并：几个诉求算作一个，编号和标题随并到的那个；撤销后各归各。"""
    with _desk(product, out, store, None, lang) as (desk, lines):
        _tell(desk.merge(demands, into, decided_by(author, desk.settings), reason), lines)


def split(
    demand: Demand,
    units: Units,
    title: Title,
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """拆分：把一个诉求的若干观点拆出来，成为新的诉求；以后像它们的观点也归过去。"""
    with _desk(product, out, store, None, lang) as (desk, lines):
        _tell(desk.split(demand, units, title, decided_by(author, desk.settings), reason), lines)


def rename(
    demand: Demand,
    title: Title,
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """改名：编号不变；人起的名字程序不再改。"""
    with _desk(product, out, store, None, lang) as (desk, lines):
        _tell(desk.rename(demand, title, decided_by(author, desk.settings), reason), lines)


def move(
    units: Units,
    to: Annotated[str, typer.Option("--to", metavar="编号", help="移到哪个诉求", show_default=False)],
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """移动：把分错的观点移到另一个诉求。"""
    with _desk(product, out, store, None, lang) as (desk, lines):
        _tell(desk.move(units, to, decided_by(author, desk.settings), reason), lines)


def apart(
    one: Annotated[str, typer.Argument(metavar="编号", help="诉求或观点的编号", show_default=False)],
    other: Annotated[str, typer.Argument(metavar="编号", help="另一个", show_default=False)],
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """永不相同：两个诉求（或两个观点）不会合在一起，也不再提议合并。"""
    with _desk(product, out, store, None, lang) as (desk, lines):
        _tell(desk.apart(one, other, decided_by(author, desk.settings), reason), lines)


def undo(
    decision: Annotated[int, typer.Argument(metavar="序号", help="决定的序号，见 demands history")],
    author: Decider = None,
    reason: Reason = "",
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """撤销一个决定；撤销本身也可以撤销。"""
    with _desk(product, out, store, None, lang) as (desk, lines):
        _tell(desk.undo(decision, decided_by(author, desk.settings), reason), lines)


def history(
    demand: Demand,
    as_json: Json = False,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """一个诉求的经历：出现、改名、沉寂、再次出现，和人的每个决定。"""
    from feedback_mining.demand_lines import as_json as written
    from feedback_mining.pipeline.demand_views import Views

    with _desk(product, out, store, None, lang) as (desk, lines):
        key = desk.resolve(demand)
        events = Views(desk).history(key)
        titles = {d.id: d.title for _, d in desk.rows} | {d.id: d.title for d in desk.view.demands.values()}
        typer.echo(written(events) if as_json else "\n".join(lines.life(key, titles.get(key, ""), events)))


def propose(
    limit: Annotated[int, typer.Option("--limit", metavar="个数", min=1, help="每样最多提几个")] = 10,
    as_json: Json = False,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """提议：哪些诉求可能是同一个，哪个诉求可能是两个；由人决定。"""
    import json
    from dataclasses import asdict

    from feedback_mining.pipeline.demand_views import Views

    with _desk(product, out, store, taxonomy, lang) as (desk, lines):
        views = Views(desk)
        pairs, wide = views.alike(limit), views.wide(limit)
        if as_json:
            found = {"alike": [asdict(pair) for pair in pairs], "wide": [asdict(one) for one in wide]}
            typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
            return
        typer.echo("\n".join(lines.proposed(pairs, wide)))


@contextmanager
def _desk(
    product: str | None, out: Path, store: str | None, taxonomy: str | None, lang: str
) -> Iterator[tuple[Desk, Lines]]:
    from feedback_mining.demand_lines import Lines
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.demand_desk import Desk

    settings = settings_of(store, taxonomy)
    with open_run_store(out, settings) as opened:
        name = product_in_store(opened, product)
        with progress_bar(say("analyzing", lang)) as advance:
            desk = Desk.of(opened, name, settings, advance)
        yield desk, Lines(lang, desk.reader.taxonomy.labels(lang))


def _tell(decision: Decision, lines: Lines) -> None:
    typer.echo(lines.done(decision))
