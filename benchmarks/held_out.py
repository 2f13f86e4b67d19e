"""How well products that no training has seen are read: `make bench-held-out`.

Encoder and heads are trained without the products of the given annotated files, `feedback-mining analyze`
reads these files, and the annotators' own scorer (score.py) judges units and demands. The tokenizer, the
skip-gram vectors and the sentence pairs hold no labels and are made once in the work folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNIT_SCORES = (
    "intent_microF1", "theme_microF1", "theme+sentiment_microF1", "sentiment_microF1", "signals_microF1",
    "unit_span_F1", "unit_all_F1",
)  # fmt: skip
DEMAND_SCORES = ("pairwise P/R/F1", "best-match F1, weighted", "found at F1>=.5, top 15")


def run(*command: object, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **environment}, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "held_out")
    parser.add_argument("held", nargs="*", default=["mi_mall", "meiju", "mi_mall_2", "meiju_2"])
    options = parser.parse_args()
    gold = sorted((options.shared / "labels" / "gold").glob("*.jsonl"))
    if not gold:
        sys.exit(f"No annotated files in {options.shared}/labels/gold; name the folder with --shared")
    models = options.work / "models"
    encoder = models / "encoder" / "held-out"
    models.mkdir(parents=True, exist_ok=True)
    run(
        sys.executable, "scripts/train_encoder.py", "--text", options.shared / "data/text/unlabelled.tsv.gz",
        "--pairs", options.shared / "data/pairs/pairs_train.tsv.gz", "--work", options.work / "encoder",
        "--out", encoder, "--labels", *gold, "--hold-out", *options.held, PYTHONPATH="src",
    )  # fmt: skip
    (models / "current.json").write_text(json.dumps({"encoder": encoder.name}) + "\n", encoding="utf-8")
    seen = [path for path in gold if path.stem not in options.held]
    train = "import sys; from pathlib import Path; from feedback_mining.pipeline.retrain import retrain; "
    train += "from feedback_mining.settings import load_settings as s; out = Path(sys.argv[1]); "
    train += "retrain([Path(p) for p in sys.argv[2:]], out, settings=s(models=out), judge=False)"
    run(sys.executable, "-c", train, models, *seen, PYTHONPATH="src")
    for path in (path for path in gold if path.stem in options.held):
        found = options.work / f"{path.stem}.units.jsonl"
        command = "import sys; from feedback_mining.cli import main; sys.exit(main())"
        run(
            sys.executable, "-c", command, "analyze", path, "--output", found,
            PYTHONPATH="src", FEEDBACK_MINING_MODELS=str(models),
        )  # fmt: skip
        scorer = options.shared / "labels" / "score.py"
        units = json.loads(run(sys.executable, scorer, "units", path, found))
        demands = json.loads(run(sys.executable, scorer, "demands", path, found))
        print(path.stem, {name: units[name] for name in UNIT_SCORES})
        print(" " * len(path.stem), {name: demands[name] for name in DEMAND_SCORES}, flush=True)


if __name__ == "__main__":
    main()
