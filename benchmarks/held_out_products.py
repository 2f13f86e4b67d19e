"""How well a product is read that no training has seen: each product's files are left out once.

The classifiers are trained on the other products' annotated files and the project's own corpus; the encoder
is one that saw no annotated file at all (held_out_pairs.trained_without). `analyze`'s own path reads the
comments, and the annotators' scorer (score.py) judges all of them together.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rows import Row

SCORES = (  # scorer's name, ours, naive floor, target, two annotators
    ("intent_microF1", "intent-set micro-F1", "0.74–0.79", "0.90 / 0.97"),
    ("theme_microF1", "theme-set micro-F1", "0.57", "0.80 / 0.93"),
    ("theme+sentiment_microF1", "(theme, sentiment) micro-F1", "0.52", "0.78 / 0.91"),
    ("sentiment_microF1", "sentiment-set micro-F1", "0.85–0.87", "0.95 / 0.98"),
    ("unit_all_F1", "units, all three labels, F1", "0.31", "0.62 / 0.85"),
)


def rows(shared: Path, work: Path, encoder: Path) -> list[Row]:
    """Trains once a product: some minutes each. What was predicted before is kept in `work`."""
    folder = work / "products"
    folder.mkdir(parents=True, exist_ok=True)
    gold = sorted((shared / "labels" / "gold").glob("*.jsonl"))
    for product in sorted({_product(path) for path in gold}):
        missing = [p for p in gold if _product(p) == product and not (folder / p.name).exists()]
        if missing:
            print(f"without {product}", file=sys.stderr, flush=True)
            _predict(missing, [p for p in gold if _product(p) != product], folder, encoder)
    together = {"gold": folder / "gold.all", "found": folder / "found.all"}
    together["gold"].write_text("".join(_numbered(path, path.stem) for path in gold), encoding="utf-8")
    together["found"].write_text("".join(_numbered(folder / p.name, p.stem) for p in gold), encoding="utf-8")
    scorer = shared / "labels" / "score.py"
    done = subprocess.run(
        [sys.executable, scorer, "units", together["gold"], together["found"]],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    scores = json.loads(done.stdout)
    note = f"each of {len({_product(p) for p in gold})} products once; the encoder saw none of them"
    found = [
        Row("products", name, f"{scores[key]:.3f}", floor, goal, note) for key, name, floor, goal in SCORES
    ]
    each = scores["intent_F1_each"]
    found += [
        Row("products", f"{name} F1", f"{each[name]:.3f}", held_out=note)
        for name in ("question", "suggestion")
    ]
    return found


def _product(path: Path) -> str:
    from feedback_mining.pipeline.retrain import product_of

    return product_of(path)


def _predict(held: list[Path], seen: list[Path], folder: Path, encoder: Path) -> None:
    from feedback_mining.backlog.advertising import is_advertising, without_opinions
    from feedback_mining.classification.classifier import told
    from feedback_mining.classification.features import Featuriser
    from feedback_mining.classification.labelling import read_labels
    from feedback_mining.classification.training import TrainingConfig, train
    from feedback_mining.encoders import load_encoder
    from feedback_mining.pipeline.retrain import _SEED_WEIGHT, assemble
    from feedback_mining.resources import data_dir
    from feedback_mining.text.segment import Segmenter

    written = read_labels(sorted((data_dir() / "labels" / "seed").glob("*.jsonl")), weight=_SEED_WEIGHT)
    featuriser = Featuriser(Segmenter(), load_encoder(str(encoder)))
    model = assemble(train([*written, *read_labels(seen)], featuriser, TrainingConfig(seed=20)), featuriser)
    for path in held:
        comments = read_labels([path])
        lines = []
        for comment, found in zip(comments, model.analyse([(c.id, c.text) for c in comments]), strict=True):
            said = without_opinions(found) if is_advertising(comment.text) else found
            units = [
                {"text": u.text, "intent": str(u.intent), "theme": u.theme, "sentiment": str(u.sentiment)}
                for u in told(said.units)
            ]
            row = {"id": comment.id, "units": units, "signals": [str(signal) for signal in said.signals]}
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
        (folder / path.name).write_text("".join(lines), encoding="utf-8")


def _numbered(path: Path, stem: str) -> str:
    """Rows with ids that no other file has."""
    found = (json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip())
    return "".join(
        json.dumps(row | {"id": f"{stem}/{row['id']}"}, ensure_ascii=False) + "\n" for row in found
    )
