"""How well products that no training has seen are read: part of `make bench-quality`.

The annotated files are cut into folds by product. For each fold the encoder's demand step, the reader and all
heads are trained without the fold's products, `feedback-mining analyze` reads their files, and the annotators'
own scorer (score.py) judges units and demands. The tokenizer, the skip-gram vectors, the sentence pairs and the
masked language model hold no labels and are made once in the work folder. A fold that is there is not trained
again; delete its folder to do so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDS = (
    ("mi_mall", "meiju"),
    ("alipay", "genshin", "hotels", "jd_phones", "shoes", "jd_goods", "air_conditioners"),
    ("huawei_smarthome", "online_shopping", "cars", "food_delivery", "traditional_chinese_app"),
)
# name in score.py, floor (character n-grams + logistic regression), what two annotators agree at, target
UNIT_SCORES = {
    "intent_microF1": (0.765, 0.97, 0.90),
    "theme_microF1": (0.57, 0.93, 0.80),
    "theme+sentiment_microF1": (0.52, 0.91, 0.78),
    "sentiment_microF1": (0.86, 0.98, 0.95),
    "unit_all_F1": (0.31, 0.85, 0.62),
}


def run(*command: object, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src", **environment},
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return done.stdout


def product_of(path: Path) -> str:
    stem, _, number = path.stem.rpartition("_")
    return stem if number.isdecimal() else path.stem


def train_fold(fold: Sequence[str], files: Sequence[Path], work: Path, shared: Path) -> Path:
    """The models folder of a fold: encoder, reader and heads that have not seen its products."""
    models = work / "-".join(fold)
    if (models / "done").exists():
        return models
    models.mkdir(parents=True, exist_ok=True)
    held = [path.stem for path in files if product_of(path) in fold]
    seen = [path for path in files if path.stem not in held]
    encoder = models / "encoder" / "held-out"
    if not encoder.exists():
        run(
            sys.executable, "scripts/train_encoder.py", "--text", shared / "data/text/unlabelled.tsv.gz",
            "--pairs", shared / "data/pairs/pairs_train.tsv.gz", "--work", work / "encoder", "--out", encoder,
            "--labels", *files, "--hold-out", *held,
        )  # fmt: skip
    reader = work / "reader"
    if not (reader / "pretrained").exists():
        run(
            sys.executable, "scripts/train_reader.py", "pretrain", "--text", shared / "data/text/unlabelled.tsv.gz",
            "--vectors", work / "encoder/skipgram.npy", "--work", reader,
        )  # fmt: skip
    if not (models / "reader/1/heads").exists():
        run(
            sys.executable, "scripts/train_reader.py", "finetune", "--work", reader, "--out", models / "reader/1",
            *seen,
        )  # fmt: skip
    pointer = models / "current.json"
    pointer.write_text(json.dumps({"encoder": encoder.name}) + "\n", encoding="utf-8")
    train = "import sys; from pathlib import Path; from feedback_mining.pipeline.retrain import retrain; "
    train += "from feedback_mining.settings import load_settings as s; out = Path(sys.argv[1]); "
    train += "retrain([Path(p) for p in sys.argv[2:]], out, settings=s(models=out), judge=False)"
    run(sys.executable, "-c", train, models, *seen)
    pointer.write_text(
        json.dumps({**json.loads(pointer.read_text(encoding="utf-8")), "reader": "1"}), encoding="utf-8"
    )
    (models / "done").touch()
    return models


def scores_of(gold: Path, models: Path, shared: Path) -> tuple[dict[str, object], dict[str, object]]:
    """What score.py says of the units and the demands that `analyze` finds in a file."""
    found = models / f"{gold.stem}.units.jsonl"
    command = "import sys; from feedback_mining.cli import main; sys.exit(main())"
    run(sys.executable, "-c", command, "analyze", gold, "--output", found, FEEDBACK_MINING_MODELS=str(models))
    scorer = shared / "labels" / "score.py"
    units = json.loads(run(sys.executable, scorer, "units", gold, found))
    demands = json.loads(run(sys.executable, scorer, "demands", gold, found))
    return units, demands


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "held_out")
    parser.add_argument(
        "--labels", type=Path, nargs="*", default=[], help="further annotated files to train on"
    )
    parser.add_argument("--fold", type=int, choices=range(len(FOLDS)), help="only this one")
    options = parser.parse_args()
    gold = sorted((options.shared / "labels" / "gold").glob("*.jsonl"))
    if not gold:
        sys.exit(f"No annotated files in {options.shared}/labels/gold; name the folder with --shared")
    every: list[tuple[str, int, dict[str, object], dict[str, object]]] = []
    for number, fold in enumerate(FOLDS):
        if options.fold not in (None, number):
            continue
        models = train_fold(fold, [*gold, *sorted(options.labels)], options.work, options.shared)
        for path in gold:
            if product_of(path) in fold:
                units, demands = scores_of(path, models, options.shared)
                every.append((path.stem, int(str(units["comments"])), units, demands))
                shown = {name: units[name] for name in [*UNIT_SCORES, "signals_microF1", "unit_span_F1"]}
                print(path.stem, units["comments"], shown, units["intent_F1_each"], flush=True)
                print(" " * len(path.stem), demands["pairwise P/R/F1"], demands["best-match F1, weighted"])
    print("| comment-level, mean over files | ours | floor | two annotators | target |")
    print("| --- | --- | --- | --- | --- |")
    for name, (floor, ceiling, target) in UNIT_SCORES.items():
        mean = sum(float(str(units[name])) for _, _, units, _ in every) / len(every)
        print(f"| {name} | {mean:.3f} | {floor:.2f} | {ceiling:.2f} | {target:.2f} |")


if __name__ == "__main__":
    main()
