"""Which models are in use: `models/current.json` names a version for each task; a version is a folder.

models/<task>/<version>/{weights.safetensors, config.json, metrics.json, card.md}; a team's corrections lie in
its own folder of the same form (registry.versions).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from feedback_mining.classification.classifier import SURE_FROM, CommentModel
from feedback_mining.classification.correction import Correction
from feedback_mining.classification.features import FeatureConfig, Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.rehearsal import BaseSet, base_facts
from feedback_mining.classification.training import TASKS
from feedback_mining.classification.transformer import TransformerReader
from feedback_mining.encoders import Encoder, load_encoder
from feedback_mining.errors import ModelError
from feedback_mining.registry.versions import POINTER, Registry, current
from feedback_mining.resources import models_dir
from feedback_mining.text.segment import Segmenter, shipped_dictionaries

__all__ = ["Models", "current", "load_base_set", "load_models"]


@dataclass(frozen=True)
class Models:
    """Everything that reads comments, and the versions that a run records."""

    encoder: Encoder
    comments: CommentModel
    title: LinearHead  # yes, no: is a statement worded as a ticket's title
    versions: dict[str, str]

    @property
    def version(self) -> str:
        """A short string that changes whenever an analysis may change."""
        told = "|".join(f"{task}={version}" for task, version in sorted(self.versions.items()))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def load_models(
    root: Path | None = None, encoder: str | None = None, dictionaries: Iterable[Path] = ()
) -> Models:
    """The models in use: those that the folder `root` names, the shipped ones for the rest.

    encoder: names another one for grouping; the heads keep their own. dictionaries: files of further words.
    A correction that was fitted on other base models than those in use is left out with a warning. Raises
    ModelError.
    """
    if root is not None:
        current(root)  # a folder that was asked for must say what is in use
    registry = Registry(root)
    versions, base = registry.in_use(), registry.base()
    missing = [task for task in ("encoder", *TASKS, "splitter", "specific", "title") if task not in base]
    if missing:
        raise ModelError(
            f"{(root or models_dir()) / POINTER} names no version of {', '.join(missing)}; "
            "restore models/ or run: python -m flows.retrain FILE…"
        )
    corrections: dict[str, Correction] = {}
    for task in TASKS:
        if registry.is_stale(task, versions[task]):
            warnings.warn(
                f"{task} {versions[task]} corrects {registry.base_of(task, versions[task])}, which is not in "
                f"use any more; {task} {base[task]} is used alone: run feedback-mining train {task}",
                stacklevel=2,
            )
            versions[task] = base[task]
        elif versions[task] != base[task]:
            corrections[task] = Correction.load(registry.folder(task, versions[task]))
    segmenter = Segmenter([*shipped_dictionaries(), *dictionaries])
    own = load_encoder(str(registry.folder("encoder", base["encoder"])))

    def head(task: str) -> LinearHead:
        return LinearHead.load(registry.folder(task, base[task]))

    featuriser = Featuriser(segmenter, own, FeatureConfig(**head("intent").facts.get("features", {})))
    signals = {t.removeprefix("signal-"): head(t) for t in base if t.startswith("signal-")}
    heads = {t: head(t) for t in TASKS}
    reader = TransformerReader.load(registry.folder("reader", base["reader"])) if "reader" in base else None
    model = CommentModel(
        featuriser,
        heads,
        head("splitter"),
        head("specific"),
        signals,
        corrections=corrections,
        sure_from=_sure_from(registry),
        reader=reader,
    )
    other = load_encoder(encoder) if encoder else own
    return Models(
        encoder=other,
        comments=model,
        title=head("title"),
        versions={**versions, "dictionary": segmenter.version, "grouping-encoder": other.version},
    )


def _sure_from(registry: Registry) -> float:
    """The confidence that the base set gives for the stated precision."""
    base = registry.base()
    if "base" not in base:
        return SURE_FROM
    certainty = base_facts(registry.folder("base", base["base"])).get("certainty", {})
    return float(certainty.get("threshold", SURE_FROM))


def load_base_set(registry: Registry) -> BaseSet | None:
    """What the base models rehearse; None where they ship without it."""
    base = registry.base()
    folder = registry.folder("base", base.get("base", ""))
    if "base" not in base or not folder.is_dir():
        return None
    found = BaseSet.load(folder)
    return found if found.version == base["intent"] else None
