"""What broke out, as it is told: which demand or theme, how many people, since which version or platform."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from feedback_mining.backlog.emerging import (
    Outbreak,
    Series,
    outbreaks,
    predict,
    since_version,
    trend_of,
    typical_rate,
)
from feedback_mining.backlog.items import Alert, EvidenceUnit, ThemeState
from feedback_mining.backlog.platforms import platform_of
from feedback_mining.backlog.window import Window
from feedback_mining.records import Comment, Demand, Unit
from feedback_mining.weeks import Week

_NO_ISSUE = "general"  # abuse and praise of the whole name nothing that could be mended
_LEAST_OF_THEME = 5  # people; fewer seldom mean the same thing


def alerts_of(
    titles: Mapping[str, str],
    series: Mapping[str, Series],
    units: Sequence[Unit],
    grouped: Mapping[Demand, Sequence[Unit]],
    window: Window,
    released: Mapping[str, str],
    *,
    rate: float = 0.02,
    days: int = 7,
) -> list[Alert]:
    """Demands that broke out, then themes that did without any of their demands doing so.

    titles, series: by demand id; units: all of the window; released: version → week of its first comment.
    rate, days: as `outbreaks` takes them.
    """
    of_demand = {demand.id: (demand.theme, of) for demand, of in grouped.items()}
    alerts = []
    explained = {_NO_ISSUE}
    for outbreak in outbreaks(series, window.volume, rate=rate, days=days):
        theme, members = of_demand[outbreak.key]
        explained.add(theme)
        alerts.append(_alert(outbreak, outbreak.key, titles[outbreak.key], members, window, released))
    by_theme = _by_theme(units)
    themes = {theme: Series(window.people_a_week(of)) for theme, of in by_theme.items()}
    for outbreak in outbreaks(themes, window.volume, rate=rate, days=days):
        theme = outbreak.key
        if theme not in explained and outbreak.people >= _LEAST_OF_THEME:
            alerts.append(_alert(outbreak, f"theme:{theme}", theme, by_theme[theme], window, released))
    return alerts


def theme_states(units: Iterable[Unit], window: Window) -> tuple[ThemeState, ...]:
    """Every theme that somebody raised in the window, most people this week first."""
    themes = {theme: Series(window.people_a_week(of)) for theme, of in _by_theme(units).items()}
    typical = typical_rate(list(themes.values()), window.volume)
    every_week = (1,) * len(window.volume)
    a_week = typical_rate(list(themes.values()), every_week)
    states = [
        ThemeState(
            theme=theme,
            trend=trend_of(series, window.volume, typical),
            people_this_week=series.people[-1],
            usual=predict(series.people, every_week, a_week).expected,
            weekly_people=dict(zip(window.weeks, series.people, strict=True)),
        )
        for theme, series in themes.items()
    ]
    return tuple(sorted(states, key=lambda s: (-s.people_this_week, s.theme)))


def first_weeks(comments: Iterable[Comment], zone: ZoneInfo) -> dict[str, str]:
    """Version → ISO week of the first comment that carries it; `comments` in order of time."""
    found: dict[str, str] = {}
    for comment in comments:
        if comment.version and comment.version not in found:
            found[comment.version] = str(Week.of(comment.time, zone))
    return found


def evidence_of(units: Iterable[Unit], window: Window) -> tuple[EvidenceUnit, ...]:
    return tuple(
        EvidenceUnit(
            comment=u.comment,
            start=u.start,
            end=u.end,
            text=u.text,
            week=window.week(u),
            sentiment=u.sentiment.value,
            version=window.comments[u.comment].version,
        )
        for u in units
    )


def _by_theme(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    by_theme: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.actionable:
            by_theme[unit.theme].append(unit)
    return {theme: by_theme[theme] for theme in sorted(by_theme)}


def _alert(
    outbreak: Outbreak,
    key: str,
    title: str,
    units: Iterable[Unit],
    window: Window,
    released: Mapping[str, str],
) -> Alert:
    now = window.newest_first(u for u in units if window.ages[u.comment] == 0)
    earlier = [c for c in window.comments.values() if window.ages[c.id] > 0]
    texts = list(dict.fromkeys(u.comment for u in now))
    version = since_version(
        [window.comments[u.comment].version for u in now], Counter(c.version for c in earlier if c.version)
    )
    return Alert(
        demand=key,
        title=title,
        kind=outbreak.kind,
        rate=outbreak.rate,
        expected=outbreak.expected,
        p_value=outbreak.p_value,
        units=evidence_of(now, window),
        since_version=version,
        version_first_seen=released.get(version) if version else None,
        platform=platform_of([window.comments[c].text for c in texts], (c.text for c in earlier)),
        people=outbreak.people,
        usual=round(outbreak.usual, 1),
    )
