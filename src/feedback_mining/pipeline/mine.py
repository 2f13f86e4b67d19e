"""One comment's journey, from the store to the backlog. Start reading at `Miner.mine`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_mining import __version__
from feedback_mining.backlog.advertising import is_advertising
from feedback_mining.backlog.build import build_backlog
from feedback_mining.backlog.campaigns import find_campaigns
from feedback_mining.backlog.items import Backlog, Counts
from feedback_mining.backlog.window import Timeline
from feedback_mining.classification.classifier import told
from feedback_mining.demands.catalogue import Catalogue
from feedback_mining.demands.group import GroupingConfig
from feedback_mining.demands.name import style_rows
from feedback_mining.demands.track import Tracker
from feedback_mining.errors import InputError, UnknownWeek
from feedback_mining.records import Analysis, Comment, Demand, Intent, Sentiment, Signal, Unit
from feedback_mining.registry.models import Models, load_models
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.taxonomy import Taxonomy
from feedback_mining.text.duplicates import same_author_repeats
from feedback_mining.weeks import Week

Floats = NDArray[np.float32]
Progress = Callable[[int], None]

_ANALYSED_AT_ONCE = 500
_GROUPED_AT_ONCE = 4000  # units; a longer history is grouped piece by piece
_CAMPAIGN_STEP = 6  # weeks between looks back at history, half a window of campaigns


@dataclass(frozen=True, slots=True)
class AnalyzedComment:
    """What `analyze` tells of a comment; `demands` gives the group of a unit by its start."""

    id: str
    text: str
    units: tuple[Unit, ...]
    signals: tuple[Signal, ...]
    demands: dict[int, str]


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
    return Miner(store, product, settings, lang, progress).mine(week)


def latest_week(store: Store, product: str, *, settings: Settings) -> Week:
    """The week of the product's last comment. Raises InputError where there is none."""
    comments = store.comments(product)
    if not comments:
        raise InputError(f"The store {store.address} holds no comments of {product!r}; import files first")
    return Week.of(comments[-1].time, settings.zone)


def analyze_comments(
    texts: Sequence[tuple[str, str]], settings: Settings, progress: Progress | None = None
) -> list[AnalyzedComment]:
    """Analyse `(id, text)` pairs and group their units, without a store.

    Units whose labels are a guess help to form the groups but are not told.
    """
    reader = Reader.of(settings)
    analyses = list(reader.analyse(texts, progress))
    order = sorted(range(len(texts)), key=lambda k: texts[k])
    units = [u for k in order for u in analyses[k].units if groupable(u)]
    tracker = reader.tracker("")
    comments = {key: ("", text) for key, text in texts}
    memberships: dict[str, str] = {}
    known: dict[str, Demand] = {}
    members: dict[str, list[Unit]] = defaultdict(list)
    for piece in _pieces(units):
        tracked = tracker.track(piece, comments, list(known.values()), members)
        known.update((d.id, d) for d in tracked.demands)
        memberships.update(tracked.memberships)
        for unit in piece:
            members[tracked.memberships[unit.id]].append(unit)
    return [
        AnalyzedComment(
            key, text, units, found.signals, {u.start: memberships[u.id] for u in units if u.id in memberships}
        )
        for (key, text), found in zip(texts, analyses, strict=True)
        for units in [tuple(told(found.units))]
    ]  # fmt: skip


def groupable(unit: Unit) -> bool:
    """Can the unit belong to a demand? Praise, questions and general abuse cannot."""
    sure = unit.confidence >= GroupingConfig().least_confidence
    return unit.actionable and unit.specific and sure and unit.theme != "general"


@lru_cache(maxsize=2)
def _models(
    root: Path | None, encoder: str | None, dictionaries: tuple[Path, ...], _version: str
) -> Models:
    return load_models(root, encoder, dictionaries)


@dataclass(frozen=True)
class Reader:
    """The models with what they stand on: comments → analyses, and units → demands."""

    models: Models
    taxonomy: Taxonomy
    catalogue: Catalogue
    vectors: Path | None = None  # folder of the vector cache

    @classmethod
    def of(cls, settings: Settings, store: Store | None = None) -> Reader:
        """store: the one that the comments are in, for the words and vectors kept beside it."""
        files = dictionary_files(words_folder(settings, store))
        models = _models(settings.models, settings.encoder, files, Segmenter(files).version)
        vectors = settings.vectors or (store.folder if store else None)
        return cls(models, Taxonomy.load(), Catalogue.load(), vectors)

    @cached_property
    def versions(self) -> dict[str, Any]:
        return {
            "code": __version__,
            "taxonomy": str(self.taxonomy),
            "catalogue": self.catalogue.version,
            "dictionary": self.models.versions["dictionary"],
            "models": {k: v for k, v in sorted(self.models.versions.items()) if k != "dictionary"},
        }

    def analyse(
        self, texts: Sequence[tuple[str, str]], progress: Progress | None = None
    ) -> Iterator[Analysis]:
        """One Analysis a comment, in order; advertising holds no opinions."""
        for start in range(0, len(texts), _ANALYSED_AT_ONCE):
            some = texts[start : start + _ANALYSED_AT_ONCE]
            for (_, text), found in zip(some, self.models.comments.analyse(some), strict=True):
                yield _without_opinions(found) if is_advertising(text) else found
            if progress:
                progress(len(some))

    @cached_property
    def _encoder(self) -> Encoder:
        """Of grouping. The static kind encodes quicker than its vectors could pay for their place on the disk."""
        encoder = self.models.encoder
        if self.vectors is None or isinstance(encoder, StaticEncoder):
            return encoder
        return CachedEncoder(encoder, self.vectors)

    def _style(self, statements: Sequence[str]) -> Floats:
        head = self.models.title
        return head.probabilities(style_rows(statements))[:, head.classes.index("yes")]

    def tracker(self, product: str, lang: str = "zh") -> Tracker:
        return Tracker(
            product=product,
            encode=_remembered(self._encoder.encode),
            words=lru_cache(maxsize=None)(self.models.comments.featuriser.segmenter.words),
            clarity=self.models.comments.clarity,
            style=self._style,
            themes=[theme.id for theme in self.taxonomy.themes],
            catalogue=self.catalogue,
            lang=lang,
        )


class Miner:
    """Mines weeks of one product; make it once for many weeks."""

    def __init__(
        self,
        store: Store,
        product: str,
        settings: Settings,
        lang: str = "zh",
        progress: Progress | None = None,
    ) -> None:
        self.store, self.product, self.settings = store, product, settings
        self.reader = Reader.of(settings, store)
        self.tracker = self.reader.tracker(product, lang)
        self.timeline = Timeline(store.comments(product))
        self.weeks = {c.id: Week.of(c.time, settings.zone) for c in self.comments}
        self.analyses = self._analyses(progress)
        self.repeats = same_author_repeats(self.comments)
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
        known, before = self.store.demands_before(self.product, week)
        campaigns = find_campaigns(self._until(week), week.end(self.settings.zone))
        flooded = self._flooded(week) | {c for campaign in campaigns for c in campaign.comments}
        demands = {d.id: d for d in known}
        memberships = {unit: demand for unit, demand in before.items() if unit in self.units}
        changed: dict[str, Demand] = {}
        joined: dict[str, str] = {}
        fresh = [
            unit
            for comment in self._until(week)
            if comment.id not in flooded and comment.id not in self.repeats
            for unit in self.analyses[comment.id].units
            if unit.id in self.units and unit.id not in memberships
        ]
        members = self._members(memberships)
        for piece in _pieces(fresh):
            tracked = self.tracker.track(piece, self._said, list(demands.values()), members)
            demands.update((d.id, d) for d in tracked.demands)
            changed.update((d.id, d) for d in tracked.demands)
            joined.update(tracked.memberships)
            for unit in piece:
                members[tracked.memberships[unit.id]].append(unit)
        backlog = build_backlog(
            product=self.product,
            week=week,
            comments=self.timeline,
            analyses=self.analyses,
            demands=list(demands.values()),
            memberships=memberships | joined,
            campaigns=campaigns,
            repeats=self.repeats,
            counts=self._counts(),
            versions=self.reader.versions,
            window_weeks=self.settings.window_weeks,
            zone=self.settings.zone,
            notices=self.store.import_notices(self.product),
        )
        self.store.save_week(self.product, week, list(changed.values()), joined, backlog.as_json())
        return backlog

    def _check(self, week: Week) -> None:
        if not self.comments:
            raise InputError(
                f"The store {self.store.address} holds no comments of {self.product!r}; import files first"
            )
        first, last = self.weeks[self.comments[0].id], self.weeks[self.comments[-1].id]
        if not first <= week <= last:
            raise UnknownWeek(
                f"Week {week} holds no comments of {self.product!r}; they run from {first} to {last}: "
                "choose a week among these"
            )

    def _analyses(self, progress: Progress | None) -> dict[str, Analysis]:
        version = self.reader.models.version
        known = self.store.analyses(self.product, version)
        missing = [(c.id, c.text) for c in self.comments if c.id not in known]
        found = list(self.reader.analyse(missing, progress))
        if found:
            self.store.save_analyses(self.product, version, found)
        return known | {analysis.comment: analysis for analysis in found}

    def _until(self, week: Week) -> Sequence[Comment]:
        return self.timeline.between(self.weeks[self.comments[0].id], week, self.settings.zone)

    def _flooded(self, week: Week) -> frozenset[str]:
        """Comments of campaigns at any time up to `week`, so that old floods stay out of history."""
        first = self.weeks[self.comments[0].id]
        ids: set[str] = set()
        for step in range(_CAMPAIGN_STEP, week.minus(first) + 1, _CAMPAIGN_STEP):
            past = first.plus(step)
            if past not in self._campaigns:
                found = find_campaigns(self._until(past), past.end(self.settings.zone))
                self._campaigns[past] = frozenset(c for campaign in found for c in campaign.comments)
            ids |= self._campaigns[past]
        return frozenset(ids)

    def _members(self, memberships: Mapping[str, str]) -> dict[str, list[Unit]]:
        members: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.units.values():  # in order of time
            if unit.id in memberships:
                members[memberships[unit.id]].append(unit)
        return members

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


def _pieces(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    for start in range(0, len(units), _GROUPED_AT_ONCE):
        yield units[start : start + _GROUPED_AT_ONCE]


def _without_opinions(analysis: Analysis) -> Analysis:
    units = tuple(
        replace(u, intent=Intent.OTHER, theme="general", sentiment=Sentiment.NEUTRAL, specific=False)
        for u in analysis.units
    )
    return replace(analysis, units=units, signals=())


def _remembered(encode: Callable[[Sequence[str]], Floats]) -> Callable[[Sequence[str]], Floats]:
    """`encode` that computes each text's vector once."""
    known: dict[str, Floats] = {}

    def encode_once(texts: Sequence[str]) -> Floats:
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        if missing or not texts:
            vectors = encode(missing)
            if not texts:
                return vectors
            known.update(zip(missing, vectors, strict=True))
        return np.stack([known[text] for text in texts])

    return encode_once
