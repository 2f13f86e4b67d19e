"""The commands that train on labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback_mining import commands_models
from feedback_mining.commands_models import Author
from feedback_mining.console import Language
from feedback_mining.options import Lang, Out, StoreUrl


def train(
    task: Annotated[
        str, typer.Argument(metavar="TASK", help="intent、theme、sentiment，或 all", show_default=False)
    ],
    product: Annotated[
        str | None, typer.Option("--product", metavar="名称", help="只用这个产品的标注；省略时为全部")
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels", metavar="文件", help="也用这些标注文件（JSONL），可重复", show_default=False
        ),
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="更好就启用")] = False,
    author: Author = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """训练：用库里的人工标注修正模型，与在用的版本比较，写出报告；更好才可启用。"""
    commands_models.train_command(
        task,
        product=product,
        labels=labels or [],
        out=out,
        store=store,
        promote=promote,
        author=author,
        lang=lang,
    )
