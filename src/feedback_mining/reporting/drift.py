"""The drift report as sentences, as a table for the terminal and as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from feedback_mining.reporting.charts import levels
from feedback_mining.reporting.labels import Words
from feedback_mining.reporting.render import environment

MEASURES = ("unsure", "unknown_words", "intent", "theme", "sentiment")
_SHARES = frozenset({"unsure", "unknown_words"})
_LISTED = 6  # weeks named in a sentence, and shown with comments
_TEXTS = {
    "title": ("{product}：评论变了没有", "{product}: have the comments changed?"),
    "kicker": ("漂移报告", "Drift report"),
    "span": ("{first} 至 {last}", "{first} to {last}"),
    "week": ("周", "week"),
    "comments": ("评论", "comments"),
    "units": ("观点", "opinion units"),
    "confidence": ("平均把握", "mean confidence"),
    "unsure": ("没把握的观点", "unsure units"),
    "unknown_words": ("生词", "unknown words"),
    "intent": ("意图偏移", "intent shift"),
    "theme": ("主题偏移", "theme shift"),
    "sentiment": ("情感偏移", "sentiment shift"),
    "verdict": ("判断", "verdict"),
    "reference": ("基准", "reference"),
    "few": ("太少", "too few"),
    "same": ("没变", "as before"),
    "departs": ("变了", "departs"),
    "none": (
        "{judged} 周的评论与基准（{reference}）没有明显不同；{few} 周评论太少，没有判断。",
        "{judged} weeks do not differ from the reference ({reference}); {few} weeks hold too few comments to be judged.",
    ),
    "some": (
        "{judged} 周里有 {departing} 周与基准（{reference}）明显不同：{weeks}；{few} 周评论太少，没有判断。",
        "{departing} of {judged} weeks differ from the reference ({reference}): {weeks}; {few} weeks hold too few "
        "comments to be judged.",
    ),
    "newest": ("最近的是 {}", "the newest are {}"),
    "no_reference": ("评论太少，看不出变化。", "There are too few comments to see a change."),
    "because": ("{week} 变了：{reasons}。", "{week} departs: {reasons}."),
    "because_share": ("{name} {before} → {now}", "{name} {before} → {now}"),
    "because_label": ("{name}（{grown}）", "{name} ({grown})"),
    "grown": ("{name} {before} → {now}", "{name} {before} → {now}"),
    "new_words": ("多人说的生词：{}", "Unknown words that several used: {}"),
    "to_label": (
        "先标这几条，再训练：feedback-mining label next --strategy drifting --product {product}",
        "Label these first, then train: feedback-mining label next --strategy drifting --product {product}",
    ),
    "dashed": (
        "虚线是基准；橙色的点与基准明显不同",
        "The dashed line is the reference; orange dots depart from it",
    ),
    "weeks": ("各周", "Week by week"),
    "departing": ("变了的周", "Weeks that depart"),
    "measured": (
        "没把握：三个标签都对的概率低于 {least:.0%} 的观点。生词：基准各周没出现过的词。偏移：标签分布与基准的 Jensen–Shannon 散度（比特）；"
        "显著与否用卡方检验，合并稀有标签，除以每条评论的观点数，再对全部检验做 Holm 校正。广告和刷量不计，少于 10 条评论的周不判断。",
        "Unsure: units whose three labels are all right with a probability below {least:.0%}. Unknown words: those that the "
        "reference weeks lack. Shift: Jensen–Shannon divergence of the labels from the reference, in bits; significance by "
        "chi-square, rare labels pooled, divided by units a comment, Holm-corrected over all tests. Advertising and floods are "
        "left out, weeks of fewer than 10 comments are not judged.",
    ),
}


def drift_table(report: Mapping[str, Any], lang: str, themes: Mapping[str, str] | None = None) -> list[str]:
    """A Markdown table, a row a week, and a sentence about each week that departs."""
    names = ["week", "comments", "units", "confidence", *MEASURES, "verdict"]
    lines = ["| " + " | ".join(_say(name, lang) for name in names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(_cells(week, lang)) + " |" for week in report["weeks"]]
    return [*lines, "", *_summary(report, lang, _names(lang, themes))]


def render_drift(report: Mapping[str, Any], lang: str = "zh", themes: Mapping[str, str] | None = None) -> str:
    """One HTML page that needs no other file. report: as pipeline.drift makes it; themes: theme id → label."""
    weeks = report["weeks"]
    short = [week["week"][5:] for week in weeks]
    charts = []
    for name in MEASURES:
        measured = [week["measures"].get(name) for week in weeks]
        level = next((m["reference"] for m in measured if m), 0.0)
        values = [m and m["value"] for m in measured]
        marked = [bool(m and m["departs"]) for m in measured]
        told = "; ".join(
            f"{s} {_shown(name, v)}" for s, v in zip(short, values, strict=True) if v is not None
        )
        title = _say(name, lang)
        drawing = levels(
            values,
            short,
            f"{title}: {told}",
            level=level,
            marked=marked,
            shown=partial(_shown, name),
        )
        charts.append((title, drawing))
    labels = _names(lang, themes)
    head, *_ = _summary(report, lang, labels)
    return environment("drift.html.j2").get_template("drift.html.j2").render(
        t=lambda key, *values, **named: _say(key, lang, *values, **named),
        lang="en" if lang == "en" else "zh-CN",
        report=report,
        headline=head,
        charts=charts,
        header=["week", "comments", "units", "confidence", *MEASURES, "verdict"],
        rows=[(week, _cells(week, lang)) for week in weeks],
        departing=[(week, _because(week, lang, labels), _words(week, lang)) for week in reversed(weeks) if week["departs"]][:_LISTED],
    )  # fmt: skip


def _names(lang: str, themes: Mapping[str, str] | None = None) -> dict[str, str]:
    words = Words(lang)
    found = {name: words.label(kind, name) for kind in ("intent", "sentiment") for name in words.names(kind)}
    return found | dict(themes or {})


def _summary(report: Mapping[str, Any], lang: str, labels: Mapping[str, str]) -> list[str]:
    weeks = report["weeks"]
    reference = [week["week"] for week in weeks if week["reference"]]
    judged = [week for week in weeks if week["judged"]]
    departing = [week for week in weeks if week["departs"]]
    if not judged:
        return [_say("no_reference", lang)]
    counts = {
        "judged": len(judged),
        "few": len(weeks) - len(judged) - len(reference),
        "reference": reference[0] if len(reference) == 1 else f"{reference[0]}–{reference[-1]}",
    }
    if not departing:
        return [_say("none", lang, **counts)]
    comma = "、" if lang == "zh" else ", "
    newest = [week["week"] for week in departing[-_LISTED:]]
    told = comma.join(newest) if len(newest) == len(departing) else _say("newest", lang, comma.join(newest))
    return [
        _say("some", lang, departing=len(departing), weeks=told, **counts),
        *(_because(week, lang, labels) for week in departing),
        _say("to_label", lang, product=report["product"]),
    ]


def _because(week: Mapping[str, Any], lang: str, labels: Mapping[str, str]) -> str:
    comma = "、" if lang == "zh" else ", "
    reasons = []
    for name in MEASURES:
        measure = week["measures"][name]
        if not measure["departs"]:
            continue
        if name in _SHARES:
            values = {"before": _shown(name, measure["reference"]), "now": _shown(name, measure["value"])}
            reasons.append(_say("because_share", lang, name=_say(name, lang), **values))
        else:
            grown = comma.join(
                _say("grown", lang, name=labels.get(label, label), before=f"{before:.0%}", now=f"{now:.0%}")
                for label, before, now in week["grown"][name][:2]
            )
            reasons.append(_say("because_label", lang, name=_say(name, lang), grown=grown))
    return _say("because", lang, week=week["week"], reasons=("；" if lang == "zh" else "; ").join(reasons))


def _words(week: Mapping[str, Any], lang: str) -> str:
    words = [f"{word} × {count}" for word, count in week["new_words"]]
    return _say("new_words", lang, ("、" if lang == "zh" else ", ").join(words)) if words else ""


def _cells(week: Mapping[str, Any], lang: str) -> list[str]:
    measures = week["measures"]
    verdict = (
        "reference"
        if week["reference"]
        else "few"
        if not week["judged"]
        else "departs"
        if week["departs"]
        else "same"
    )
    return [
        week["week"],
        f"{week['comments']:,}",
        f"{week['units']:,}",
        "–" if week["confidence"] is None else f"{week['confidence']:.2f}",
        *(
            f"{_shown(name, measures[name]['value'])}{' ▲' if measures[name]['departs'] else ''}"
            if name in measures
            else "–"
            for name in MEASURES
        ),
        _say(verdict, lang),
    ]


def _shown(name: str, value: float) -> str:
    return f"{value:.1%}" if name in _SHARES else f"{value:.3f}"


def _say(key: str, lang: str, *values: object, **named: object) -> str:
    return _TEXTS[key][lang == "en"].format(*values, **named)
