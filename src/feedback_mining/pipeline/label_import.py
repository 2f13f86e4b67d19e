"""Files of labels → store: each row attached to its comment, kept as a text of its own, or refused."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feedback_mining.classification.label_files import Parsed, row_of, rows_of_csv
from feedback_mining.classification.label_rows import (
    LabelRefused,
    LabelRow,
    Refusal,
    Vocabulary,
    fingerprint,
    understood,
    understood_signals,
)
from feedback_mining.classification.label_studio import is_task, row_of_min, rows_of_task
from feedback_mining.classification.labelling import HumanLabel, LabelledUnit
from feedback_mining.errors import InputError, UnreadableFile
from feedback_mining.records import Comment, Intent, Sentiment, Signal
from feedback_mining.reporting.labels import LANGUAGES, Words
from feedback_mining.sources.decoding import TextFile, examine
from feedback_mining.sources.identity import own_words
from feedback_mining.sources.privacy import mask_personal_data
from feedback_mining.storage import Store
from feedback_mining.taxonomy import Taxonomy
from feedback_mining.text.clean import split_reply

_AUTHOR_LIMIT = 100
_KINDS = (".jsonl", ".ndjson", ".csv", ".tsv", ".json")


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What came of one file: `read = new + unchanged + unchecked + len(refused)`, in labelled texts."""

    name: str
    read: int
    new: int
    loose: int  # of the new ones: those whose text is no comment of the store
    unchanged: int
    unchecked: int  # suggestions of a model that nobody has changed or confirmed
    refused: tuple[LabelRefused, ...]


def vocabulary_of(taxonomy: Taxonomy) -> Vocabulary:
    """Ids, Chinese and English names are all understood."""
    kinds = {"intent": Intent, "sentiment": Sentiment, "signal": Signal}
    names: dict[str, dict[str, str]] = {
        kind: {Words(lang).label(kind, key).casefold(): str(key) for lang in LANGUAGES for key in ids}
        | {str(key): str(key) for key in ids}
        for kind, ids in kinds.items()
    }
    names["theme"] = {
        name.casefold(): theme.id for theme in taxonomy.themes for name in (theme.en, theme.zh, theme.id)
    }
    return Vocabulary(names)


def checked_author(name: str | None) -> str | None:
    """The annotator's name without spaces around it. Raises InputError for one that cannot be kept."""
    if name is None:
        return None
    if not name.strip() or len(name.strip()) > _AUTHOR_LIMIT:
        raise InputError(
            f"{name[:40]!r} cannot be an annotator's name; expected 1 to {_AUTHOR_LIMIT} characters; "
            "give one with --author"
        )
    return name.strip()


def import_labels(
    paths: Sequence[Path],
    store: Store,
    taxonomy: Taxonomy,
    *,
    author: str | None = None,
    annotator: str | None = None,
    product: str | None = None,
    everything: bool = False,
    dry_run: bool = False,
    now: datetime | None = None,
) -> list[LabelReport]:
    """Import files of labels, after all of them have been read; each file in one transaction.

    author: overrides what the rows say; annotator: for rows that say nothing. product: where to look for
    comments, and what texts of their own belong to. everything: untouched suggestions count as confirmed.
    Raises InputError and UnreadableFile before anything is written.
    """
    author, annotator = checked_author(author), checked_author(annotator)
    vocabulary = vocabulary_of(taxonomy)
    read = [(path, *_rows(path, vocabulary)) for path in paths]
    desk = _Desk.of(store, product)
    instant = now or datetime.now(UTC)
    reports: list[LabelReport] = []
    for path, rows, sha256 in read:
        labels: list[HumanLabel] = []
        refused: list[LabelRefused] = []
        unchecked = 0
        for row in rows:
            if isinstance(row, LabelRefused):
                refused.append(row)
                continue
            try:
                label = None if row is None else desk.label(row, vocabulary, everything)
            except LabelRefused as problem:
                problem.line = row.line if row else None
                refused.append(problem)
                continue
            if row is None or label is None:
                unchecked += 1
                continue
            units, signals, comment, text = label
            by = author or (row.author or "").strip()[:_AUTHOR_LIMIT] or annotator
            if by is None:
                refused.append(LabelRefused(Refusal.NO_AUTHOR, line=row.line))
                continue
            own_product = product or (row.product if row.product in desk.products else None)
            labels.append(
                HumanLabel(
                    text=text,
                    units=units,
                    author=by,
                    time=row.time if row.time and author is None and row.time <= instant else instant,
                    origin=path.name,
                    product=comment.product if comment else own_product,
                    comment=comment.id if comment else None,
                    signals=signals,
                    whole=row.whole,
                    with_demands=row.with_demands,
                    file_sha256=sha256,
                    confirms=row.suggestion is not None,
                )
            )
        new = store.add_labels(labels, keep=not dry_run)
        loose = sum(fresh and label.comment is None for fresh, label in zip(new, labels, strict=True))
        reports.append(
            LabelReport(
                name=path.name,
                read=len(rows),
                new=sum(new),
                loose=loose,
                unchanged=len(new) - sum(new),
                unchecked=unchecked,
                refused=tuple(sorted(refused, key=lambda r: r.line or 0)),
            )
        )
    return reports


@dataclass(frozen=True)
class _Desk:
    """The store's comments, to find those that rows are about."""

    store: Store
    products: Collection[str]
    by_id: Mapping[str, Sequence[Comment]]
    by_text: Mapping[str, Sequence[Comment]]

    @classmethod
    def of(cls, store: Store, product: str | None) -> _Desk:
        products = [name for name in store.products() if product in {None, name}]
        by_id: dict[str, list[Comment]] = defaultdict(list)
        by_text: dict[str, list[Comment]] = defaultdict(list)
        for name in products:
            for comment in store.comments(name):
                by_id[comment.id].append(comment)
                by_text[own_words(comment.text)].append(comment)
        return cls(store, products, by_id, by_text)

    def label(
        self, row: LabelRow, vocabulary: Vocabulary, everything: bool
    ) -> tuple[tuple[LabelledUnit, ...], tuple[str, ...] | None, Comment | None, str] | None:
        """`(units, signals, the comment if there is one, its text)`; None for an untouched suggestion."""
        comment = self._comment(row)
        if comment is None and not (row.text or "").strip():
            raise LabelRefused(Refusal.NO_TEXT, row.id or "")
        given = row.text or ""
        text = comment.text if comment else mask_personal_data(given)
        if comment and given and not _says(given, text):
            earlier = [r.text for r in self.store.revisions(comment.product, comment.id)]
            text = next((words for words in earlier if _says(given, words)), text)
        if comment and given and not _says(given, text):
            if own_words(mask_personal_data(given)) != own_words(text):
                raise LabelRefused(Refusal.OTHER_TEXT, comment.id)
            given = ""
        # Masking and cutting off a quoted reply leave every place in the words as it was.
        units = understood(row, given or text, vocabulary)
        if any(unit.end > len(text) for unit in units):
            raise LabelRefused(Refusal.SPAN_NOT_IN_TEXT, (given or text)[units[-1].start : units[-1].end])
        signals = understood_signals(row, vocabulary)
        untouched = row.suggestion is not None and row.suggestion == fingerprint(units, signals)
        if untouched and not (row.checked or everything):
            return None
        masked = tuple(
            LabelledUnit(
                u.start,
                u.end,
                u.intent,
                u.theme,
                u.sentiment,
                mask_personal_data(u.demand) if u.demand else None,
            )
            for u in units
        )
        return masked, signals, comment, text

    def _comment(self, row: LabelRow) -> Comment | None:
        found = self.by_id.get(row.id or "", ())
        if row.product in self.products:
            found = [comment for comment in found if comment.product == row.product]
        if len(found) > 1:
            raise LabelRefused(Refusal.AMBIGUOUS_ID, row.id, ", ".join(c.product for c in found))
        if found:
            return found[0]
        same = self.by_text.get(own_words(mask_personal_data(row.text)), ()) if row.text else ()
        return same[0] if len(same) == 1 else None


def _says(given: str, stored: str) -> bool:
    masked = mask_personal_data(given)
    return stored in {masked, split_reply(masked)[0]}


def _rows(path: Path, vocabulary: Vocabulary) -> tuple[list[Parsed], str]:
    """The file's rows and its checksum."""
    kind = path.suffix.lower()
    if not path.is_file():
        raise UnreadableFile(f"{path} is not a file; expected labels as {', '.join(_KINDS)}")
    if kind not in _KINDS:
        raise UnreadableFile(
            f"{path.name}: the kind {kind or '(none)'} holds no labels; expected {', '.join(_KINDS)} "
            "(from a spreadsheet, save as CSV)"
        )
    file = examine(path)
    if kind in {".csv", ".tsv"}:
        with file.opened() as opened:
            try:
                return list(rows_of_csv(opened.read().removeprefix("\ufeff"))), file.sha256
            except LabelRefused as refused:
                raise UnreadableFile(
                    f"{path.name}: the heading lacks {refused.values[0]}; expected columns id or text, and span, "
                    "intent, theme, sentiment, as feedback-mining label next --output FILE.csv writes them"
                ) from None
    records = _document(file) if kind == ".json" else _lines(file)
    return [row for n, record in records for row in _parsed(n, record, vocabulary)], file.sha256


def _document(file: TextFile) -> Iterator[tuple[int, Any]]:
    with file.opened() as opened:
        try:
            found = json.loads(opened.read().removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise UnreadableFile(
                f"{file.path.name}: not JSON ({error}); expected a list of tasks as Label Studio exports them"
            ) from None
    yield from enumerate(found if isinstance(found, list) else [found], 1)


def _lines(file: TextFile) -> Iterator[tuple[int, Any]]:
    with file.opened() as opened:
        for number, line in enumerate(opened, 1):
            if line.strip("\ufeff\x00 \t\r\n"):
                try:
                    yield number, json.loads(line.removeprefix("\ufeff"))
                except (ValueError, RecursionError):
                    yield number, None


def _parsed(number: int, record: Any, vocabulary: Vocabulary) -> Iterator[Parsed]:
    if not isinstance(record, dict):
        yield LabelRefused(Refusal.BAD_ROW, "JSON", line=number)
        return
    if is_task(record):
        yield from rows_of_task(number, record, vocabulary)
        return
    try:
        yield row_of(number, record) if "units" in record else row_of_min(number, record, vocabulary)
    except LabelRefused as refused:
        yield refused
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield LabelRefused(Refusal.BAD_ROW, f"{type(error).__name__} {error}", line=number)
