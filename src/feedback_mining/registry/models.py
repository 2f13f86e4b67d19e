"""Which models are in use: `models/current.json` names a version for each task; a version is a folder.

models/<task>/<version>/{weights.safetensors, config.json, metrics.json, card.md}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from feedback_mining.classification.classifier import CommentModel
from feedback_mining.classification.features import FeatureConfig, Featuriser
from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.training import TASKS
from feedback_mining.encoders import Encoder, load_encoder
from feedback_mining.errors import ModelError
from feedback_mining.resources import models_dir
from feedback_mining.text.segment import Segmenter, shipped_dictionaries


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


def current(root: Path | None = None) -> dict[str, str]:
    """Task → version in use. Raises ModelError where models/current.json is missing or damaged."""
    path = (root or models_dir()) / "current.json"
    try:
        return {str(k): str(v) for k, v in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{path} cannot be read ({type(error).__name__}); expected JSON such as "
            '{"encoder": "static-zh-1", "intent": "1"}; restore models/ or run: python -m flows.retrain FILE…'
        ) from error


def load_models(
    root: Path | None = None, encoder: str | None = None, dictionaries: Iterable[Path] = ()
) -> Models:
    """The models in use.

    encoder: names another one for grouping; the heads keep their own. dictionaries: files of further words.
    """
    root = root or models_dir()
    versions = current(root)
    missing = [task for task in ("encoder", *TASKS, "splitter", "specific", "title") if task not in versions]
    if missing:
        raise ModelError(
            f"{root / 'current.json'} names no version of {', '.join(missing)}; "
            "restore models/ or run: python -m flows.retrain FILE…"
        )
    segmenter = Segmenter([*shipped_dictionaries(), *dictionaries])
    own = load_encoder(str(root / "encoder" / versions["encoder"]))

    def head(task: str) -> LinearHead:
        return LinearHead.load(root / task / versions[task])

    featuriser = Featuriser(segmenter, own, FeatureConfig(**head("intent").facts.get("features", {})))
    signals = {t.removeprefix("signal-"): head(t) for t in versions if t.startswith("signal-")}
    model = CommentModel(featuriser, {t: head(t) for t in TASKS}, head("splitter"), head("specific"), signals)
    other = load_encoder(encoder) if encoder else own
    return Models(
        encoder=other,
        comments=model,
        title=head("title"),
        versions={**versions, "dictionary": segmenter.version, "grouping-encoder": other.version},
    )
