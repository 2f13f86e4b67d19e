"""Train the static sentence encoder from unlabelled lines and sentence pairs.

    python scripts/train_encoder.py --text unlabelled.tsv.gz --pairs pairs_train.tsv.gz --out models/encoder/NAME

1. a Unigram tokenizer on the normalised lines (Kudo 2018), so that encoding needs no word segmenter;
2. skip-gram vectors of its tokens (Mikolov et al. 2013), scaled by smooth inverse frequency
   a / (a + p(token)) and freed of their first principal component (Arora et al. 2017);
3. contrastive training on paraphrase pairs with in-batch negatives (sentence-transformers,
   MultipleNegativesRankingLoss), which starts from 2; its weights are averaged with those of 2
   (Wortsman et al. 2022), which does better on unseen products than either;
4. supervised contrast (Khosla et al. 2020) between units that annotators of a product gave the same
   demand, between units and the demand's statement, and between written phrasings of the same need (the
   catalogue of common demands and data/labels/paraphrases); averaged with 3 likewise.

`--hold-out` leaves annotated products out of 4, to measure on them.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import time
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from feedback_mining.classification.labelling import read_labels
from feedback_mining.demands.catalogue import Catalogue
from feedback_mining.pipeline.retrain import product_of
from feedback_mining.resources import data_dir
from feedback_mining.text.clean import normalise

SKIPPED_PAIRS = {"ocnli", "simclue_rank_neg"}  # ocnli is CC BY-NC; the other holds negatives only
SEED = 20
TOKENIZER_LINES = 100_000  # the trainer's memory and time grow faster than its input


def read_lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        texts = (line.rstrip("\n").split("\t", 1)[-1] for line in handle)
        return [t for t in dict.fromkeys(normalise(x)[:300] for x in texts) if len(t) > 1]


def train_tokenizer(lines: list[str], size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits()]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=size, unk_token="[UNK]", special_tokens=["[UNK]"], max_piece_length=6
    )
    sample = sorted(lines, key=lambda x: zlib.crc32(x.encode()))[:TOKENIZER_LINES]
    tokenizer.train_from_iterator(sample, trainer)
    return tokenizer


def skipgram(
    tokenizer: Tokenizer, lines: list[str], dimensions: int, epochs: int, workers: int
) -> np.ndarray:
    from gensim.models import Word2Vec

    sentences = [e.tokens for e in tokenizer.encode_batch(lines)]
    model = Word2Vec(
        sentences, vector_size=dimensions, sg=1, window=6, negative=8, sample=1e-4, min_count=3,
        epochs=epochs, workers=workers, seed=SEED,
    )  # fmt: skip
    counts = Counter(token for sentence in sentences for token in sentence)
    total = sum(counts.values())
    vocabulary = tokenizer.get_vocab()
    table = np.zeros((len(vocabulary), dimensions), dtype=np.float32)
    weight = np.zeros(len(vocabulary), dtype=np.float32)
    for token, row in vocabulary.items():
        if token in model.wv:
            table[row] = model.wv[token]
        weight[row] = 1e-3 / (1e-3 + counts[token] / total)
    known = np.abs(table).sum(1) > 0
    table[known] -= table[known].mean(0)
    common = np.linalg.svd(table[known][:: max(1, known.sum() // 20000)], full_matrices=False)[2][:1]
    table[known] -= table[known] @ common.T @ common
    table /= np.linalg.norm(table[known], axis=1).mean()
    return (table * weight[:, None]).astype(np.float32)


def positive_pairs(path: Path) -> list[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        rows = csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        pairs = {
            (normalise(row[1]), normalise(row[2]))
            for row in rows
            if len(row) == 4 and row[0] not in SKIPPED_PAIRS and _is_positive(row[0], row[3])
        }
    return sorted(p for p in pairs if p[0] and p[1] and p[0] != p[1])


def _is_positive(source: str, label: str) -> bool:
    try:
        return float(label) >= (4.0 if source == "stsb" else 1.0)
    except ValueError:
        return False


def contrastive(
    tokenizer: Tokenizer, table: np.ndarray, pairs: list[tuple[str, str]], work: Path
) -> np.ndarray:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, losses
    from sentence_transformers.models import StaticEmbedding
    from sentence_transformers.training_args import BatchSamplers, SentenceTransformerTrainingArguments

    model = SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, embedding_weights=table.copy())], device="cpu"
    )
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(work / "checkpoints"), num_train_epochs=3, per_device_train_batch_size=1024,
        learning_rate=0.02, warmup_steps=16, batch_sampler=BatchSamplers.NO_DUPLICATES, save_strategy="no",
        report_to="none", seed=SEED, use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    data = Dataset.from_dict({"anchor": [a for a, _ in pairs], "positive": [b for _, b in pairs]})
    loss = losses.MultipleNegativesRankingLoss(model, scale=20.0)
    SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=loss).train()
    return (model[0].embedding.weight.detach().numpy() + table) / 2


def said_alike(labels: list[Path]) -> list[list[tuple[str, str]]]:
    """`(text, demand)` rows by product, and of the written phrasings by file."""
    products: dict[str, list[tuple[str, str]]] = {}
    for path in labels:
        comments = read_labels([path])
        rows = [(c.text[u.start : u.end], str(u.demand)) for c in comments for u in c.units if u.demand]
        rows += [(d, d) for d in sorted({d for _, d in rows})]
        products.setdefault(product_of(path), []).extend(rows)
    common = [(t, e.id) for e in Catalogue.load().entries for t in (e.zh, *e.examples)]
    for path in sorted((data_dir() / "labels" / "paraphrases").glob("*.jsonl")):
        written = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        common += [(row["text"], row["demand"]) for row in written]
    return [*products.values(), common]


def batches_of(rows: list[tuple[str, str]], size: int, shuffle: random.Random) -> list[list[tuple[str, str]]]:
    """Whole demands, in random order, about `size` rows a batch."""
    demands: dict[str, list[tuple[str, str]]] = {}
    for text, demand in rows:
        demands.setdefault(demand, []).append((text, demand))
    order = sorted(demands)
    shuffle.shuffle(order)
    found: list[list[tuple[str, str]]] = [[]]
    for demand in order:
        if len(found[-1]) >= size:
            found.append([])
        found[-1] += demands[demand][:size]
    return [batch for batch in found if len(batch) >= 16]


def same_demand(
    tokenizer: Tokenizer, table: np.ndarray, labels: list[Path], epochs: int = 20, rate: float = 5e-3
) -> np.ndarray:
    import torch
    from torch.nn.functional import embedding_bag, normalize

    torch.manual_seed(SEED)
    shuffle = random.Random(SEED)
    sources = [[(normalise(text), demand) for text, demand in rows] for rows in said_alike(labels)]
    texts = sorted({text for rows in sources for text, _ in rows})
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    tokens = {text: e.ids or [0] for text, e in zip(texts, encoded, strict=True)}
    weight = torch.nn.Parameter(torch.tensor(table))
    optimizer = torch.optim.SparseAdam([weight], lr=rate)
    for _ in range(epochs):
        batches = [batch for rows in sources for batch in batches_of(rows, 384, shuffle)]
        shuffle.shuffle(batches)
        for batch in batches:
            ids = [tokens[text] for text, _ in batch]
            starts = np.cumsum([0] + [len(row) for row in ids])[:-1]
            flat = torch.tensor([i for row in ids for i in row])
            vectors = normalize(
                embedding_bag(flat, weight, torch.tensor(starts), mode="sum", sparse=True), dim=1
            )
            own = torch.eye(len(batch), dtype=torch.bool)
            alike = (vectors @ vectors.T / 0.07).masked_fill(own, -1e9)
            numbers = {demand: k for k, demand in enumerate(dict.fromkeys(d for _, d in batch))}
            demand = torch.tensor([numbers[d] for _, d in batch])
            same = (demand[:, None] == demand[None]) & ~own
            chosen = same.any(1)
            chance = alike - torch.logsumexp(alike, 1, keepdim=True)
            loss = -(chance.masked_fill(~same, 0).sum(1)[chosen] / same.sum(1)[chosen]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return (weight.detach().numpy() + table) / 2


def save(tokenizer: Tokenizer, table: np.ndarray, out: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding

    half = StaticEmbedding(tokenizer, embedding_weights=table.astype(np.float16))
    SentenceTransformer(modules=[half], device="cpu").save(str(out), create_model_card=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for the intermediate tokenizer and vectors"
    )
    parser.add_argument("--vocabulary", type=int, default=32000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=8, help="of the skip-gram model")
    parser.add_argument("--labels", type=Path, nargs="*", default=[], help="annotated files for step 4")
    parser.add_argument("--hold-out", nargs="*", default=[], help="stems of annotated files to leave out")
    parser.add_argument("--workers", type=int, default=2, help="more than one makes step 2 vary between runs")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    tokenizer_file, base_file = options.work / "tokenizer.json", options.work / "skipgram.npy"
    pairs_file = options.work / "contrastive.npy"
    if not base_file.exists():
        lines = read_lines(options.text)
        print(f"{len(lines)} lines, {time.monotonic() - started:.0f} s")
        tokenizer = train_tokenizer(lines, options.vocabulary)
        tokenizer.save(str(tokenizer_file))
        print(f"tokenizer of {tokenizer.get_vocab_size()}, {time.monotonic() - started:.0f} s")
        np.save(base_file, skipgram(tokenizer, lines, options.dimensions, options.epochs, options.workers))
        print(f"skip-gram, {time.monotonic() - started:.0f} s")
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    if not pairs_file.exists():
        pairs = positive_pairs(options.pairs)
        np.save(pairs_file, contrastive(tokenizer, np.load(base_file), pairs, options.work))
        print(f"{len(pairs)} pairs, {time.monotonic() - started:.0f} s")
    labels = sorted(p for p in options.labels if p.stem not in options.hold_out)
    table = np.load(pairs_file)
    table = same_demand(tokenizer, table, labels)
    save(tokenizer, table, options.out)
    facts = {"vocabulary": table.shape[0], "dimensions": table.shape[1], "seed": SEED, "labels": len(labels)}
    print(json.dumps(facts), f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
