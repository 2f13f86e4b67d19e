"""What the terminal shows: progress on stderr, results on stdout, in Chinese or English."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_mining.reporting.labels import THIN_SPACE, Words

if TYPE_CHECKING:
    from feedback_mining.backlog.items import Backlog, Counts, Item
    from feedback_mining.pipeline.fetch import FetchReport
    from feedback_mining.pipeline.ingest import ImportReport
    from feedback_mining.pipeline.preview import FilePreview
    from feedback_mining.storage import ImportCounts

TOP = 5


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


_TEXTS = {
    "error": ("错误：{}", "Error: {}"),
    "crash": (
        "程序自身出错：{}（设 FEEDBACK_MINING_DEBUG=1 再运行一次可看到详情）",
        "Internal error: {} (run again with FEEDBACK_MINING_DEBUG=1 to see where)",
    ),
    "stopped": ("已中断", "Stopped"),
    "reading": ("读取评论", "Reading comments"),
    "mining": ("分析 {}", "Mining {}"),
    "replaying": ("逐周回放", "Replaying week by week"),
    "analyzing": ("分析评论", "Analysing comments"),
    "files_read": ("读取 {} 个文件", "Files read: {}"),
    "again": ("（早先已导入，未作改动）", " (imported before, nothing changed)"),
    "sum": (
        "读 {rows} 行 = 入库 {stored} + 重复 {duplicates} + 未收 {quarantined}",
        "{rows} rows = stored {stored} + duplicates {duplicates} + refused {quarantined}",
    ),
    "preview": (
        "| 文件 | 格式 | 编码 | 列 | 行 | 评论 | 官方回复 | 未收 | 说明 |",
        "| file | format | encoding | columns | rows | comments | official replies | refused | remarks |",
    ),
    "product": ("产品 {}", "product {}"),
    "recalled": ("（沿用保存的 --map）", " (from a saved --map)"),
    "replies": ("（其中官方回复 {}）", " (of these {} the team's replies)"),
    "total": ("合计：{}", "In all: {}"),
    "product_week": ("{product} · {week}（{start} 至 {end}）", "{product} · {week} ({start} to {end})"),
    "figures": (
        "本周 {comments} 条评论，{people} 人；清单共 {items} 项",
        "This week: {comments} comments by {people} people; {items} items in the backlog",
    ),
    "top": ("优先级最高的 {} 项", "Top {} items"),
    "no_items": ("没有发现需要处理的事项", "Nothing was found that asks for action"),
    "item": (
        "{title} — {users} 人，本周 {now} 人，提及比上周 {change}",
        "{title} — {users} people, {now} this week, mentions {change} on last week",
    ),
    "alerts": ("突发", "Breaking out"),
    "alert": (
        "{kind}：{title}（本周评论的 {rate}，通常 {expected}）",
        "{kind}: {title} ({rate} of this week's comments, usually {expected})",
    ),
    "campaigns": ("不计入的刷量", "Floods taken out of the count"),
    "campaign": ("{kind} {comments} 条：{evidence}", "{kind}, {comments} comments: {evidence}"),
    "report": ("报告：{}", "Report: {}"),
    "saved": ("已存入 {}", "Saved in {}"),
    "replayed": ("已回放 {} 周：{}", "Weeks replayed: {} in {}"),
    "analyzed": (
        "{comments} 条评论，{units} 个观点（其中没把握 {unsure}），{refused} 行未收",
        "{comments} comments, {units} opinion units (unsure: {unsure}), {refused} rows refused",
    ),
}


def say(key: str, lang: str, *values: object, **named: object) -> str:
    return _TEXTS[key][lang == "en"].format(*values, **named)


@contextmanager
def progress_bar(text: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr that disappears when done; nothing at all where stderr is no terminal.

    Yields a function that is told how many more steps are done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(text, total=total)
        yield lambda steps: progress.advance(task, steps)


def import_lines(reports: Sequence[ImportReport], lang: str) -> list[str]:
    """What came of each file: counts that add up, by reason, and what was remarked."""
    words = Words(lang)
    lines = [say("files_read", lang, len(reports))]
    for report in reports:
        again = say("again", lang) if report.already_imported else ""
        colon = "：" if lang == "zh" else ": "
        lines.append(f"  {report.name}{colon}{sum_line(report, words)}{again}")
        lines.append(f"    {_understood(report, words)}")
        lines.extend(f"    {text}" for text in report.notices)
    if len(reports) > 1:
        from feedback_mining.storage import ImportCounts

        total = ImportCounts()
        for r in reports:
            total += ImportCounts(r.rows_read, r.stored, r.duplicates_by_reason, r.quarantined_by_reason)
        lines.append(say("total", lang, sum_line(total, words)))
    return [plain(line) for line in lines]


def preview_lines(previews: Sequence[FilePreview], lang: str) -> list[str]:
    """A Markdown table of what each file holds."""
    words = Words(lang)
    lines = [say("preview", lang), "| --- | --- | --- | --- | ---: | ---: | ---: | --- | --- |"]
    for preview in previews:
        reading = preview.reading
        if reading is None:
            cells = [preview.name, *[""] * 7, preview.problem]
        else:
            cells = [
                preview.name,
                words.label("format", reading.source),
                (reading.encoding or "").upper(),
                ", ".join(f"{field}←{column}" for field, column in reading.mapping.items()),
                *(str(number) for number in (preview.rows, preview.comments, preview.replies)),
                ", ".join(f"{words.label('quarantine', why)} {n}" for why, n in preview.quarantined.items()),
                " ".join(reading.notices),
            ]
        lines.append("| " + " | ".join(plain(cell).replace("|", "\\|") for cell in cells) + " |")
    return lines


def _understood(report: ImportReport, words: Words) -> str:
    """What was taken for what: product, kind of file, encoding, and each field with its column."""
    columns = ", ".join(f"{field}←{column}" for field, column in report.mapping.items())
    parts = [
        say("product", words.lang, report.product),
        words.label("format", report.source),
        *([report.encoding.upper()] if report.encoding else []),
        columns + (say("recalled", words.lang) if report.recalled else ""),
    ]
    return " · ".join(parts)


def backlog_lines(backlog: Backlog, lang: str, report: Path | None = None) -> list[str]:
    """The week in one screen: counts, top items, what broke out, floods, and where the report is."""
    words = Words(lang)
    week = backlog.figures[-1]
    lines = [
        say("product_week", lang, product=backlog.product, week=backlog.week, start=backlog.start,
            end=backlog.end),
        say("total", lang, sum_line(backlog.counts, words, backlog.counts.replies)),
        say("figures", lang, comments=f"{week.comments:,}", people=f"{week.people:,}",
            items=len(backlog.items)),
        "",
    ]  # fmt: skip
    top = backlog.items[:TOP]
    lines.append(say("top", lang, len(top)) if top else say("no_items", lang))
    lines.extend(f"  {rank}. {_item(item, words)}" for rank, item in enumerate(top, 1))
    if backlog.alerts:
        lines += ["", say("alerts", lang)]
        for alert in backlog.alerts[:TOP]:
            kind = words.label("trend", alert.kind)
            rate, expected = words.share(alert.rate), words.share(alert.expected)
            text = say("alert", lang, kind=kind, title=alert.title, rate=rate, expected=expected)
            lines.append(f"  · {text}")
    if backlog.campaigns:
        lines += ["", say("campaigns", lang)]
        for campaign in backlog.campaigns:
            kind = words.label("campaign", campaign.kind)
            comments = len(campaign.comments)
            text = say("campaign", lang, kind=kind, comments=comments, evidence=campaign.evidence)
            lines.append(f"  · {text}")
    if report:
        lines += ["", say("report", lang, report)]
    return [plain(line) for line in lines]


def debugging() -> bool:
    return bool(os.environ.get("FEEDBACK_MINING_DEBUG"))


def _item(item: Item, words: Words) -> str:
    return say(
        "item",
        words.lang,
        title=item.title,
        users=f"{item.users:,}",
        now=f"{item.users_this_week:,}",
        change=words.signed(item.change_vs_last_week),
    )


def sum_line(
    counts: ImportReport | FetchReport | ImportCounts | Counts, words: Words, replies: int = 0
) -> str:
    """Rows read and what came of them, by reason; may hold thin spaces, which `plain` replaces."""
    of_these = say("replies", words.lang, f"{replies:,}") if replies else ""
    duplicates = _by_reason(counts.duplicates_by_reason, "duplicate_reason", words)
    quarantined = _by_reason(counts.quarantined_by_reason, "quarantine", words)
    return say(
        "sum",
        words.lang,
        rows=f"{counts.rows_read:,}",
        stored=f"{counts.stored:,}{of_these}",
        duplicates=f"{counts.duplicates:,}{duplicates}",
        quarantined=f"{counts.quarantined:,}{quarantined}",
    )


def _by_reason(reasons: Mapping[str, int], kind: str, words: Words) -> str:
    named = [f"{words.label(kind, name)} {count:,}" for name, count in reasons.items() if count]
    if not named:
        return ""
    text = words.listed(named)
    return f"（{text}）" if words.lang == "zh" else f" ({text})"


def plain(line: str) -> str:
    """Terminals show a thin space as a gap or as a question mark."""
    return line.replace(THIN_SPACE, " ")
