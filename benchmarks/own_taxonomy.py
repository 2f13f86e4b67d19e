"""A team's own taxonomy without labels and with few: themes of car reviews, on texts that no training has seen.

The share of texts whose most probable theme is one of those given: cold, and after 50, 200 and 1,000 labelled
texts. Also cold on annotated products, by a copy of the default taxonomy that maps to nothing.

    python benchmarks/own_taxonomy.py [--shared FOLDER]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from public_sets import SETS, split

from feedback_mining.classification.examples import Example
from feedback_mining.classification.labelling import read_labels
from feedback_mining.classification.text_training import train_text_model
from feedback_mining.classification.themes import cold_head
from feedback_mining.classification.transfer import stacked, transferred
from feedback_mining.pipeline.text_models import TEXT_FEATURES
from feedback_mining.registry.models import load_models
from feedback_mining.taxonomy import Taxonomy

ROOT = Path(__file__).resolve().parent.parent
PRODUCTS = ("mi_mall", "alipay", "hotels", "online_shopping", "genshin")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    shared = parser.parse_args().shared
    base = load_models().comments
    units = base.featuriser
    cars = Taxonomy.load("cars")
    train, test = split(SETS["cars"], shared)
    texts = [row["text"] for row in test]
    given = [{label["theme"] for label in row["labels"]} for row in test]
    head = cold_head(cars, base.heads["theme"], units)
    chances = head.probabilities(units.transform(texts, texts, np.arange(len(texts))))
    names = [theme.zh for theme in cars.themes]
    right = np.array([names[k] in some for k, some in zip(chances.argmax(axis=1), given, strict=True)])
    sure = chances.max(axis=1)
    print(f"cars cold: {right.mean():.3f}, mean probability {sure.mean():.3f}", flush=True)
    for low in (0.0, 0.3, 0.5, 0.7):
        some = (sure >= low) & (sure < (low + 0.2 if low else 0.3) if low < 0.7 else sure >= low)
        if some.any():
            print(f"  probability from {low}: {right[some].mean():.2f} of {some.sum()}", flush=True)
    for product in PRODUCTS:
        comments = read_labels([shared / "labels" / "gold" / f"{product}.jsonl"])
        spans = [(k, c.text[u.start : u.end], u.theme) for k, c in enumerate(comments) for u in c.units]
        default = Taxonomy.load()
        own = replace(default, themes=tuple(replace(t, maps_to=None) for t in default.themes))
        rows = units.transform([s for _, s, _ in spans], [c.text for c in comments], [k for k, _, _ in spans])
        said = cold_head(own, base.heads["theme"], units).probabilities(rows).argmax(axis=1)
        share = np.mean([own.themes[k].id == theme for k, (_, _, theme) in zip(said, spans, strict=True)])
        print(f"{product} cold, nothing mapped: {share:.3f} of {len(spans)} units", flush=True)
    featuriser = type(units)(units.segmenter, units.encoder, TEXT_FEATURES)
    start = transferred(replace(head, classes=tuple(names)), units, featuriser)
    prior = stacked([*(transferred(h, units, featuriser) for h in base.heads.values()), start])
    order = np.random.default_rng(20).permutation(len(train))
    for count in (50, 200, 1000):
        examples = [
            Example(train[i]["text"], tuple({label["theme"]: 0 for label in train[i]["labels"]}))
            for i in order[:count]
        ]
        for name, known in (("with seeds", {"prior": prior, "start": start}), ("labels alone", {})):
            model = train_text_model(examples, featuriser, task="theme", **known).model
            found = model.predict(texts)
            share = np.mean([ps[0].label in some for ps, some in zip(found, given, strict=True)])
            print(f"cars, {count} labelled texts, {name}: {share:.3f}", flush=True)


if __name__ == "__main__":
    main()
