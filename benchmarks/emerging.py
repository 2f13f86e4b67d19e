"""Outbreaks and floods in the history of four products, each week as if it had been mined on its Monday.

The windows in events/emerging_events.csv were found by bursts of n-grams and then read; they are no published
truth. A fault counts as found when an alert of the week that holds its start has at least half of its units
matching the window's regular expression. `--alerts` prints every alert of the other weeks, to be read.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rows import Row, table

if TYPE_CHECKING:
    from feedback_mining.backlog.daily import DayAlert

ROOT = Path(__file__).resolve().parent.parent
SECTION = "emerging issues"
NOISE = "【噪声】"
PRODUCTS = {
    "小米商城": "qimai/小米商城.xlsx",
    "美居": "qimai/美居.xlsx",
    "华为智能家居": "qimai/华为智能家居.xlsx",
    "支付宝": "timed/alipay_reviews.txt",
}
WEEKS_A_MONTH = 365.25 / 12 / 7


@dataclass(frozen=True)
class Event:
    product: str
    start: date
    end: date  # the day after
    name: str
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Raised:
    """One alert: its title and the texts of its units."""

    title: str
    kind: str
    texts: tuple[str, ...]
    since: str

    def matches(self, event: Event) -> bool:
        return sum(bool(event.pattern.search(text)) for text in self.texts) >= 0.5 * len(self.texts) > 0


@dataclass(frozen=True)
class WeekRun:
    comments: int
    alerts: tuple[Raised, ...]
    flagged: frozenset[str]  # comments in campaigns
    listed: frozenset[str]  # comments of this week in items


def rows(shared: Path, work: Path) -> list[Row]:
    """Rows for each window, for the weeks without one, and for simulated weeks. `work` keeps what was read."""
    events = read_events(shared / "data" / "events" / "emerging_events.csv")
    found: list[Row] = []
    quiet: dict[str, tuple[int, int, int]] = {}
    daily: dict[str, tuple[int, int]] = {}
    for product, file in PRODUCTS.items():
        runs = replayed(product, shared / "data" / file, work)
        texts = _texts(product, work)
        mine = [event for event in events if event.product == product]
        for event in mine:
            found.append(noise_row(event, runs, texts) if NOISE in event.name else fault_row(event, runs))
        raised = watched(product, work)
        for event in mine:
            if NOISE not in event.name:
                found.append(day_row(event, raised, texts))
        daily[product] = _quiet_days(raised, texts, _busy(mine))
        calm = [run for week, run in runs.items() if week not in _busy(mine)]
        quiet[product] = (len(calm), sum(len(r.alerts) for r in calm), sum(bool(r.alerts) for r in calm))
    weeks, alerts, _ = (sum(counts) for counts in zip(*quiet.values(), strict=True))
    for product, (of_product, raised, loud) in quiet.items():
        found.append(_quiet_row(product, of_product, raised, loud))
    found.append(
        Row(
            SECTION,
            "weeks without a window, all four: alerts a month, true ones included",
            f"{alerts / weeks * WEEKS_A_MONTH:.2f}",
            goal="false ones ≤ 1 a month",
            held_out=f"{weeks} weeks",
        )
    )
    days, day_alerts = (sum(counts) for counts in zip(*daily.values(), strict=True))
    each = ", ".join(f"{product} {raised}" for product, (_, raised) in daily.items())
    found.append(
        Row(
            SECTION,
            "daily runs, days without a window: alerts a month, true ones included",
            f"{day_alerts / days * WEEKS_A_MONTH * 7:.2f} ({each})",
            goal="false ones ≤ 1 a month",
            held_out=f"{days} days",
        )
    )
    return [*found, *simulated()]


def read_events(path: Path) -> list[Event]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            Event(
                product=row["product"],
                start=date.fromisoformat(row["start"]),
                end=date.fromisoformat(row["end"]),
                name=row["event"],
                pattern=re.compile(row["regex"], re.IGNORECASE),
            )
            for row in csv.DictReader(file)
        ]


def fault_row(event: Event, runs: dict[str, WeekRun]) -> Row:
    from feedback_mining.weeks import Week

    week = Week.of_date(event.start)
    alerts = runs[str(week)].alerts
    rank = next((k for k, alert in enumerate(alerts, 1) if alert.matches(event)), None)
    others = sum(not alert.matches(event) for alert in alerts)
    ours = f"rank {rank} of {len(alerts)}, {others} about something else" if rank else "missed"
    return Row(SECTION, f"{event.product} {week} {event.name}", ours, goal="in the top 3")


def noise_row(event: Event, runs: dict[str, WeekRun], texts: dict[str, tuple[date, str]]) -> Row:
    """Share of the window's matching comments that are flagged by the run of their own week, and by any."""
    from feedback_mining.weeks import Week

    matching = {
        key: str(Week.of_date(day))
        for key, (day, text) in texts.items()
        if event.start <= day < event.end and event.pattern.search(text)
    }
    at_once = sum(key in runs[week].flagged for key, week in matching.items())
    ever = {key for key in matching if any(key in run.flagged for run in runs.values())}
    listed = sum(key in runs[week].listed for key, week in matching.items() if key in ever)
    ours = (
        f"{len(ever)} of {len(matching)} flagged, {at_once} by the run of their own week; "
        f"{listed} of the flagged in items of that run"
    )
    return Row(SECTION, f"{event.product} {event.start} {event.name}", ours, goal="flagged, in no item")


def day_row(event: Event, raised: list[DayAlert], texts: dict[str, tuple[date, str]]) -> Row:
    """On which day a daily run raised it, counted from the day of the window's third matching comment."""
    days = sorted(
        day for day, text in texts.values() if event.start <= day < event.end and event.pattern.search(text)
    )
    third = days[min(2, len(days) - 1)]
    of_event = [
        date.fromisoformat(alert.date)
        for alert in raised
        if sum(bool(event.pattern.search(text)) for text in alert.examples) * 2 >= len(alert.examples)
        and event.start - timedelta(days=28) <= date.fromisoformat(alert.date) < event.end
    ]
    if not of_event:
        ours = "not raised"
    else:
        # One that was raised before the window is not raised again until it doubles.
        day = next((d for d in of_event if d >= event.start), of_event[-1])
        ours = f"raised {day}, {(day - third).days:+d} days"
    return Row(SECTION, f"daily: {event.product} {event.name}", ours, goal="the day of the third comment")


def watched(product: str, work: Path) -> list[DayAlert]:
    """What daily runs would have raised, day after day."""
    from feedback_mining.backlog.daily import REMEMBERED, not_yet_raised
    from feedback_mining.pipeline.alerts import Watch
    from feedback_mining.storage import open_store

    settings = _settings()
    raised: list[DayAlert] = []
    with open_store(_address(product, work)) as store:
        days = [c.time.astimezone(settings.zone).date() for c in store.comments(product)]
        watch = Watch(store, product, settings, days[-1], first=days[0])
        day = days[0]
        while day <= days[-1]:
            recent = [a for a in raised if date.fromisoformat(a.date) >= day - REMEMBERED]
            raised += not_yet_raised(watch.look(day), recent)
            day += timedelta(days=1)
    return raised


def _quiet_days(
    raised: list[DayAlert], texts: dict[str, tuple[date, str]], busy: set[str]
) -> tuple[int, int]:
    """Days in weeks without a window, and the alerts on them."""
    from feedback_mining.weeks import Week

    first, last = min(day for day, _ in texts.values()), max(day for day, _ in texts.values())
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    calm = {day.isoformat() for day in days if str(Week.of_date(day)) not in busy}
    return len(calm), sum(alert.date in calm for alert in raised)


def _quiet_row(product: str, weeks: int, alerts: int, loud: int) -> Row:
    ours = f"{alerts} alerts in {loud} of {weeks} weeks"
    return Row(SECTION, f"{product}: weeks without a window", ours)


def _busy(events: list[Event]) -> set[str]:
    from feedback_mining.weeks import Week

    busy = set()
    for event in events:
        week, last = Week.of_date(event.start), Week.of_date(event.end)
        while week <= last:
            busy.add(str(week))
            week = week.plus(1)
    return busy


def replayed(product: str, file: Path, work: Path) -> dict[str, WeekRun]:
    """ISO week → what its run found."""
    from feedback_mining.pipeline.choose import weeks_to_replay
    from feedback_mining.pipeline.ingest import import_files
    from feedback_mining.pipeline.mine import Miner
    from feedback_mining.storage import open_store

    work.mkdir(parents=True, exist_ok=True)
    settings = _settings()
    with open_store(_address(product, work)) as store:
        import_files([file], store, product=product, settings=settings)
        miner = Miner(store, product, settings)
        return {str(week): _run_of(miner.mine(week)) for week in weeks_to_replay(store, product, settings)}


def _run_of(backlog: object) -> WeekRun:
    from feedback_mining.backlog.items import Backlog

    assert isinstance(backlog, Backlog)
    return WeekRun(
        comments=backlog.figures[-1].comments,
        alerts=tuple(
            Raised(
                a.title,
                a.kind,
                tuple(u.text for u in a.units),
                " ".join(filter(None, (a.since_version, a.platform))),
            )
            for a in backlog.alerts
        ),
        flagged=frozenset(c for campaign in backlog.campaigns for c in campaign.comments),
        listed=frozenset(u.comment for item in backlog.items for u in item.units if u.week == backlog.week),
    )


def _texts(product: str, work: Path) -> dict[str, tuple[date, str]]:
    """Comment → its day and text."""
    from feedback_mining.storage import open_store

    zone = _settings().zone
    with open_store(_address(product, work)) as store:
        return {c.id: (c.time.astimezone(zone).date(), c.text) for c in store.comments(product)}


def _address(product: str, work: Path) -> str:
    return f"sqlite:///{work}/{list(PRODUCTS).index(product)}.db"


def _settings():  # type: ignore[no-untyped-def]
    from feedback_mining.settings import load_settings

    return load_settings(author_key="benchmark")


def simulated(weeks: int = 10_000, demands: int = 200, seed: int = 20) -> list[Row]:
    """Quiet weeks: Poisson counts, steady rates, a volume that doubles and halves; then a tripled rate."""
    from feedback_mining.backlog.emerging import Series, outbreaks

    draw = np.random.default_rng(seed)
    rates = draw.gamma(0.6, 0.02, demands)
    volume = np.maximum(draw.poisson(150 * np.exp(_wandering(draw, weeks + 12))), 1)
    counts = draw.poisson(rates[:, None] * volume[None, :])
    false = 0
    for t in range(12, weeks + 12):
        window = counts[:, t - 11 : t + 1]
        known = counts[:, max(0, t - 60) : t - 11].any(axis=1)
        series = {str(d): Series(tuple(window[d].tolist()), bool(known[d])) for d in range(demands)}
        false += bool(outbreaks(series, tuple(volume[t - 11 : t + 1].tolist())))
    detected = sum(_tripled(draw, rates) for _ in range(1_000))
    note = f"{weeks:,} weeks, {demands} demands, seed {seed}"
    return [
        Row(SECTION, "simulated quiet weeks with a false alert", f"{false / weeks:.2%}", held_out=note),
        Row(
            SECTION,
            "simulated: a demand with 10 people a week of 300 triples, found in its first week",
            f"{detected / 1_000:.0%}",
            held_out="1,000 times among 200 demands",
        ),
    ]


def _tripled(draw: np.random.Generator, rates: np.ndarray) -> bool:
    from feedback_mining.backlog.emerging import Series, outbreaks

    volume = np.full(12, 300)
    counts = draw.poisson(rates[:, None] * volume[None, :])
    counts[0] = draw.poisson([10] * 11 + [30])
    found = outbreaks({str(d): Series(tuple(c.tolist()), True) for d, c in enumerate(counts)}, tuple(volume))
    return any(o.key == "0" for o in found)


def _wandering(draw: np.random.Generator, steps: int) -> np.ndarray:
    """Logarithm of the volume: a walk that is pulled back to 0, standard deviation about 0.4."""
    walk, value = np.empty(steps), 0.0
    for k in range(steps):
        value = 0.9 * value + draw.normal(0, 0.17)
        walk[k] = value
    return walk


def read_aloud(shared: Path, work: Path) -> Iterator[str]:
    """Every alert of the weeks without a window, with the first of its texts."""
    events = read_events(shared / "data" / "events" / "emerging_events.csv")
    for product, file in PRODUCTS.items():
        busy = _busy([event for event in events if event.product == product])
        for week, run in replayed(product, shared / "data" / file, work).items():
            for alert in run.alerts if week not in busy else ():
                said = " | ".join(text.replace("\n", " ") for text in alert.texts[:6])
                yield (
                    f"{product} {week} ({run.comments}) {alert.kind} {alert.title} {alert.since}"
                    f" [{len(alert.texts)}] {said[:300]}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "emerging")
    parser.add_argument("--alerts", action="store_true")
    options = parser.parse_args()
    if options.alerts:
        for line in read_aloud(options.shared, options.work):
            print(line)
    else:
        print(table(rows(options.shared, options.work)))


if __name__ == "__main__":
    main()
