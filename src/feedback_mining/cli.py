"""The command `feedback-mining`. Heavy imports happen inside the commands, so that `--help` is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining import (
    __version__,
    commands_alerts,
    commands_campaigns,
    commands_demands,
    commands_drift,
    commands_fetch,
    commands_import,
    commands_label,
    commands_models,
    commands_quarantine,
    commands_search,
    commands_train,
    commands_words,
)
from feedback_mining.console import Language, backlog_lines, debugging, import_lines, progress_bar, say
from feedback_mining.errors import FeedbackMiningError
from feedback_mining.options import (
    Columns,
    Files,
    Lang,
    Out,
    Product,
    StoreUrl,
    TaxonomyName,
    Until,
    WeekName,
    mapping_of,
    open_run_store,
    saved_mappings,
    settings_of,
)

if TYPE_CHECKING:
    from feedback_mining.backlog.items import Backlog
    from feedback_mining.settings import Settings
    from feedback_mining.storage import Store
    from feedback_mining.weeks import Week

EXIT_CODES = "退出码：0 成功；2 输入有误（文件、选项、产品、周、数据库）；3 来源拒绝或连不上；1 程序自身出错；130 被中断。"

app = typer.Typer(
    name="feedback-mining",
    help="把用户评论变成按优先级排好、带证据的每周迭代清单。",
    epilog=EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="显示版本号", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"feedback-mining {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog=EXIT_CODES)
def run(
    files: Files,
    product: Product = None,
    week: WeekName = None,
    until: Until = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    columns: Columns = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """一步到位：导入评论，挖掘一周，写出清单和报告。"""
    from feedback_mining.pipeline.choose import parse_week
    from feedback_mining.pipeline.ingest import expanded

    asked = parse_week(week, until)
    settings = settings_of(store, taxonomy)
    must_reach = None if _has_store(out, settings) else asked
    with expanded(files) as found:
        name = _check(found, product, settings, columns, out, lang, must_reach)
        with open_run_store(out, settings, new=True) as opened:
            _import(found, opened, name, settings, columns, out, lang)
    with open_run_store(out, settings) as opened:
        backlog = _mine(opened, name, asked, settings, lang)
        _publish(backlog, out, lang, settings)


@app.command(epilog=EXIT_CODES)
def mine(
    product: Product = None,
    week: WeekName = None,
    until: Until = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """只挖掘：从库里已有的评论得出一周的清单，存回库里。"""
    from feedback_mining.pipeline.choose import parse_week, product_in_store

    asked = parse_week(week, until)
    settings = settings_of(store, taxonomy)
    with open_run_store(out, settings) as opened:
        name = product_in_store(opened, product)
        _print(backlog_lines(_mine(opened, name, asked, settings, lang), lang))
        typer.echo(say("saved", lang, opened.address))


@app.command(epilog=EXIT_CODES)
def report(
    product: Product = None,
    week: WeekName = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """只出报告：把库里已挖掘的一周写成 backlog.json、CSV、Excel、Markdown 和网页。"""
    from feedback_mining.pipeline.choose import mined_week, parse_week, product_in_store
    from feedback_mining.pipeline.publish import load_backlog

    asked = parse_week(week, None)
    settings = settings_of(store, taxonomy)
    with open_run_store(out, settings) as opened:
        name = product_in_store(opened, product)
        content = opened.backlog(name, mined_week(opened, name, asked))
        assert content is not None  # mined_week has just seen it
        _publish(load_backlog(content), out, lang, settings)


@app.command(epilog=EXIT_CODES)
def backfill(
    files: Files,
    product: Annotated[str, typer.Option("--product", metavar="名称", help="产品名")],
    out: Annotated[Path, typer.Option("--out", metavar="目录", help="每周的清单写到 <目录>/<周>/")],
    store: StoreUrl = None,
    columns: Columns = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """补历史：像每个周一都运行过那样，逐周重放，每周写出一份清单。"""
    from feedback_mining.pipeline.choose import weeks_to_replay
    from feedback_mining.pipeline.ingest import expanded
    from feedback_mining.pipeline.mine import Miner
    from feedback_mining.pipeline.publish import publish

    settings = settings_of(store, taxonomy)
    with expanded(files) as found:
        _check(found, product, settings, columns, out, lang)
        with open_run_store(out, settings, new=True) as opened:
            _import(found, opened, product, settings, columns, out, lang)
    with open_run_store(out, settings) as opened:
        with progress_bar(say("analyzing", lang)) as advance:
            miner = Miner(opened, product, settings, lang, advance)
        weeks = weeks_to_replay(opened, product, settings)
        with progress_bar(say("replaying", lang), len(weeks)) as advance:
            for week in weeks:
                publish(miner.mine(week), out, lang, settings.taxonomy)
                advance(1)
        typer.echo(say("replayed", lang, len(weeks), out))


@app.command(epilog=EXIT_CODES)
def analyze(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="评论文件", show_default=False)],
    output: Annotated[str, typer.Option("--output", metavar="文件", help="JSONL 文件；- 为标准输出")],
    product: Product = None,
    columns: Columns = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """只分析：不用数据库，每条评论输出一行 JSON：观点、意图、主题、情感、同一诉求的编号。"""
    from feedback_mining.pipeline.analyze import analyze_file, check_output, write_jsonl

    check_output(output)
    settings = settings_of(None, taxonomy)
    with progress_bar(say("analyzing", lang)) as advance:
        found = analyze_file(
            file, product=product, mapping=mapping_of(columns), settings=settings, lang=lang, progress=advance
        )
    write_jsonl(found.lines, output)
    counts = {
        "comments": len(found.lines),
        "units": found.units,
        "unsure": found.unsure,
        "refused": found.refused,
    }
    typer.echo(say("analyzed", lang, **counts), err=True)


_GROUPS = (
    ("quarantine", "未收的行：列出、导出、重读。", commands_quarantine, "list_ export retry"),
    ("label", "人的标注：挑选、改正、导入、导出、统计。", commands_label, "next_ show set_ import_ export config stats"),
    ("demands", "诉求：列出、查看，合并、拆分、改名、移动，经历。", commands_demands, "list_ show merge split rename move apart undo history propose"),
    ("models", "模型的版本：列出、查看、比较、启用、退回。", commands_models, "list_ show compare promote rollback"),
    ("words", "新词和团队词典：发现、列出、收下、拒绝、评测。", commands_words, "discover list_ accept reject evaluate"),
    ("campaigns", "不计入的刷评和广告：列出、查看、放行、认定、撤销。", commands_campaigns, "list_ show release mark undo"),
)  # fmt: skip
for _name, _help, _module, _commands in _GROUPS:
    _group = typer.Typer(help=_help, no_args_is_help=True)
    for _command in _commands.split():  # a function named like something of Python's ends in _
        _group.command(_command.rstrip("_"), epilog=EXIT_CODES)(getattr(_module, _command))
    app.add_typer(_group, name=_name, epilog=EXIT_CODES)
app.command("import", epilog=EXIT_CODES)(commands_import.import_)
app.command(epilog=EXIT_CODES)(commands_alerts.alerts)
app.command(epilog=EXIT_CODES)(commands_drift.drift)
app.command(epilog=EXIT_CODES)(commands_fetch.fetch)
app.command(epilog=EXIT_CODES)(commands_fetch.webhook)
app.command(epilog=EXIT_CODES)(commands_train.train)
app.command(epilog=EXIT_CODES)(commands_train.predict)
app.command(epilog=EXIT_CODES)(commands_search.search)
app.command(epilog=EXIT_CODES)(commands_search.asked)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; every failure is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may lack an emoji
    given = list(sys.argv[1:] if arguments is None else arguments)
    lang = (
        "en" if ("en" in given and given[given.index("en") - 1] == "--lang") or "--lang=en" in given else "zh"
    )
    try:
        return int(app(given, prog_name="feedback-mining", standalone_mode=False) or 0)
    except FeedbackMiningError as error:
        return _fail(say("error", lang, error), error.exit_code)
    except typer.TyperException as error:
        return _fail(say("error", lang, error.format_message()), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _fail(say("stopped", lang), 130)
    except Exception as error:  # the last line of defence: users are not shown tracebacks
        if debugging():
            raise
        return _fail(say("crash", lang, f"{type(error).__name__}: {error}"), 1)


def _fail(message: str, code: int) -> int:
    typer.echo(" ".join(message.split()), err=True)
    return code


def _print(lines: Sequence[str]) -> None:
    typer.echo("\n".join(lines))


def _has_store(out: Path, settings: Settings) -> bool:
    return settings.store is not None or (out / "feedback_mining.db").is_file()


def _check(
    files: list[Path],
    product: str | None,
    settings: Settings,
    columns: list[str] | None,
    out: Path,
    lang: str,
    week: Week | None = None,
) -> str:
    """The files' product, after all of them were opened and before anything is written.

    week: one that the files' comments must reach.
    """
    from feedback_mining.pipeline.choose import check_week, one_product
    from feedback_mining.pipeline.ingest import open_files

    readings = open_files(
        files,
        product=product,
        settings=settings,
        mapping=mapping_of(columns),
        lang=lang,
        mappings=saved_mappings(out, settings),
    )
    name = one_product(reading.product for reading in readings)
    if week:
        check_week(week, readings, settings)
    return name


def _import(
    files: list[Path],
    store: Store,
    product: str,
    settings: Settings,
    columns: list[str] | None,
    out: Path,
    lang: str,
) -> None:
    from feedback_mining.pipeline.ingest import import_files

    with progress_bar(say("reading", lang)) as advance:
        reports = import_files(
            files,
            store,
            product=product,
            settings=settings,
            mapping=mapping_of(columns),
            progress=advance,
            lang=lang,
            mappings=saved_mappings(out, settings),
        )
    _print(import_lines(reports, lang))


def _mine(store: Store, product: str, asked: Week | None, settings: Settings, lang: str) -> Backlog:
    from feedback_mining.pipeline.mine import latest_week, mine_week

    week = asked or latest_week(store, product, settings=settings)
    with progress_bar(say("mining", lang, week)) as advance:
        return mine_week(store, product, week, settings=settings, lang=lang, progress=advance)


def _publish(backlog: Backlog, out: Path, lang: str, settings: Settings) -> None:
    from feedback_mining.pipeline.publish import publish

    published = publish(backlog, out, lang, settings.taxonomy)
    _print(backlog_lines(backlog, lang, published.html))
