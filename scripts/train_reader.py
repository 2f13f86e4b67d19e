"""Train a small BERT from scratch: the reader with its heads on annotated comments, and a sentence encoder.

    python scripts/train_reader.py pretrain --text unlabelled.tsv.gz --work build/reader
    python scripts/train_reader.py finetune --work build/reader --out models/reader/1 FILE…
    python scripts/train_reader.py contrast --pairs pairs_train.tsv.gz --work build/reader --out models/encoder/NAME

1. `pretrain`: masked language model (Devlin et al. 2019) over the tokens of the static encoder, whose
   skip-gram vectors (scripts/train_encoder.py, step 2) it starts from; of the 32,000 tokens that a masked one
   could be, the commonest 4,000 and 2,000 others, drawn anew for each batch, stand for all (sampled softmax,
   Jean et al. 2015).
2. `finetune`: all heads at once on annotated units, clauses and comments; written comments count less.
3. `contrast`: from 1 again, a sentence encoder: paraphrase pairs with in-batch negatives in both directions
   (MultipleNegativesRankingLoss of sentence-transformers, Henderson et al. 2017).

Learning rates fall to zero over the given number of tokens or epochs, so a shorter run is a whole run.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize
from train_encoder import positive_pairs, read_lines
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.labelling import LabelledComment, read_labels
from feedback_mining.classification.splitter import CommentClauses, gold_labels
from feedback_mining.classification.transformer import HEADS, TransformerReader
from feedback_mining.contextual import ContextualEncoder, same_length_simplified, tokens_in, windows_of
from feedback_mining.records import ACTIONABLE, Intent, Sentiment, Signal
from feedback_mining.resources import data_dir, models_dir
from feedback_mining.taxonomy import Taxonomy

SEED = 20
DIMENSIONS, LAYERS, WINDOW = 256, 4, 128
TOKENS_AT_ONCE = 8192
COMMON, DRAWN = 4000, 2000
LABELS_AT_ONCE = 2048
PAIRS_AT_ONCE = 256
SEED_WEIGHT, CUT_WEIGHT = 0.25, 0.25
SIGNAL_CUTS = {"helping": -3.0}  # log odds; it is rare, and best F1 needs less than even odds


def pretrain(text: Path, base: Path, vectors: Path, work: Path, tokens: int) -> None:
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    rows = [e.ids for e in tokenizer.encode_batch(read_lines(text), add_special_tokens=False)]
    lengths = np.array([len(row) for row in rows])
    flat = np.concatenate([np.array(row, np.int32) for row in rows])
    starts = np.cumsum(lengths) - lengths
    size = tokenizer.get_vocab_size()
    padding, mask = size, size + 1
    torch.manual_seed(SEED)
    draw = np.random.default_rng(SEED)
    config = BertConfig(
        vocab_size=size + 4, hidden_size=DIMENSIONS, num_hidden_layers=LAYERS, num_attention_heads=DIMENSIONS // 64,
        intermediate_size=4 * DIMENSIONS, max_position_embeddings=2 * WINDOW, type_vocab_size=1,
        pad_token_id=padding, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        attn_implementation="sdpa",
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    table = np.load(vectors)
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    directions = np.divide(table, norms, out=np.zeros_like(table), where=norms > 0)
    embedding = model.embeddings.word_embeddings.weight
    noise = torch.randn(size, DIMENSIONS) * 0.002
    embedding.data[:size] = torch.tensor(directions * 0.02 * math.sqrt(DIMENSIONS)) + noise
    head = nn.Sequential(nn.Linear(DIMENSIONS, DIMENSIONS), nn.GELU(), nn.LayerNorm(DIMENSIONS))
    bias = nn.Parameter(torch.zeros(size + 4))
    order = np.argsort(-np.bincount(flat, minlength=size), kind="stable")
    common, rest = torch.tensor(order[:COMMON].copy()), order[COMMON:]
    is_common = torch.zeros(size + 4, dtype=torch.bool)
    is_common[common] = True
    weights = [*model.parameters(), *head.parameters(), bias]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in weights if p.ndim > 1], "weight_decay": 0.01},
            {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=1e-3, betas=(0.9, 0.98),
    )  # fmt: skip
    seen, step, losses, started = 0, 0, 0.0, time.monotonic()
    for batch in _batches_of_lines(lengths, draw):
        if seen >= tokens:
            break
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 100) * max(0.02, 1 - seen / tokens)
        width = min(int(lengths[batch].max()), WINDOW)
        ids = np.full((len(batch), width), padding, np.int64)
        for k, line in enumerate(batch):
            length, start = int(lengths[line]), int(starts[line])
            if length > WINDOW:
                start += int(draw.integers(0, length - WINDOW + 1))
            ids[k, : min(length, WINDOW)] = flat[start : start + min(length, WINDOW)]
        real = ids != padding
        chosen = (draw.random(ids.shape) < 0.15) & real
        if not chosen.any():
            continue
        wanted = torch.tensor(ids[chosen])
        fate = draw.random(ids.shape)
        ids[chosen & (fate < 0.8)] = mask
        swapped = chosen & (fate > 0.9)
        ids[swapped] = draw.integers(0, size, swapped.sum())
        drawn = torch.tensor(draw.choice(rest, DRAWN, replace=False))
        candidates = torch.cat([common, drawn])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = model(
                input_ids=torch.tensor(ids), attention_mask=torch.tensor(real).long()
            ).last_hidden_state
            guesses = head(states[torch.tensor(chosen)])
            scores = guesses @ embedding[candidates].T
        scores = scores.float() + bias[candidates]
        scores[:, COMMON:] += math.log(len(rest) / DRAWN)
        right = (guesses.float() * embedding[wanted]).sum(1) + bias[wanted]
        own = torch.where(is_common[wanted], torch.full_like(right, -1e9), right)
        loss = (torch.logsumexp(torch.cat([scores, own[:, None]], 1), 1) - right).mean()
        _step(loss, optimizer, weights)
        seen, step, losses = seen + int(real.sum()), step + 1, losses + loss.item()
        if step % 100 == 0:
            print(f"{seen:,} tokens, loss {losses / 100:.3f}, {time.monotonic() - started:.0f} s", flush=True)
            losses = 0.0
    model.save_pretrained(work / "pretrained")
    tokenizer.save(str(work / "tokenizer.json"))


def _batches_of_lines(lengths: np.ndarray, draw: np.random.Generator) -> Iterator[list[int]]:
    """Lines of like length, about TOKENS_AT_ONCE tokens each time, without end."""
    usable = np.flatnonzero(lengths >= 4)
    while True:
        keys = np.minimum(lengths[usable], WINDOW) + draw.random(len(usable)) * 2
        batches = _packed(usable[np.argsort(keys, kind="stable")].tolist(), lengths, TOKENS_AT_ONCE)
        for k in draw.permutation(len(batches)):
            yield batches[k]


def _packed(order: Sequence[int], lengths: Any, budget: int) -> list[list[int]]:
    batches: list[list[int]] = []
    widest = 0
    for line in order:
        length = min(int(lengths[line]), WINDOW)
        if batches and max(widest, length) * (len(batches[-1]) + 1) <= budget:
            batches[-1].append(line)
            widest = max(widest, length)
        else:
            batches.append([line])
            widest = length
    return batches


def _step(loss: torch.Tensor, optimizer: torch.optim.Optimizer, weights: Sequence[nn.Parameter]) -> None:
    loss.backward()
    nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


@dataclass
class Example:
    """One window of a comment; places are token ranges within it."""

    ids: np.ndarray
    weight: float
    units: list[tuple[int, int, int, int, int, int]]  # first, last, intent, theme, sentiment, specific or -1
    clauses: list[tuple[int, int, int]]  # first, last, B I O
    signals: list[float] | None


INTENTS = sorted(map(str, Intent))
SENTIMENTS = sorted(map(str, Sentiment))
SIGNALS = sorted(map(str, Signal))
CUTS = ("B", "I", "O")
TICKETS = {str(intent) for intent in ACTIONABLE}


def examples(
    comments: Sequence[LabelledComment], tokenizer: Tokenizer, themes: Sequence[str]
) -> list[Example]:
    encoded = tokenizer.encode_batch(
        [same_length_simplified(c.text) for c in comments], add_special_tokens=False
    )
    found: list[Example] = []
    for comment, tokens in zip(comments, encoded, strict=True):
        ids, offsets = np.array(tokens.ids, np.int64), np.array(tokens.offsets, np.int64).reshape(-1, 2)
        cut = CommentClauses.of(comment.text)
        labels = gold_labels(cut, [(u.start, u.end) for u in comment.units])
        for number, (a, b) in enumerate(windows_of(offsets, [c.start for c in cut.clauses], WINDOW)):
            example = Example(ids[a:b], comment.weight, [], [], None)
            for unit in comment.units:
                first, last = tokens_in(offsets, unit.start, unit.end)
                if a <= first < b and first < last:
                    ticket = comment.with_demands and unit.intent in TICKETS
                    example.units.append((
                        first - a, min(last, b) - a, INTENTS.index(unit.intent), themes.index(unit.theme),
                        SENTIMENTS.index(unit.sentiment), int(bool(unit.demand)) if ticket else -1,
                    ))  # fmt: skip
            for clause, label in zip(cut.clauses, labels, strict=True):
                first, last = tokens_in(offsets, clause.start, clause.end)
                if a <= first < b and first < last:
                    example.clauses.append((first - a, min(last, b) - a, CUTS.index(label)))
            if number == 0:
                example.signals = [float(name in comment.signals) for name in SIGNALS]
            found.append(example)
    return found


class Heads(nn.Module):
    def __init__(self, bert: BertModel, themes: int, dropout: float) -> None:
        super().__init__()
        size = bert.config.hidden_size
        self.bert = bert
        self.drop = nn.Dropout(dropout)
        self.intent, self.theme = nn.Linear(size, len(INTENTS)), nn.Linear(size, themes)
        self.sentiment, self.specific = nn.Linear(size, len(SENTIMENTS)), nn.Linear(size, 2)
        self.signals, self.splitter = nn.Linear(size, len(SIGNALS)), nn.Linear(4 * size, len(CUTS))


def _means(states: torch.Tensor, rows: torch.Tensor, first: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    sums = torch.cat([torch.zeros_like(states[:, :1]), states.cumsum(1)], 1)
    return (sums[rows, last] - sums[rows, first]) / (last - first).clamp(min=1).unsqueeze(1)


def loss_of(model: Heads, batch: Sequence[Example], padding: int) -> torch.Tensor:
    width = max(len(e.ids) for e in batch)
    ids = np.full((len(batch), width), padding, np.int64)
    for k, example in enumerate(batch):
        ids[k, : len(example.ids)] = example.ids
    tokens = torch.tensor(ids)
    real = (tokens != padding).long()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states = model.bert(input_ids=tokens, attention_mask=real).last_hidden_state
    states = states.float()
    weight = torch.tensor([e.weight for e in batch])
    total = torch.zeros(())

    def wrong(scores: torch.Tensor, truth: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return (cross_entropy(scores, truth, reduction="none", label_smoothing=0.05) * weights).sum()

    units = torch.tensor([(k, *unit) for k, e in enumerate(batch) for unit in e.units])
    if len(units):
        vectors = model.drop(_means(states, units[:, 0], units[:, 1], units[:, 2]))
        counts = weight[units[:, 0]]
        total = total + wrong(model.intent(vectors), units[:, 3], counts)
        total = total + 1.5 * wrong(model.theme(vectors), units[:, 4], counts)
        total = total + wrong(model.sentiment(vectors), units[:, 5], counts)
        asked = units[:, 6] >= 0
        if asked.any():
            total = total + 0.5 * wrong(model.specific(vectors[asked]), units[asked, 6], counts[asked])
    clauses = torch.tensor([(k, *c) for k, e in enumerate(batch) for c in e.clauses])
    if len(clauses):
        owner = clauses[:, 0]
        vectors = _means(states, owner, clauses[:, 1], clauses[:, 2])
        first = torch.ones(len(owner), dtype=torch.bool)
        first[1:] = owner[1:] != owner[:-1]
        before = torch.roll(vectors, 1, 0).masked_fill(first[:, None], 0)
        after = torch.roll(vectors, -1, 0).masked_fill(torch.roll(first, -1)[:, None], 0)
        rows = model.drop(torch.cat([vectors, before, after, vectors * before], 1))
        counts = weight[owner]
        counts = torch.where(counts < 1, counts * CUT_WEIGHT, counts)
        total = total + wrong(model.splitter(rows), clauses[:, 3], counts)
    said = [(k, e.signals) for k, e in enumerate(batch) if e.signals is not None]
    if said:
        rows = torch.tensor([k for k, _ in said])
        whole = model.drop(_means(states, rows, torch.zeros_like(rows), real[rows].sum(1)))
        truth = torch.tensor([signals for _, signals in said])
        losses = binary_cross_entropy_with_logits(model.signals(whole), truth, reduction="none")
        total = total + (losses.sum(1) * weight[rows]).sum()
    return total / (2 * weight.sum())


def finetune(
    work: Path, out: Path, comments: Sequence[LabelledComment], epochs: int, rate: float, dropout: float
) -> None:
    torch.manual_seed(SEED)
    shuffle = random.Random(SEED)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    tokenizer.no_padding()
    themes = sorted(theme.id for theme in Taxonomy.load().themes)
    data = examples(sorted(comments, key=lambda c: (c.id, c.text)), tokenizer, themes)
    bert = BertModel.from_pretrained(
        work / "pretrained", add_pooling_layer=False, attn_implementation="sdpa", hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )  # fmt: skip
    model = Heads(bert, len(themes), dropout).train()
    tables = [p for name, p in bert.named_parameters() if "word_embeddings" in name]
    layers = [p for name, p in bert.named_parameters() if "word_embeddings" not in name]
    heads = [p for name, p in model.named_parameters() if not name.startswith("bert.")]
    optimizer = torch.optim.AdamW(
        [{"params": layers, "lr": rate}, {"params": tables, "lr": rate / 2}, {"params": heads, "lr": 3 * rate}],
        weight_decay=0.01,
    )  # fmt: skip
    rates = [group["lr"] for group in optimizer.param_groups]
    lengths = [len(e.ids) for e in data]

    def order() -> list[list[int]]:
        keys = {k: lengths[k] + shuffle.random() * 6 for k in range(len(data))}
        batches = _packed(sorted(keys, key=lambda k: (keys[k], k)), lengths, LABELS_AT_ONCE)
        shuffle.shuffle(batches)
        return batches

    steps, step, started = len(order()) * epochs, 0, time.monotonic()
    for epoch in range(epochs):
        losses = 0.0
        for batch in order():
            share = min(1, (step + 1) / (0.06 * steps)) * max(0.0, 1 - step / steps)
            for group, start in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = start * share
            loss = loss_of(model, [data[k] for k in batch], int(bert.config.pad_token_id))
            _step(loss, optimizer, list(model.parameters()))
            losses, step = losses + loss.item(), step + 1
        print(
            f"epoch {epoch + 1}: loss {losses * epochs / steps:.3f}, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    save(model.eval(), tokenizer, themes, out)


def contrast(pairs_file: Path, work: Path, out: Path, epochs: int, rate: float = 5e-4) -> None:
    torch.manual_seed(SEED)
    shuffle = random.Random(SEED)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    tokenizer.no_padding()
    pairs = positive_pairs(pairs_file)
    texts = sorted({text for pair in pairs for text in pair})
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    tokens = {text: e.ids[: WINDOW // 2] for text, e in zip(texts, encoded, strict=True)}
    pairs = [pair for pair in pairs if tokens[pair[0]] and tokens[pair[1]]]
    bert = BertModel.from_pretrained(
        work / "pretrained", add_pooling_layer=False, attn_implementation="sdpa", hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
    ).train()  # fmt: skip
    padding = int(bert.config.pad_token_id)
    weights = list(bert.parameters())
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0.01)

    def vectors(some: Sequence[str]) -> torch.Tensor:
        width = max(len(tokens[text]) for text in some)
        ids = torch.tensor([tokens[text] + [padding] * (width - len(tokens[text])) for text in some])
        real = ids != padding
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = bert(input_ids=ids, attention_mask=real.long()).last_hidden_state
        share = real.float()[:, :, None]
        return normalize((states.float() * share).sum(1) / share.sum(1), dim=1)

    steps, step, started = epochs * math.ceil(len(pairs) / PAIRS_AT_ONCE), 0, time.monotonic()
    for _ in range(epochs):
        keys = {k: len(tokens[pair[0]]) + shuffle.random() * 8 for k, pair in enumerate(pairs)}
        order = sorted(keys, key=lambda k: (keys[k], k))
        batches = [order[k : k + PAIRS_AT_ONCE] for k in range(0, len(order), PAIRS_AT_ONCE)]
        shuffle.shuffle(batches)
        losses = 0.0
        for batch in batches:
            optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / 50) * max(0.02, 1 - step / steps)
            chosen: dict[str, str] = {}
            for one, other in (pairs[k] for k in batch):
                if not {one, other} & (chosen.keys() | set(chosen.values())):
                    chosen[one] = other
            alike = vectors(list(chosen)) @ vectors(list(chosen.values())).T * 20
            own = torch.arange(len(chosen))
            loss = (cross_entropy(alike, own) + cross_entropy(alike.T, own)) / 2
            _step(loss, optimizer, weights)
            losses, step = losses + loss.item(), step + 1
        print(
            f"{step} of {steps} steps, loss {losses / len(batches):.3f}, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    save_encoder(bert.eval(), tokenizer, out)


def save_encoder(bert: BertModel, tokenizer: Tokenizer, out: Path) -> None:
    """A folder that sentence-transformers loads, in half precision."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    plain = out.parent / f"{out.name}.bert"
    bert.half().save_pretrained(plain)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", mask_token="[MASK]",
        model_max_length=WINDOW, model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(plain)  # fmt: skip
    module = Transformer(str(plain), max_seq_length=WINDOW)
    pooling = Pooling(module.get_embedding_dimension(), "mean")
    SentenceTransformer(modules=[module.half(), pooling], device="cpu").save(
        str(out), create_model_card=False
    )
    for path in plain.iterdir():
        path.unlink()
    plain.rmdir()


def save(model: Heads, tokenizer: Tokenizer, themes: Sequence[str], out: Path) -> None:
    save_encoder(model.bert, tokenizer, out)

    def head(layer: nn.Linear, classes: Sequence[str]) -> LinearHead:
        return LinearHead(tuple(classes), layer.weight.detach().numpy(), layer.bias.detach().numpy())

    classes = {"intent": INTENTS, "theme": themes, "sentiment": SENTIMENTS, "specific": ["no", "yes"]}
    heads = {task: head(getattr(model, task), classes[task]) for task in HEADS}
    signals = replace(head(model.signals, SIGNALS), facts={"cuts": SIGNAL_CUTS})
    TransformerReader(ContextualEncoder(out), heads, head(model.splitter, CUTS), signals).save(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    first = steps.add_parser("pretrain")
    first.add_argument("--text", type=Path, required=True)
    first.add_argument("--vectors", type=Path, required=True, help="skipgram.npy of scripts/train_encoder.py")
    first.add_argument("--tokens", type=int, default=40_000_000)
    second = steps.add_parser("finetune")
    second.add_argument("--out", type=Path, required=True)
    second.add_argument("--hold-out", nargs="*", default=[], help="stems of annotated files to leave out")
    second.add_argument("--epochs", type=int, default=6)
    second.add_argument("--rate", type=float, default=5e-4)
    second.add_argument("--dropout", type=float, default=0.1)
    second.add_argument("labels", type=Path, nargs="*", help="annotated files, beside data/labels/seed")
    third = steps.add_parser("contrast")
    third.add_argument("--pairs", type=Path, required=True)
    third.add_argument("--out", type=Path, required=True)
    third.add_argument("--epochs", type=int, default=3)
    for one in (first, second, third):
        one.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.step == "pretrain":
        current = json.loads((models_dir() / "current.json").read_text(encoding="utf-8"))
        base = models_dir() / "encoder" / current["encoder"]
        pretrain(options.text, base, options.vectors, options.work, options.tokens)
        return
    if options.step == "contrast":
        contrast(options.pairs, options.work, options.out, options.epochs)
        return
    real = read_labels(p for p in sorted(options.labels) if p.stem not in options.hold_out)
    written = read_labels(
        sorted((data_dir() / "labels" / "seed").glob("*.jsonl")), weight=SEED_WEIGHT if real else 1.0
    )
    finetune(options.work, options.out, [*real, *written], options.epochs, options.rate, options.dropout)


if __name__ == "__main__":
    main()
