"""Tiny encoders, saved by sentence-transformers as anyone's are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"闪退卡顿登录验证码广告太多好用的不了"]


@pytest.fixture(scope="session")
def static_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    table = np.random.default_rng(0).normal(size=(len(WORDS), 8)).astype(np.float32)
    folder = tmp_path_factory.mktemp("encoders") / "tiny-static"
    SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, embedding_weights=table)], device="cpu"
    ).save_pretrained(str(folder), create_model_card=False)
    return folder


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("encoders")
    (folder / "raw").mkdir()
    (folder / "raw" / "vocab.txt").write_text("\n".join(dict.fromkeys(WORDS)) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(dict.fromkeys(WORDS)), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=32,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder / "raw")
    BertTokenizer(str(folder / "raw" / "vocab.txt")).save_pretrained(folder / "raw")
    layers = Transformer(str(folder / "raw"), max_seq_length=32)
    model = SentenceTransformer(modules=[layers, Pooling(16, "mean")], device="cpu")
    model.save_pretrained(str(folder / "tiny-bert"), create_model_card=False)
    return folder / "tiny-bert"
