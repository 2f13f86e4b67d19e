"""The command about drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from feedback_mining.console import Language, plain, progress_bar, say
from feedback_mining.errors import InputError
from feedback_mining.options import Lang, Out, Product, StoreUrl, open_run_store, settings_of


def drift(
    product: Product = None,
    weeks: Annotated[
        int, typer.Option("--weeks", metavar="周数", min=2, max=520, help="看最近几周，开头几周作基准")
    ] = 12,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """漂移：评论和以前还一样吗——没把握的观点、生词、标签分布逐周对照，指出哪一周变了、该标哪些评论。"""
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.drift import drift_of
    from feedback_mining.reporting.drift import drift_table, render_drift
    from feedback_mining.taxonomy import Taxonomy

    settings = settings_of(store)
    with open_run_store(out, settings) as opened:
        name = product_in_store(opened, product)
        with progress_bar(say("analyzing", lang)) as advance:
            report = drift_of(opened, name, weeks, settings, advance)
    themes = Taxonomy.load(settings.taxonomy).labels(lang)
    folder = out / report["weeks"][-1]["week"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
        (folder / "drift.json").write_text(content, encoding="utf-8", newline="\n")
        (folder / "drift.html").write_text(render_drift(report, lang, themes), encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written ({error.strerror}); choose another with --out"
        ) from error
    typer.echo("\n".join(plain(line) for line in drift_table(report, lang, themes)))
    typer.echo(say("report", lang, folder / "drift.html"))
