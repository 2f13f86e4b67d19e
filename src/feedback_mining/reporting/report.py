"""The view model of a week's report: what stands where, already worded, free of any markup but drawings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from feedback_mining.backlog.items import Backlog
from feedback_mining.reporting import sentences as say
from feedback_mining.reporting.charts import sparkline
from feedback_mining.reporting.labels import Words
from feedback_mining.reporting.lines import (
    Line,
    alert_line,
    back,
    campaign_line,
    fresh_line,
    praise,
    questions,
    quieter,
    signals,
    theme_lines,
)
from feedback_mining.reporting.ranks import rank_ranges
from feedback_mining.reporting.rows import Row, Said, item_row, quoted, units_said

SHOWN_FIRST = 20  # items above the fold of "the others"


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: str
    change: str
    worse: bool
    drawing: Markup
    target: str  # id of the section that holds its evidence


@dataclass(frozen=True, slots=True)
class Report:
    words: Words
    backlog: Backlog
    week: str
    dates: str
    first_week: bool
    small: bool
    headline: tuple[str, str, str]
    figures: tuple[Figure, ...]
    rows: tuple[Row, ...]
    small_list: tuple[Said, ...]
    alerts: tuple[Line, ...]
    themes: tuple[Line, ...]
    fresh: tuple[Line, ...]
    quieter: tuple[Line, ...]
    back: tuple[Line, ...]
    signals: tuple[Line, ...]
    praise: tuple[Line, ...]
    questions: tuple[Line, ...]
    campaigns: tuple[Line, ...]
    campaign_comments: int
    comments: int
    missing_rows: int
    method: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]

    @property
    def first_rows(self) -> tuple[Row, ...]:
        return self.rows[:SHOWN_FIRST]

    @property
    def other_rows(self) -> tuple[Row, ...]:
        return self.rows[SHOWN_FIRST:]


def build_report(backlog: Backlog, lang: str = "zh", *, themes: Mapping[str, str] | None = None) -> Report:
    """Arrange and word a week's backlog for its reader.

    lang: zh or en, else InputError; themes: theme id → label, unknown ids are shown as they are.
    """
    words = Words(lang, themes)
    counts = backlog.counts
    ranges = rank_ranges(backlog.items)
    rows = tuple(
        item_row(backlog, words, rank, item, span)
        for rank, (item, span) in enumerate(zip(backlog.items, ranges, strict=True), 1)
    )
    anchors = {row.item.id: row.anchor for row in rows}
    return Report(
        words=words,
        backlog=backlog,
        week=words.week(backlog.week),
        dates=words.dates(backlog.start, backlog.end),
        first_week=say.is_first_week(backlog),
        small=say.is_small(backlog),
        headline=tuple(words.spaced(text) for text in say.headline(backlog, words)),  # type: ignore[arg-type]
        figures=_figures(backlog, words),
        rows=rows,
        small_list=_small_list(backlog, words),
        alerts=tuple(alert_line(alert, backlog, words, anchors) for alert in backlog.alerts),
        themes=() if say.is_first_week(backlog) or say.is_small(backlog) else theme_lines(backlog, words),
        fresh=tuple(fresh_line(row, words) for row in rows if row.item.first_seen == backlog.week),
        quieter=quieter(backlog, words, anchors),
        back=back(backlog, words, anchors),
        signals=signals(backlog, words),
        praise=praise(backlog, words),
        questions=questions(backlog, words),
        campaigns=tuple(campaign_line(campaign, words) for campaign in backlog.campaigns),
        campaign_comments=len({name for campaign in backlog.campaigns for name in campaign.comments}),
        comments=say.this_week(backlog).comments,
        method=say.method(backlog, words),
        missing_rows=counts.rows_read - counts.stored - counts.duplicates - counts.quarantined,
        versions=tuple(_flat(backlog.versions, words)),
    )


def _figures(backlog: Backlog, words: Words) -> tuple[Figure, ...]:
    now, before = say.this_week(backlog), say.last_week(backlog)
    small = say.is_small(backlog)

    def figure(
        name: str, value: str, delta: float | None, target: str, bad: bool, share: bool = False
    ) -> Figure:
        field = {"negative": "negative_share", "new": "new_demands"}.get(name, name)
        past = [getattr(week, field) for week in backlog.figures]
        known = [number for number in past if number is not None]
        label = words.say(
            "spark_label",
            weeks=words.count(len(known), "week"),
            values=words.listed([words.share(n) if share else f"{n:,}" for n in known]),
        )
        drawable = not small and before is not None and sum(1 for number in known if number) > 2
        change, worse = _figure_change(backlog, words, delta, share), bad and bool(delta and delta > 0)
        return Figure(
            name=words.say(f"fig_{name}"),
            value=value,
            change=change,
            worse=worse and before is not None and not small,
            drawing=sparkline(known, label) if drawable else Markup(""),
            target=target,
        )

    def delta(name: str) -> float | None:
        if before is None:
            return None
        new, old = getattr(now, name), getattr(before, name)
        return None if new is None or old is None else new - old

    share = now.negative_share
    fresh = "list" if say.is_first_week(backlog) else "alerts"
    return (
        figure("comments", f"{now.comments:,}", delta("comments"), "reading", bad=False),
        figure("people", f"{now.people:,}", delta("people"), "participation", bad=False),
        figure(
            "negative",
            words.say("none") if share is None or small else words.share(share),
            delta("negative_share"),
            "list",
            bad=True,
            share=True,
        ),
        figure("new", f"{now.new_demands:,}", delta("new_demands"), fresh, bad=False),
    )


def _figure_change(backlog: Backlog, words: Words, delta: float | None, share: bool) -> str:
    if say.is_first_week(backlog):
        return words.say("no_comparison")
    if say.last_week(backlog) is None:
        return words.say("no_comparison_gap")
    if share and say.is_small(backlog):
        return words.say("small_sample")
    if delta is None:
        return words.say("none")
    number = round(delta * 100) if share else int(delta)
    if number == 0:
        return words.say("same_as_last_week")
    signed = words.signed(number)
    return words.say("vs_last_week", change=words.say("points", points=signed) if share else signed)


def _small_list(backlog: Backlog, words: Words) -> tuple[Said, ...]:
    if not say.is_small(backlog):
        return ()
    units = {(u.comment, u.start): u for item in backlog.items for u in item.units if u.week == backlog.week}
    said = units_said([units[key] for key in sorted(units)], words)
    asked = [
        quote for question in backlog.questions if question.users_this_week for quote in question.quotes[:1]
    ]
    return (*said, *(quoted(quote, words) for quote in asked))


def _flat(versions: Mapping[str, Any], words: Words) -> list[tuple[str, str]]:
    pairs = []
    for name, value in versions.items():
        if isinstance(value, Mapping):
            value = words.listed([f"{key} {inner}" for key, inner in value.items()])
        pairs.append((words.label("version", name), str(value)))
    return pairs
