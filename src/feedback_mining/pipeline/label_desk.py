"""One comment at a time, and all at once: see its units, correct them, hand labels out to files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from feedback_mining.classification.classifier import told
from feedback_mining.classification.label_rows import LabelRefused, LabelTask, Vocabulary
from feedback_mining.classification.labelling import HumanLabel, LabelledUnit, corrected, in_force
from feedback_mining.errors import InputError
from feedback_mining.evaluation.agreement import Agreement, overall_agreement, pairwise_agreement
from feedback_mining.pipeline.labels import as_labelled, labels_of
from feedback_mining.pipeline.reader import Progress, Reader
from feedback_mining.records import Comment
from feedback_mining.settings import Settings
from feedback_mining.sources.privacy import mask_personal_data
from feedback_mining.storage import Store
from feedback_mining.weeks import Week

NO_DEMAND = "-"  # as a demand: the unit fits no ticket


@dataclass(frozen=True, slots=True)
class Desk:
    """A comment as it reads now: a person's units where there are any, the model's for the rest."""

    comment: Comment
    units: tuple[LabelledUnit, ...]
    signals: tuple[str, ...]
    label: HumanLabel | None  # in force
    history: tuple[HumanLabel, ...]  # of this comment, earlier words included, oldest first


@dataclass(frozen=True, slots=True)
class Correction:
    """What an annotator says of one comment; `unit` counts from 1, names are as written."""

    unit: int | None = None
    intent: str | None = None
    theme: str | None = None
    sentiment: str | None = None
    demand: str | None = None  # NO_DEMAND: none
    span: str | None = None
    remove: bool = False
    signals: tuple[str, ...] | None = None
    confirm: bool = False

    @property
    def whole(self) -> bool:
        """Does it say something of the whole comment, or only name a unit otherwise?"""
        return self.remove or self.confirm or self.span is not None or self.signals is not None

    @property
    def names(self) -> dict[str, str]:
        named = {"intent": self.intent, "theme": self.theme, "sentiment": self.sentiment}
        return {kind: name for kind, name in named.items() if name is not None}


def open_desk(store: Store, reader: Reader, comment: str, product: str | None) -> Desk:
    """Raises InputError where the store has no such comment, or several of that id."""
    names = [product] if product else store.products()
    found = [c for name in names for c in store.comments(name) if c.id == comment]
    if len(found) != 1:
        several = f"of {', '.join(c.product for c in found)}; choose with --product" if found else ""
        raise InputError(
            f"The store {store.address} holds {len(found)} comments with the id {comment!r} {several or ''}".strip()
            + ("" if found else "; see the ids with: feedback-mining label next")
        )
    (one,) = found
    history = tuple(label for label in store.labels(one.product) if label.comment == one.id)
    label = labels_of([one], history).get(one.id)
    (analysis,) = reader.analyse([(one.id, one.text)])
    if label is not None:
        analysis = corrected(analysis, label, {theme.id for theme in reader.taxonomy.themes})
    said = {(u.start, u.end): u for u in label.units} if label else {}
    units = tuple(said.get((u.start, u.end)) or as_labelled(u) for u in told(analysis.units))
    return Desk(one, units, tuple(sorted(map(str, analysis.signals))), label, history)


def correct(
    desk: Desk, correction: Correction, vocabulary: Vocabulary, *, author: str, now: datetime | None = None
) -> HumanLabel:
    """The label that a correction comes to; nothing is kept. Raises InputError for what cannot be meant."""
    number, units = correction.unit, list(desk.units)
    if number is not None and not 1 <= number <= len(units):
        raise InputError(f"There is no unit {number}; the comment has {len(units)}, counted from 1")
    try:
        names = {kind: vocabulary.id(kind, name) for kind, name in correction.names.items()}
        signals = correction.signals and tuple(
            sorted({vocabulary.id("signal", name) for name in correction.signals})
        )
    except LabelRefused as refused:
        raise InputError(
            f"{refused.values[0]!r} is not known; expected one of: {refused.values[1]}"
        ) from None
    if correction.demand is not None:
        demand = mask_personal_data(correction.demand.strip())
        names["demand"] = None if demand in {"", NO_DEMAND} else demand  # type: ignore[assignment]
    if number is None and (correction.remove or (names and correction.span is None)):
        raise InputError("No unit was named; say which with --unit, or give a new one with --span")
    if number is not None and not (names or correction.remove or correction.span):
        raise InputError(
            "Nothing was said about the unit; give --intent, --theme, --sentiment, --demand or --span"
        )
    if not (correction.whole or names):
        raise InputError("Nothing was said; give --unit with a label, --span, --signal or --confirm")
    if correction.remove and number is not None:
        del units[number - 1]
    elif correction.span is not None:
        units = _cut_anew(desk, correction.span, number, names)
    elif number is not None:
        units[number - 1] = replace(units[number - 1], **names)  # type: ignore[arg-type]
    given = units if correction.whole or number is None else [units[number - 1]]
    asked = bool(desk.label and desk.label.with_demands)
    return HumanLabel(
        text=desk.comment.text,
        units=tuple(given),
        author=author,
        time=now or datetime.now(UTC),
        origin="cli",
        product=desk.comment.product,
        comment=desk.comment.id,
        signals=(desk.signals if signals is None else signals) if correction.whole else None,
        whole=correction.whole,
        with_demands=asked
        or (not correction.whole and (correction.demand is not None or bool(given[0].demand))),
    )


def _cut_anew(desk: Desk, span: str, number: int | None, names: dict[str, str]) -> list[LabelledUnit]:
    """The units with one more, or one cut otherwise; those that it swallows go."""
    text, old = desk.comment.text, desk.units[number - 1] if number else None
    missing = {"intent", "theme", "sentiment"} - set(names) if old is None else set()
    if missing:
        raise InputError(f"A new unit needs --{', --'.join(sorted(missing))} too")
    places = [k for k in range(len(text)) if span.strip() and text.startswith(span.strip(), k)]
    if not places:
        raise InputError(f"{span!r} is not in the comment's text; expected words copied from it")
    start = min(places, key=lambda k: abs(k - old.start) if old else k)
    base = old or LabelledUnit(0, 0, "", "", "")
    new = replace(base, start=start, end=start + len(span.strip()), **names)
    kept = [u for u in desk.units if u is not old and not (new.start <= u.start and u.end <= new.end)]
    for unit in kept:
        if unit.start < new.end and new.start < unit.end:
            raise InputError(
                f"{span!r} cuts into the unit {text[unit.start : unit.end]!r}; remove that one first or choose "
                "words that hold all of it"
            )
    return sorted([*kept, new], key=lambda u: u.start)


def exported(
    store: Store,
    product: str | None,
    *,
    settings: Settings,
    predictions: bool = False,
    progress: Progress | None = None,
) -> tuple[list[LabelTask], str]:
    """Labels in force, oldest comment first, then texts of their own; and the version of the models.

    predictions: with what the models say of the comments that nobody has labelled as a whole.
    """
    products = [product] if product else store.products()
    history = store.labels(product)
    tasks: list[LabelTask] = []
    version = ""
    for name in products:
        comments = store.comments(name)
        weeks = {c.id: str(Week.of(c.time, settings.zone)) for c in comments}
        analyses = {}
        if predictions:
            reader = Reader.of(settings, store)
            version = reader.models.version
            analyses = reader.analyses(store, name, comments, progress)
        labels = [label for label in in_force(history) if label.comment and label.product == name]
        done = {label.comment for label in labels if label.whole and predictions}
        order = {c.id: k for k, c in enumerate(comments)}
        for label in sorted(labels, key=lambda label: (order.get(str(label.comment), -1), label.time)):
            tasks.append(_said(label, weeks.get(str(label.comment))))
        for c in comments:
            if predictions and c.id not in done:
                found = analyses[c.id]
                units = tuple(map(as_labelled, told(found.units)))
                signals = tuple(sorted(map(str, found.signals)))
                confidence = min((u.confidence for u in found.units), default=0.0)
                tasks.append(
                    LabelTask(c.id, c.text, units, name, weeks[c.id], signals, confidence=confidence)
                )
    tasks += [_said(label, None) for label in in_force(history) if label.comment is None]
    return tasks, version


def _said(label: HumanLabel, week: str | None) -> LabelTask:
    return LabelTask(
        id=label.comment or f"text:{label.text_sha256[:16]}",
        text=label.text,
        units=label.units,
        product=label.product,
        week=week,
        signals=label.signals,
        author=label.author,
        time=label.time,
        whole=label.whole,
        with_demands=label.with_demands,
    )


def agreement(labels: Sequence[HumanLabel]) -> tuple[list[Agreement], dict[str, float | None]]:
    """Of every two annotators, and of all; each counts with what they said last of a whole text."""
    authors: dict[str, list[HumanLabel]] = {}
    for label in labels:
        authors.setdefault(label.author, []).append(label)
    units = {
        name: {(one.comment, one.text): one.units for one in in_force(own) if one.whole}
        for name, own in authors.items()
    }
    return pairwise_agreement(units), overall_agreement(units)
