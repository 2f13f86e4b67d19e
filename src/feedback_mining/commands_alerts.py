"""The command of the daily look."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedback_mining.console import Language, plain, progress_bar, say
from feedback_mining.errors import InputError
from feedback_mining.options import Lang, Out, StoreUrl, TaxonomyName, open_run_store, settings_of

if TYPE_CHECKING:
    from feedback_mining.backlog.daily import DayAlert
    from feedback_mining.reporting.labels import Words

_TEXTS = {
    "nothing": ("{} · {}：没有新的突发", "{} · {}: nothing new broke out"),
    "alert": (
        "{product} · {date} · {kind}：{title}（{days} 天 {people} 人，往常约 {usual}；占 {rate}，往常 {expected}{since}）",
        "{product} · {date} · {kind}: {title} ({people} people in {days} days, usually about {usual}; "
        "{rate}, usually {expected}{since})",
    ),
    "since": ("；自 {} 起", "; since {}"),
    "platform": ("；多与 {} 有关", "; mostly about {}"),
}


def alerts(
    product: Annotated[
        str | None, typer.Option("--product", metavar="名称", help="产品名；省略时看库里的每个产品")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", metavar="日期", help="哪一天，如 2019-04-15；省略时取最后一条评论的那天"),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", metavar="文件", help="另写 JSON Lines；- 为标准输出，只输出它")
    ] = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    taxonomy: TaxonomyName = None,
    lang: Lang = Language.ZH,
) -> None:
    """当日预警：最近 1、3、7 天里什么突然增多，每件事只报一次，人数翻倍再报。"""
    from feedback_mining.pipeline.alerts import last_day, raise_alerts
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.reporting.labels import Words
    from feedback_mining.taxonomy import Taxonomy

    asked = _day(day)
    settings = settings_of(store, taxonomy)
    words = Words(lang, Taxonomy.load(settings.taxonomy).labels(lang))
    raised: list[DayAlert] = []
    lines: list[str] = []
    with open_run_store(out, settings) as opened:
        several = product is None and len(opened.products()) > 1
        names = opened.products() if several else [product_in_store(opened, product)]
        for name in names:
            chosen = asked or last_day(opened, name, settings)
            with progress_bar(say("analyzing", lang)) as advance:
                found = raise_alerts(opened, name, chosen, settings=settings, lang=lang, progress=advance)
            raised += found
            lines += [line for alert in found for line in alert_lines(alert, words)]
            if not found:
                lines.append(_TEXTS["nothing"][lang == "en"].format(name, chosen))
    written = "".join(json.dumps(a.as_json(), ensure_ascii=False) + "\n" for a in raised)
    if output == "-":
        typer.echo(written, nl=False)
        return
    if output:
        try:
            Path(output).write_text(written, encoding="utf-8", newline="\n")
        except OSError as error:
            raise InputError(f"{output}: cannot be written ({error.strerror}); choose another file") from None
    typer.echo("\n".join(lines))


def alert_lines(alert: DayAlert, words: Words) -> list[str]:
    """What one alert says on a terminal or in a log: what, how many, and examples."""
    english = words.lang == "en"
    since = _TEXTS["since"][english].format(alert.since_version) if alert.since_version else ""
    since += _TEXTS["platform"][english].format(alert.platform) if alert.platform else ""
    _, whole, theme = alert.demand.partition("theme:")
    head = _TEXTS["alert"][english].format(
        product=alert.product,
        date=alert.date,
        kind=words.label("trend", alert.kind),
        title=words.theme(theme) if whole else alert.title,
        days=alert.days,
        people=f"{alert.people:,}",
        usual=f"{alert.usual:.1f}".removesuffix(".0"),
        rate=words.share(alert.rate),
        expected=words.share(alert.expected),
        since=since,
    )
    return [plain(head), *(f"    {example[:100]}" for example in alert.examples)]


def _day(given: str | None) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise InputError(f"--date {given!r} is not a day; expected a form such as 2019-04-15") from None
