"""Monthly: train the classifiers again on the labels there are."""

from __future__ import annotations

import sys
from pathlib import Path

from prefect import flow, task

from feedback_mining.pipeline.retrain import retrain as retrain_models
from flows.steps import expand, settings_for


@task
def train(gold: list[Path], out: Path, seed: list[Path] | None) -> list[Path]:
    """Fit, judge and save the models; returns their folders."""
    return retrain_models(gold, out, settings=settings_for(None), seed=seed)


@flow
def retrain(gold: list[str], out: Path = Path("models"), seed: list[str] | None = None) -> list[Path]:
    """Train on labelled files (paths or patterns, JSONL); which version is `current` stays a person's choice.

    seed: the project's own corpus, by default data/labels/seed.
    """
    return train(expand(gold), out, None if seed is None else expand(seed))


if __name__ == "__main__":
    sys.stdout.writelines(f"{folder}\n" for folder in retrain(sys.argv[1:]))
