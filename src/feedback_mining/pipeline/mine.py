"""One comment's journey, from the store to the backlog. Start reading at `Miner.mine`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from feedback_mining.backlog.alerts import first_weeks
from feedback_mining.backlog.build import build_backlog
from feedback_mining.backlog.items import Backlog, Campaign, Counts
from feedback_mining.backlog.rulings import Rulings
from feedback_mining.backlog.window import Timeline
from feedback_mining.backlog.wording import Wording
from feedback_mining.classification.labelling import corrected
from feedback_mining.demands.anchors import MEMORY, Anchors
from feedback_mining.demands.decisions import as_people_see, fold, retired
from feedback_mining.demands.track import Tracker, kind_of
from feedback_mining.errors import InputError, UnknownWeek
from feedback_mining.pipeline.campaigns import campaigns_until
from feedback_mining.pipeline.grouping import groupable, pieces
from feedback_mining.pipeline.history import Members, Settled, comments_named, extended, settled_before
from feedback_mining.pipeline.labels import labels_of
from feedback_mining.pipeline.reader import Progress, Reader
from feedback_mining.records import Analysis, Comment, Demand, Unit
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.text.duplicates import same_author_repeats
from feedback_mining.weeks import Week

_CAMPAIGN_STEP = 6  # weeks between looks back at history, half a window of campaigns


def mine_week(
    store: Store,
    product: str,
    week: Week,
    *,
    settings: Settings,
    lang: str = "zh",
    progress: Progress | None = None,
) -> Backlog:
    """The backlog of `week`, made from what was known at its end and saved in the store.

    Raises UnknownWeek for a week outside those of the product's comments.
    """
    return Miner(store, product, settings, lang, progress, week).mine(week)


def latest_week(store: Store, product: str, *, settings: Settings) -> Week:
    """The week of the product's last comment. Raises InputError where there is none."""
    span = store.time_span(product)
    if span is None:
        raise InputError(f"The store {store.address} holds no comments of {product!r}; import files first")
    return Week.of(span[1], settings.zone)


class Miner:
    """Mines weeks of one product; make it once for many weeks, or for one `week` that reads no more than it must."""

    def __init__(
        self,
        store: Store,
        product: str,
        settings: Settings,
        lang: str = "zh",
        progress: Progress | None = None,
        week: Week | None = None,
    ) -> None:
        self.store, self.product, self.settings = store, product, settings
        self.reader = Reader.of(settings, store)
        self.tracker = self.reader.tracker(product, lang)
        self._span = store.time_span(product)
        self._anchors: tuple[Week, Anchors] | None = None  # as the week left them
        self._whole = True
        self.earlier: list[Comment] = []  # known for what is usual, not looked into
        self.timeline = Timeline(self._read(week))
        self.weeks = {c.id: Week.of(c.time, settings.zone) for c in self.comments}
        self.labels = labels_of(self.comments, store.labels(product))
        self.analyses = self._corrected(self.reader.analyses(store, product, self.comments, progress))
        self.repeats = same_author_repeats(self.comments)
        self.rulings = Rulings.of(store.campaign_rulings(product))
        self.units = {
            unit.id: unit
            for comment in self.comments
            for unit in self.analyses[comment.id].units
            if groupable(unit)
        }
        self._said = {c.id: (str(self.weeks[c.id]), c.text) for c in self.comments}
        self._campaigns: dict[Week, frozenset[str]] = {}

    @property
    def comments(self) -> Sequence[Comment]:
        return self.timeline.comments

    def mine(self, week: Week) -> Backlog:
        """Group what is new, track it, prioritise, save."""
        self._check(week)
        held = self._held_before(week)
        settled = self._settled_before(week, held)
        known, before = self.store.demands_before(
            self.product, week, None if self._whole else list(self.units)
        )
        campaigns = self._campaigns_of(week)
        flooded = self._flooded(week, settled) | {c for one in campaigns for c in one.comments}
        decisions = self.store.decisions(self.product)
        people, gone = fold(decisions), retired(decisions)
        placed = people.placed(self._units_until(week), self.labels)
        demands = {d.id: d for d in known if d.id not in gone}
        memberships = {
            unit: key
            for unit, key in before.items()
            if unit not in placed and key not in gone and self._settled(unit, demands.get(key))
        }
        fresh = [
            unit
            for comment in self._until(week)
            if comment.id not in flooded and comment.id not in self.repeats
            for unit in self.analyses[comment.id].units
            if unit.id in self.units and unit.id not in memberships and unit.id not in placed
            if self._is_open(comment, settled) or unit.id in before
        ]
        members = self._members(memberships | placed, week)
        founded = self._founded(people.founded, placed, demands)
        demands |= founded
        changed = dict(founded)
        joined = {
            unit: people.origins.get(unit, key)
            for unit, key in placed.items()
            if unit in self.units and unit not in before
        }
        moved = {before[unit] for unit in before if unit not in memberships} | people.concerned
        anchors = held.without(frozenset(moved))
        for tracker, piece in self._rounds(fresh):
            tracked = tracker.track(piece, self._said, list(demands.values()), members, anchors)
            anchors = tracked.anchors
            demands.update((d.id, d) for d in tracked.demands)
            changed.update((d.id, d) for d in tracked.demands)
            joined.update(tracked.memberships)
            for unit in piece:
                members.add(tracked.memberships[unit.id], unit)
        seen = as_people_see(people, demands.values(), memberships | joined, placed)
        backlog = build_backlog(
            product=self.product,
            week=week,
            comments=self.timeline,
            analyses=self.analyses,
            demands=list(seen.demands.values()),
            memberships=seen.memberships,
            merged=seen.merged,
            campaigns=campaigns,
            repeats=self.repeats,
            counts=self._counts(),
            versions=self.reader.versions,
            window_weeks=self.settings.window_weeks,
            zone=self.settings.zone,
            notices=self.store.import_notices(self.product),
            wording=Wording(self.tracker.encode, self.tracker.words),
            released=first_weeks(self._known_until(week), self.settings.zone),
        )
        now = anchors.changed_from(held)
        self.store.save_week(
            self.product, week, list(changed.values()), joined, backlog.as_json(), (self.tracker.version, now)
        )
        self._anchors = week, anchors
        return backlog

    def _read(self, week: Week | None) -> list[Comment]:
        """All comments, or those that `week` has to look at."""
        if week is not None and self._span is not None:
            settled = self._settled_before(week, self._held_before(week))
            if settled and settled.since.start(self.settings.zone) > self._span[0]:
                self._whole = False
                since = settled.since.start(self.settings.zone)
                known_from = settled.known_from.start(self.settings.zone)
                self.earlier = self.store.comments(self.product, until=since, since=known_from)
                named = fold(self.store.decisions(self.product)).units
                return extended(
                    self.store, self.product, self.store.comments(self.product, since=since), named
                )
        return self.store.comments(self.product)

    def _held_before(self, week: Week) -> Anchors:
        last = self.store.last_mined(self.product, week)
        if self._anchors and last and self._anchors[0] == last.week:
            return self._anchors[1]
        found = self.store.anchors_before(self.product, week, self.tracker.version)
        if last:
            self._anchors = last.week, found
        return found

    def _settled_before(self, week: Week, held: Anchors) -> Settled | None:
        return settled_before(
            self.store, self.product, week, self.reader.versions, self.settings, held.usual is not None
        )

    def _is_open(self, comment: Comment, settled: Settled | None) -> bool:
        """May its units still be without a demand?"""
        return (
            settled is None
            or settled.is_open(comment.id, self.weeks[comment.id])
            or comment.id in self.labels
            or comment.id in self.rulings.of_comment
        )

    def _check(self, week: Week) -> None:
        if not self._span:
            raise InputError(
                f"The store {self.store.address} holds no comments of {self.product!r}; import files first"
            )
        first, last = (Week.of(time, self.settings.zone) for time in self._span)
        if not first <= week <= last:
            raise UnknownWeek(
                f"Week {week} holds no comments of {self.product!r}; they run from {first} to {last}: "
                "choose a week among these"
            )

    def _corrected(self, analyses: dict[str, Analysis]) -> dict[str, Analysis]:
        """What a person said stands in place of what the models say."""
        themes = {theme.id for theme in self.reader.taxonomy.themes}
        return analyses | {key: corrected(analyses[key], label, themes) for key, label in self.labels.items()}

    def _settled(self, unit: str, demand: Demand | None) -> bool:
        """Does a unit stay where it was? Not if a person has said since that it is of another kind."""
        found = self.units.get(unit)
        if found and demand and found.comment in self.labels:
            return kind_of(found) == kind_of(demand)
        return found is not None

    def _rounds(self, fresh: Sequence[Unit]) -> Iterator[tuple[Tracker, Sequence[Unit]]]:
        """What is grouped one after the other; a person's units only with demands of their kind."""
        for piece in pieces([unit for unit in fresh if unit.comment not in self.labels]):
            yield self.tracker, piece
        labelled = [unit for unit in fresh if unit.comment in self.labels]
        for kind in sorted({kind_of(unit) for unit in labelled}):
            for piece in pieces([unit for unit in labelled if kind_of(unit) == kind]):
                yield self.tracker.only(kind), piece

    def _units_until(self, week: Week) -> Iterator[Unit]:
        return (unit for comment in self._until(week) for unit in self.analyses[comment.id].units)

    def _founded(
        self, titles: Mapping[str, str], placed: Mapping[str, str], known: Mapping[str, Demand]
    ) -> dict[str, Demand]:
        """Demands that people placed units in and that no run has founded, by id."""
        units: dict[str, list[Unit]] = defaultdict(list)
        for comment in self.comments:
            for unit in self.analyses[comment.id].units:
                if unit.id in placed and placed[unit.id] not in known:
                    units[placed[unit.id]].append(unit)
        return {
            key: self.tracker.described(key, titles.get(key, ""), of, str(self.weeks[of[0].comment]))
            for key, of in units.items()
        }

    def _until(self, week: Week) -> Sequence[Comment]:
        return self.timeline.between(self.weeks[self.comments[0].id], week, self.settings.zone)

    def _campaigns_of(self, week: Week) -> list[Campaign]:
        return campaigns_until(self._known_until(week), week.end(self.settings.zone), self.rulings)

    def _known_until(self, week: Week) -> Sequence[Comment]:
        read = self._until(week)
        if not self.earlier:
            return read
        have = {comment.id for comment in self.earlier}
        return [*self.earlier, *(comment for comment in read if comment.id not in have)]

    def _flooded(self, week: Week, settled: Settled | None) -> frozenset[str]:
        """Comments of campaigns at any time up to `week`, so that old floods stay out of history."""
        assert self._span  # `_check` has seen to it
        first = Week.of(self._span[0], self.settings.zone)
        ids: set[str] = set(self.rulings.marked)
        for step in range(_CAMPAIGN_STEP, week.minus(first) + 1, _CAMPAIGN_STEP):
            past = first.plus(step)
            if settled and past < settled.late_from:
                continue
            if past not in self._campaigns:
                self._campaigns[past] = frozenset(c for one in self._campaigns_of(past) for c in one.comments)
            ids |= self._campaigns[past]
        return frozenset(ids)

    def _members(self, memberships: Mapping[str, str], week: Week) -> Members:
        read: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.units.values():  # in order of time
            if unit.id in memberships:
                read[memberships[unit.id]].append(unit)
        return Members(read, None if self._whole else lambda key: self._older_members(key, week))

    def _older_members(self, demand: str, week: Week) -> list[Unit]:
        """The latest members of a demand that were said before what was read."""
        units = self.store.latest_members(self.product, demand, week, MEMORY)
        comments = self.store.comments_of(self.product, comments_named(units, self.analyses))
        analyses = self.reader.analyses(self.store, self.product, comments)
        self._said.update((c.id, (str(Week.of(c.time, self.settings.zone)), c.text)) for c in comments)
        wanted = set(units)
        return [unit for c in comments for unit in analyses[c.id].units if unit.id in wanted]

    def _counts(self) -> Counts:
        rows = self.store.import_counts(self.product)
        return Counts(
            rows_read=rows.rows_read,
            stored=rows.stored,
            duplicates=rows.duplicates,
            quarantined=rows.quarantined,
            duplicates_by_reason=dict(Counter(rows.duplicates_by_reason)),
            quarantined_by_reason=dict(Counter(rows.quarantined_by_reason)),
            replies=len(self.store.official_replies(self.product)),
        )
