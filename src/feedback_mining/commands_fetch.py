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
    "listening": (
        "在 http://{}:{}/txc/<{} 的值> 接收兔小巢的事件；按 Ctrl+C 停止",
        "Receiving events of 兔小巢 at http://{}:{}/txc/<value of {}>; stop with Ctrl+C",
    ),
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
    from feedback_mining.settings import default_store, load_settings
    from feedback_mining.sources.connectors.config import Txc, load_source, secret
    from feedback_mining.storage import open_store
    from feedback_mining.webhook import webhook_app

    settings = load_settings(**({"store": store} if store else {}))
    config = load_source(source)
    if not isinstance(config, Txc) or not config.webhook_secret_env:
        raise InputError(
            f"{source}: no webhook is configured; expected kind: txc and webhook_secret_env: NAME"
        )
    password = secret(config.webhook_secret_env, settings.secrets)
    if not settings.store:
        out.mkdir(parents=True, exist_ok=True)
    with open_store(settings.store or default_store(out)) as opened:
        app = webhook_app(opened, product=config.product, secret=password, settings=settings, lang=lang)
        typer.echo(_say("listening", lang).format(host, port, config.webhook_secret_env), err=True)
        # The path holds the secret, so that requests are not logged.
        uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning")


def _say(key: str, lang: str) -> str:
    return _TEXTS[key][lang == "en"]


def _lines(report: FetchReport, lang: str) -> list[str]:
    from feedback_mining.sources.addresses import shown

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
