"""The themes of a team's own taxonomy in place of the default ones: cold, or as a model that was trained for it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.text_model import CONFIG
from feedback_mining.classification.themes import cold_head, own_theme
from feedback_mining.classification.transfer import transferred
from feedback_mining.registry.models import Models
from feedback_mining.registry.text_models import load_text_model
from feedback_mining.settings import Settings
from feedback_mining.taxonomy import Taxonomy

_NEVER = -1e4  # bias of a theme that training had no example of


def with_own_themes(models: Models, taxonomy: Taxonomy, settings: Settings) -> Models:
    """`models`, reading the themes of the taxonomy that the settings name.

    Raises InputError where it maps to themes that the models do not know, ModelError where a model trained for
    it needs another encoder than units are read with.
    """
    comments = models.comments
    if (Path(settings.taxonomy) / CONFIG).is_file():
        head = _trained(Path(settings.taxonomy), taxonomy, models, settings)
    elif taxonomy == Taxonomy.load():
        return models
    else:
        head = cold_head(taxonomy, comments.heads["theme"], comments.featuriser)
    head = own_theme(head, taxonomy, comments.heads)
    digest = hashlib.sha256(repr((taxonomy, head.temperature)).encode())
    digest.update(head.weights.tobytes() + head.bias.tobytes())
    return replace(
        models,
        comments=replace(comments, own_theme=head),
        versions={**models.versions, "own-theme": f"{taxonomy}-{digest.hexdigest()[:8]}"},
    )


def _trained(folder: Path, taxonomy: Taxonomy, models: Models, settings: Settings) -> LinearHead:
    model = load_text_model(folder, settings.models)
    head = transferred(model.head, model.featuriser, models.comments.featuriser)
    names = {name: t.id for t in taxonomy.themes for name in (t.en, t.zh, t.id)}
    ids = [theme.id for theme in taxonomy.themes]
    place = [ids.index(names[str(label)]) for label in model.labels]
    weights = np.zeros((len(ids), head.weights.shape[1]), np.float32)
    bias = np.full(len(ids), _NEVER, np.float32)
    # A unit is its own best clause, so that a score that adds the two doubles.
    times = np.float32(2 if model.several else 1)
    weights[place], bias[place] = times * head.weights, times * head.bias
    return LinearHead(tuple(ids), weights, bias, 1.0 if model.several else head.temperature)
