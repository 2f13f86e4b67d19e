"""Labelled plain files → a text model in a folder of its own, and from there to labels of other files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from feedback_mining import __version__
from feedback_mining.classification.examples import Example, Label, read_examples
from feedback_mining.classification.features import FeatureConfig, Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.text_training import TextTraining, train_text_model
from feedback_mining.classification.themes import cold_head
from feedback_mining.classification.transfer import stacked, transferred
from feedback_mining.errors import InputError, ModelError
from feedback_mining.pipeline.analyze import check_output, write_jsonl
from feedback_mining.registry.models import current, load_models
from feedback_mining.registry.text_cards import text_model_card
from feedback_mining.registry.text_models import load_text_model, named_encoders
from feedback_mining.resources import models_dir
from feedback_mining.settings import Settings
from feedback_mining.taxonomy import Taxonomy
from feedback_mining.text.segment import Segmenter

# The whole text is its own context: its vector need not be there twice.
TEXT_FEATURES = FeatureConfig(vector_weight=0.7, context_vector_weight=0.0)
Refused = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class TrainedFile:
    folder: Path
    scores: dict[str, Any]
    refused: Refused


@dataclass(frozen=True, slots=True)
class PredictedFile:
    rows: int
    refused: Refused


def train_file(
    data: Sequence[Path],
    task: str,
    out: Path,
    *,
    settings: Settings,
    taxonomy: Taxonomy | None = None,
    encoders: Sequence[str] = (),
    noisy: bool | None = None,
    say: Callable[[str], None] | None = None,
) -> TrainedFile:
    """Train on the rows of `data` and write the model to `out`, a new or empty folder or a model's.

    taxonomy: the labels must be its themes, by id or by name. encoders: names of shipped ones, folders or
    hub names; by default the one in use. Raises InputError for files, labels or folders that cannot be used.
    """
    check_folder(out)
    read = [read_examples(path, task) for path in data]
    rows = [row for examples in read for row in examples.rows]
    if taxonomy:
        rows = _within(rows, taxonomy)
    key = next(examples.key for examples in read)
    featuriser, names = _featuriser(encoders, settings)
    prior, start = _known(featuriser, taxonomy, settings)
    if taxonomy and start:
        start = replace(start, classes=tuple(_written(taxonomy, rows)[name] for name in start.classes))
    trained = train_text_model(
        rows,
        featuriser,
        TextTraining(noisy=noisy, seed=settings.seed),
        task=task,
        key=key,
        prior=prior,
        start=start,
        say=say,
    )
    facts = {
        "code": __version__,
        "features": asdict(featuriser.config),
        "encoders": names,
        "encoder_version": featuriser.encoder.version,
        "prior": list(prior.classes) if prior else [],
        "dictionary": featuriser.segmenter.version,
        "taxonomy": str(taxonomy) if taxonomy else None,
        "seed": settings.seed,
        "data": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in data},
    }
    model = replace(trained.model, facts=trained.model.facts | facts)
    model.save(out)
    if taxonomy:
        taxonomy.write(out)
    (out / "metrics.json").write_text(
        json.dumps(trained.scores, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (out / "card.md").write_text(text_model_card(task, trained.scores, facts), encoding="utf-8")
    return TrainedFile(out, trained.scores, tuple(r for examples in read for r in examples.refused))


def predict_file(model: Path, data: Path, output: str, *, settings: Settings) -> PredictedFile:
    """Write one row for each row of `data`, in its order; a row that cannot be read has no labels but an error."""
    check_output(output)
    loaded = load_text_model(model, settings.models)
    examples = read_examples(data, loaded.task, labelled=False)
    found = loaded.predict([row.text for row in examples.rows])
    lines: dict[int, dict[str, Any]] = {}
    for row, predictions in zip(examples.rows, found, strict=True):
        labels = [
            {loaded.key: p.label}
            | ({"sentiment": p.sentiment} if loaded.sentiment else {})
            | {"probability": p.probability}
            for p in predictions
        ]
        lines[row.line] = ({"id": row.id} if row.id is not None else {}) | {
            "text": row.text,
            "labels": labels,
        }
    for number, reason in examples.refused:
        lines[number] = {"text": "", "labels": [], "line": number, "error": reason}
    write_jsonl([lines[number] for number in sorted(lines)], output)
    return PredictedFile(len(lines), examples.refused)


def check_folder(out: Path) -> None:
    """Raise InputError where `out` is a file, or holds anything else than a text model."""
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / "model.json").is_file()):
        raise InputError(
            f"{out} holds something else than a text model; name a new or an empty folder with --out"
        )


def _within(rows: list[Example], taxonomy: Taxonomy) -> list[Example]:
    names: dict[Label, str] = {}
    for theme in taxonomy.themes:
        names |= {theme.en: theme.id, theme.zh: theme.id, theme.id: theme.id}
    strange = sorted({str(label) for row in rows for label in row.labels if label not in names})
    if strange:
        raise InputError(
            f"The taxonomy {taxonomy} has no theme {', '.join(strange[:5])}; expected ids or names of its themes: "
            f"{', '.join(theme.id for theme in taxonomy.themes)}"
        )
    used = {label for row in rows for label in row.labels}
    if len({names[label] for label in used}) == len(used):
        return rows  # one way of writing each theme: predictions are written so, too
    return [replace(row, labels=tuple(names[label] for label in row.labels)) for row in rows]


def _featuriser(encoders: Sequence[str], settings: Settings) -> tuple[Featuriser, list[str]]:
    names = list(encoders) or [current(settings.models or models_dir())["encoder"]]
    return Featuriser(Segmenter(), named_encoders(names, settings.models), TEXT_FEATURES), names


def _written(taxonomy: Taxonomy, rows: list[Example]) -> dict[str, str]:
    """How the rows write each theme: by its id or by a name."""
    used = {label for row in rows for label in row.labels}
    return {t.id: next((name for name in (t.zh, t.en) if name in used), t.id) for t in taxonomy.themes}


def _known(
    featuriser: Featuriser, taxonomy: Taxonomy | None, settings: Settings
) -> tuple[LinearHead | None, LinearHead | None]:
    """What the models in use already say of such texts, and what the taxonomy's seeds say of its themes.

    Nothing where the vectors are not those of the models in use.
    """
    base = load_models(settings.models).comments
    try:
        heads = [transferred(head, base.featuriser, featuriser) for head in base.heads.values()]
    except ModelError:
        return None, None
    if not taxonomy:
        return stacked(heads), None
    cold = cold_head(taxonomy, base.heads["theme"], base.featuriser)
    start = transferred(cold, base.featuriser, featuriser)
    return stacked([*heads, start]), start
