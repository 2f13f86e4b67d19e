"""How well vectors tell paraphrases from other pairs, on pairs that no training has seen.

A tenth of the pairs of three public sets, drawn by the text's checksum, is held out together with every
other pair that shares a sentence with it; an encoder is trained on the rest by the recipe of the one that
ships (scripts/train_encoder.py), and both it and TF-IDF over characters are judged by the cosine's AUC.
"""

from __future__ import annotations

import csv
import gzip
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rows import Row

ROOT = Path(__file__).resolve().parent.parent
Pairs = dict[str, list[tuple[str, str, int]]]
SETS = ("lcqmc", "bq", "afqmc")
SHARE = 10  # one in so many is held out


def held_out(pairs: Path, rest: Path) -> Pairs:
    """`{set: [(text, text, 0 or 1)]}`; writes the other pairs to `rest` in the form of `pairs`."""
    with gzip.open(pairs, "rt", encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
    found: Pairs = {name: [] for name in SETS}
    texts: set[str] = set()
    for row in rows:
        if row[0] in SETS and zlib.crc32(f"{row[1]}\t{row[2]}".encode()) % SHARE == 0:
            found[row[0]].append((row[1], row[2], int(row[3])))
            texts |= {row[1], row[2]}
    rest.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(rest, "wt", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerow(header)
        writer.writerows(row for row in rows if len(row) == 4 and not texts & {row[1], row[2]})
    return found


def trained_without(shared: Path, work: Path, rest: Path, unlabelled: Path | None = None) -> Path:
    """Folder of an encoder trained on the pairs in `rest` alone; made once.

    unlabelled: a folder that may hold tokenizer.json and skipgram.npy made before; they saw no pairs.
    """
    folder = work / "encoder-without-held-out-pairs"
    if (folder / "modules.json").is_file():
        return folder
    scratch = work / "pairs-encoder"
    scratch.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "skipgram.npy") if unlabelled else ():
        if (unlabelled / name).is_file():
            shutil.copyfile(unlabelled / name, scratch / name)
    subprocess.run(
        [sys.executable, "scripts/train_encoder.py", "--text", shared / "data/text/unlabelled.tsv.gz",
         "--pairs", rest, "--work", scratch, "--out", folder],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, check=True, stdout=sys.stderr,
    )  # fmt: skip
    return folder


def prepared(shared: Path, work: Path, unlabelled: Path | None = None) -> tuple[Pairs, Path]:
    """The held-out pairs, and the folder of an encoder that saw neither them nor any annotated file."""
    rest = work / "pairs_rest.tsv.gz"
    pairs = held_out(shared / "data" / "pairs" / "pairs_train.tsv.gz", rest)
    return pairs, trained_without(shared, work, rest, unlabelled)


def rows(pairs: Pairs, encoder: Path | str) -> list[Row]:
    """encoder: a folder, or `accurate`, which was trained on the same rest of the pairs."""
    from feedback_mining.encoders import load_encoder

    encode = load_encoder(str(encoder)).encode
    name_of = "" if isinstance(encoder, Path) else f"{encoder}, "
    note = "a tenth of the pairs, and all that share a sentence with them"
    return [
        Row("encoder", f"{name_of}AUC, {name} ({len(found):,} pairs)", f"{_auc(found, encode):.3f}", f"{_tfidf(found):.3f} (TF-IDF)",
            held_out=note)
        for name, found in pairs.items()
    ]  # fmt: skip


def _auc(pairs: list[tuple[str, str, int]], encode: Callable[[Sequence[str]], Any]) -> float:
    from sklearn.metrics import roc_auc_score

    left, right = encode([a for a, _, _ in pairs]), encode([b for _, b, _ in pairs])
    return float(roc_auc_score([label for *_, label in pairs], (left * right).sum(axis=1)))


def _tfidf(pairs: list[tuple[str, str, int]]) -> float:
    """AUC of the cosine of character 1–3-gram TF-IDF, its weights from the pairs themselves."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import roc_auc_score

    texts = [text for a, b, _ in pairs for text in (a, b)]
    vectoriser = TfidfVectorizer(analyzer="char", ngram_range=(1, 3)).fit(texts)
    left = vectoriser.transform([a for a, _, _ in pairs])
    right = vectoriser.transform([b for _, b, _ in pairs])
    return float(roc_auc_score([label for *_, label in pairs], left.multiply(right).sum(axis=1).A1))
