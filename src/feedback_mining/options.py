"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feedback_mining.console import Language

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE…",
        help="评论文件、文件夹、通配符或 ZIP：七麦 .xlsx、CSV/TSV、JSONL、兔小巢 JSON、微信群导出",
        show_default=False,
    ),
]
Product = Annotated[
    str | None, typer.Option("--product", metavar="名称", help="产品名；省略时取文件或库里唯一的产品")
]
WeekName = Annotated[
    str | None, typer.Option("--week", metavar="周", help="ISO 周，如 2019-W16；省略时取最近一周")
]
Until = Annotated[str | None, typer.Option("--until", metavar="日期", help="取这一天所在的周，如 2019-04-21")]
Out = Annotated[Path, typer.Option("--out", metavar="目录", help="报告写到 <目录>/<周>/")]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="数据库，如 sqlite:///feedback.db 或 postgresql://…；"
        "省略时用 FEEDBACK_MINING_STORE，再省略时用 <目录>/feedback_mining.db",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="字段=列名", help="指明哪一列是什么，可重复，如 --map text=评价内容"),
]
Lang = Annotated[Language, typer.Option("--lang", help="输出的语言")]
