"""Labels → models, judged on products that they were not trained on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from feedback_mining.classification.classifier import CommentModel, told
from feedback_mining.classification.features import FeatureConfig, Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.labelling import LabelledComment, read_labels
from feedback_mining.classification.training import TASKS, TrainedModels, TrainingConfig, fit, train
from feedback_mining.demands.catalogue import Catalogue
from feedback_mining.demands.name import style_rows
from feedback_mining.demands.statements import statements_of
from feedback_mining.encoders import load_encoder
from feedback_mining.errors import InputError, ModelError
from feedback_mining.evaluation.metrics import agreement_with
from feedback_mining.pipeline.base_set import build_base_set, save_base_set, unseen_chances
from feedback_mining.records import Intent, Sentiment, Unit
from feedback_mining.registry.cards import card
from feedback_mining.registry.models import load_models
from feedback_mining.registry.versions import POINTER, Registry
from feedback_mining.resources import data_dir, models_dir
from feedback_mining.settings import Settings
from feedback_mining.text.segment import Segmenter

_SEED_WEIGHT = 0.25  # written comments have other proportions than real ones
_FOLDS = 3


def retrain(
    gold: Sequence[Path],
    out: Path,
    *,
    settings: Settings,
    seed: Sequence[Path] | None = None,
    judge: bool = True,
    say: Callable[[str], None] | None = None,
) -> list[Path]:
    """Train all heads on annotated files and the project's own corpus; returns the new versions' folders.

    gold: JSON Lines in the guideline's form; files of one product share a name up to a final `_2`, `_3`.
    seed: the written corpus, by default data/labels/seed. judge: measure on unseen products first, which
    takes several trainings. The models in use stay in use unless `out` has none yet. Raises InputError, and
    ModelError where the encoder is not to be had.
    """
    tell = say or (lambda _: None)
    products, written = _annotated(gold, seed)
    registry = Registry(settings.models)
    name = registry.base().get("encoder")
    if name is None:
        raise ModelError(f"{models_dir() / POINTER} names no version of encoder; restore models/")
    encoder = load_encoder(str(registry.folder("encoder", name)))
    featuriser = Featuriser(Segmenter(), encoder, FeatureConfig())
    config = TrainingConfig(seed=settings.seed)
    scores: dict[str, float] = {}
    if judge and len(products) >= _FOLDS:
        scores = _judge(products, written, featuriser, config, tell)
    everything = [*written, *(c for comments in products.values() for c in comments)]
    tell(f"training on {len(everything)} comments")
    models = train(everything, featuriser, config)
    titles = train_titles([c for comments in products.values() for c in comments], config)
    data = {path.stem: len(read_labels([path])) for path in sorted(gold)} | {"seed": len(written)}
    folders = _save(models, titles, out, name, data, scores, config)
    if not (out / "encoder" / name).exists():  # so that `out` can be used as it is
        shutil.copytree(registry.folder("encoder", name), out / "encoder" / name)
    return folders


def product_of(path: Path) -> str:
    return re.sub(r"_\d+$", "", path.stem)


def assemble(models: TrainedModels, featuriser: Featuriser) -> CommentModel:
    return CommentModel(featuriser, models.heads, models.splitter, models.specific, models.signals)


def train_titles(comments: Sequence[LabelledComment], config: TrainingConfig) -> LinearHead:
    """Tell how titles are worded (annotators' demands, the catalogue) from how users talk."""
    titles = {entry.zh for entry in Catalogue.load().entries}
    talk = {text for entry in Catalogue.load().entries for text in entry.examples}
    for comment in comments:
        titles |= {unit.demand for unit in comment.units if unit.demand}
        units = [
            Unit(comment.id, u.start, u.end, comment.text[u.start : u.end], Intent(u.intent), u.theme,
                 Sentiment(u.sentiment), 1.0)
            for u in comment.units
        ]  # fmt: skip
        talk |= set(statements_of([unit for unit in units if unit.actionable]))
    texts = [*sorted(titles), *sorted(talk - titles)]
    labels = np.array(["yes"] * len(titles) + ["no"] * (len(texts) - len(titles)))
    weights = np.where(labels == "yes", (labels == "no").mean(), (labels == "yes").mean())
    return fit(style_rows(texts), labels, weights, 2.0, config.seed)


def make_base_set(
    gold: Sequence[Path],
    out: Path,
    *,
    settings: Settings,
    seed: Sequence[Path] | None = None,
    say: Callable[[str], None] | None = None,
) -> Path:
    """The base set of the models in use, from the files that they were trained on; returns its folder.

    It takes several trainings, each without some products. Raises InputError for fewer than three products.
    """
    registry = Registry(settings.models)
    versions = registry.base()
    products, written = _annotated(gold, seed)
    if len(products) < _FOLDS:
        raise InputError(
            f"{len(products)} products were given; a base set needs annotated files of at least {_FOLDS}"
        )
    encoder = load_encoder(str(registry.folder("encoder", versions["encoder"])))
    featuriser = Featuriser(Segmenter(), encoder, FeatureConfig())
    classes = {task: LinearHead.load(registry.folder(task, versions[task])).classes for task in TASKS}
    config = TrainingConfig(seed=settings.seed)
    models = unseen_models(products, written, featuriser, config, say or (lambda _: None))
    chances = unseen_chances(
        ((m, [c for name in held for c in products[name]]) for m, held in models), classes
    )
    base = build_base_set(versions["intent"], products, chances, classes, featuriser)
    return save_base_set(base, out, load_models(settings.models).comments)


def unseen_models(
    products: dict[str, list[LabelledComment]],
    written: list[LabelledComment],
    featuriser: Featuriser,
    config: TrainingConfig,
    tell: Callable[[str], None],
) -> Iterator[tuple[CommentModel, list[str]]]:
    """Models, each with the products that it saw no comment of; every product once."""
    by_size = sorted(products, key=lambda name: (-len(products[name]), name))
    for number in range(_FOLDS):
        held = by_size[number::_FOLDS]
        tell(f"judging {number + 1} of {_FOLDS}: without {', '.join(held)}")
        rest = [c for name in by_size if name not in held for c in products[name]]
        yield assemble(train([*written, *rest], featuriser, config), featuriser), held


def _annotated(
    gold: Sequence[Path], seed: Sequence[Path] | None
) -> tuple[dict[str, list[LabelledComment]], list[LabelledComment]]:
    """The annotated comments by product, and the written corpus."""
    corpus = sorted((data_dir() / "labels" / "seed").glob("*.jsonl")) if seed is None else sorted(seed)
    if not gold and not corpus:
        raise InputError("No annotated files were given and data/labels/seed holds none; give at least one")
    products: dict[str, list[LabelledComment]] = {}
    for path in sorted(gold):
        products.setdefault(product_of(path), []).extend(read_labels([path]))
    return products, read_labels(corpus, weight=_SEED_WEIGHT if gold else 1.0)


def _judge(
    products: dict[str, list[LabelledComment]],
    written: list[LabelledComment],
    featuriser: Featuriser,
    config: TrainingConfig,
    tell: Callable[[str], None],
) -> dict[str, float]:
    """Scores over all products, each analysed by models that saw none of its comments."""
    gold: list[LabelledComment] = []
    found = []
    for model, held in unseen_models(products, written, featuriser, config, tell):
        unseen = [c for name in held for c in products[name]]
        gold += unseen
        read = model.analyse([(c.id, c.text) for c in unseen])
        found += [replace(analysis, units=tuple(told(analysis.units))) for analysis in read]
    return agreement_with(gold, found)


def _save(
    models: TrainedModels,
    titles: LinearHead,
    out: Path,
    encoder: str,
    data: dict[str, int],
    scores: dict[str, float],
    config: TrainingConfig,
) -> list[Path]:
    heads: dict[str, LinearHead] = {
        **models.heads,
        "splitter": models.splitter,
        "specific": models.specific,
        "title": titles,
        **{f"signal-{name}": head for name, head in models.signals.items()},
    }
    version = str(
        1 + max((int(p.name) for t in heads for p in (out / t).glob("*") if p.name.isdecimal()), default=0)
    )
    features = {name: getattr(FeatureConfig(), name) for name in FeatureConfig.__dataclass_fields__}
    folders = []
    for task, head in sorted(heads.items()):
        folder = out / task / version
        replace(head, facts={**head.facts, "features": features, "encoder": encoder}).save(folder)
        metrics = {"held_out_products": scores, "training_comments": data}
        (folder / "metrics.json").write_text(
            json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
        facts = {"句向量": encoder, "随机种子": config.seed, "类别": "、".join(head.classes)}
        (folder / "card.md").write_text(card(task, version, data, scores, facts), encoding="utf-8")
        folders.append(folder)
    pointer = out / "current.json"
    versions = json.loads(pointer.read_text(encoding="utf-8")) if pointer.exists() else {}
    if "intent" not in versions:
        versions = {"encoder": encoder, **dict.fromkeys(sorted(heads), version)}
        pointer.write_text(json.dumps(versions, indent=1) + "\n", encoding="utf-8")
    return folders
