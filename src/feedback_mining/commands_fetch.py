"""The command that fetches feeds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_mining.console import Language, plain, progress_bar, say, sum_line
from feedback_mining.options import Lang, Out, StoreUrl, open_run_store, settings_of
from feedback_mining.reporting.labels import Words
from feedback_mining.sources.notices import notice

if TYPE_CHECKING:
    from feedback_mining.pipeline.fetch import FetchReport

_TEXTS = {
    "fetching": ("抓取评论", "Fetching comments"),
    "pages": ("{} · {}：{} 页", "{} · {}: pages {}"),
    "unchanged": ("，{} 页未变", ", unchanged {}"),
    "cursor": ("  下次从这里继续：{}", "  Goes on next time from: {}"),
    "listening": (
        "在 http://{}:{}/txc/<{} 的值> 接收兔小巢的事件；按 Ctrl+C 停止",
        "Receiving events of 兔小巢 at http://{}:{}/txc/<value of {}>; stop with Ctrl+C",
    ),
    "first": ("开头", "the start"),
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
    from feedback_mining.sources.connectors.config import check_secrets, load_source

    settings = settings_of(store)
    configs = [load_source(path) for path in sources]
    for config in configs:
        check_secrets(config, settings.secrets)
    failed = False
    with open_run_store(out, settings, new=True) as opened:
        for config in configs:
            with progress_bar(_say("fetching", lang)) as advance:
                report = fetch_source(
                    config, opened, settings=settings, progress=advance, lang=lang, max_pages=max_pages
                )
            typer.echo("\n".join(_lines(report, lang)))
            if report.error:
                failed = True
                typer.echo(say("error", lang, report.error), err=True)
        typer.echo(say("saved", lang, opened.address))
    if failed:
        raise typer.Exit(3)


def webhook(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE.yaml", help="kind: txc 的配置文件", show_default=False)
    ],
    host: Annotated[str, typer.Option("--host", metavar="地址", help="监听的地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="端口", min=1, max=65535, help="监听的端口")] = 8765,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """接收：兔小巢的 webhook 把新帖子推送过来，先入库再应答。"""
    import uvicorn

    from feedback_mining.errors import InputError
    from feedback_mining.sources.connectors.config import Txc, load_source, secret
    from feedback_mining.webhook import webhook_app

    settings = settings_of(store)
    config = load_source(source)
    if not isinstance(config, Txc) or not config.webhook_secret_env:
        raise InputError(
            f"{source}: no webhook is configured; expected kind: txc and webhook_secret_env: NAME"
        )
    password = secret(config.webhook_secret_env, settings.secrets)
    with open_run_store(out, settings, new=True) as opened:
        app = webhook_app(
            opened,
            product=config.product,
            instance=config.instance,
            secret=password,
            settings=settings,
            lang=lang,
        )
        typer.echo(_say("listening", lang).format(host, port, config.webhook_secret_env), err=True)
        # The path holds the secret, so that requests are not logged.
        uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning")


def _say(key: str, lang: str) -> str:
    return _TEXTS[key][lang == "en"]


def _lines(report: FetchReport, lang: str) -> list[str]:
    pages = _say("pages", lang).format(report.product, report.source, report.pages)
    if report.unchanged:
        pages += _say("unchanged", lang).format(report.unchanged)
    lines = [pages, f"  {plain(sum_line(report, Words(lang)))}"]
    if report.edited:
        lines.append(f"  {notice('edited', lang, report.edited)}")
    return [*lines, _say("cursor", lang).format(_place(report.cursor) or _say("first", lang))]


def _place(cursor: Mapping[str, Any]) -> str:
    """Where a feed stands, without addresses' queries and what only machines read."""
    from feedback_mining.sources.addresses import shown

    places = {
        name: len(value) if isinstance(value, dict) else shown(value) if name == "next" else value
        for name, value in cursor.items()
        if value and name != "visits"
    }
    return ", ".join(f"{name} {value}" for name, value in places.items())
