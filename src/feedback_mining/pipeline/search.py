"""Find units and demands by meaning and by words, and tell whether something was asked for before.

The query is neither stored nor logged. What is searched is what the store holds now: comments that no model
has read yet are read first.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

from feedback_mining.backlog.rulings import Rulings, Verdict
from feedback_mining.classification.labelling import corrected
from feedback_mining.demands.search import SearchConfig, best_of
from feedback_mining.demands.track import kind_of
from feedback_mining.errors import InputError
from feedback_mining.pipeline.demand_desk import Desk
from feedback_mining.pipeline.demand_views import Views
from feedback_mining.pipeline.finder import Finder
from feedback_mining.pipeline.grouping import groupable
from feedback_mining.pipeline.hits import DemandHit, Found, Match, Sought, UnitHit
from feedback_mining.pipeline.labels import labels_of
from feedback_mining.pipeline.reader import Progress, Reader
from feedback_mining.records import Intent, Unit
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.storage.search_index import SearchIndex
from feedback_mining.text.split import clauses
from feedback_mining.text.tokens import marks
from feedback_mining.weeks import Week

_FORMAT = "1"  # of the index; changes with search_tokens
_LONGEST = 5_000  # characters of a query
_QUOTES = 3
_SHORTEST = 4  # characters of a clause that can be an opinion by itself
_CAMPAIGN_STEP = 6  # weeks; a campaign is in every backlog of the twelve weeks after it
_TITLE = "title:"


@dataclass
class Searcher:
    """One product, ready to be searched; use it with `with`. Make it anew after an import or a run."""

    desk: Desk
    units: dict[str, Unit]  # all that the models or people say, in order of time
    flooded: frozenset[str]  # comments of campaigns
    finder: Finder

    @classmethod
    def of(cls, store: Store, product: str, settings: Settings, progress: Progress | None = None) -> Searcher:
        """Raises InputError where the store holds no comments of the product."""
        comments = {c.id: c for c in store.comments(product)}
        if not comments:
            raise InputError(
                f"The store {store.address} holds no comments of {product!r}; import files first"
            )
        reader = Reader.of(settings, store)
        found = reader.analyses(store, product, list(comments.values()), progress)
        labels = labels_of(comments.values(), store.labels(product))
        themes = {theme.id for theme in reader.taxonomy.themes}
        units = {
            unit.id: unit
            for key in comments
            for unit in (corrected(found[key], labels[key], themes) if key in labels else found[key]).units
        }
        raw = {unit: demand for unit, (demand, _) in store.memberships(product).items()}
        rows = store.demand_rows(product)
        desk = Desk(
            store, product, settings, reader, comments, _of_members(units, raw), rows, raw, frozenset(labels)
        )
        version = f"{_FORMAT} {reader.models.encoder.version} {reader.models.versions['dictionary']}"
        index = SearchIndex(_index_path(store, product, settings), version)
        words = reader.models.comments.featuriser.segmenter.words
        finder = Finder(index, reader.models.encoder.encode, words)  # not the encoder that keeps vectors
        searcher = cls(desk, units, _flooded(store, product), finder)
        finder.update(searcher.texts)
        return searcher

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.finder.index.close()

    @cached_property
    def titles(self) -> dict[str, str]:
        """Demand → its title, of demands with units."""
        return {key: d.title for key, d in self.desk.view.demands.items() if key in self.desk.members}

    @property
    def texts(self) -> dict[str, str]:
        """What the index holds."""
        return {key: unit.text for key, unit in self.units.items()} | {
            _TITLE + key: title for key, title in self.titles.items()
        }

    @property
    def config(self) -> SearchConfig:
        return self.finder.config

    @cached_property
    def views(self) -> Views:
        return Views(self.desk)

    @cached_property
    def mined(self) -> bool:
        return bool(self.desk.members)

    def search(self, query: str, sought: Sought | None = None, limit: int = 10) -> Found:
        """Units and demands that fit the query. Raises InputError for one that is empty or too long.

        A demand fits as well as its best units and its title do; with a narrower question only through units
        that answer it.
        """
        wanted = sought or Sought()
        said = checked_query(query)
        fit = self.finder.fits(said, self._allowed(wanted))
        hits = {key: value for key, value in fit.items() if value >= self.config.threshold}
        tokens = self.finder.tokens(said)
        units = sorted((k for k in hits if k in self.units), key=lambda k: (-hits[k], k))
        people = {self._author(unit) for unit in units}
        demands = self._demands(hits, titles=not wanted.narrowed)
        return Found(
            tuple(self._demand_hit(key, value, hits, tokens) for key, value in demands[:limit]),
            tuple(self._unit_hit(key, hits[key], tokens) for key in units[:limit]),
            len(demands),
            len(units),
            len(people),
            self.mined,
        )

    def asked(self, text: str, limit: int = 3) -> list[Match]:
        """Each opinion of a pasted text with the demands that it may be.

        Raises InputError for a text that is empty or too long, and where no week was mined.
        """
        said = checked_query(text)
        if not self.mined:
            raise InputError(
                f"The store {self.desk.store.address} holds no demands of {self.desk.product!r} yet; "
                "run: feedback-mining mine"
            )
        matches = []
        for unit in self._opinions(said):
            parts = self._parts(unit)
            if len({kind_of(part)[1] for part in parts}) > 1:  # a fault and a wish are two
                matches += [self._match(part, [part], limit) for part in parts]
            else:
                matches.append(self._match(unit, [unit, *parts], limit))
        return matches

    def _match(self, unit: Unit, parts: Sequence[Unit], limit: int) -> Match:
        nearness: dict[str, float] = {}
        fit: dict[str, float] = {}
        for one in parts:
            found = self.finder.fits(one.text, self._members)
            for key, value in self._demands(found):
                own, other = kind_of(one), kind_of(self.desk.view.demands[key])
                less = self.config.facet_penalty * sum(a != b for a, b in zip(own, other, strict=True))
                nearness[key] = max(nearness.get(key, 0.0), value - less)
            fit |= {key: max(value, fit.get(key, 0.0)) for key, value in found.items()}
        near = sorted(
            (d for d in nearness if nearness[d] >= self.config.asked), key=lambda d: (-nearness[d], d)
        )
        tokens = self.finder.tokens(unit.text)
        hits = tuple(self._demand_hit(key, nearness[key], fit, tokens) for key in near[:limit])
        sure = bool(hits) and nearness[near[0]] >= self.config.asked_sure
        return Match(unit.text, str(unit.intent), unit.theme, hits, sure)

    @cached_property
    def _members(self) -> frozenset[str]:
        """What a pasted text is compared with: units and titles of demands."""
        units = {key for of in self.desk.members.values() for key in of}
        return frozenset(units | {_TITLE + key for key in self.titles})

    def _parts(self, unit: Unit) -> list[Unit]:
        """What the unit's clauses say by themselves where it has several."""
        texts = [unit.text[clause.start : clause.end] for clause in clauses(unit.text)]
        parts = [text for text in texts if len(text) >= _SHORTEST] if len(texts) > 1 else []
        read = self.desk.reader.analyse([("", text) for text in parts])
        return [one for found in read for one in found.units if groupable(one)]

    def _opinions(self, text: str) -> list[Unit]:
        """What can be a demand in the text, questions too; else every opinion; else the text as a whole."""
        (analysis,) = self.desk.reader.analyse([("", text)])
        units = [unit for unit in analysis.units if unit.intent is not Intent.OTHER]
        asking = [unit for unit in units if groupable(unit) or unit.intent is Intent.QUESTION]
        return asking or units or list(analysis.units) or [_whole(text)]

    def _allowed(self, wanted: Sought) -> set[str] | None:
        """The units and titles that may answer; None where all may."""
        if not wanted.narrowed and (wanted.campaigns or not self.flooded):
            return None
        allowed = set() if wanted.narrowed else {_TITLE + key for key in self.titles}
        weeks: dict[str, Week] = {}
        if wanted.since or wanted.until:
            weeks = {key: Week.of(c.time, self.desk.settings.zone) for key, c in self.desk.comments.items()}
        for key, unit in self.units.items():
            week = weeks.get(unit.comment)
            if (
                (wanted.campaigns or unit.comment not in self.flooded)
                and wanted.theme in (None, unit.theme)
                and wanted.intent in (None, str(unit.intent))
                and (wanted.since is None or (week is not None and week >= wanted.since))
                and (wanted.until is None or (week is not None and week <= wanted.until))
            ):
                allowed.add(key)
        return allowed

    def _demands(self, fit: Mapping[str, float], *, titles: bool = True) -> list[tuple[str, float]]:
        """Demands of what fits, best first."""
        by_demand: dict[str, list[float]] = defaultdict(list)
        for key, value in fit.items():
            if key.startswith(_TITLE) and key.removeprefix(_TITLE) in self.titles:
                if titles:
                    by_demand[key.removeprefix(_TITLE)].append(value)
            elif key in self.desk.view.memberships:
                by_demand[self.desk.view.memberships[key]].append(value)
        scored = [(key, best_of(values)) for key, values in by_demand.items() if key in self.titles]
        return sorted(scored, key=lambda one: (-one[1], one[0]))

    def _demand_hit(
        self, key: str, value: float, fit: Mapping[str, float], tokens: Sequence[str]
    ) -> DemandHit:
        members = [unit for unit in self.desk.members[key] if unit in fit]
        best = sorted(members, key=lambda unit: (-fit[unit], unit))
        seen: dict[str, str] = {}
        for unit in best:
            seen.setdefault(" ".join(self.units[unit].text.split()), unit)
        matching = sum(fit[unit] >= self.config.threshold for unit in members)
        quotes = tuple(self._unit_hit(unit, fit[unit], tokens) for unit in list(seen.values())[:_QUOTES])
        return DemandHit(self.views.row(key), round(value, 3), matching, quotes)

    def _unit_hit(self, key: str, value: float, tokens: Sequence[str]) -> UnitHit:
        unit = self.units[key]
        comment = self.desk.comments[unit.comment]
        return UnitHit(
            unit=key,
            text=unit.text,
            week=str(Week.of(comment.time, self.desk.settings.zone)),
            intent=str(unit.intent),
            theme=unit.theme,
            demand=self.desk.view.memberships.get(key),
            fit=round(value, 3),
            marks=tuple(marks(unit.text, tokens)),
        )

    def _author(self, unit: str) -> str:
        comment = self.desk.comments[self.units[unit].comment]
        return comment.author or comment.id


def checked_query(text: str) -> str:
    """Raises InputError for one that is empty or too long."""
    said = text.strip()
    if not said:
        raise InputError("The text to look for is empty; expected some words, such as 夜间模式")
    if len(said) > _LONGEST:
        raise InputError(
            f"The text to look for has {len(said):,} characters; expected {_LONGEST:,} at most, the part that matters"
        )
    return said


def _of_members(units: Mapping[str, Unit], raw: Mapping[str, str]) -> dict[str, Unit]:
    wanted = {unit.rpartition(":")[0] for unit in raw}
    return {key: unit for key, unit in units.items() if unit.comment in wanted}


def _flooded(store: Store, product: str) -> frozenset[str]:
    """Comments of the campaigns of mined weeks, as people ruled."""
    rulings = Rulings.of(store.campaign_rulings(product))
    found: set[str] = set()
    last: Week | None = None
    for week in map(Week.parse, reversed(store.weeks_done(product))):
        if last is None or last.minus(week) >= _CAMPAIGN_STEP:
            last = week
            content = store.backlog(product, week) or {}
            found |= {c for campaign in content.get("campaigns", ()) for c in campaign["comments"]}
    voices = {c for c, ruling in rulings.of_comment.items() if ruling.verdict is Verdict.VOICE}
    return frozenset((found - voices) | rulings.marked)


def _index_path(store: Store, product: str, settings: Settings) -> Path | None:
    """Beside an SQLite store, or in the folder of vectors; None where there is neither."""
    folder = settings.vectors or store.folder
    digest = hashlib.sha256(f"{store.address}\x1f{product}".encode()).hexdigest()[:12]
    return folder / f"search-{digest}.db" if folder else None


def _whole(text: str) -> Unit:
    from feedback_mining.records import Sentiment

    return Unit("", 0, len(text), text, Intent.OTHER, "general", Sentiment.NEUTRAL, 0.0)
