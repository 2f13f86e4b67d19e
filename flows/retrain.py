"""Weekly: train on the labels that people gave, and put what is better into use; or make whole models anew."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Literal

from prefect import flow, get_run_logger, task

from feedback_mining.errors import TooFewLabels
from feedback_mining.pipeline.corrections import train_from_labels
from feedback_mining.pipeline.retrain import make_base_set
from feedback_mining.pipeline.retrain import retrain as retrain_models
from feedback_mining.settings import team_models
from flows.steps import Lang, expand, open_run_store, settings_for


@task
def train_on_labels(
    task: str, product: str | None, promote: bool, author: str, out: Path, store: str | None, lang: Lang
) -> Path | None:
    """Train, judge and report one task; promote what is better. None where there are too few labels yet."""
    settings = settings_for(store)
    log = get_run_logger()
    with open_run_store(out, settings) as opened:
        try:
            (found,) = train_from_labels(
                task,
                settings=settings,
                out=team_models(out, settings),
                store=opened,
                product=product,
                promote=promote,
                author=author,
                lang=lang,
            )
        except TooFewLabels as error:
            log.warning("%s: %s", task, error)
            return None
    difference = found.comparison.difference
    log.info(
        "%s %s against %s: accuracy %+.3f (%+.3f to %+.3f), p = %.4f on %d units; %s; %s",
        task, found.version, found.champion, difference.value, difference.low, difference.high,
        found.comparison.p, found.comparison.units, "promoted" if found.promoted else "not promoted",
        found.folder / "report.html",
    )  # fmt: skip
    return found.folder


@flow
def retrain(
    tasks: list[Literal["intent", "theme", "sentiment"]] | None = None,
    product: str | None = None,
    promote: bool = True,
    author: str = "retrain",
    out: Path = Path("out"),
    store: str | None = None,
    lang: Lang = "zh",
) -> list[Path]:
    """Labels of the store → trained, judged, promoted if better, reported; returns the versions' folders.

    tasks: by default all three. Too few labels leave everything as it is.
    """
    wanted = tasks or ["intent", "theme", "sentiment"]
    found = [train_on_labels(name, product, promote, author, out, store, lang) for name in wanted]
    return [folder for folder in found if folder is not None]


@task
def train(gold: list[Path], out: Path, seed: list[Path] | None) -> list[Path]:
    """Fit, judge and save the models; returns their folders."""
    return retrain_models(gold, out, settings=settings_for(None), seed=seed)


@flow
def retrain_from_files(
    gold: list[str], out: Path = Path("models"), seed: list[str] | None = None
) -> list[Path]:
    """Make whole models anew from annotated files (paths or patterns, JSONL), as the shipped ones are made.

    Which version is `current` stays a person's choice. seed: the project's own corpus, by default
    data/labels/seed.
    """
    return train(expand(gold), out, None if seed is None else expand(seed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make whole models, or their base set, from annotated files")
    parser.add_argument("files", nargs="*", metavar="FILE", help="annotated comments, JSON Lines")
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument("--base", action="store_true", help="make the base set of the models in use")
    given = parser.parse_args()
    if given.base:
        said = [make_base_set(expand(given.files), given.out, settings=settings_for(None), say=print)]
    else:
        said = retrain_from_files(given.files, given.out)
    sys.stdout.writelines(f"{folder}\n" for folder in said)
