"""Sentences made from the numbers of a backlog: none says more than the numbers do."""

from __future__ import annotations

from math import sqrt

from feedback_mining.backlog.items import Alert, Backlog, Item, WeekFigures
from feedback_mining.records import Intent
from feedback_mining.reporting.labels import Words
from feedback_mining.weeks import Week

SMALL_WEEK = 30  # comments; below this, shares and trends mislead
SMALL_COUNT = 10  # mentions; below this, counts are given without ratios


def counts_of(item: Item) -> list[int]:
    """Mentions a week, oldest first, the backlog's week last."""
    return list(item.weekly_counts.values())


def now_and_before(item: Item) -> tuple[int, int]:
    """Mentions this week and last week."""
    before, now = [0, 0, *counts_of(item)][-2:]
    return now, before


def weeks_rising(item: Item) -> int:
    """How many weeks in a row, up to this one, each had more mentions than the week before it."""
    counts = counts_of(item)
    streak = 0
    for earlier, later in zip(counts[-2::-1], counts[:0:-1], strict=True):
        if later <= earlier:
            break
        streak += 1
    return streak


def moved(item: Item) -> float:
    """By how many standard errors the mentions changed on last week, if both are Poisson counts."""
    now, before = now_and_before(item)
    return abs(now - before) / sqrt(now + before) if now + before else 0.0


def this_week(backlog: Backlog) -> WeekFigures:
    for figures in backlog.figures:
        if figures.week == backlog.week:
            return figures
    return WeekFigures(backlog.week, 0, 0, None, 0)


def last_week(backlog: Backlog) -> WeekFigures | None:
    """Last week's figures, or None where there is nothing to compare with."""
    earlier = [figures for figures in backlog.figures if figures.week < backlog.week]
    return earlier[-1] if earlier and earlier[-1].comments else None


def is_first_week(backlog: Backlog) -> bool:
    return not any(figures.comments for figures in backlog.figures if figures.week < backlog.week)


def weeks_covered(backlog: Backlog) -> int:
    """Weeks of the window from the first with a comment to this one, at least one."""
    weeks = [Week.parse(figures.week) for figures in backlog.figures if figures.comments]
    covered = Week.parse(backlog.week).minus(min(weeks)) + 1 if weeks else 1
    return min(covered, backlog.window_weeks)


def within(backlog: Backlog, words: Words) -> str:
    """The span that an item's totals cover: `12 周内`, or this week in the first."""
    covered = weeks_covered(backlog)
    return (
        words.say("within", weeks=words.count(covered, "week"))
        if covered > 1
        else words.say("within_this_week")
    )


def is_small(backlog: Backlog) -> bool:
    return this_week(backlog).comments < SMALL_WEEK


def headline(backlog: Backlog, words: Words) -> tuple[str, str, str]:
    """What broke out, what got better or worse, what most people ask for."""
    told = {alert.demand for alert in backlog.alerts}
    moved_sentence, moved_item = _better_or_worse(backlog, words, told)
    told |= {moved_item.id} if moved_item else set()
    return _broke_out(backlog, words), moved_sentence, _asked_most(backlog, words, told)


def alert_since(alert: Alert, words: Words, *, brief: bool = False) -> str:
    """Where the outbreak sits: since or mostly on a version, and on which system or device.

    brief: the first of these that is known.
    """
    platform = words.say("with_platform", platform=alert.platform) if alert.platform else ""
    if alert.since_version:
        seen = alert.version_first_seen
        first = words.say("version_seen", week=words.week(seen)) if seen else ""
        since = words.say("since_version", version=alert.since_version)
        return since if brief else since + first + platform
    known = [unit.version for unit in alert.units if unit.version]
    version = max(sorted(set(known)), key=known.count) if known else ""
    count = known.count(version)
    if count >= 5 and count >= 0.6 * len(alert.units):
        mostly = words.say("mostly_version", count=words.count(count, "mention"), version=version)
        return mostly if brief else mostly + platform
    return platform


def alert_people(alert: Alert, words: Words) -> str:
    """How many people, against a usual week; nothing for weeks mined before this was counted."""
    if not alert.people:
        return ""
    people = words.count(alert.people, "user")
    return words.say("alert_people", people=people, usual=usual_people(alert.usual, words))


def usual_people(usual: float, words: Words) -> str:
    if usual < 0.5:
        return words.say("usual_nobody")
    return words.say("usual_people", number=f"{round(usual):,}")


def alert_title(alert: Alert, words: Words) -> str:
    """The item's title, or the theme's label where a whole theme broke out."""
    _, is_theme, theme = alert.demand.partition("theme:")
    return words.theme(theme) if is_theme else alert.title


def usual(alert: Alert, words: Words) -> str:
    """The share of comments that the weeks before led to expect."""
    if alert.expected < 0.0005:
        return words.say("hardly_ever")
    return words.say("usually", share=words.share(alert.expected))


def _broke_out(backlog: Backlog, words: Words) -> str:
    if not backlog.alerts:
        return words.say("first_week_break" if is_first_week(backlog) else "nothing_broke_out")
    alert = backlog.alerts[0]
    item = next((item for item in backlog.items if item.id == alert.demand), None)
    kind = words.say(f"kind_{alert.kind}")
    since = alert_since(alert, words, brief=True)
    mentions = words.count(len(alert.units), "mention")
    if is_small(backlog):
        return words.say(
            "broke_out_small", title=alert_title(alert, words), kind=kind, mentions=mentions, since=since
        )
    users = words.count(item.users_this_week, "user") if item else mentions
    return words.say(
        "broke_out",
        title=alert_title(alert, words),
        kind=kind,
        users=users,
        rate=words.share(alert.rate),
        expected=usual(alert, words),
        since=since,
    )


def _better_or_worse(backlog: Backlog, words: Words, told: set[str]) -> tuple[str, Item | None]:
    figures, previous = this_week(backlog), last_week(backlog)
    if not figures.comments:
        return words.say("no_comments"), None
    if is_small(backlog):
        return words.say("too_few", comments=words.count(figures.comments, "comment")), None
    if previous is None:
        if not is_first_week(backlog):
            return words.say("no_last_week"), None
        if figures.negative_share is None:
            return words.say("no_opinion"), None
        return words.say("level_only", now=words.share(figures.negative_share)), None
    movers = [
        item
        for item in backlog.items
        if item.id not in told and item.first_seen != backlog.week and moved(item) > 2
    ]
    if movers:
        item = max(movers, key=lambda item: (moved(item), item.id))
        return _moved(item, words), item
    if figures.negative_share is None or previous.negative_share is None:
        return words.say("no_item_moved_plain"), None
    shares = {"now": words.share(figures.negative_share), "before": words.share(previous.negative_share)}
    return words.say("no_item_moved", **shares), None


def _moved(item: Item, words: Words) -> str:
    now, before = now_and_before(item)
    said = {"title": item.title, "now": words.count(now, "mention"), "before": words.count(before, "mention")}
    if before < SMALL_COUNT:
        return words.say("item_moved_small", **said)
    return words.say("item_moved", change=words.magnitude(before, now), **said)


def _asked_most(backlog: Backlog, words: Words, told: set[str]) -> str:
    asked = [item for item in backlog.items if item.users_this_week > 0]
    suggestions = [item for item in asked if item.intent == Intent.SUGGESTION]
    choice = suggestions or [item for item in asked if item.id not in told] or asked
    if not choice:
        return words.say("nothing_asked")
    item = max(choice, key=lambda item: (item.users_this_week, item.users, item.id))
    covered = weeks_covered(backlog)
    rising = weeks_rising(item)
    worth_saying = rising >= 3 and now_and_before(item)[0] >= 5
    return words.say(
        "asked_most" if suggestions else "said_most",
        title=item.title,
        extent=words.say(
            "extent" if covered > 1 else "extent_first",
            users=words.count(item.users_this_week, "user"),
            weeks=words.count(covered, "week"),
            total=words.count(item.users, "user"),
        ),
        rise=words.say("rising", weeks=words.count(rising, "week")) if worth_saying else "",
    )


def why(item: Item, backlog: Backlog, words: Words) -> str:
    """One line for why an item stands where it does: its own, or its three weightiest factors in numbers."""
    if item.why:
        return words.spaced(item.why)
    weighty = sorted(item.factors, key=lambda factor: -factor.weight * factor.value)
    told = [_reason(factor.name, item, backlog, words) for factor in weighty]
    return words.stop(words.join([reason for reason in told if reason][:3])) if any(told) else ""


def _reason(factor: str, item: Item, backlog: Backlog, words: Words) -> str:
    now, before = now_and_before(item)
    negative, opinions = item.sentiment_mix.get("negative", 0), sum(item.sentiment_mix.values())
    if factor == "reach":
        return words.say("why_reach", within=within(backlog, words), users=words.count(item.users, "user"))
    if factor == "sentiment" and opinions:
        if opinions < SMALL_COUNT:
            return words.say("why_sentiment_small", count=words.count(negative, "mention"))
        return words.say("why_sentiment", share=words.share(negative / opinions))
    if factor == "momentum" and (now or before):
        if is_first_week(backlog):
            return words.say("why_momentum_first", now=words.count(now, "mention"))
        return words.say(
            "why_momentum", now=words.count(now, "mention"), before=words.count(before, "mention")
        )
    if factor == "recency" and not now:
        return words.say("why_recency", week=words.week(item.last_seen))
    return ""


def summary(item: Item, backlog: Backlog, words: Words) -> tuple[str, str]:
    """Two sentences: how far the need reaches, and how those who have it feel."""
    now, before = now_and_before(item)
    extent = words.say(
        "summary_extent",
        within=within(backlog, words),
        users=words.count(item.users, "user"),
        mentions=words.count(item.mentions, "mention"),
        first=words.week(item.first_seen),
        last=words.week(item.last_seen),
    )
    mix = {name: item.sentiment_mix.get(name, 0) for name in words.names("sentiment")}
    mood = words.say(
        "summary_mood", now=words.count(now, "mention"), before=words.count(before, "mention"), **mix
    )
    return extent, mood


def finding(item: Item, backlog: Backlog, words: Words) -> str:
    """What the item's weekly counts show, or nothing where they show nothing worth a chart."""
    counts = counts_of(item)
    if is_small(backlog) or len(counts) < 3 or sum(counts) < SMALL_COUNT:
        return ""
    now, peak = counts[-1], max(counts)
    said_now = words.count(now, "mention")
    rising = weeks_rising(item)
    if rising >= 3:
        return words.say("chart_rising", weeks=words.count(rising, "week"), now=said_now)
    if now == peak and counts.count(peak) == 1:
        return words.say("chart_peak_now", now=said_now, window=words.count(len(counts), "week"))
    if (peak - now) > 2 * sqrt(peak + now):
        when = list(item.weekly_counts)[counts.index(peak)]
        return words.say(
            "chart_from_peak", week=words.week(when), peak=words.count(peak, "mention"), now=said_now
        )
    return ""


def method(backlog: Backlog, words: Words) -> tuple[str, ...]:
    """How the week was computed, in plain sentences."""
    window = words.count(backlog.window_weeks, "week")
    return tuple(words.say(f"method_{k}", window=window, timezone=backlog.timezone) for k in range(1, 6))
