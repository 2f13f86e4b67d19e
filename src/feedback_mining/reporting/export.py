"""The backlog as files for other tools: JSON, CSV and XLSX. The same backlog gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_mining.backlog.items import Backlog, Item
from feedback_mining.reporting import sentences
from feedback_mining.reporting.labels import THIN_SPACE, Words
from feedback_mining.reporting.ranks import rank_ranges
from feedback_mining.reporting.rows import told_by
from feedback_mining.reporting.workbook import Cell, Sheet, workbook_bytes

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

_ITEM_COLUMNS = {
    "rank": ("名次", "Rank", 6),
    "rank_best": ("名次上限", "Best rank", 8),
    "rank_worst": ("名次下限", "Worst rank", 8),
    "priority": ("优先级", "Priority", 8),
    "title": ("标题", "Title", 36),
    "intent": ("类型", "Kind", 9),
    "theme": ("主题", "Theme", 14),
    "status": ("状态", "Status", 10),
    "trend": ("走势", "Trend", 10),
    "why": ("为什么排在这里", "Why here", 44),
    "summary": ("用户怎么说", "What users say", 50),
    "users": ("人数", "People", 8),
    "users_this_week": ("本周人数", "People this week", 9),
    "mentions": ("次数", "Mentions", 8),
    "mentions_this_week": ("本周次数", "Mentions this week", 9),
    "change_vs_last_week": ("比上周", "Change on last week", 8),
    "negative": ("负面", "Negative", 7),
    "neutral": ("中性", "Neutral", 7),
    "positive": ("正面", "Positive", 7),
    "first_seen": ("最早", "First seen", 11),
    "last_seen": ("最近", "Last seen", 11),
    "versions": ("版本", "Versions", 22),
    "quote": ("原话", "In their words", 50),
    "keywords": ("关键词", "Keywords", 22),
    "id": ("编号", "Id", 16),
}


def write_json(backlog: Backlog, path: Path) -> None:
    """backlog.json as docs/backlog.schema.json describes it; UTF-8, newline at the end."""
    path.write_bytes((json.dumps(backlog.as_json(), ensure_ascii=False, indent=1) + "\n").encode())


def write_csv(
    backlog: Backlog, path: Path, lang: str = "zh", *, themes: Mapping[str, str] | None = None
) -> None:
    """One row per item; UTF-8 with a byte order mark, so that Excel reads it; no cell becomes a formula."""
    frame = items_frame(backlog, lang, themes=themes).map(formula_safe)
    path.write_bytes(frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))


def items_frame(
    backlog: Backlog, lang: str = "zh", *, themes: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The items as a table, a row each in order of priority; columns as in backlog.csv."""
    import pandas as pd

    words = Words(lang, themes)
    columns = [_heading(pair, words) for pair in _ITEM_COLUMNS.values()]
    return pd.DataFrame(_item_rows(backlog, words), columns=columns, dtype=object)


def write_xlsx(
    backlog: Backlog, path: Path, lang: str = "zh", *, themes: Mapping[str, str] | None = None
) -> None:
    """Items, evidence, alerts, campaigns and notes, a sheet each; text stays text, numbers stay numbers."""
    words = Words(lang, themes)
    sheets = [
        Sheet(words.say("sheet_items"), _columns(_ITEM_COLUMNS, words), _item_rows(backlog, words)),
        _evidence_sheet(backlog, words),
        _alert_sheet(backlog, words),
        _campaign_sheet(backlog, words),
        _notes_sheet(backlog, words),
    ]
    path.write_bytes(
        workbook_bytes(
            sheets, backlog.end, words.say("report_title", product=backlog.product, week=backlog.week)
        )
    )


def formula_safe(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula: text that starts like one is led by an apostrophe."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _heading(column: tuple[str, str, int], words: Words) -> str:
    return column[0] if words.lang == "zh" else column[1]


def _columns(columns: Mapping[str, tuple[str, str, int]], words: Words) -> list[tuple[str, int]]:
    return [(_heading(column, words), column[2]) for column in columns.values()]


def _plain(text: str) -> str:
    return text.replace(THIN_SPACE, "")


def _item_rows(backlog: Backlog, words: Words) -> list[list[Cell]]:
    ranges = rank_ranges(backlog.items)
    return [
        _item_row(backlog, words, rank, item, span)
        for rank, (item, span) in enumerate(zip(backlog.items, ranges, strict=True), start=1)
    ]


def _item_row(backlog: Backlog, words: Words, rank: int, item: Item, span: tuple[int, int]) -> list[Cell]:
    cells: dict[str, Cell] = {
        "rank": rank,
        "rank_best": span[0],
        "rank_worst": span[1],
        "priority": round(item.priority, 1),
        "title": item.title,
        "intent": words.label("intent", item.intent),
        "theme": words.theme(item.theme),
        "status": words.label("status", item.status),
        "trend": words.label("trend", item.trend),
        "why": _plain(sentences.why(item, backlog, words)),
        "summary": _plain(
            ("" if words.lang == "zh" else " ").join(
                f"{s.before}{s.clause}{s.after}" for s in told_by(item, words)
            )
        ),
        "users": item.users,
        "users_this_week": item.users_this_week,
        "mentions": item.mentions,
        "mentions_this_week": sentences.now_and_before(item)[0],
        "change_vs_last_week": item.change_vs_last_week,
        **{name: item.sentiment_mix.get(name, 0) for name in words.names("sentiment")},
        "first_seen": item.first_seen,
        "last_seen": item.last_seen,
        "versions": words.listed([f"{name} ({count})" for name, count in item.versions.items()]),
        "quote": item.quotes[0].text if item.quotes else "",
        "keywords": words.listed(list(item.keywords)),
        "id": item.id,
    }
    return [cells[name] for name in _ITEM_COLUMNS]


def _evidence_sheet(backlog: Backlog, words: Words) -> Sheet:
    columns = {
        "title": ("需求", "Item", 32),
        "week": ("周", "Week", 11),
        "text": ("原话", "In their words", 60),
        "sentiment": ("情感", "Sentiment", 9),
        "version": ("版本", "Version", 11),
        "comment": ("评论编号", "Comment", 30),
        "start": ("起", "Start", 7),
        "end": ("止", "End", 7),
        "id": ("需求编号", "Item id", 16),
    }
    rows: list[list[Cell]] = [
        [
            item.title,
            unit.week,
            unit.text,
            words.label("sentiment", unit.sentiment),
            unit.version or "",
            unit.comment,
            unit.start,
            unit.end,
            item.id,
        ]
        for item in backlog.items
        for unit in item.units
    ]
    return Sheet(words.say("sheet_evidence"), _columns(columns, words), rows)


def _alert_sheet(backlog: Backlog, words: Words) -> Sheet:
    columns = {
        "title": ("标题", "Title", 36),
        "kind": ("类别", "Kind", 12),
        "mentions": ("本周次数", "Mentions this week", 9),
        "rate": ("占本周用户", "Share of people", 11),
        "expected": ("往常", "Usual share", 11),
        "p_value": ("偶然概率 (p)", "p-value", 12),
        "since": ("自版本", "Since version", 12),
        "platform": ("系统或设备", "System or device", 14),
        "people": ("本周人数", "People this week", 9),
        "usual": ("往常一周人数", "People in a usual week", 12),
        "id": ("编号", "Id", 16),
    }
    rows: list[list[Cell]] = [
        [
            sentences.alert_title(alert, words),
            words.label("trend", alert.kind),
            len(alert.units),
            alert.rate,
            alert.expected,
            alert.p_value,
            alert.since_version or "",
            alert.platform or "",
            alert.people,
            alert.usual,
            alert.demand,
        ]
        for alert in backlog.alerts
    ]
    formats = {3: "0.0%", 4: "0.0%", 5: "0.0E+00"}
    return Sheet(words.say("sheet_alerts"), _columns(columns, words), rows, formats)


def _campaign_sheet(backlog: Backlog, words: Words) -> Sheet:
    columns = {
        "kind": ("类别", "Kind", 12),
        "count": ("评论数", "Comments", 9),
        "evidence": ("依据", "Evidence", 56),
        "example": ("例子", "Example", 50),
        "first": ("从", "From", 12),
        "last": ("到", "To", 12),
        "rating": ("平均星级", "Mean stars", 10),
        "people": ("账号数", "Accounts", 9),
        "id": ("编号", "Id", 14),
        "comments": ("评论编号", "Comment ids", 50),
    }
    rows: list[list[Cell]] = [
        [
            words.label("campaign", campaign.kind),
            len(campaign.comments),
            campaign.evidence,
            campaign.example,
            campaign.first[:10],
            campaign.last[:10],
            None if campaign.mean_rating is None else round(campaign.mean_rating, 2),
            campaign.people,
            campaign.id,
            " ".join(campaign.comments),
        ]
        for campaign in backlog.campaigns
    ]
    return Sheet(words.say("sheet_campaigns"), _columns(columns, words), rows)


def _notes_sheet(backlog: Backlog, words: Words) -> Sheet:
    counts = backlog.counts
    notes: list[tuple[str, Cell]] = [
        (words.say("note_product"), backlog.product),
        (words.say("note_week"), f"{backlog.week} ({backlog.start} – {backlog.end}, {backlog.timezone})"),
        (words.say("note_read"), counts.rows_read),
        (words.say("note_stored"), counts.stored),
        *([(f"  {words.say('note_replies')}", counts.replies)] if counts.replies else []),
        (words.say("why_duplicate"), counts.duplicates),
        *((f"  {words.label('duplicate_reason', k)}", n) for k, n in counts.duplicates_by_reason.items()),
        (words.say("why_refused"), counts.quarantined),
        *((f"  {words.label('quarantine', k)}", n) for k, n in counts.quarantined_by_reason.items()),
        (words.say("note_campaigns"), counts.campaign_comments),
        *((words.say("notice"), notice) for notice in backlog.notices),
        *((words.say("method"), _plain(line)) for line in sentences.method(backlog, words)),
        *((words.say("limits"), words.say(f"limit_{k}")) for k in range(1, 5)),
        *((words.label("version", name), str(value)) for name, value in backlog.versions.items()),
    ]
    columns = [(words.say("note_name"), 24), (words.say("note_value"), 96)]
    return Sheet(words.say("sheet_notes"), columns, [[name, value] for name, value in notes])
