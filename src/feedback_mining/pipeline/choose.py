"""Which product and which week a run is about, given what the user asked for and what there is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from feedback_mining.errors import InputError, UnknownWeek
from feedback_mining.settings import Settings
from feedback_mining.sources.files import FileReading, RawComment
from feedback_mining.storage import Store
from feedback_mining.weeks import Week


def one_product(names: Iterable[str]) -> str:
    """The product that all files of one run are about. Raises InputError if they name several."""
    distinct = sorted(set(names))
    if len(distinct) != 1:
        raise InputError(
            f"The files are about {len(distinct)} products ({', '.join(distinct)}); "
            f"expected one, give its name with --product"
        )
    return distinct[0]


def product_in_store(store: Store, asked: str | None) -> str:
    """The product asked for, or the only one there is. Raises InputError with those that exist."""
    names = store.products()
    if not names:
        raise InputError(f"The store {store.address} holds no comments; import files first")
    if asked is None and len(names) == 1:
        return names[0]
    if asked in names:
        return asked
    given = "No product was given" if asked is None else f"Product {asked!r} is unknown"
    raise InputError(
        f"{given}; the store {store.address} holds: {', '.join(names)}; choose one with --product"
    )


def parse_week(week: str | None, until: str | None) -> Week | None:
    """The week named, or the one that holds the day `until`; None if neither was given.

    Raises UnknownWeek for a malformed week, InputError for a malformed day or for both at once.
    """
    if week is not None and until is not None:
        raise InputError("Both --week and --until were given; expected one of them")
    if week is not None:
        return Week.parse(week)
    if until is None:
        return None
    try:
        return Week.of_date(date.fromisoformat(until))
    except ValueError:
        raise InputError(f"{until!r} is not a day; expected a form such as 2019-04-21") from None


def last_complete(latest: Week, now: datetime, zone: ZoneInfo) -> Week:
    """`latest`, or the week before it while it is still running: what a run on a Monday morning is about."""
    return latest.plus(-1) if latest == Week.of(now, zone) else latest


def weeks_to_replay(store: Store, product: str, settings: Settings) -> list[Week]:
    """Every week from the product's first comment to its last, quiet weeks included."""
    span = store.time_span(product)
    if span is None:
        raise InputError(f"The store {store.address} holds no comments of {product!r}; import files first")
    first, last = (Week.of(time, settings.zone) for time in span)
    return [first.plus(k) for k in range(last.minus(first) + 1)]


def check_week(week: Week, readings: Iterable[FileReading], settings: Settings) -> None:
    """Raise UnknownWeek if the files' comments were all written before or after `week`."""
    times = [row.time for reading in readings for row in reading.rows if isinstance(row, RawComment)]
    weeks = [Week.of(time or datetime.now(UTC), settings.zone) for time in times]
    if weeks and not min(weeks) <= week <= max(weeks):
        raise UnknownWeek(
            f"Week {week} holds none of the files' comments; they run from {min(weeks)} to {max(weeks)}: "
            "choose a week among these"
        )


def mined_week(store: Store, product: str, asked: Week | None) -> Week:
    """The mined week asked for, or the newest. Raises UnknownWeek with those that exist."""
    done = store.weeks_done(product)
    if not done:
        raise UnknownWeek(f"No week of {product!r} was mined yet; run: feedback-mining mine")
    if asked is None:
        return Week.parse(done[-1])
    if str(asked) not in done:
        raise UnknownWeek(
            f"Week {asked} of {product!r} was not mined; mined are {_spans(done)}; "
            f"mine it first or choose one of them"
        )
    return asked


def _spans(done: list[str]) -> str:
    """`2019-W01 to 2019-W09, 2019-W16`."""
    runs: list[list[Week]] = []
    for week in map(Week.parse, done):
        if runs and week.minus(runs[-1][-1]) == 1:
            runs[-1].append(week)
        else:
            runs.append([week])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
