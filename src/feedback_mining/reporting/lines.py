"""The sections below the list: titled statements with what backs each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import dropwhile

from markupsafe import Markup

from feedback_mining.backlog.items import Alert, Backlog, Campaign, Praise, Question
from feedback_mining.reporting import sentences as say
from feedback_mining.reporting.charts import sparkline
from feedback_mining.reporting.labels import Words
from feedback_mining.reporting.rows import EVIDENCE_SHOWN, Row, Said, item_spark, quoted, units_said


@dataclass(frozen=True, slots=True)
class Line:
    """A titled statement with what backs it."""

    title: str
    text: str = ""
    tag: str = ""
    anchor: str = ""
    drawing: Markup | str = ""
    evidence: tuple[Said, ...] = ()
    comments: tuple[str, ...] = ()


_BACK_USERS = 2  # one voice after a silence is not a relapse
_PRAISED = 6
_ASKED = 8


def alert_line(alert: Alert, backlog: Backlog, words: Words, anchors: Mapping[str, str]) -> Line:
    since = say.alert_since(alert, words)
    if say.is_small(backlog):
        text = words.say("alert_line_small", mentions=words.count(len(alert.units), "mention"), since=since)
    else:
        tiny = alert.p_value < 0.001
        text = say.alert_people(alert, words) + words.say(
            "alert_line",
            rate=words.share(alert.rate),
            expected=say.usual(alert, words),
            chance=words.say("chance_tiny")
            if tiny
            else words.say("chance", percent=words.share(alert.p_value)),
            since=since,
        )
    tag = words.say("theme_alert") if alert.demand.startswith("theme:") else words.label("trend", alert.kind)
    item = next((item for item in backlog.items if item.id == alert.demand), None)
    return Line(
        words.spaced(say.alert_title(alert, words)),
        text,
        tag,
        anchors.get(alert.demand, ""),
        item_spark(item, backlog, words) if item else "",
        tuple(units_said(alert.units[:EVIDENCE_SHOWN], words)),
    )


def fresh_line(row: Row, words: Words) -> Line:
    return Line(row.title, words.count(row.item.mentions, "mention"), anchor=row.anchor)


def quieter(backlog: Backlog, words: Words, anchors: Mapping[str, str]) -> tuple[Line, ...]:
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
            (
                peak - now,
                Line(words.spaced(item.title), text, tag, anchors[item.id], item_spark(item, backlog, words)),
            )
        )
    return tuple(line for _, line in sorted(found, key=lambda pair: -pair[0]))


def back(backlog: Backlog, words: Words, anchors: Mapping[str, str]) -> tuple[Line, ...]:
    lines = []
    for item in backlog.items:
        if item.trend != "returned" or item.users_this_week < _BACK_USERS:
            continue
        gap = _silence(say.counts_of(item))
        users = words.count(item.users_this_week, "user")
        said = words.say("back_line", gap=words.count(gap, "week"), users=users)
        text = said if gap else words.say("back_line_plain", users=users)
        tag = words.label("status", item.status) if item.status != "new" else ""
        lines.append(
            Line(words.spaced(item.title), text, tag, anchors[item.id], item_spark(item, backlog, words))
        )
    return tuple(lines)


def _silence(counts: list[int]) -> int:
    """Weeks without a mention before the present spell; 0 where they are fewer than two or never ended."""
    earlier = list(dropwhile(bool, reversed(counts)))
    gap = next((k for k, count in enumerate(earlier) if count), 0)
    return gap if gap >= 2 else 0


def signals(backlog: Backlog, words: Words) -> tuple[Line, ...]:
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
            values=words.listed([str(n) for n in counts]),
        )
        trendable = not say.is_small(backlog) and sum(counts) >= say.SMALL_COUNT
        lines.append(
            Line(
                words.stop(text),
                drawing=sparkline(counts, label) if trendable else Markup(""),
            )
        )
    return tuple(lines)


def praise(backlog: Backlog, words: Words) -> tuple[Line, ...]:
    """What most people like, each with how many."""
    shown = [praise for praise in backlog.praise if praise.users > 1][:_PRAISED]
    return tuple(
        Line(
            words.spaced(praise.title) or words.say("praise_overall"),
            _people(praise, backlog, words),
            words.theme(praise.theme) if praise.title else "",
            evidence=tuple(quoted(quote, words) for quote in praise.quotes),
        )
        for praise in shown
    )


def questions(backlog: Backlog, words: Words) -> tuple[Line, ...]:
    """This week's questions and those that several asked, with how many and an example each."""
    shown = [q for q in backlog.questions if q.users_this_week or q.users > 1][:_ASKED]
    return tuple(
        Line(
            words.spaced(question.title),
            _people(question, backlog, words),
            words.theme(question.theme),
            evidence=tuple(quoted(quote, words) for quote in question.quotes),
        )
        for question in shown
    )


def _people(voice: Praise | Question, backlog: Backlog, words: Words) -> str:
    return words.say(
        "voices_line",
        now=words.count(voice.users_this_week, "user"),
        weeks=words.count(say.weeks_covered(backlog), "week"),
        total=words.count(voice.users, "user"),
    )


def theme_lines(backlog: Backlog, words: Words) -> tuple[Line, ...]:
    """Themes that do anything but stay as they were."""
    return tuple(
        Line(
            words.theme(state.theme),
            words.say(
                "theme_state",
                people=words.count(state.people_this_week, "user"),
                usual=say.usual_people(state.usual, words),
            ),
            words.label("trend", state.trend),
        )
        for state in backlog.themes
        if state.trend not in ("steady", "dormant")
        and state.theme != "general"
        and max(state.people_this_week, state.usual) >= _BACK_USERS
    )


def campaign_line(campaign: Campaign, words: Words) -> Line:
    facts = [words.count(len(campaign.comments), "comment")]
    if campaign.people not in (0, len(campaign.comments)):
        facts.append(words.count(campaign.people, "account"))
    if campaign.first:
        facts.append(words.dates(campaign.first[:10], (campaign.last or campaign.first)[:10]))
    if campaign.mean_rating is not None:
        facts.append(words.say("campaign_rating", rating=f"{campaign.mean_rating:.1f}"))
    if campaign.id:
        facts.append(campaign.id)
    example = (
        (Said("", campaign.example, "", "", campaign.comments[0] if campaign.comments else ""),)
        if campaign.example
        else ()
    )
    return Line(
        words.label("campaign", campaign.kind),
        words.stop(words.spaced(campaign.evidence).rstrip("。.")) + _stars(campaign, words),
        words.listed(facts),
        evidence=example,
        comments=campaign.comments,
    )


def _stars(campaign: Campaign, words: Words) -> str:
    """How its ratings differ from those of the other comments."""
    ours, others = campaign.ratings, campaign.usual_ratings
    if not ours or not others:
        return ""
    stars = max(ours, key=lambda s: (ours[s], s))
    return words.say(
        "campaign_stars",
        stars=stars,
        share=words.share(ours[stars] / sum(ours.values())),
        usual=words.share(others.get(stars, 0) / sum(others.values())),
    )
