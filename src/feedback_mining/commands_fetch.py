"""The command that fetches feeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining.console import Language, progress_bar, say
from feedback_mining.options import Lang, Out, StoreUrl

if TYPE_CHECKING:
    from feedback_mining.pipeline.fetch import FetchReport

_TEXTS = {
    "fetching": ("抓取评论", "Fetching comments"),
    "counts": (
        "{source}：{pages} 页，读 {rows} 行 = 入库 {stored} + 重复 {duplicates} + 未收 {quarantined}",
        "{source}: {pages} pages, {rows} rows = stored {stored} + duplicates {duplicates} + refused {quarantined}",
    ),
    "cursor": ("  下次从这里继续：{}", "  Goes on next time from: {}"),
    "first": ("头", "the start"),
}


def fetch(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE.yaml…", help="来源的配置文件", show_default=False)
    ],
    max_pages: Annotated[
        int | None, typer.Option("--max-pages", metavar="页数", min=1, help="每个来源最多读几页")
    ] = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """抓取：按配置从应用商店、兔小巢、论坛等来源读新评论，存入数据库；来源拒绝或连不上时退出码为 3。"""
    from feedback_mining.pipeline.fetch import fetch_source
    from feedback_mining.settings import default_store, load_settings
    from feedback_mining.sources.connectors.config import load_source
    from feedback_mining.storage import open_store

    settings = load_settings(**({"store": store} if store else {}))
    configs = [load_source(path) for path in sources]
    if not settings.store:
        out.mkdir(parents=True, exist_ok=True)
    failed = False
    with open_store(settings.store or default_store(out)) as opened:
        for config in configs:
            with progress_bar(_say("fetching", lang)) as advance:
                report = fetch_source(
                    config, opened, settings=settings, progress=advance, lang=lang, max_pages=max_pages
                )
            typer.echo("\n".join(_lines(report, lang)))
            if report.error:
                failed = True
                typer.echo(say("error", lang, report.error), err=True)
    if failed:
        raise typer.Exit(3)


def _say(key: str, lang: str) -> str:
    return _TEXTS[key][lang == "en"]


def _lines(report: FetchReport, lang: str) -> list[str]:
    from feedback_mining.sources.http import shown

    counts = _say("counts", lang).format(
        source=report.source,
        pages=report.pages,
        rows=report.rows_read,
        stored=report.stored,
        duplicates=report.duplicates,
        quarantined=report.quarantined,
    )
    places = {
        name: len(value) if isinstance(value, dict) else shown(value) if name == "next" and value else value
        for name, value in report.cursor.items()
        if value
    }
    where = ", ".join(f"{name} {value}" for name, value in places.items()) or _say("first", lang)
    return [counts, _say("cursor", lang).format(where)]
