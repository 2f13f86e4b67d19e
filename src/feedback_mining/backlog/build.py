"""Put one week's backlog together from what the stages before it found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.backlog.alerts import alerts_of, evidence_of, first_weeks, theme_states
from feedback_mining.backlog.emerging import Series, predict, trend_of, typical_rate
from feedback_mining.backlog.items import (
    Backlog,
    Campaign,
    Counts,
    Item,
    WeekFigures,
)
from feedback_mining.backlog.priority import Evidence, Strategy, effective_people, factors_of, priority_of
from feedback_mining.backlog.quotes import representatives
from feedback_mining.backlog.summary import Background, summary_of
from feedback_mining.backlog.voices import praise_of, questions_of
from feedback_mining.backlog.window import Timeline, Window, window_of
from feedback_mining.backlog.wording import Wording
from feedback_mining.records import Analysis, Comment, Demand, Intent, Sentiment, Signal, Unit
from feedback_mining.weeks import DEFAULT_ZONE, Week


def build_backlog(
    *,
    product: str,
    week: Week,
    comments: Sequence[Comment] | Timeline,
    analyses: Mapping[str, Analysis],
    demands: Sequence[Demand],
    memberships: Mapping[str, str],
    campaigns: Sequence[Campaign],
    repeats: set[str],
    counts: Counts,
    versions: dict[str, Any],
    window_weeks: int = 12,
    zone: ZoneInfo = DEFAULT_ZONE,
    notices: Sequence[str] = (),
    released: Mapping[str, str] | None = None,
    strategy: Strategy | None = None,
    wording: Wording | None = None,
    merged: Mapping[str, Sequence[str]] | None = None,
) -> Backlog:
    """The backlog of `week`; comments after it, campaigns and repeats do not count.

    `memberships` maps unit ids to demand ids; `repeats` holds ids of comments that repeat their author's
    earlier one; `merged` the ids that people merged into a demand. Units without an analysis or a demand are
    no items. The result does not depend on the order of any input. Without a `wording`, likeness is that of
    letters.
    """
    strategy, wording = strategy or Strategy(), wording or Wording()
    timeline = comments if isinstance(comments, Timeline) else Timeline(comments)
    promoted = {comment for campaign in campaigns for comment in campaign.comments}
    read = timeline.between(week.plus(1 - window_weeks), week, zone)
    counted = [c for c in read if c.id not in promoted and c.id not in repeats]
    window = window_of(counted, week, window_weeks, zone, analyses)
    units = [u for c in counted if c.id in analyses for u in sorted(analyses[c.id].units, key=_start)]
    by_demand: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.actionable and unit.id in memberships:
            by_demand[memberships[unit.id]].append(unit)
    known = {d.id: d for d in demands}
    grouped = {known[key]: by_demand[key] for key in sorted(by_demand) if key in known}
    series = {
        demand.id: Series(window.people_a_week(of_demand), known_before=demand.founded < window.weeks[0])
        for demand, of_demand in grouped.items()
    }
    typical = typical_rate(list(series.values()), window.volume)
    if released is None:
        released = first_weeks(timeline.until(week, zone), zone)
    everybody = effective_people(window.everybody, strategy.half_life_weeks)
    background = Background.of(product, counted, wording)
    items = [
        _with_words(
            _item(demand, of_demand, series[demand.id], window, typical, everybody, strategy),
            window.newest_first(of_demand),
            window,
            analyses,
            background,
            wording,
        )
        for demand, of_demand in grouped.items()
    ]
    if merged:
        items = [replace(item, merged_ids=tuple(merged.get(item.id, ()))) for item in items]
    return Backlog(
        product=product,
        week=str(week),
        start=week.monday.isoformat(),
        end=week.sunday.isoformat(),
        timezone=zone.key,
        versions=versions,
        counts=replace(
            counts,
            near_duplicates=sum(c.id in repeats for c in read),
            campaign_comments=sum(c.id in promoted for c in read),
        ),
        figures=_figures(counted, units, items, window),
        items=tuple(sorted(items, key=lambda i: (-i.priority, i.id))),
        alerts=tuple(
            alerts_of({item.id: item.title for item in items}, series, units, grouped, window, released)
        ),
        campaigns=tuple(sorted(campaigns, key=lambda c: (c.last, len(c.comments), c.comments), reverse=True)),
        praise=praise_of(units, window, wording),
        questions=questions_of(units, window, wording),
        signals=_signals(counted, analyses, window),
        window_weeks=window_weeks,
        notices=tuple(notices),
        themes=theme_states(units, window),
    )


def _start(unit: Unit) -> int:
    return unit.start


def _item(
    demand: Demand,
    units: Sequence[Unit],
    series: Series,
    window: Window,
    typical: float,
    everybody: float,
    strategy: Strategy,
) -> Item:
    units = window.newest_first(units)
    last: dict[str, int] = {}
    for unit in reversed(units):
        last[window.person(unit)] = window.ages[unit.comment]
    this_week = series.people[-1]
    expected = predict(series.people, window.volume, typical).expected
    evidence = Evidence(
        units=units,
        ages=tuple(last.values()),
        people_this_week=this_week,
        expected_this_week=expected,
        leaving=len(window.leaving & last.keys()),
    )
    factors = factors_of(evidence, everybody, strategy)
    mentions = Counter(window.week(u) for u in units)
    weekly = {week: mentions[week] for week in window.weeks}
    moods = Counter(u.sentiment for u in units)
    released = Counter(v for u in units if (v := window.comments[u.comment].version))
    return Item(
        id=demand.id,
        title=demand.title,
        theme=demand.theme,
        intent=demand.intent.value,
        status="new",
        trend=trend_of(series, window.volume, typical),
        priority=priority_of(factors),
        factors=factors,
        users=len(last),
        mentions=len(units),
        users_this_week=this_week,
        units=evidence_of(units, window),
        first_seen=demand.founded if series.known_before else window.week(units[-1]),
        last_seen=window.week(units[0]),
        weekly_counts=weekly,
        change_vs_last_week=mentions[window.weeks[-1]]
        - (mentions[window.weeks[-2]] if len(weekly) > 1 else 0),
        sentiment_mix={s.value: moods[s] for s in Sentiment},
        versions=dict(sorted(released.items(), key=lambda pair: (-pair[1], pair[0]))),
        quotes=(),
        keywords=demand.keywords,
    )


def _with_words(
    item: Item,
    units: Sequence[Unit],
    window: Window,
    analyses: Mapping[str, Analysis],
    background: Background,
    wording: Wording,
) -> Item:
    return replace(
        item,
        quotes=representatives(units, window.comments, window.ages, window.zone, wording=wording),
        summary=summary_of(units, item.title, window, analyses, background, wording),
    )


def _figures(
    counted: Sequence[Comment], units: Sequence[Unit], items: Sequence[Item], window: Window
) -> tuple[WeekFigures, ...]:
    comments = Counter(window.ages[c.id] for c in counted)
    opinions = [u for u in units if u.intent not in (Intent.OTHER, Intent.QUESTION)]
    voiced = Counter(window.ages[u.comment] for u in opinions)
    negative = Counter(window.ages[u.comment] for u in opinions if u.sentiment is Sentiment.NEGATIVE)
    founded = Counter(item.first_seen for item in items)
    figures = []
    for place, week in enumerate(window.weeks):
        age = len(window.weeks) - 1 - place
        figures.append(
            WeekFigures(
                week=week,
                comments=comments[age],
                people=window.volume[place],
                negative_share=negative[age] / voiced[age] if voiced[age] else None,
                new_demands=founded[week],
            )
        )
    return tuple(figures)


def _signals(
    counted: Iterable[Comment], analyses: Mapping[str, Analysis], window: Window
) -> dict[str, dict[str, int]]:
    weekly = {week: {signal.value: 0 for signal in Signal} for week in window.weeks}
    for comment in counted:
        if comment.id in analyses:
            for signal in set(analyses[comment.id].signals):
                weekly[window.weeks[-1 - window.ages[comment.id]]][signal.value] += 1
    return weekly
