"""What the terminal shows of labels, in Chinese or English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from feedback_mining.records import Intent, Sentiment, Signal
from feedback_mining.reporting.labels import Words

if TYPE_CHECKING:
    from feedback_mining.classification.label_rows import LabelRefused
    from feedback_mining.classification.labelling import HumanLabel, LabelledUnit
    from feedback_mining.evaluation.agreement import Agreement
    from feedback_mining.pipeline.label_desk import Desk
    from feedback_mining.pipeline.label_import import LabelReport
    from feedback_mining.pipeline.label_queue import Queue, Reason
    from feedback_mining.taxonomy import Taxonomy

_REFUSED_SHOWN = 20
_TEXTS = {
    "intent": ("意图", "intent"),
    "theme": ("主题", "theme"),
    "sentiment": ("情感", "sentiment"),
    "demand": ("诉求（没有就写 -）", "demand (- for none)"),
    "signals": ("信号（整条评论）", "signals (of the whole comment)"),
    "why_uncertain": (
        "拿不准{0}：“{1}”像{2}（{3}），也像{4}（{5}）；三个标签全对的把握 {6}",
        'unsure of the {0}: "{1}" may be {2} ({3}) or {4} ({5}); all three labels right: {6}',
    ),
    "why_diverse": (
        "代表 {0} 条相近的评论，其中标过 {1} 条",
        "stands for {0} similar comments, {1} of them labelled",
    ),
    "why_unlike": (
        "最近 4 周的，与以前的评论都不像（最相近的相似度 {0}）",
        "of the last 4 weeks, unlike all earlier ones (nearest similarity {0})",
    ),
    "why_new_word": (
        "最近 4 周多起来的词“{0}”：{1} 条提到，之前 {2} 条",
        'a word of the last 4 weeks, "{0}": in {1} comments, {2} earlier',
    ),
    "why_mislabelled": (
        "可能标错了{0}：“{1}”标的是{2}，没学过这些标注的模型认为是{3}（{4}）",
        'the {0} may be mislabelled: "{1}" is labelled {2}, a model that never saw the labels says {3} ({4})',
    ),
    "suggested": ("模型", "model"),
    "labelled": ("已标", "labelled"),
    "no_units": ("没有观点", "no opinions"),
    "listed": (
        "列出 {0} 条；共 {1} 条评论，已标 {2} 条",
        "Listed: {0}; {1} comments in all, {2} labelled",
    ),
    "nothing": ("没有需要标的评论；共 {0} 条，已标 {1} 条", "Nothing to label; {0} comments, {1} labelled"),
    "sheet": (
        "已写到 {0}。改好后导入：feedback-mining label import {0} --author 名字（没改但认可的行，checked 填 true）",
        "Written to {0}. Correct it, then: feedback-mining label import {0} --author NAME "
        "(rows that are right as they stand: set checked to true)",
    ),
    "task_file": (
        "已写到 {0}（Label Studio 任务，模型的建议作为预标注；界面用 feedback-mining label config）",
        "Written to {0} (tasks for Label Studio with the model's suggestions; "
        "for the interface: feedback-mining label config)",
    ),
    "report": (
        "{name}：读到 {read} 条标注 = 新 {new} + 已有 {unchanged} + 未核对 {unchecked} + 未收 {refused}",
        "{name}: labels read {read} = new {new} + known {unchanged} + unchecked {unchecked} + refused {refused}",
    ),
    "loose": (
        "  其中 {0} 条不是库里的评论，单独留作训练用",
        "  {0} of them are of texts that are no comments of the store: kept for training",
    ),
    "unchecked": (
        "  未核对：模型的建议没有改过，也没有认可（checked 填 true，或整份都看过就加 --all）",
        "  unchecked: suggestions of the model, neither changed nor confirmed (set checked to true, "
        "or add --all if you have seen the whole file)",
    ),
    "more": ("  ……还有 {0} 条未收", "  … and {0} more refused"),
    "dry_run": ("只检查，没有写入", "Only checked, nothing was written"),
    "line": ("  第 {0} 行：{1}", "  line {0}: {1}"),
    "bad_row": ("读不懂这一行（{0}）", "the row cannot be read ({0})"),
    "no_text": ("没有原文，编号 {0} 也不在库里", "no text, and the store has no comment {0}"),
    "ambiguous_id": (
        "编号 {0} 在几个产品里都有（{1}），请写明 product",
        "the id {0} is in several products ({1}); name the product",
    ),
    "other_text": ("原文与库里 {0} 的文字不同", "the text is not that of {0} in the store"),
    "no_span": ("第 {0} 个观点没有片段", "unit {0} has no span"),
    "span_not_in_text": ("片段“{0}”不在原文里", 'the span "{0}" is not in the text'),
    "overlapping_spans": ("片段“{0}”和“{1}”重叠", 'the spans "{0}" and "{1}" overlap'),
    "missing_label": ("第 {0} 个观点没有{1}", "unit {0} has no {1}"),
    "unknown_intent": ("没有意图“{0}”；可用的有 {1}", 'no intent "{0}"; there are {1}'),
    "unknown_theme": ("没有主题“{0}”；可用的有 {1}", 'no theme "{0}"; there are {1}'),
    "unknown_sentiment": ("没有情感“{0}”；可用的有 {1}", 'no sentiment "{0}"; there are {1}'),
    "unknown_signal": ("没有信号“{0}”；可用的有 {1}", 'no signal "{0}"; there are {1}'),
    "no_author": ("不知道是谁标的，请用 --author 指明", "nobody is named as the annotator; use --author"),
    "kept": ("已记下（{0}）", "Kept ({0})"),
    "same": ("与 {0} 上次说的一样，未作改动", "The same as {0} said last, nothing changed"),
    "history": ("  {0} {1} {2}（{3}）", "  {0} {1} {2} ({3})"),
    "whole": ("整条", "whole comment"),
    "single": ("单个观点", "single units"),
    "exported": ("已写出 {0} 条到 {1}", "Written: {0} to {1}"),
    "stats": (
        "{texts} 条有人标过（其中 {partial} 条只改了单个观点，{loose} 条不在库里），{units} 个观点，共 {labels} 次标注",
        "{texts} texts labelled ({partial} of them in single units only, {loose} not in the store), "
        "{units} units, {labels} labels in all",
    ),
    "by_author": ("标注人", "Annotators"),
    "none": ("还没有人标过", "No labels yet"),
    "agreement": ("两人都标过的评论", "Comments that two annotators labelled"),
    "pair": (
        "  {0} 与 {1}：{2} 条，观点切分一致 {3}",
        "  {0} and {1}: {2} texts, units cut alike {3}",
    ),
    "kappa": ("{0} 相同 {1}，κ {2}", "{0} equal {1}, κ {2}"),
    "alpha": ("  全体 Krippendorff α：{0}", "  Krippendorff's α of all: {0}"),
    "no_pairs": ("没有两人都标过的评论，算不出一致性", "No comment was labelled by two, so no agreement"),
}  # fmt: skip


class LabelWords:
    """Sentences about labels, with the names of intents, themes and sentiments in the reader's language."""

    def __init__(self, lang: str, taxonomy: Taxonomy) -> None:
        self.lang = lang
        self._words = Words(lang)
        self._themes = taxonomy.labels(lang)

    def say(self, key: str, *values: object, **named: object) -> str:
        return _TEXTS[key][self.lang == "en"].format(*values, **named)

    def name(self, kind: str, key: str) -> str:
        return self._themes.get(key, key) if kind == "theme" else self._words.label(kind, key)

    def names(self) -> dict[str, dict[str, str]]:
        """kind → id → what annotators are shown: Chinese names, or the ids themselves."""
        kinds = {"intent": Intent, "sentiment": Sentiment, "signal": Signal}
        ids = {kind: [str(key) for key in keys] for kind, keys in kinds.items()} | {
            "theme": list(self._themes)
        }
        chinese = self.lang == "zh"
        return {kind: {key: self.name(kind, key) if chinese else key for key in ids[kind]} for kind in ids}

    def why(self, reason: Reason) -> str:
        shown: list[object] = [f"{v:.0%}" if isinstance(v, float) else v for v in reason.values]
        if reason.key == "unlike":
            shown = [f"{reason.values[0]:.2f}"]
        if reason.key in {"uncertain", "mislabelled"}:
            kind = str(reason.values[0])
            shown[0] = self.say(kind)
            for k in (2, 4) if reason.key == "uncertain" else (2, 3):
                shown[k] = self.name(kind, str(reason.values[k]))
        return self.say(f"why_{reason.key}", *shown)

    def unit(self, number: int, unit: LabelledUnit, text: str) -> str:
        names = "·".join(self.name(kind, getattr(unit, kind)) for kind in ("intent", "theme", "sentiment"))
        demand = f" → {unit.demand}" if unit.demand else ""
        return f"{number}. “{_one_line(text[unit.start : unit.end])}” {names}{demand}"


def queue_lines(queue: Queue, words: LabelWords) -> list[str]:
    lines: list[str] = []
    for rank, asked in enumerate(queue.asked, 1):
        lines.append(f"{rank}. {asked.comment.id} · {asked.week} · {words.why(asked.reason)}")
        lines.append(f"    {_one_line(asked.comment.text)}")
        head = words.say("labelled" if asked.reason.key == "mislabelled" else "suggested")
        units = [words.unit(n, unit, asked.comment.text) for n, unit in enumerate(asked.units, 1)]
        lines.append(f"    {head}：{'；'.join(units) or words.say('no_units')}")
    numbers = (f"{queue.comments:,}", f"{queue.labelled:,}")
    if not queue.asked:
        return [words.say("nothing", *numbers)]
    return [*lines, words.say("listed", len(queue.asked), *numbers)]


def desk_lines(desk: Desk, words: LabelWords) -> list[str]:
    lines = [desk.comment.id, f"    {_one_line(desk.comment.text)}"]
    lines += [f"  {words.unit(n, unit, desk.comment.text)}" for n, unit in enumerate(desk.units, 1)]
    if not desk.units:
        lines.append(f"  {words.say('no_units')}")
    if desk.signals:
        lines.append("  " + "、".join(words.name("signal", signal) for signal in desk.signals))
    return [*lines, *(_history(label, words) for label in desk.history)]


def import_lines(reports: Sequence[LabelReport], words: LabelWords, *, dry_run: bool) -> list[str]:
    lines: list[str] = []
    for r in reports:
        numbers = {"read": r.read, "new": r.new, "unchanged": r.unchanged, "unchecked": r.unchecked}
        shown = {key: f"{n:,}" for key, n in numbers.items()}
        lines.append(words.say("report", name=r.name, refused=f"{len(r.refused):,}", **shown))
        if r.loose:
            lines.append(words.say("loose", f"{r.loose:,}"))
        if r.unchecked:
            lines.append(words.say("unchecked"))
        lines += [
            words.say("line", refused.line, _refusal(refused, words))
            for refused in r.refused[:_REFUSED_SHOWN]
        ]
        if len(r.refused) > _REFUSED_SHOWN:
            lines.append(words.say("more", f"{len(r.refused) - _REFUSED_SHOWN:,}"))
    return [*lines, words.say("dry_run")] if dry_run else lines


def stats_lines(
    labels: Sequence[HumanLabel],
    in_force: Sequence[HumanLabel],
    pairs: Sequence[Agreement],
    alpha: dict[str, float | None],
    words: LabelWords,
) -> Iterator[str]:
    """labels: every one ever given; in_force: one a text."""
    if not labels:
        yield words.say("none")
        return
    yield words.say(
        "stats",
        texts=f"{len(in_force):,}",
        partial=f"{sum(not label.whole for label in in_force):,}",
        loose=f"{sum(label.comment is None for label in in_force):,}",
        units=f"{sum(len(label.units) for label in in_force):,}",
        labels=f"{len(labels):,}",
    )
    authors = Counter(label.author for label in labels)
    yield f"{words.say('by_author')}: " + ", ".join(f"{name} {n:,}" for name, n in sorted(authors.items()))
    for kind in ("intent", "theme", "sentiment"):
        counts = Counter(getattr(unit, kind) for label in in_force for unit in label.units)
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        yield f"{words.say(kind)}: " + ", ".join(f"{words.name(kind, key)} {n:,}" for key, n in ordered)
    if not pairs:
        yield words.say("no_pairs")
        return
    yield words.say("agreement")
    for pair in pairs:
        yield words.say("pair", *pair.authors, pair.texts, f"{pair.paired:.0%}")
        parts = [
            words.say("kappa", words.say(kind), f"{pair.same[kind]:.0%}", _figure(kappa))
            for kind, kappa in pair.kappa.items()
        ]
        yield "    " + "; ".join(parts)
    yield words.say(
        "alpha", ", ".join(f"{words.say(kind)} {_figure(value)}" for kind, value in alpha.items())
    )


def _refusal(refused: LabelRefused, words: LabelWords) -> str:
    values = list(refused.values)
    if refused.reason == "missing_label":
        values[1] = words.say(values[1])
    return _one_line(words.say(str(refused.reason), *values))


def _history(label: HumanLabel, words: LabelWords) -> str:
    when = label.time.isoformat(timespec="seconds")
    return words.say(
        "history", when, label.author, label.origin, words.say("whole" if label.whole else "single")
    )


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
