"""How well products are read that no training has seen.

The annotated files are cut into folds by product. For each fold the encoder's demand step, the reader and all
heads are trained without the fold's products, `feedback-mining analyze` reads their files, and the annotators'
own scorer (score.py) judges them. The tokenizer, the skip-gram vectors, the sentence pairs and the masked
language model hold no labels and are made once. A part that is there is not made again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rows import Row

ROOT = Path(__file__).resolve().parent.parent
FOLDS = (
    ("mi_mall", "meiju"),
    ("alipay", "genshin", "hotels", "jd_phones", "shoes", "jd_goods", "air_conditioners"),
    ("huawei_smarthome", "online_shopping", "cars", "food_delivery", "traditional_chinese_app"),
)
SCORES = (  # scorer's name, ours, naive floor, target, two annotators
    ("intent_microF1", "intent-set micro-F1", "0.74–0.79", "0.90 / 0.97"),
    ("theme_microF1", "theme-set micro-F1", "0.57", "0.80 / 0.93"),
    ("theme+sentiment_microF1", "(theme, sentiment) micro-F1", "0.52", "0.78 / 0.91"),
    ("sentiment_microF1", "sentiment-set micro-F1", "0.85–0.87", "0.95 / 0.98"),
    ("unit_all_F1", "units, all three labels, F1", "0.31", "0.62 / 0.85"),
    ("signals_microF1", "signals micro-F1", "–", "–"),
)


def rows(shared: Path, work: Path, labels: Sequence[Path] = ()) -> list[Row]:
    """labels: further annotated files to train on, named after their product."""
    gold = sorted((shared / "labels" / "gold").glob("*.jsonl"))
    found: list[Row] = []
    for number, fold in enumerate((*FOLDS, tuple(name for part in FOLDS for name in part))):
        held = [path for path in gold if product_of(path) in fold]
        if number < len(FOLDS):
            models = train_fold(fold, [*gold, *sorted(labels)], shared, work)
            for path in held:
                if not (work / f"{path.stem}.units.jsonl").exists():
                    analyse(path, models, work / f"{path.stem}.units.jsonl")
        scores = judged("units", held, shared, work)
        note = (
            f"fold {number + 1} of {len(FOLDS)}" if number < len(FOLDS) else "all, each by models without it"
        )
        found += [
            Row("products", name, f"{scores[key]:.3f}", floor, goal, note)
            for key, name, floor, goal in SCORES
        ]
        each = scores["intent_F1_each"]
        found += [
            Row("products", f"{n} F1", f"{each[n]:.3f}", held_out=note) for n in ("question", "suggestion")
        ]
    for path in gold:
        demands = judged("demands", [path], shared, work)
        pairs, best = demands["pairwise P/R/F1"][2], demands["best-match F1, weighted"]
        found.append(
            Row("demands", path.stem, f"{pairs:.3f}", "0.14", "0.45 / 0.67", f"best match {best:.3f}")
        )
    return found


def product_of(path: Path) -> str:
    stem, _, number = path.stem.rpartition("_")
    return stem if number.isdecimal() else path.stem


def train_fold(fold: Sequence[str], files: Sequence[Path], shared: Path, work: Path) -> Path:
    """The models folder of a fold: encoder, reader and heads that have not seen its products."""
    models = work / "-".join(fold)
    if (models / "done").exists():
        return models
    print(f"training without {', '.join(fold)}", file=sys.stderr, flush=True)
    models.mkdir(parents=True, exist_ok=True)
    held = [path.stem for path in files if product_of(path) in fold]
    seen = [path for path in files if path.stem not in held]
    text, pairs = shared / "data/text/unlabelled.tsv.gz", shared / "data/pairs/pairs_train.tsv.gz"
    encoder, reader = models / "encoder" / "held-out", models / "reader" / "1"
    if not encoder.exists():
        run(
            "scripts/train_encoder.py", "--text", text, "--pairs", pairs, "--work", work / "encoder",
            "--out", encoder, "--labels", *files, "--hold-out", *held,
        )  # fmt: skip
    if not (work / "reader" / "pretrained").exists():
        vectors = work / "encoder" / "skipgram.npy"
        run(
            "scripts/train_reader.py",
            "pretrain",
            "--text",
            text,
            "--vectors",
            vectors,
            "--work",
            work / "reader",
        )
    if not (reader / "heads").exists():
        run("scripts/train_reader.py", "finetune", "--work", work / "reader", "--out", reader, *seen)
    pointer = models / "current.json"
    pointer.write_text(json.dumps({"encoder": encoder.name}) + "\n", encoding="utf-8")
    train = "import sys; from pathlib import Path; from feedback_mining.pipeline.retrain import retrain; "
    train += "from feedback_mining.settings import load_settings as s; out = Path(sys.argv[1]); "
    train += "retrain([Path(p) for p in sys.argv[2:]], out, settings=s(models=out), judge=False)"
    run("-c", train, models, *seen)
    versions = json.loads(pointer.read_text(encoding="utf-8")) | {"reader": reader.name}
    pointer.write_text(json.dumps(versions) + "\n", encoding="utf-8")
    (models / "done").touch()
    return models


def analyse(path: Path, models: Path, output: Path) -> None:
    command = "import sys; from feedback_mining.cli import main; sys.exit(main())"
    run("-c", command, "analyze", path, "--output", output, FEEDBACK_MINING_MODELS=str(models))


def judged(what: str, gold: Sequence[Path], shared: Path, work: Path) -> Any:
    """What score.py says of all files together; ids get the file's name, so that none is two comments'."""
    wanted, found = work / "gold.all", work / "found.all"
    wanted.write_text("".join(_numbered(path, path.stem) for path in gold), encoding="utf-8")
    given = [(work / f"{path.stem}.units.jsonl", path.stem) for path in gold]
    found.write_text("".join(_numbered(path, stem) for path, stem in given), encoding="utf-8")
    return json.loads(run(shared / "labels" / "score.py", what, wanted, found))


def run(*command: object, **environment: str) -> str:
    """The output of a Python script, run from the project's root on its own sources."""
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
    )  # fmt: skip
    return done.stdout


def _numbered(path: Path, stem: str) -> str:
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip())
    return "".join(json.dumps(row | {"id": f"{stem}/{row['id']}"}, ensure_ascii=False) + "\n" for row in rows)
