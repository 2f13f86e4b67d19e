"""One item of the list, already worded, with what opens under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from feedback_mining.backlog.items import Backlog, EvidenceUnit, Factor, Item, Quote
from feedback_mining.records import Intent
from feedback_mining.reporting import sentences as say
from feedback_mining.reporting.charts import bars, sparkline
from feedback_mining.reporting.labels import Words
from feedback_mining.reporting.phrases import PHRASES
from feedback_mining.weeks import Week

QUOTE_MARGIN = 90  # characters kept on each side of a long quote's unit
EVIDENCE_SHOWN = 40  # units listed per item; all of them are in the workbook


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
class Told:
    """A sentence of the summary: a user's clause between the words that introduce it."""

    before: str
    clause: str
    after: str
    comments: str  # ids of those who said it, for whoever wants to look


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
    negative: str
    told: tuple[Told, ...]
    summary: tuple[str, str]
    factors: tuple[FactorRow, ...]
    finding: str
    chart: Markup
    quotes: tuple[Said, ...]
    evidence: tuple[Said, ...]
    versions: tuple[tuple[str, int], ...]


def item_row(backlog: Backlog, words: Words, rank: int, item: Item, span: tuple[int, int]) -> Row:
    counts = say.counts_of(item)
    as_share = not say.is_small(backlog) and item.mentions >= say.SMALL_COUNT
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
        rank_range=words.say("rank_range", low=low, high=high) if low < high else "",
        title=words.spaced(item.title),
        why=say.why(item, backlog, words),
        intent=words.label("intent", item.intent),
        theme=words.theme(item.theme),
        trend=words.label("trend", item.trend),
        status=words.label("status", item.status),
        decided=item.status != "new",
        change="" if say.is_first_week(backlog) else changed,
        worse=change > 0 and item.intent in (Intent.BUG, Intent.COMPLAINT) and not say.is_first_week(backlog),
        spark=item_spark(item, backlog, words),
        mix=tuple((name, count, 100 * count / opinions if opinions else 0.0) for name, count in mix),
        mix_label=words.say("mix_label", **dict(mix)),
        negative=_negative(item, as_share, words),
        told=told_by(item, words),
        summary=say.summary(item, backlog, words),
        factors=tuple(_factors(item, words)),
        finding=finding,
        chart=bars(counts, names, label) if finding else Markup(""),
        quotes=tuple(quoted(quote, words) for quote in item.quotes),
        evidence=tuple(units_said(item.units[:EVIDENCE_SHOWN], words)),
        versions=tuple(sorted(item.versions.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def told_by(item: Item, words: Words) -> tuple[Told, ...]:
    """The summary of an item in sentences: what its users say, and what several of them add."""
    sentences = []
    for place, said in enumerate(item.summary):
        key = "told_with" if said.word else "told_too" if place else "told"
        before, _, after = words.say(
            key, clause="\0", users=words.count(said.users, "user"), word=said.word
        ).partition("\0")
        clause = " ".join(said.text.split())
        sentences.append(Told(before, clause, after, " · ".join(place.comment for place in said.places)))
    return tuple(sentences)


def _negative(item: Item, as_share: bool, words: Words) -> str:
    negative, opinions = item.sentiment_mix.get("negative", 0), sum(item.sentiment_mix.values())
    value = words.share(negative / opinions) if as_share and opinions else words.count(negative, "mention")
    return words.say("negative_part", value=value)


def _factors(item: Item, words: Words) -> list[FactorRow]:
    total = sum(factor.weight for factor in item.factors) or 1.0
    return [
        FactorRow(
            name=words.label("factor", factor.name),
            measured=_measured(factor, words),
            value=factor.value,
            points=f"{100 * factor.weight * factor.value / total:.1f}",
            most=f"{100 * factor.weight / total:.0f}",
        )
        for factor in item.factors
    ]


def _measured(factor: Factor, words: Words) -> str:
    key = f"raw_{factor.name}"
    if factor.name == "recency" and factor.raw < 0.5:
        key = "raw_recency_now"
    elif key not in PHRASES:
        key = "raw_other"
    return words.say(key, raw=factor.raw, percent=100 * factor.raw)


def quoted(quote: Quote, words: Words) -> Said:
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
    facts.append(words.label("source", quote.source))
    url = quote.url if quote.url and quote.url.startswith(("https://", "http://")) else ""
    return Said(before, quote.text[quote.start : quote.end], after, " · ".join(facts), quote.comment, url)


def units_said(units: Sequence[EvidenceUnit], words: Words) -> list[Said]:
    said = []
    for unit in units:
        version = [words.say("version_short", version=unit.version)] if unit.version else []
        said.append(Said("", unit.text, "", " · ".join([unit.week, *version]), unit.comment))
    return said


def item_spark(item: Item, backlog: Backlog, words: Words) -> Markup:
    """The weekly mentions as a line, or nothing where they are too few to be a trend."""
    counts = say.counts_of(item)
    if say.is_small(backlog) or sum(counts) < say.SMALL_COUNT or sum(map(bool, counts)) < 2:
        return Markup("")
    values = words.listed([str(count) for count in counts])
    return sparkline(counts, words.say("spark_label", weeks=words.count(len(counts), "week"), values=values))
