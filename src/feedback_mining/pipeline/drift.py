"""Drift of a product's comments: weeks in the store → a report, and the comments that are worth a label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from feedback_mining.errors import InputError
from feedback_mining.evaluation.drift import CommentSample, WeekDrift, compare_weeks
from feedback_mining.pipeline.reader import Reader
from feedback_mining.pipeline.words import without_floods
from feedback_mining.records import Analysis, Comment, Intent
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.text.clean import foreign_regions, normalise
from feedback_mining.weeks import Week, last_weeks

_ASKED = 5  # comments a departing week that are proposed for labelling


def drift_of(
    store: Store,
    product: str,
    weeks: int,
    settings: Settings,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """The report as JSON: product, versions, weeks (as WeekDrift) and, of those that depart, comments to label.

    Advertising and floods are left out. Raises InputError where the store holds none of the product's comments.
    """
    comments = store.comments(product)
    if not comments:
        raise InputError(f"The store {store.address} holds no comments of {product!r}; import files first")
    span = last_weeks(Week.of(comments[-1].time, settings.zone), weeks)
    by_week: dict[Week, list[Comment]] = defaultdict(list)
    for comment in without_floods(comments):
        by_week[Week.of(comment.time, settings.zone)].append(comment)
    reader = Reader.of(settings, store)
    chosen = [comment for week in span for comment in by_week[week]]
    analyses = reader.analyses(store, product, chosen, progress)
    samples = {
        str(week): [_sample(comment, analyses[comment.id], reader) for comment in by_week[week]]
        for week in span
    }
    found = compare_weeks(samples, least_confidence=reader.models.comments.sure_from)
    texts = {comment.id: comment.text for comment in chosen}
    return {
        "product": product,
        "versions": reader.versions,
        "least_confidence": reader.models.comments.sure_from,
        "weeks": [
            asdict(week)
            | {
                "judged": week.judged,
                "departs": week.departs,
                "to_label": _to_label(week, samples[week.week], texts) if week.departs else [],
            }
            for week in found
        ],
    }


def _sample(comment: Comment, analysis: Analysis, reader: Reader) -> CommentSample:
    units = [unit for unit in analysis.units if unit.intent is not Intent.OTHER]
    text, position = "", 0
    for start, end in foreign_regions(comment.text):
        text, position = text + comment.text[position:start], end
    words = reader.models.comments.featuriser.segmenter.words(normalise(text + comment.text[position:]))
    return CommentSample(
        id=comment.id,
        labels=tuple((str(u.intent), u.theme, str(u.sentiment)) for u in units),
        confidences=tuple(u.confidence for u in units),
        words=frozenset(word for word in words if not word.isdigit()),
    )


def _to_label(week: WeekDrift, samples: list[CommentSample], texts: dict[str, str]) -> list[dict[str, str]]:
    """Comments that say most about why the week departs: new words, grown labels, unsure units."""
    new = {word for word, _ in week.new_words}
    grown = {name for rows in week.grown.values() for name, before, now in rows if now - before >= 0.02}

    def weight(sample: CommentSample) -> float:
        unsure = max((1 - confidence for confidence in sample.confidences), default=0.0)
        labels = {name for row in sample.labels for name in row}
        return len(sample.words & new) + 0.5 * len(labels & grown) + unsure

    best = sorted(samples, key=lambda sample: (-weight(sample), sample.id))[:_ASKED]
    return [{"id": sample.id, "text": texts[sample.id]} for sample in best]
