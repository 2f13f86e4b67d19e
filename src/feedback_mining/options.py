"""Arguments and options that several commands share, and what follows from them."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining.console import Language
from feedback_mining.errors import InputError

if TYPE_CHECKING:
    from feedback_mining.settings import Settings
    from feedback_mining.storage import Store

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
TaxonomyName = Annotated[
    str | None,
    typer.Option(
        "--taxonomy",
        metavar="名称或文件",
        help="主题体系：default、ecommerce、cars、games，自己的 YAML 文件，或 train theme --taxonomy 写出的目录",
        show_default=False,
    ),
]
Lang = Annotated[Language, typer.Option("--lang", help="输出的语言")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Decider = Annotated[
    str | None,
    typer.Option(
        "--author", metavar="名字", help="谁决定的；省略时用 FEEDBACK_MINING_ANNOTATOR，再省略时用登录名"
    ),
]
Reason = Annotated[str, typer.Option("--reason", metavar="原因", help="为什么，写进记录")]


def decided_by(author: str | None, settings: Settings) -> str:
    """The one named, the annotator of the settings, or whoever is logged in."""
    from feedback_mining.pipeline.label_import import checked_author

    try:
        named = author or settings.annotator or getuser()
    except (KeyError, OSError, ImportError):  # no such user, e.g. in a container
        named = None
    if not (name := checked_author(named)):
        raise InputError("Nobody is named as the one who decides; give --author or FEEDBACK_MINING_ANNOTATOR")
    return name


def settings_of(store: str | None, taxonomy: str | None = None) -> Settings:
    from feedback_mining.settings import load_settings

    given = {"store": store, "taxonomy": taxonomy}
    return load_settings(**{name: value for name, value in given.items() if value})


def mapping_of(columns: list[str] | None) -> dict[str, str] | None:
    pairs = [column.partition("=") for column in columns or []]
    for name, equals, column in pairs:
        if not (name and equals and column):
            raise InputError(
                f"--map {name}{equals}{column} names no column; expected a form such as text=内容"
            )
    return {name: column for name, _, column in pairs} or None


def open_run_store(out: Path, settings: Settings, *, new: bool = False) -> Store:
    """The store of a run. Only an import makes a new one: a mistyped path must not look like no comments."""
    from feedback_mining.settings import default_store
    from feedback_mining.storage import open_store

    if settings.store:
        return open_store(settings.store)
    if new:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"The folder {out} cannot be made: {error.strerror}; choose another with --out"
            ) from error
    elif not (out / "feedback_mining.db").is_file():
        raise InputError(f"There is no store in {out}; import files first, or name one with --store or --out")
    return open_store(default_store(out))


def saved_mappings(out: Path, settings: Settings) -> Path:
    """The file of the mappings that were given before with --map."""
    from feedback_mining.settings import store_folder
    from feedback_mining.sources.mappings import MAPPINGS_FILE

    return store_folder(out, settings) / MAPPINGS_FILE
