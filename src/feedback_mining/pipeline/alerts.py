"""The daily look: comments of the last days, read, given to demands, and held against the weeks before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from feedback_mining.backlog.daily import REMEMBERED, DayAlert, day_alerts, day_end, not_yet_raised
from feedback_mining.backlog.rulings import Rulings
from feedback_mining.classification.labelling import corrected
from feedback_mining.demands.anchors import Anchors
from feedback_mining.demands.decisions import as_people_see, fold, retired
from feedback_mining.errors import InputError
from feedback_mining.pipeline.campaigns import campaigns_until
from feedback_mining.pipeline.grouping import groupable, pieces
from feedback_mining.pipeline.labels import labels_of
from feedback_mining.pipeline.reader import Progress, Reader
from feedback_mining.records import Comment, Demand, Unit
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.text.duplicates import same_author_repeats
from feedback_mining.weeks import Week

_LOOK_BACK = timedelta(weeks=66)  # what campaigns are told by


def raise_alerts(
    store: Store,
    product: str,
    day: date | None,
    *,
    settings: Settings,
    lang: str = "zh",
    progress: Progress | None = None,
) -> list[DayAlert]:
    """What `day`, by default that of the last comment, raises for the first time; kept in the store.

    Running a day again replaces what it had raised. Raises InputError where the product has no comments, or
    none on that day or before.
    """
    day = day or last_day(store, product, settings)
    found = Watch(store, product, settings, day, lang, progress).look(day)
    earlier = store.day_alerts(product, day - REMEMBERED, day - timedelta(days=1))
    raised = not_yet_raised(found, map(DayAlert.of_json, earlier))
    store.save_day_alerts(product, day, [alert.as_json() for alert in raised])
    return raised


def last_day(store: Store, product: str, settings: Settings) -> date:
    """The day of the product's last comment where its users live. Raises InputError where there is none."""
    span = store.time_span(product)
    if span is None:
        raise InputError(f"The store {store.address} holds no comments of {product!r}; import files first")
    return span[1].astimezone(settings.zone).date()


class Watch:
    """Looks at days of one product; make it once for days near each other, `last` the latest of them."""

    def __init__(
        self,
        store: Store,
        product: str,
        settings: Settings,
        last: date,
        lang: str = "zh",
        progress: Progress | None = None,
        first: date | None = None,
    ) -> None:
        self.store, self.product, self.settings = store, product, settings
        since = day_end(first or last, settings.zone) - _LOOK_BACK
        self.comments = store.comments(product, day_end(last, settings.zone), since)
        if not self.comments:
            raise InputError(
                f"The store {store.address} holds no comments of {product!r} up to {last}; "
                "import them first, or choose another day"
            )
        reader = Reader.of(settings, store)
        self.tracker = reader.tracker(product, lang)
        themes = {theme.id for theme in reader.taxonomy.themes}
        self.labels = labels_of(self.comments, store.labels(product))
        read = reader.analyses(store, product, self.comments, progress)
        self.analyses = read | {
            key: corrected(read[key], label, themes) for key, label in self.labels.items()
        }
        self.repeats = same_author_repeats(self.comments)
        self.rulings = Rulings.of(store.campaign_rulings(product))
        decisions = store.decisions(product)
        self.people, self.gone = fold(decisions), retired(decisions)
        self.said = {c.id: (str(Week.of(c.time, settings.zone)), c.text) for c in self.comments}
        self._held: tuple[Week, Anchors] | None = None

    def look(self, day: date) -> list[DayAlert]:
        """Every outbreak of the spans that end with `day`, whether raised before or not."""
        zone, weeks = self.settings.zone, self.settings.window_weeks
        end = day_end(day, zone)
        start = end - timedelta(weeks=weeks + 1)
        until = [c for c in self.comments if c.time < end]
        campaigns = campaigns_until(until, end, self.rulings, weeks=weeks + 1)
        left_out = self.repeats | {c for campaign in campaigns for c in campaign.comments}
        counted = [c for c in until if c.time >= start and c.id not in left_out]
        demands, memberships = self._grouped(day, counted)
        return day_alerts(
            self.product, day, counted, self.analyses, demands, memberships, weeks=weeks, zone=zone
        )

    def _grouped(self, day: date, counted: Sequence[Comment]) -> tuple[list[Demand], dict[str, str]]:
        """Demands as the weeks before and people left them, and as the units that came since join or found them."""
        week = Week.of_date(day)
        units = [u for c in counted for u in self.analyses[c.id].units if groupable(u)]
        known, recorded = self.store.demands_before(self.product, week, [u.id for u in units])
        if self._held is None or self._held[0] != week:
            held = self.store.anchors_before(self.product, week, self.tracker.version)
            self._held = week, held.without(frozenset(self.people.concerned))
        anchors = self._held[1]
        placed = self.people.placed(units, self.labels)
        demands = {d.id: d for d in known if d.id not in self.gone}
        before = {unit: key for unit, key in recorded.items() if unit not in placed and key not in self.gone}
        members: dict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            if home := placed.get(unit.id) or before.get(unit.id):
                members[home].append(unit)
        for key in set(placed.values()) - demands.keys():  # split off since the last run
            of = members[key]
            title = self.people.founded.get(key, "")
            demands[key] = self.tracker.described(key, title, of, self.said[of[0].comment][0])
        joined: dict[str, str] = {}
        for piece in pieces([u for u in units if u.id not in before and u.id not in placed]):
            tracked = self.tracker.track(piece, self.said, list(demands.values()), members, anchors)
            anchors = tracked.anchors
            demands.update((d.id, d) for d in tracked.demands)
            joined.update(tracked.memberships)
            for unit in piece:
                members[tracked.memberships[unit.id]].append(unit)
        seen = as_people_see(self.people, demands.values(), before | joined, placed)
        return list(seen.demands.values()), seen.memberships
