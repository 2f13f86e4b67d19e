"""How much of a product's history a week has to look at, and what the store knows of the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback_mining.demands.anchors import MEMORY
from feedback_mining.records import Comment, Unit
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.weeks import Week

_LATE = 8  # weeks before the last mined one to which late comments may belong
_JUDGED_BY = 12 + 52  # weeks that campaigns are judged by


@dataclass(frozen=True)
class Settled:
    """What earlier runs left: up to `week` every comment has had its turn but for `open_comments`."""

    week: Week
    open_comments: frozenset[str]
    late_from: Week  # no open comment is older
    since: Week  # the first week whose opinions are looked at
    known_from: Week  # nothing before it needs to be known

    def is_open(self, comment: str, week: Week) -> bool:
        return week > self.week or comment in self.open_comments


def settled_before(
    store: Store, product: str, week: Week, versions: Mapping[str, Any], settings: Settings, anchored: bool
) -> Settled | None:
    """What the last week mined before `week` settled; None where everything has to be looked at.

    That is so where no week was mined or other models, taxonomies or dictionaries read the comments then,
    where no anchors are kept, and where comments came late that are older than what would be read.
    """
    last = store.last_mined(product, week)
    if last is None or not anchored or _judging(last.versions) != _judging(versions):
        return None
    late = store.changed_since(product, last.saved_at)
    from_week = last.week.plus(-_LATE)
    if any(time < from_week.start(settings.zone) for time in late.values()):
        return None
    opinions = from_week.plus(-max(12, settings.window_weeks))
    return Settled(last.week, frozenset(late), from_week, opinions, from_week.plus(-_JUDGED_BY))


def _judging(versions: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in versions.items() if key != "code"}


class Members(dict[str, list[Unit]]):
    """Demand → its latest members, oldest first. Where those that were read are few, the store is asked."""

    def __init__(self, read: Mapping[str, Sequence[Unit]], older: Callable[[str], list[Unit]] | None) -> None:
        super().__init__({key: list(units) for key, units in read.items()})
        self._older = older
        self._asked: set[str] = set()

    def get(self, key: str, default: Any = ()) -> Any:
        if self._older and key not in self._asked and len(self.read(key)) < MEMORY:
            self._asked.add(key)
            have = {unit.id for unit in self.read(key)}
            older = [unit for unit in self._older(key) if unit.id not in have]
            if older:
                self[key] = [*older, *self.read(key)]
        return super().get(key, default)

    def read(self, key: str) -> Sequence[Unit]:
        return super().get(key, ())

    def add(self, key: str, unit: Unit) -> None:
        self.setdefault(key, []).append(unit)


def comments_named(units: Iterable[str], besides: Collection[str]) -> list[str]:
    """The comments that units are of, by the units' ids, without those `besides`."""
    return sorted({unit.rpartition(":")[0] for unit in units} - set(besides))


def extended(store: Store, product: str, read: Sequence[Comment], units: Iterable[str]) -> list[Comment]:
    """`read` and the comments of `units`."""
    missing = comments_named(units, {comment.id for comment in read})
    return [*store.comments_of(product, missing), *read] if missing else list(read)
