"""The commands about trained versions: list, show, compare, promote, roll back; and training on labels."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_mining.console import Language
from feedback_mining.errors import InputError
from feedback_mining.options import Lang, Out, open_run_store, settings_of

if TYPE_CHECKING:
    from feedback_mining.evaluation.judge import Comparison
    from feedback_mining.pipeline.corrections import TrainedVersion
    from feedback_mining.pipeline.promote import Verdict
    from feedback_mining.registry.versions import Registry

_TEXTS = {
    "using": ("训练 {}", "Training {}"),
    "trained": ("{task} {version}：{folder}", "{task} {version}: {folder}"),
    "compared": (
        "  与在用的 {a} 相比，准确率 {d}（95% 区间 {low} 至 {high}，p = {p}，{n} 个留出的单元，{on}）",
        "  against {a} in use: accuracy {d} (95% interval {low} to {high}, p = {p}, {n} held-out units, {on})",
    ),
    "elsewhere": (
        "  在别的产品上 {d}（{low} 至 {high}）",
        "  on other products {d} ({low} to {high})",
    ),
    "held_out": ("自己的标注", "own labels"),
    "same": ("  与在用的版本相同：标注没有变", "  the same as the version in use: the labels have not changed"),
    "promoted": ("已启用 {task} {b}（此前是 {a}）", "{task} {b} is in use now (before: {a})"),
    "forced": ("已按 --force 启用 {task} {b}（此前是 {a}），已记下原因", "{task} {b} is in use now by --force (before: {a}); the reason is kept"),
    "could": ("  更好：用 feedback-mining models promote {task} {b} 启用", "  better: put it in use with feedback-mining models promote {task} {b}"),
    "refused": ("没有启用 {task} {b}：没有证明它更好，差 {miss}", "{task} {b} was not promoted: it is not shown to be better, by {miss}"),
    "miss": ("区间下限离 0 还有 {:.4f}", "{:.4f} between the interval's lower end and 0"),
    "forgets": ("在别的产品上变差超过 {:.2f}", "more than {:.2f} lost on other products"),
    "not_better": ("  没有证明更好，不启用", "  not shown to be better: not in use"),
    "rolled_back": ("已退回 {task} {b}（此前是 {a}）", "{task} is back at {b} (before: {a})"),
    "in_use": ("在用", "in use"),
    "stale": ("基础模型已换，不起作用，请重新训练", "its base model is gone, without effect: train again"),
    "shipped": ("随附", "shipped"),
    "own": ("团队", "team"),
    "better": ("{b} 比 {a} 好", "{b} is better than {a}"),
    "worse": ("{b} 比 {a} 差", "{b} is worse than {a}"),
    "even": ("分不出好坏", "no difference is shown"),
    "history": ("记录", "Log"),
}  # fmt: skip

Task = Annotated[
    str, typer.Argument(metavar="TASK", help="任务：intent、theme、sentiment 等", show_default=False)
]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="版本", show_default=False)]
Author = Annotated[
    str | None, typer.Option("--author", metavar="姓名", help="谁做的，记入日志；省略时取登录名")
]


def train_command(
    task: str,
    *,
    product: str | None,
    labels: list[Path],
    out: Path,
    store: str | None,
    promote: bool,
    author: str | None,
    lang: str,
) -> None:
    """Train on people's labels: those of the store, where there is one, and those of files."""
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.corrections import train_from_labels
    from feedback_mining.settings import team_models

    settings = settings_of(store)
    has_store = bool(settings.store) or (out / "feedback_mining.db").is_file()
    options: dict[str, Any] = {
        "settings": settings,
        "out": team_models(out, settings),
        "product": product,
        "labels": labels,
        "promote": promote,
        "author": _author(author),
        "lang": lang,
        "say": lambda line: typer.echo(line, err=True),
    }
    if labels and not has_store:
        done = train_from_labels(task, **options)
    else:
        with open_run_store(out, settings) as opened:
            if product is not None:
                product_in_store(opened, product)
            done = train_from_labels(task, store=opened, **options)
    for version in done:
        typer.echo("\n".join(_trained(version, lang)))


def list_(out: Out = Path("out"), lang: Lang = Language.ZH) -> None:
    """列出每个任务有哪些版本，哪个在用。"""
    registry = _registry(out)
    using = registry.in_use()
    for task in registry.tasks():
        for version in registry.versions(task):
            own = registry.own is not None and (registry.own / task / version).is_dir()
            marks = [_say("own" if own else "shipped", lang)]
            if using[task] == version:
                marks.append(_say("stale" if registry.is_stale(task, version) else "in_use", lang))
            typer.echo(f"{task:<16} {version:<20} {' · '.join(marks)}")


def show(
    task: Task,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="版本；省略时为在用的", show_default=False)
    ] = None,
    out: Out = Path("out"),
    lang: Lang = Language.ZH,
) -> None:
    """显示一个版本的卡片、所在的文件夹，和这个任务的启用记录。"""
    from feedback_mining.registry.promotions import history

    registry = _registry(out)
    folder = registry.found(task, version or registry.version_of(task))
    card = folder / "card.md"
    typer.echo(folder)
    if card.is_file():
        typer.echo(card.read_text(encoding="utf-8"))
    entries = history(registry, task)
    if entries:
        typer.echo(_say("history", lang))
    for entry in entries:
        reason = f" · {entry['reason']}" if entry.get("reason") else ""
        typer.echo(
            f"  {entry['time']} · {entry['author']} · {entry['action']} · {entry['from']} → {entry['to']}{reason}"
        )


def compare(
    task: Task,
    a: Annotated[str, typer.Argument(metavar="A", help="一个版本", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="另一个版本", show_default=False)],
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="文件",
            help="标注文件（JSONL，标注规范的格式），可重复；省略时用两者训练时留出的结果",
            show_default=False,
        ),
    ] = None,
    out: Out = Path("out"),
    lang: Lang = Language.ZH,
) -> None:
    """比较两个版本：在两者都没见过的同一批单元上，准确率之差、区间和 p。"""
    from feedback_mining.pipeline.promote import compare_versions

    verdict = compare_versions(_registry(out), task, a, b, files=data or (), settings=settings_of(None))
    lines = _compared(verdict.comparison, verdict.elsewhere, a, verdict.on, lang)
    side = "better" if verdict.comparison.better else "worse" if verdict.comparison.worse else "even"
    typer.echo("\n".join([_say(side, lang, a=a, b=b), *lines]))


def promote(
    task: Task,
    version: Version,
    force: Annotated[bool, typer.Option("--force", help="不比在用的好也启用；记入日志")] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="文字", help="为什么；--force 时必填")
    ] = None,
    author: Author = None,
    out: Out = Path("out"),
    lang: Lang = Language.ZH,
) -> None:
    """启用一个版本：只有配对检验证明它比在用的好才启用；不启用时退出码为 2。"""
    from feedback_mining.pipeline.promote import promote_version

    verdict = promote_version(
        _registry(out), task, version, author=_author(author), force=force, reason=reason
    )
    if not (verdict.wins or force):
        typer.echo("\n".join(_about(verdict, lang)))
        raise InputError(_say("refused", lang, task=task, b=version, miss=_miss(verdict, lang)))
    key = "promoted" if verdict.wins else "forced"
    typer.echo("\n".join([_say(key, lang, task=task, a=verdict.a, b=version), *_about(verdict, lang)]))


def rollback(
    task: Task,
    reason: Annotated[str | None, typer.Option("--reason", metavar="文字", help="为什么，记入日志")] = None,
    author: Author = None,
    out: Out = Path("out"),
    lang: Lang = Language.ZH,
) -> None:
    """退回：重新启用此前的版本。"""
    from feedback_mining.pipeline.promote import rollback as roll_back

    before, now = roll_back(_registry(out), task, author=_author(author), reason=reason)
    typer.echo(_say("rolled_back", lang, task=task, a=before, b=now))


def _registry(out: Path) -> Registry:
    from feedback_mining.registry.versions import Registry
    from feedback_mining.settings import team_models

    return Registry(team_models(out, settings_of(None)))


def _author(given: str | None) -> str:
    """Who does it; a container may know no login name."""
    if given or (given := os.environ.get("FEEDBACK_MINING_ANNOTATOR")):
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"


def _trained(version: TrainedVersion, lang: str) -> list[str]:
    names = {"task": version.task, "version": version.version, "folder": version.folder}
    lines = [_say("trained", lang, **names)]
    if version.version == version.champion:
        return [*lines, _say("same", lang)]
    lines += _compared(version.comparison, version.elsewhere, version.champion, "held-out labels", lang)
    key = "promoted" if version.promoted else "could" if version.wins else "not_better"
    return [*lines, _say(key, lang, task=version.task, a=version.champion, b=version.version)]


def _about(verdict: Verdict, lang: str) -> list[str]:
    if not verdict.comparison.units:
        return []
    return _compared(verdict.comparison, verdict.elsewhere, verdict.a, verdict.on, lang)


def _compared(found: Comparison, elsewhere: Comparison | None, a: str, on: str, lang: str) -> list[str]:
    def figures(c: Comparison) -> dict[str, str]:
        d = c.difference
        return {"d": f"{d.value:+.3f}", "low": f"{d.low:+.3f}", "high": f"{d.high:+.3f}"}

    where = _say("held_out", lang) if on == "held-out labels" else on
    lines = [
        _say("compared", lang, a=a, p=f"{found.p:.4f}", n=f"{found.units:,}", on=where, **figures(found))
    ]
    if elsewhere:
        lines.append(_say("elsewhere", lang, **figures(elsewhere)))
    return lines


def _miss(verdict: Verdict, lang: str) -> str:
    from feedback_mining.pipeline.train_labels import WORSE_ELSEWHERE

    if verdict.comparison.better:
        return _TEXTS["forgets"][lang == "en"].format(WORSE_ELSEWHERE)
    return _TEXTS["miss"][lang == "en"].format(-verdict.comparison.difference.low)


def _say(key: str, lang: str, **named: object) -> str:
    return _TEXTS[key][lang == "en"].format(**named)
