"""From the labels there are to a saved version with its report, and into use if it is better."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from feedback_mining.classification.labelling import LabelledComment, read_labels
from feedback_mining.classification.training import TASKS
from feedback_mining.errors import InputError, TooFewLabels
from feedback_mining.evaluation.judge import Comparison
from feedback_mining.pipeline.label_sets import HeldOut, label_set
from feedback_mining.pipeline.labels import labelled_comments
from feedback_mining.pipeline.promote import promote_version
from feedback_mining.pipeline.reader import loaded_models
from feedback_mining.pipeline.train_labels import FOLDS, Trained, train_correction
from feedback_mining.registry.cards import correction_card
from feedback_mining.registry.models import load_base_set
from feedback_mining.registry.versions import CORRECTION, Registry, what_it_stands_on
from feedback_mining.reporting.training import write_training_report
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.taxonomy import Taxonomy


@dataclass(frozen=True)
class TrainedVersion:
    task: str
    version: str
    folder: Path
    champion: str  # the version that it was compared with
    comparison: Comparison
    elsewhere: Comparison | None
    wins: bool
    promoted: bool


def train_from_labels(
    task: str,
    *,
    settings: Settings,
    out: Path,
    store: Store | None = None,
    product: str | None = None,
    labels: Sequence[Path] = (),
    promote: bool = False,
    author: str = "",
    lang: str = "zh",
    say: Callable[[str], None] | None = None,
) -> list[TrainedVersion]:
    """Train a version of `task` (or `all` three) beside the one in use, and write it with its report to `out`.

    store, product: whose people's labels to take; labels: annotated files to take too. promote: put it in use
    if it is better. The same labels, base and seed give the same version. Raises TooFewLabels.
    """
    tell = say or (lambda _: None)
    tasks = TASKS if task == "all" else (task,)
    if unknown := [t for t in tasks if t not in TASKS]:
        raise InputError(
            f"{unknown[0]} cannot be trained from labels; expected one of {', '.join(TASKS)} or all"
        )
    comments = [*(labelled_comments(store, product) if store else []), *read_labels(labels)]
    if not comments:
        raise TooFewLabels(
            "There are no labels to train on; import some (feedback-mining label import) or name files with --labels"
        )
    registry = Registry(out)
    trained: list[TrainedVersion] = []
    for name in tasks:
        models = loaded_models(settings, out, store)
        found = label_set(comments, models.comments)
        champions = {
            other: HeldOut.load(registry.folder(other, models.versions[other]))
            for other in models.comments.corrections
        }
        tell(f"{name}: {len(found.owner)} units of {len(found.comments)} comments")
        result = train_correction(
            name, found, models.comments, load_base_set(registry), seed=settings.seed, champions=champions
        )
        version = _save(registry, result, models.versions, comments, labels, store, product, settings, lang)
        trained.append(version)
        if promote and version.version != version.champion:
            done = promote_version(registry, name, version.version, author=author)
            trained[-1] = replace(version, promoted=done.wins)
    return trained


def _save(
    registry: Registry,
    result: Trained,
    versions: Mapping[str, str],
    comments: Sequence[LabelledComment],
    files: Sequence[Path],
    store: Store | None,
    product: str | None,
    settings: Settings,
    lang: str,
) -> TrainedVersion:
    """Write the folder of a version beside the others and rename it into place."""
    assert registry.own is not None
    base = what_it_stands_on(result.task, registry.base())
    champion = versions[result.task]
    times = [c.time for c in comments if c.time]
    metrics = {
        "task": result.task,
        "base": base,
        "champion_version": champion,
        "labels": dict(result.counts),
        "authors": dict(sorted(Counter(c.author or "?" for c in comments).items())),
        "labels_until": max(times).date().isoformat() if times else None,
        "product": product,
        "from": [*([store.address] if store else []), *(path.name for path in files)],
        "seed": settings.seed,
        "folds": FOLDS,
        "penalty": result.correction.facts["penalty"],
        "classes": list(result.correction.classes),
        "judged_units": result.judged,
        "champion": result.champion.as_dict(),
        "challenger": result.challenger.as_dict(),
        "comparison": asdict(result.comparison),
        "elsewhere": asdict(result.elsewhere) if result.elsewhere else None,
        "wins": result.wins,
    }
    parent = registry.own / result.task
    draft = parent / ".partial"
    shutil.rmtree(draft, ignore_errors=True)
    correction = replace(result.correction, facts={**result.correction.facts, "base": base})
    correction.save(draft)
    digest = hashlib.sha256((draft / CORRECTION).read_bytes() + json.dumps(base).encode()).hexdigest()[:6]
    known = [v for v in registry.versions(result.task) if v.endswith(f"-{digest}")]
    numbers = [int(v.split("-")[1]) for v in registry.versions(result.task) if v.startswith("team-")]
    version = known[0] if known else f"team-{max(numbers, default=0) + 1}-{digest}"
    metrics = _plain({"version": version, **metrics})
    result.held_out.save(draft)
    (draft / "metrics.json").write_text(
        json.dumps(metrics, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    (draft / "card.md").write_text(correction_card(metrics), encoding="utf-8")
    write_training_report(metrics, draft, Taxonomy.load().labels(lang), lang)
    folder = parent / version
    if version == champion:  # the same labels again: its report stays what it was when it came into use
        shutil.rmtree(draft)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    return TrainedVersion(
        result.task, version, folder, champion, result.comparison, result.elsewhere, result.wins, False
    )


def _plain(value: Any) -> Any:
    """JSON has no nan: what was not counted is null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
