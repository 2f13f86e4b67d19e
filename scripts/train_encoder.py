"""Train the static sentence encoder from unlabelled lines and sentence pairs.

    python scripts/train_encoder.py --text unlabelled.tsv.gz --pairs pairs_train.tsv.gz --out models/encoder/NAME

1. a Unigram tokenizer on the normalised lines (Kudo 2018), so that encoding needs no word segmenter;
2. skip-gram vectors of its tokens (Mikolov et al. 2013), scaled by smooth inverse frequency
   a / (a + p(token)) and freed of their first principal component (Arora et al. 2017);
3. contrastive training on paraphrase pairs with in-batch negatives (sentence-transformers,
   MultipleNegativesRankingLoss), which starts from 2.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

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


def skipgram(tokenizer: Tokenizer, lines: list[str], dimensions: int, epochs: int, workers: int) -> np.ndarray:
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


def contrastive(tokenizer: Tokenizer, table: np.ndarray, pairs: list[tuple[str, str]], out: Path, epochs: int) -> None:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, losses
    from sentence_transformers.models import StaticEmbedding
    from sentence_transformers.training_args import BatchSamplers, SentenceTransformerTrainingArguments

    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=table)], device="cpu")
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(out.parent / "_checkpoints"), num_train_epochs=epochs, per_device_train_batch_size=1024,
        learning_rate=0.02, warmup_ratio=0.1, batch_sampler=BatchSamplers.NO_DUPLICATES, save_strategy="no",
        logging_steps=50, report_to="none", seed=SEED, use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    data = Dataset.from_dict({"anchor": [a for a, _ in pairs], "positive": [b for _, b in pairs]})
    loss = losses.MultipleNegativesRankingLoss(model, scale=20.0)
    SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=loss).train()
    trained = model[0].embedding.weight.detach().numpy()
    moved = np.abs(trained - table).mean()
    print(f"mean change of a weight by contrastive training: {moved:.4f}")
    half = StaticEmbedding(tokenizer, embedding_weights=trained.astype(np.float16))
    SentenceTransformer(modules=[half], device="cpu").save(str(out), create_model_card=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for the intermediate tokenizer and vectors")
    parser.add_argument("--vocabulary", type=int, default=32000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=8, help="of the skip-gram model")
    parser.add_argument("--contrastive-epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    tokenizer_file, table_file = options.work / "tokenizer.json", options.work / "table.npy"
    if not table_file.exists():
        lines = read_lines(options.text)
        print(f"{len(lines)} lines, {time.monotonic() - started:.0f} s")
        tokenizer = train_tokenizer(lines, options.vocabulary)
        tokenizer.save(str(tokenizer_file))
        print(f"tokenizer of {tokenizer.get_vocab_size()}, {time.monotonic() - started:.0f} s")
        np.save(table_file, skipgram(tokenizer, lines, options.dimensions, options.epochs, options.workers))
        print(f"skip-gram, {time.monotonic() - started:.0f} s")
    tokenizer, table = Tokenizer.from_file(str(tokenizer_file)), np.load(table_file)
    pairs = positive_pairs(options.pairs)
    contrastive(tokenizer, table, pairs, options.out, options.contrastive_epochs)
    facts = {"pairs": len(pairs), "vocabulary": table.shape[0], "dimensions": table.shape[1], "seed": SEED}
    print(json.dumps(facts), f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
