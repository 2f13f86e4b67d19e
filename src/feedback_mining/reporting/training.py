"""The report of a trained version: one HTML page and two drawings, from its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedback_mining.reporting.labels import Words
from feedback_mining.reporting.model_charts import confusion_matrix, reliability_diagram

_TEXTS = {
    "title": ("{task} {version} 训练报告", "Training report of {task} {version}"),
    "wins": ("比在用的 {champion} 好，可以启用", "Better than {champion}, which is in use: fit to be promoted"),
    "loses": ("没有证明比在用的 {champion} 好，不启用", "Not shown to be better than {champion}, which is in use"),
    "forgets": ("在别的产品上变差太多，不启用", "Loses too much on other products: not promoted"),
    "difference": ("准确率之差", "Difference in accuracy"),
    "interval": ("95% 区间", "95% interval"),
    "only": ("只有一方判对", "Right in only one"),
    "only_values": ("新版本 {b}，在用的 {a}", "new {b}, in use {a}"),
    "elsewhere": ("在别的产品上的变化", "Change on other products"),
    "elsewhere_note": (
        "基础训练集的产品，用没复习过该产品的修正来判断；只看得到句向量部分，是近似值。",
        "Products of the base's training set, judged by corrections that did not rehearse them; an "
        "approximation, as only the vectors of their units are known.",
    ),
    "no_base": ("没有基础训练集，未测量", "not measured: there is no base set"),
    "side_by_side": ("在用的与新版本", "In use and new"),
    "champion": ("在用的 {}", "in use: {}"),
    "challenger": ("新版本", "new"),
    "accuracy": ("准确率", "Accuracy"),
    "macro_f1": ("宏平均 F1", "Macro F1"),
    "ece": ("校准误差 ECE", "Calibration error (ECE)"),
    "how": (
        "按近重复分组的 {folds} 折交叉拟合，随机种子 {seed}：每个单元都由没见过它所在评论及其近重复的模型判断。"
        "括号内为按评论自助重采样的 95% 区间。",
        "Cross-fitted in {folds} folds grouped by near duplicates, seed {seed}: each unit is judged by a model "
        "that saw neither its comment nor a near duplicate of it. In brackets, 95% intervals from resampling "
        "comments.",
    ),
    "classes": ("各类别", "By class"),
    "class": ("类别", "Class"),
    "support": ("标注数", "Labelled"),
    "precision": ("精确率", "Precision"),
    "recall": ("召回率", "Recall"),
    "f1": ("F1", "F1"),
    "f1_before": ("在用的 F1", "F1 in use"),
    "few": ("标注少于 20 个的类别用浅色，数字不可靠。", "Classes with fewer than 20 labels are pale: too few to rely on."),
    "confusions": ("混淆矩阵（新版本）", "Confusion matrix (new)"),
    "confusions_note": (
        "行是人标注的，列是模型判断的，颜色深浅是占该行的比例。",
        "Rows are what people said, columns what the model says; shades are shares of the row.",
    ),
    "calibration": ("校准", "Calibration"),
    "calibration_note": (
        "横轴是模型给出的概率，纵轴是其中判对的比例，圆越大单元越多；在对角线上最好。",
        "Across, the probability that the model gives; upwards, the share of those units that is right. The "
        "larger the dot, the more units; the diagonal is ideal.",
    ),
    "data": ("用了什么", "What was used"),
    "comments": ("评论", "Comments"),
    "units": ("观点单元", "Opinion units"),
    "groups": ("近重复归并后的组", "Groups of near duplicates"),
    "judged": ("用于比较的单元", "Units compared on"),
    "no_units": ("没有单元的评论（未用）", "Comments without units (not used)"),
    "labelled_again": ("同一文字的较早标注（未用）", "Earlier labels of the same text (not used)"),
    "unknown_label": ("标签不在模型类别里的单元（未用）", "Units with a label unknown to the model (not used)"),
    "seen_by_champion": (
        "在用的版本以别的形式见过的单元（不参加比较）",
        "Units that the version in use saw in another form (not compared on)",
    ),
    "rehearsed_units": ("复习的基础单元", "Base units rehearsed"),
    "authors": ("标注者", "Annotators"),
    "unnamed": ("未写明", "not named"),
    "from": ("来自", "From"),
    "base": ("基础模型", "Base models"),
    "truth": ("人", "people"),
    "said": ("模型", "model"),
    "probability": ("给出的概率", "probability given"),
    "right": ("判对的比例", "share right"),
}  # fmt: skip


def write_training_report(
    metrics: Mapping[str, Any], folder: Path, themes: Mapping[str, str], lang: str = "zh"
) -> Path:
    """Write report.html, confusion.svg and calibration.svg into `folder`; returns the page's path.

    metrics: what metrics.json of a correction holds; themes: theme id → label.
    """
    words = Words(lang, themes)
    english = words.lang == "en"

    def say(key: str, **values: object) -> str:
        return _TEXTS[key][english].format(**values)

    def named(name: str) -> str:
        return words.theme(name) if metrics["task"] == "theme" else words.label(metrics["task"], name)

    after, before = metrics["challenger"], metrics["champion"]
    names = [named(row["name"]) for row in after["classes"]]
    confusion = confusion_matrix(after["confusion"], names, say("truth"), say("said"), say("confusions"))
    calibration = reliability_diagram(
        [(say("challenger"), after["bins"]), (_TEXTS["champion"][english].format(metrics["champion_version"]), before["bins"])],
        say("probability"),
        say("right"),
        say("calibration"),
    )  # fmt: skip
    for name, drawing in (("confusion", confusion), ("calibration", calibration)):
        (folder / f"{name}.svg").write_text(drawing + "\n", encoding="utf-8")
    environment = Environment(
        loader=PackageLoader("feedback_mining.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page = environment.get_template("training.html.j2").render(
        m=metrics,
        w=words,
        t=say,
        rows=list(zip(names, after["classes"], before["classes"], strict=True)),
        confusion=confusion,
        calibration=calibration,
        figure=_figure,
        chance=_chance,
        verdict=_verdict(metrics),
        champion=_TEXTS["champion"][english].format(metrics["champion_version"]),
        counted=[(say(key), n) for key, n in metrics["labels"].items() if n or key in {"comments", "units"}],
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _verdict(metrics: Mapping[str, Any]) -> str:
    if metrics["wins"]:
        return "wins"
    return "forgets" if metrics["comparison"]["difference"]["low"] > 0 else "loses"


def _chance(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def _figure(estimate: Mapping[str, float | None], signed: bool = False) -> str:
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "–"
    form = "+.3f" if signed else ".3f"
    return f"{value:{form}} ({low:{form}} – {high:{form}})".replace("-", "−")
