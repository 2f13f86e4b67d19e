"""The command that imports files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback_mining.console import Language, import_lines, preview_lines, progress_bar, say
from feedback_mining.options import (
    Columns,
    Files,
    Lang,
    Out,
    Product,
    StoreUrl,
    mapping_of,
    open_run_store,
    saved_mappings,
    settings_of,
)


def import_(
    files: Files,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    columns: Columns = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只读不写：打印每个文件的格式、编码、列和条数（Markdown 表）")
    ] = False,
    lang: Lang = Language.ZH,
) -> None:
    """只导入：读文件，隐去个人信息，存入数据库；各个文件可以是不同产品的。"""
    from feedback_mining.pipeline.ingest import expanded, import_readings, open_files, remember
    from feedback_mining.pipeline.preview import preview_files

    settings, mapping = settings_of(store), mapping_of(columns)
    mappings = saved_mappings(out, settings)
    with expanded(files) as found:
        if dry_run:
            with progress_bar(say("reading", lang)) as advance:
                previews = list(
                    preview_files(
                        found,
                        product=product,
                        settings=settings,
                        mapping=mapping,
                        mappings=mappings,
                        lang=lang,
                        progress=advance,
                    )
                )
            typer.echo("\n".join(preview_lines(previews, lang)))
            raise typer.Exit(2 if any(preview.reading is None for preview in previews) else 0)
        readings = open_files(
            found, product=product, settings=settings, mapping=mapping, lang=lang, mappings=mappings
        )
        names = [path.name for path in found]
        with open_run_store(out, settings, new=True) as opened:
            with progress_bar(say("reading", lang)) as advance:
                reports = import_readings(
                    names, readings, opened, settings=settings, progress=advance, lang=lang
                )
            if mapping:
                remember(readings, mapping, mappings)
            typer.echo("\n".join(import_lines(reports, lang)))
            typer.echo(say("saved", lang, opened.address))
