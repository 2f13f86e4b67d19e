"""The commands that train on labels and that label texts with what was trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining.commands_models import Author, train_command
from feedback_mining.console import Language
from feedback_mining.errors import InputError
from feedback_mining.options import Lang, StoreUrl, settings_of

if TYPE_CHECKING:
    from feedback_mining.pipeline.text_models import TrainedFile

_TEXTS = {
    "trained": ("已训练：{}（{} 条文本，{} 个标签）", "Trained: {} ({} texts, {} labels)"),
    "accuracy": ("交叉验证准确率 {:.3f}", "cross-validated accuracy {:.3f}"),
    "micro_f1": ("交叉验证标签 micro-F1 {:.3f}", "cross-validated micro-F1 of the labels {:.3f}"),
    "label_and_sentiment_micro_f1": (
        "交叉验证（标签，情感）micro-F1 {:.3f}",
        "cross-validated micro-F1 of (label, sentiment) {:.3f}",
    ),
    "left_out": ("疑似错标、未用于训练：{} 行", "Labels in doubt, not trained on: {} rows"),
    "refused": ("用不了的行：{}", "Rows that cannot be used: {}"),
    "line": ("  第 {} 行：{}", "  line {}: {}"),
    "more": ("  …… 另有 {} 行", "  … and {} more"),
    "predicted": ("{} 行已写入 {}", "{} rows written to {}"),
}
_SHOWN = 20


def train(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", help="任务名：theme、sentiment、intent 或任意名字", show_default=False
        ),
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="文件",
            help="带标签的文本：JSONL、CSV 或 TSV，可加 .gz，可重复",
            show_default=False,
        ),
    ] = None,
    taxonomy: Annotated[
        str | None,
        typer.Option("--taxonomy", metavar="名称或文件", help="标签所属的主题体系，如 cars 或 我的.yaml"),
    ] = None,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder",
            metavar="名称或目录",
            help="句向量模型，可重复（几个的向量并排使用）；省略时用当前的",
            show_default=False,
        ),
    ] = None,
    noisy: Annotated[
        bool | None,
        typer.Option(
            "--noisy/--no-noisy",
            help="标签多有错误：不用与交叉验证矛盾的行；省略时由交叉验证决定",
            show_default=False,
        ),
    ] = None,
    product: Annotated[
        str | None,
        typer.Option(
            "--product", metavar="名称", help="没有 --data 时：只用库里这个产品的标注；省略时为全部"
        ),
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels",
            metavar="文件",
            help="没有 --data 时：也用这些标注文件（标注规范的 JSONL），可重复",
            show_default=False,
        ),
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="没有 --data 时：比在用的好就启用")] = False,
    author: Author = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="目录",
            help="模型写到这个目录；没有 --data 时为库所在的目录，写到其中的 models/，省略时为 out",
            show_default=False,
        ),
    ] = None,
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """训练：没有 --data 时，用人工标注修正 intent、theme、sentiment 或 all（三个），与在用的版本比较；有 --data 时，
    用带标签的文件训练一个分类模型，写成自成一体的目录，供 predict 使用。"""
    if not data:
        if taxonomy or encoder or noisy is not None:
            raise InputError(
                "--taxonomy, --encoder and --noisy tell how to train on files; give --data FILE too"
            )
        train_command(
            task,
            product=product,
            labels=labels or [],
            out=out or Path("out"),
            store=store,
            promote=promote,
            author=author,
            lang=lang,
        )
        return
    from feedback_mining.pipeline.text_models import train_file
    from feedback_mining.taxonomy import Taxonomy

    if out is None:
        raise InputError("Nowhere to write to; give --out DIR beside --data FILE")
    trained = train_file(
        data,
        task,
        out,
        settings=settings_of(None),
        taxonomy=Taxonomy.load(taxonomy) if taxonomy else None,
        encoders=encoder or (),
        noisy=noisy,
        say=lambda line: typer.echo(line, err=True),
    )
    typer.echo("\n".join(_trained(trained, lang)))


def predict(
    model: Annotated[Path, typer.Option("--model", metavar="目录", help="train 写出的目录")],
    data: Annotated[Path, typer.Option("--data", metavar="文件", help="文本：JSONL、CSV 或 TSV，可加 .gz")],
    output: Annotated[str, typer.Option("--output", metavar="文件", help="JSONL 文件；- 为标准输出")],
    lang: Lang = Language.ZH,
) -> None:
    """预测：用 train 写出的模型给文件里的每一行文本贴标签，次序不变，一行不少。"""
    from feedback_mining.pipeline.text_models import predict_file

    done = predict_file(model, data, output, settings=settings_of(None))
    lines = [*_refused(done.refused, lang), _say("predicted", lang).format(done.rows, output)]
    typer.echo("\n".join(lines), err=True)


def _trained(trained: TrainedFile, lang: str) -> list[str]:
    scores = trained.scores
    lines = [_say("trained", lang).format(trained.folder, scores["texts"], scores["labels"])]
    for name in ("accuracy", "micro_f1", "label_and_sentiment_micro_f1"):
        if name in scores:
            lines.append(f"  {_say(name, lang).format(scores[name])}")
    if scores.get("left_out"):
        lines.append(f"  {_say('left_out', lang).format(scores['left_out'])}")
    return [*lines, *_refused(trained.refused, lang)]


def _refused(refused: Sequence[tuple[int, str]], lang: str) -> list[str]:
    if not refused:
        return []
    lines = [_say("refused", lang).format(len(refused))]
    lines += [_say("line", lang).format(number, reason) for number, reason in refused[:_SHOWN]]
    if len(refused) > _SHOWN:
        lines.append(_say("more", lang).format(len(refused) - _SHOWN))
    return lines


def _say(key: str, lang: str) -> str:
    return _TEXTS[key][lang == "en"]
