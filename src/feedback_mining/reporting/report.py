"""The view model of a week's report: what stands where, already worded, free of any markup but drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from feedback_mining.backlog.items import Alert, Backlog, Campaign, Item, Quote
from feedback_mining.records import Intent
from feedback_mining.reporting import sentences as say
from feedback_mining.reporting.charts import bars, sparkline
from feedback_mining.reporting.labels import Words
from feedback_mining.reporting.ranks import rank_ranges
from feedback_mining.weeks import Week

SHOWN_FIRST = 20  # items above the fold of "the others"
QUOTE_MARGIN = 90  # characters kept on each side of a long quote's unit
EVIDENCE_SHOWN = 40  # units listed per item; all of them are in the workbook


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: str
    change: str
    worse: bool
    drawing: Markup
    target: str  # id of the section that holds its evidence


@dataclass(frozen=True, slots=True)
class Said:
    """A comment around its unit, which stands in `unit`."""

    before: str
    unit: str
    after: str
    facts: str  # date, stars, version, source
    comment: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class FactorRow:
    name: str
    measured: str
    value: float
    points: str
    most: str


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the list."""

    item: Item
    anchor: str
    rank: int
    rank_range: str
    title: str
    why: str
    intent: str
    theme: str
    trend: str
    status: str
    decided: bool
    change: str
    worse: bool
    spark: Markup
    mix: tuple[tuple[str, int, float], ...]  # sentiment, units, share in percent
    mix_label: str
    summary: tuple[str, str]
    factors: tuple[FactorRow, ...]
    finding: str
    chart: Markup
    quotes: tuple[Said, ...]
    evidence: tuple[Said, ...]
    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A titled statement with what backs it."""

    title: str
    text: str
    tag: str = ""
    anchor: str = ""
    drawing: Markup = Markup("")
    evidence: tuple[Said, ...] = ()
    comments: tuple[str, ...] = ()


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
    fresh: tuple[Line, ...]
    quieter: tuple[Line, ...]
    back: tuple[Line, ...]
    signals: tuple[Line, ...]
    praise: tuple[Line, ...]
    questions: tuple[Said, ...]
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
        _row(backlog, words, rank, item, span)
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
        alerts=tuple(_alert(alert, backlog, words, anchors) for alert in backlog.alerts),
        fresh=tuple(_fresh(row, words) for row in rows if row.item.first_seen == backlog.week),
        quieter=_quieter(backlog, words, anchors),
        back=_back(backlog, words, anchors),
        signals=_signals(backlog, words),
        praise=_praise(backlog, words),
        questions=tuple(_quote(quote, words) for quote in backlog.questions),
        campaigns=tuple(_campaign(campaign, words) for campaign in backlog.campaigns),
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
    return (
        figure("comments", f"{now.comments:,}", delta("comments"), "reading", bad=False),
        figure("people", f"{now.people:,}", delta("people"), "participation", bad=False),
        figure(
            "negative",
            words.say("none") if share is None else words.share(share),
            delta("negative_share"),
            "list",
            bad=True,
            share=True,
        ),
        figure("new", f"{now.new_demands:,}", delta("new_demands"), "alerts", bad=False),
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


def _row(backlog: Backlog, words: Words, rank: int, item: Item, span: tuple[int, int]) -> Row:
    counts = say.counts_of(item)
    trendable = not say.is_small(backlog) and sum(counts) >= say.SMALL_COUNT and sum(map(bool, counts)) > 2
    label = words.say(
        "spark_label", weeks=words.count(len(counts), "week"), values=words.listed([str(n) for n in counts])
    )
    opinions = sum(item.sentiment_mix.values())
    mix = [(name, item.sentiment_mix.get(name, 0)) for name in words.names("sentiment")]
    change = item.change_vs_last_week
    finding = say.finding(item, backlog, words)
    names = [f"W{Week.parse(week).number}" for week in item.weekly_counts]
    changed = (
        words.say("mentions_change", change=words.signed(change)) if change else words.say("mentions_same")
    )
    low, high = span
    return Row(
        item=item,
        anchor=f"item-{rank}",
        rank=rank,
        rank_range=words.say("rank_range", low=low, high=high)
        if low < high
        else words.say("rank", rank=rank),
        title=words.spaced(item.title),
        why=say.why(item, backlog, words),
        intent=words.label("intent", item.intent),
        theme=words.theme(item.theme),
        trend=words.label("trend", item.trend),
        status=words.label("status", item.status),
        decided=item.status != "new",
        change="" if say.is_first_week(backlog) else changed,
        worse=change > 0 and item.intent in (Intent.BUG, Intent.COMPLAINT) and not say.is_first_week(backlog),
        spark=sparkline(counts, label) if trendable else Markup(""),
        mix=tuple((name, count, 100 * count / opinions if opinions else 0.0) for name, count in mix),
        mix_label=words.say("mix_label", **dict(mix)),
        summary=say.summary(item, backlog, words),
        factors=tuple(_factors(item, words)),
        finding=finding,
        chart=bars(counts, names, label) if finding else Markup(""),
        quotes=tuple(_quote(quote, words) for quote in item.quotes),
        evidence=tuple(_units(item.units[:EVIDENCE_SHOWN], words)),
        versions=tuple(sorted(item.versions.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def _factors(item: Item, words: Words) -> list[FactorRow]:
    total = sum(factor.weight for factor in item.factors) or 1.0
    return [
        FactorRow(
            name=words.label("factor", factor.name),
            measured=words.count(int(factor.raw), "user")
            if factor.name == "reach"
            else f"{factor.raw:.2f}".rstrip("0").rstrip("."),
            value=factor.value,
            points=f"{100 * factor.weight * factor.value / total:.1f}",
            most=f"{100 * factor.weight / total:.0f}",
        )
        for factor in item.factors
    ]


def _quote(quote: Quote, words: Words) -> Said:
    before, after = quote.text[: quote.start], quote.text[quote.end :]
    if len(before) > QUOTE_MARGIN:
        before = "…" + before[-QUOTE_MARGIN:].lstrip()
    if len(after) > QUOTE_MARGIN:
        after = after[:QUOTE_MARGIN].rstrip() + "…"
    facts = [quote.time[:10]]
    if quote.rating is not None:
        facts.append(words.say("stars", rating=quote.rating))
    if quote.version:
        facts.append(words.say("version_short", version=quote.version))
    facts.append(quote.source)
    url = quote.url if quote.url and quote.url.startswith(("https://", "http://")) else ""
    return Said(before, quote.text[quote.start : quote.end], after, " · ".join(facts), quote.comment, url)


def _units(units: Sequence[Any], words: Words) -> list[Said]:
    said = []
    for unit in units:
        version = [words.say("version_short", version=unit.version)] if unit.version else []
        said.append(Said("", unit.text, "", " · ".join([unit.week, *version]), unit.comment))
    return said


def _small_list(backlog: Backlog, words: Words) -> tuple[Said, ...]:
    if not say.is_small(backlog):
        return ()
    units = {(u.comment, u.start): u for item in backlog.items for u in item.units if u.week == backlog.week}
    said = _units([units[key] for key in sorted(units)], words)
    return (*said, *(_quote(quote, words) for quote in backlog.questions))


def _alert(alert: Alert, backlog: Backlog, words: Words, anchors: Mapping[str, str]) -> Line:
    since = say.alert_since(alert, words)
    if say.is_small(backlog):
        text = words.say("alert_line_small", mentions=words.count(len(alert.units), "mention"), since=since)
    else:
        tiny = alert.p_value < 0.001
        text = words.say(
            "alert_line",
            rate=words.share(alert.rate),
            expected=words.share(alert.expected),
            chance=words.say("chance_tiny")
            if tiny
            else words.say("chance", percent=words.share(alert.p_value)),
            since=since,
        )
    tag = words.say("theme_alert") if alert.demand.startswith("theme:") else words.label("trend", alert.kind)
    evidence = tuple(_units(alert.units[:EVIDENCE_SHOWN], words))
    return Line(words.spaced(alert.title), text, tag, anchors.get(alert.demand, ""), evidence=evidence)


def _fresh(row: Row, words: Words) -> Line:
    return Line(row.title, words.count(row.item.mentions, "mention"), anchor=row.anchor)


def _quieter(backlog: Backlog, words: Words, anchors: Mapping[str, str]) -> tuple[Line, ...]:
    found = []
    for item in backlog.items:
        now, peak = say.now_and_before(item)[0], max(say.counts_of(item), default=0)
        if item.trend not in ("cooling", "dormant") or peak < 5 or now > peak / 2:
            continue
        week = list(item.weekly_counts)[say.counts_of(item).index(peak)]
        text = words.say(
            "quieter_line",
            peak=words.count(peak, "mention"),
            week=words.week(week),
            now=words.count(now, "mention"),
        )
        tag = words.label("status", item.status) if item.status != "new" else ""
        found.append(
            (peak - now, Line(words.spaced(item.title), text, tag, anchors[item.id], _spark(item, words)))
        )
    return tuple(line for _, line in sorted(found, key=lambda pair: -pair[0]))


def _back(backlog: Backlog, words: Words, anchors: Mapping[str, str]) -> tuple[Line, ...]:
    lines = []
    for item in backlog.items:
        if item.trend != "returned":
            continue
        gap = _silence(say.counts_of(item))
        users = words.count(item.users_this_week, "user")
        said = words.say("back_line", gap=words.count(gap, "week"), users=users)
        text = said if gap else words.say("back_line_plain", users=users)
        tag = words.label("status", item.status) if item.status != "new" else ""
        lines.append(Line(words.spaced(item.title), text, tag, anchors[item.id], _spark(item, words)))
    return tuple(lines)


def _silence(counts: list[int]) -> int:
    """Weeks without a mention just before this week."""
    silent = 0
    for count in counts[-2::-1]:
        if count:
            return silent
        silent += 1
    return 0


def _spark(item: Item, words: Words) -> Markup:
    counts = say.counts_of(item)
    values = words.listed([str(count) for count in counts])
    return sparkline(counts, words.say("spark_label", weeks=words.count(len(counts), "week"), values=values))


def _signals(backlog: Backlog, words: Words) -> tuple[Line, ...]:
    weeks = [figures.week for figures in backlog.figures] or [backlog.week]
    lines = []
    for name in words.names("signal"):
        counts = [backlog.signals.get(week, {}).get(name, 0) for week in weeks]
        if not any(counts):
            continue
        text = words.say(f"signal_{name}_now", count=words.count(counts[-1], "comment"))
        if say.last_week(backlog):
            text += words.say("signal_was", before=f"{counts[-2]:,}")
        label = words.say(
            "spark_label",
            weeks=words.count(len(counts), "week"),
            values=words.listed([f"{n}" for n in counts]),
        )
        trendable = not say.is_small(backlog) and sum(counts) >= say.SMALL_COUNT
        lines.append(
            Line(
                words.label("signal", name),
                words.stop(text),
                drawing=sparkline(counts, label) if trendable else Markup(""),
            )
        )
    return tuple(lines)


def _praise(backlog: Backlog, words: Words) -> tuple[Line, ...]:
    window = words.count(backlog.window_weeks, "week")
    return tuple(
        Line(
            words.theme(praise.theme),
            words.say(
                "praise_line",
                now=words.count(praise.mentions_this_week, "mention"),
                window=window,
                total=words.count(praise.mentions, "mention"),
            ),
            evidence=tuple(_quote(quote, words) for quote in praise.quotes),
        )
        for praise in backlog.praise
    )


def _campaign(campaign: Campaign, words: Words) -> Line:
    facts = [words.count(len(campaign.comments), "comment")]
    if campaign.first:
        facts.append(words.dates(campaign.first[:10], (campaign.last or campaign.first)[:10]))
    if campaign.mean_rating is not None:
        facts.append(words.say("campaign_rating", rating=f"{campaign.mean_rating:.1f}"))
    example = (
        (Said("", campaign.example, "", "", campaign.comments[0] if campaign.comments else ""),)
        if campaign.example
        else ()
    )
    return Line(
        words.label("campaign", campaign.kind),
        words.spaced(campaign.evidence),
        words.listed(facts),
        evidence=example,
        comments=campaign.comments,
    )


def _flat(versions: Mapping[str, Any], words: Words) -> list[tuple[str, str]]:
    pairs = []
    for name, value in versions.items():
        if isinstance(value, Mapping):
            value = words.listed([f"{key} {inner}" for key, inner in value.items()])
        pairs.append((words.label("version", name), str(value)))
    return pairs
