"""Labels as JSON Lines (the guideline's form) and as CSV, one row a unit: both ways."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from feedback_mining.classification.label_rows import (
    GivenUnit,
    LabelRefused,
    LabelRow,
    LabelTask,
    Refusal,
)

CSV_COLUMNS = (
    "id", "product", "week", "why", "text", "span", "start", "intent", "theme", "sentiment", "demand",
    "signals", "whole", "author", "time", "suggestion", "checked",
)  # fmt: skip
_HEADINGS = {
    "编号": "id", "评论id": "id", "comment": "id", "产品": "product", "周": "week", "为什么": "why", "原文": "text",
    "评论": "text", "内容": "text", "片段": "span", "观点": "span", "起点": "start", "意图": "intent", "主题": "theme",
    "情感": "sentiment", "诉求": "demand", "需求": "demand", "信号": "signals", "标注人": "author", "时间": "time",
    "已核对": "checked",
}  # fmt: skip
_UNSAID = "-"  # in a cell: nothing was said of signals; of a demand: the unit is no ticket
_NO = {"", "0", "false", "no", "n", "否", "×"}

Parsed = LabelRow | LabelRefused | None  # None: nobody has labelled it


def row_of(number: int, record: Mapping[str, Any]) -> LabelRow:
    """A row of the guideline's form, `{"id", "text", "units": [{"span", …}], "signals"}`. Raises LabelRefused."""
    units = record.get("units")
    if not isinstance(units, list) or not all(isinstance(unit, dict) for unit in units):
        raise LabelRefused(Refusal.BAD_ROW, "units", line=number)
    signals = record.get("signals")
    if signals is not None and not (isinstance(signals, list) and all(isinstance(s, str) for s in signals)):
        raise LabelRefused(Refusal.BAD_ROW, "signals", line=number)
    return LabelRow(
        line=number,
        id=_text(record.get("id")),
        product=_text(record.get("product")),
        text=lines_as_stored(_text(record.get("text"))),
        units=tuple(_unit(unit) for unit in units),
        signals=None if signals is None else tuple(signals),
        author=_text(record.get("author")),
        time=moment(record.get("time")),
        whole=record.get("whole") is not False,
        with_demands=any("demand" in unit for unit in units),
        suggestion=_text(record.get("suggestion")),
        checked=record.get("checked") is True,
    )


def rows_of_csv(text: str) -> Iterator[Parsed]:
    """One row per text; its lines, one a unit, need not stand together. Line 1 is the heading.

    Raises LabelRefused where columns are missing: comments without labels are not comments without opinions.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    heading = [_HEADINGS.get(name.strip().casefold(), name.strip().casefold()) for name in next(reader, [])]
    missing = {"span", "intent", "theme", "sentiment"} - set(heading)
    if missing or not {"id", "text"} & set(heading):
        raise LabelRefused(Refusal.BAD_ROW, ", ".join(sorted(missing or {"id", "text"})), line=1)
    groups: dict[tuple[str, str], list[tuple[int, dict[str, str]]]] = {}
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        record = dict(zip(heading, map(_unguarded, cells), strict=False))
        if len(cells) > len(heading) and any(cells[len(heading) :]):
            yield LabelRefused(Refusal.BAD_ROW, len(cells), line=line)
            continue
        key = record.get("id") or record.get("text", "")
        groups.setdefault((record.get("product", ""), key.strip()), []).append((line, record))
    for lines in groups.values():
        yield _row_of_lines(lines)


def _row_of_lines(lines: Sequence[tuple[int, dict[str, str]]]) -> Parsed:
    number, first = lines[0]
    units: list[GivenUnit] = []
    for line, record in lines:
        cells = {name: record.get(name, "").strip() for name in CSV_COLUMNS}
        if not any(cells[name] for name in ("span", "intent", "theme", "sentiment")):
            continue  # a text without opinions
        start = cells["start"]
        if start and not start.isdecimal():
            return LabelRefused(Refusal.BAD_ROW, f"start {start}", line=line)
        demand = cells["demand"]
        units.append(
            GivenUnit(
                span=lines_as_stored(record.get("span")),
                intent=cells["intent"],
                theme=cells["theme"],
                sentiment=cells["sentiment"],
                demand=None if demand == _UNSAID else demand or None,
                start=int(start) if start else None,
            )
        )
    signals = first.get("signals")
    return LabelRow(
        line=number,
        id=_text(first.get("id")),
        product=_text(first.get("product")),
        text=lines_as_stored(_text(first.get("text"))),
        units=tuple(units),
        signals=None if signals is None or signals.strip() == _UNSAID else _listed(signals),
        author=_text(first.get("author")),
        time=moment(first.get("time")),
        whole=first.get("whole", "").strip().casefold() != "false",
        with_demands=any(record.get("demand", "").strip() for _, record in lines),
        suggestion=_text(first.get("suggestion")),
        checked=first.get("checked", "").strip().casefold() not in _NO,
    )


def jsonl_of(tasks: Iterable[LabelTask]) -> str:
    return "".join(json.dumps(record_of(task), ensure_ascii=False) + "\n" for task in tasks)


def record_of(task: LabelTask) -> dict[str, Any]:
    """The guideline's form; keys that say nothing are left out."""
    units = [
        {
            "span": task.text[u.start : u.end],
            "start": u.start,
            "intent": u.intent,
            "theme": u.theme,
            "sentiment": u.sentiment,
            **({"demand": u.demand} if task.with_demands else {}),
        }
        for u in task.units
    ]
    record = {
        "id": task.id,
        "product": task.product,
        "week": task.week,
        "why": task.why,
        "text": task.text,
        "units": units,
        "signals": None if task.signals is None else list(task.signals),
        "whole": None if task.whole else False,
        "author": task.author,
        "time": task.time.isoformat() if task.time else None,
        "suggestion": task.suggestion,
        "checked": None if task.suggestion is None else False,
    }
    return {name: value for name, value in record.items() if value is not None}


def csv_of(tasks: Iterable[LabelTask], guard: Callable[[Any], Any] = lambda cell: cell) -> str:
    """`guard` makes a cell safe for spreadsheets."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, CSV_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for task in tasks:
        record = record_of(task)
        shared = {name: record.get(name, "") for name in CSV_COLUMNS if name not in {"start", "whole"}}
        shared["signals"] = _UNSAID if task.signals is None else "|".join(task.signals)
        shared["checked"] = ""
        shared["whole"] = "" if task.whole else "false"
        for unit in record["units"] or [{}]:
            demand = (unit.get("demand") or _UNSAID) if "demand" in unit else ""
            writer.writerow({n: guard(v) for n, v in {**shared, **unit, "demand": demand}.items()})
    return out.getvalue()


def moment(value: object) -> datetime | None:
    """An ISO 8601 instant with its zone, as UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def lines_as_stored(text: str | None) -> str | None:
    return None if text is None else text.replace("\r\n", "\n").replace("\r", "\n")


def _unit(record: Mapping[str, Any]) -> GivenUnit:
    start, end = record.get("start"), record.get("end")
    return GivenUnit(
        span=lines_as_stored(_text(record.get("span", record.get("text")))),
        intent=_text(record.get("intent")),
        theme=_text(record.get("theme")),
        sentiment=_text(record.get("sentiment")),
        demand=_text(record.get("demand")),
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
    )


def _text(value: object) -> str | None:
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return text if text.strip() else None


def _listed(cell: str) -> tuple[str, ...]:
    for mark in ",，、;；":
        cell = cell.replace(mark, "|")
    return tuple(name.strip() for name in cell.split("|") if name.strip())


def _unguarded(cell: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from taking a cell for a formula."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@\t\r\n" else cell


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(",\t;", key=heading.count)
