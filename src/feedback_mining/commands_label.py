"""The commands about labels that people give."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining.console import Language, progress_bar, say
from feedback_mining.errors import InputError
from feedback_mining.label_lines import (
    LabelWords,
    desk_lines,
    import_lines,
    queue_lines,
    stats_lines,
)
from feedback_mining.options import Lang, Out, Product, StoreUrl, TaxonomyName, open_run_store, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from feedback_mining.classification.label_rows import LabelTask
    from feedback_mining.settings import Settings
    from feedback_mining.taxonomy import Taxonomy


class AskedFor(StrEnum):
    MIXED = "mixed"
    UNCERTAIN = "uncertain"
    DIVERSE = "diverse"
    DRIFTING = "drifting"
    MISLABELLED = "mislabelled"


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    LABEL_STUDIO = "label-studio"


_SUFFIXES = {".jsonl": Format.JSONL, ".csv": Format.CSV, ".json": Format.LABEL_STUDIO}

AllProducts = Annotated[
    str | None, typer.Option("--product", metavar="名称", help="只要这个产品的；省略时为全部")
]
Author = Annotated[
    str | None,
    typer.Option("--author", metavar="名字", help="标注人；省略时用 FEEDBACK_MINING_ANNOTATOR"),
]
CommentId = Annotated[str, typer.Argument(metavar="评论编号", help="评论编号", show_default=False)]


def next_(
    count: Annotated[int, typer.Option("--count", metavar="条数", min=1, max=10_000, help="要几条")] = 20,
    product: Product = None,
    strategy: Annotated[
        AskedFor,
        typer.Option(
            "--strategy",
            help="uncertain 拿不准的，diverse 有代表性的，drifting 最近才有的，mislabelled 可能标错的，mixed 轮流取",
        ),
    ] = AskedFor.MIXED,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="文件", help="写到 .jsonl、.csv 或 .json（Label Studio 任务）"),
    ] = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """接下来标哪些：挑出最值得人看的评论，各附原因和模型的建议。"""
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.label_queue import Strategy, next_labels
    from feedback_mining.pipeline.reader import Reader

    kind = _kind_of(output) if output else None
    settings = settings_of(store, taxonomy)
    with open_run_store(out, settings) as opened:
        name = product_in_store(opened, product)
        with progress_bar(say("analyzing", lang)) as advance:
            queue = next_labels(
                opened,
                name,
                settings=settings,
                count=count,
                strategy=Strategy(strategy),
                progress=advance,
            )
        reader = Reader.of(settings, opened)
    words = LabelWords(lang, reader.taxonomy)
    typer.echo("\n".join(queue_lines(queue, words)))
    if output and kind:
        tasks = [asked.task(words.why(asked.reason)) for asked in queue.asked]
        _write(tasks, output, kind, words, reader.models.version)
        typer.echo(words.say("task_file" if kind is Format.LABEL_STUDIO else "sheet", output))


def show(
    comment: CommentId,
    product: AllProducts = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """看一条评论现在的观点（人标的优先于模型的）和它的标注历史。"""
    from feedback_mining.pipeline.label_desk import open_desk
    from feedback_mining.pipeline.reader import Reader

    settings = settings_of(store, taxonomy)
    with open_run_store(out, settings) as opened:
        reader = Reader.of(settings, opened)
        desk = open_desk(opened, reader, comment, product)
    typer.echo("\n".join(desk_lines(desk, LabelWords(lang, reader.taxonomy))))


def set_(
    comment: CommentId,
    unit: Annotated[
        int | None, typer.Option("--unit", metavar="序号", help="第几个观点，见 label show；从 1 数起")
    ] = None,
    intent: Annotated[str | None, typer.Option("--intent", metavar="意图", help="意图改为")] = None,
    theme: Annotated[str | None, typer.Option("--theme", metavar="主题", help="主题改为")] = None,
    sentiment: Annotated[str | None, typer.Option("--sentiment", metavar="情感", help="情感改为")] = None,
    demand: Annotated[
        str | None, typer.Option("--demand", metavar="诉求", help="一句话的诉求；- 表示不成一张工单")
    ] = None,
    span: Annotated[
        str | None,
        typer.Option("--span", metavar="原文片段", help="改观点的起止；不带 --unit 时加一个观点"),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="这个观点不该有")] = False,
    signal: Annotated[
        list[str] | None,
        typer.Option("--signal", metavar="信号", help="整条评论的信号，可重复；none 表示没有"),
    ] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="整条都对")] = False,
    author: Author = None,
    product: AllProducts = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """改一条评论：改一个观点的标签，或用 --span、--remove、--signal、--confirm 对整条下结论。"""
    from feedback_mining.pipeline.label_desk import Correction, correct, open_desk
    from feedback_mining.pipeline.label_import import checked_author, vocabulary_of
    from feedback_mining.pipeline.reader import Reader

    settings = settings_of(store, taxonomy)
    by = checked_author(author or settings.annotator)
    if by is None:
        raise InputError("Nobody is named as the annotator; give --author or FEEDBACK_MINING_ANNOTATOR")
    signals = None if signal is None else tuple(s for s in signal if s != "none")
    correction = Correction(unit, intent, theme, sentiment, demand, span, remove, signals, confirm)
    with open_run_store(out, settings) as opened:
        reader = Reader.of(settings, opened)
        words = LabelWords(lang, reader.taxonomy)
        desk = open_desk(opened, reader, comment, product)
        label = correct(desk, correction, vocabulary_of(reader.taxonomy), author=by)
        (new,) = opened.add_labels([label])
        lines = desk_lines(open_desk(opened, reader, comment, product), words)
    typer.echo("\n".join([*lines, words.say("kept" if new else "same", by)]))


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", help="标注文件：.jsonl、.csv、.json（Label Studio 导出）", show_default=False
        ),
    ],
    author: Annotated[
        str | None,
        typer.Option(
            "--author",
            metavar="名字",
            help="标注人；省略时取文件里写的，再取 FEEDBACK_MINING_ANNOTATOR",
        ),
    ] = None,
    product: AllProducts = None,
    everything: Annotated[bool, typer.Option("--all", help="整份都看过：没改动的建议也算认可")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不写入")] = False,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """导入标注：库里的评论按编号对上；其余有原文的单独留作训练用。"""
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.label_import import import_labels

    settings = settings_of(store, taxonomy)
    themes = _taxonomy(settings)
    with open_run_store(out, settings) as opened:
        reports = import_labels(
            files,
            opened,
            themes,
            author=author,
            annotator=settings.annotator,
            product=product_in_store(opened, product) if product else None,
            everything=everything,
            dry_run=dry_run,
        )
    typer.echo("\n".join(import_lines(reports, LabelWords(lang, themes), dry_run=dry_run)))


def export(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="写到这个文件", show_default=False)],
    kind: Annotated[
        Format | None, typer.Option("--format", help="省略时看扩展名：.jsonl、.csv、.json")
    ] = None,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="没人标过的评论也写出，附模型的建议")
    ] = False,
    product: AllProducts = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """导出标注：每条评论取最新的；再导入得到同样的标注。"""
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.label_desk import exported

    form = kind or _kind_of(output)
    settings = settings_of(store, taxonomy)
    with open_run_store(out, settings) as opened:
        name = product_in_store(opened, product) if product else None
        with progress_bar(say("analyzing", lang)) as advance:
            tasks, version = exported(
                opened, name, settings=settings, predictions=predictions, progress=advance
            )
    words = LabelWords(lang, _taxonomy(settings))
    _write(tasks, output, form, words, version)
    typer.echo(words.say("exported", f"{len(tasks):,}", output))


def config(
    output: Annotated[str, typer.Option("--output", metavar="文件", help="XML 文件；- 为标准输出")] = "-",
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """Label Studio 的标注界面（Labeling Interface 的代码），与 label export 的任务相配。"""
    from feedback_mining.classification.label_studio import interface

    themes = _taxonomy(settings_of(None, taxonomy))
    words = LabelWords(lang, themes)
    hints = {theme.id: theme.description for theme in themes.themes}
    headings = {key: words.say(key) for key in ("theme", "sentiment", "demand", "signals")}
    xml = interface(words.names(), hints, headings)
    if output == "-":
        typer.echo(xml, nl=False)
    else:
        _save(Path(output), xml)


def stats(
    product: AllProducts = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """标了多少：按类别和标注人计数；两人都标过的评论上的一致性。"""
    from feedback_mining.classification.labelling import in_force
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.label_desk import agreement

    settings = settings_of(store, taxonomy)
    with open_run_store(out, settings) as opened:
        labels = opened.labels(product_in_store(opened, product) if product else None)
    words = LabelWords(lang, _taxonomy(settings))
    pairs, alpha = agreement(labels)
    typer.echo("\n".join(stats_lines(labels, in_force(labels), pairs, alpha, words)))


def _taxonomy(settings: Settings) -> Taxonomy:
    from feedback_mining.taxonomy import Taxonomy

    return Taxonomy.load(settings.taxonomy)


def _kind_of(path: Path) -> Format:
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"{path}: the kind {path.suffix or '(none)'} is not written; expected {', '.join(_SUFFIXES)}"
        )
    return kind


def _write(tasks: Sequence[LabelTask], path: Path, kind: Format, words: LabelWords, version: str) -> None:
    from feedback_mining.classification.label_files import csv_of, jsonl_of
    from feedback_mining.classification.label_studio import tasks_of
    from feedback_mining.reporting.export import formula_safe

    match kind:
        case Format.JSONL:
            _save(path, jsonl_of(tasks))
        case Format.CSV:
            _save(path, "\ufeff" + csv_of(tasks, formula_safe))
        case Format.LABEL_STUDIO:
            found = tasks_of(tasks, words.names(), version)
            _save(path, json.dumps(found, ensure_ascii=False, indent=1) + "\n")


def _save(path: Path, content: str) -> None:
    from feedback_mining.pipeline.analyze import write_text

    write_text(content, str(path))
