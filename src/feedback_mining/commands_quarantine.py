"""The commands about rows that were refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_mining.console import Language, progress_bar, say
from feedback_mining.errors import InputError
from feedback_mining.options import (
    Columns,
    Files,
    Lang,
    Out,
    StoreUrl,
    mapping_of,
    open_run_store,
    saved_mappings,
    settings_of,
)
from feedback_mining.records import QuarantineReason

if TYPE_CHECKING:
    from feedback_mining.pipeline.retry import RetryReport
    from feedback_mining.storage import RefusedRow

_FIELDS = ("product", "file", "line", "reason", "detail", "raw")
_TEXTS = {
    "none": ("没有未收的行", "No refused rows"),
    "shown": ("共 {} 行未收，列出 {} 行", "Refused rows: {}, shown: {}"),
    "written": ("已把 {} 行未收的写到 {}", "Refused rows written: {} to {}"),
    "nothing": ("{}（{}）：没有未收的行", "{} ({}): no refused rows"),
    "retried": (
        "{}（{}）：重读未收的 {} 行 = 入库 {} + 重复 {} + 仍未收 {}",
        "{} ({}): refused rows read again {} = stored {} + duplicates {} + still refused {}",
    ),
}

Product = Annotated[
    str | None, typer.Option("--product", metavar="名称", help="只要这个产品的；省略时为全部")
]
Reason = Annotated[QuarantineReason | None, typer.Option("--reason", help="只要这个原因的")]
FileName = Annotated[str | None, typer.Option("--file", metavar="文件名", help="只要这个文件的")]


def list_(
    product: Product = None,
    reason: Reason = None,
    file: FileName = None,
    limit: Annotated[int, typer.Option("--limit", metavar="行数", min=1, help="最多列出几行")] = 50,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """列出未收的行：文件、行号、原因、细节和原文（个人信息已隐去）。"""
    from feedback_mining.reporting.labels import Words

    rows = _refused(out, store, product, reason, file)
    words = Words(lang)
    for refused in rows[:limit]:
        row = refused.row
        raw = " ".join(row.raw.split())
        label = words.label("quarantine", row.reason)
        typer.echo(f"{refused.product} · {refused.file_name}:{row.line} · {label} · {row.detail}")
        if raw:
            typer.echo(f"    {raw[:160]}{'…' if len(raw) > 160 else ''}")
    typer.echo(
        _say("shown", lang, f"{len(rows):,}", f"{min(limit, len(rows)):,}") if rows else _say("none", lang)
    )


def export(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="写到这个 .csv 或 .jsonl 文件", show_default=False)
    ],
    product: Product = None,
    reason: Reason = None,
    file: FileName = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """导出未收的行：CSV（公式已失效）或 JSONL。"""
    kind = path.suffix.lower()
    if kind not in {".csv", ".jsonl"}:
        raise InputError(f"{path}: the kind {kind or '(none)'} is not written; expected .csv or .jsonl")
    rows = _refused(out, store, product, reason, file)
    records = [dict(zip(_FIELDS, _values(row), strict=True)) for row in rows]
    try:
        (_write_csv if kind == ".csv" else _write_jsonl)(path, records)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another file") from None
    typer.echo(_say("written", lang, f"{len(rows):,}", path))


def retry(
    files: Files,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    columns: Columns = None,
    lang: Lang = Language.ZH,
) -> None:
    """重读：把导入过的文件里当时未收的行再读一遍，能读的入库；其余的行不变。"""
    from feedback_mining.pipeline.ingest import expanded
    from feedback_mining.pipeline.retry import retry_files

    settings, mapping = settings_of(store), mapping_of(columns)
    with expanded(files) as found, open_run_store(out, settings) as opened:
        with progress_bar(say("reading", lang)) as advance:
            reports = retry_files(
                found,
                opened,
                product=product,
                settings=settings,
                mapping=mapping,
                mappings=saved_mappings(out, settings),
                progress=advance,
                lang=lang,
            )
        for report in reports:
            typer.echo(_retried(report, lang))


def _refused(
    out: Path, store: str | None, product: str | None, reason: QuarantineReason | None, file: str | None
) -> list[RefusedRow]:
    from feedback_mining.pipeline.choose import product_in_store

    with open_run_store(out, settings_of(store)) as opened:
        if product is not None:
            product_in_store(opened, product)
        return opened.quarantine(product, reason=reason, file_name=file)


def _values(refused: RefusedRow) -> tuple[str | int, ...]:
    row = refused.row
    return (refused.product, refused.file_name, row.line, str(row.reason), row.detail, row.raw)


def _write_csv(path: Path, records: list[dict[str, Any]]) -> None:
    from feedback_mining.reporting.export import formula_safe

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, _FIELDS)
        writer.writeheader()
        writer.writerows({name: formula_safe(value) for name, value in r.items()} for r in records)


def _write_jsonl(path: Path, records: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _retried(report: RetryReport, lang: str) -> str:
    counts = report.counts
    if not counts.rows_read:
        return _say("nothing", lang, report.name, report.product)
    numbers = (counts.rows_read, counts.stored, counts.duplicates, counts.quarantined)
    return _say("retried", lang, report.name, report.product, *(f"{n:,}" for n in numbers))


def _say(key: str, lang: str, *values: object) -> str:
    return _TEXTS[key][lang == "en"].format(*values)
