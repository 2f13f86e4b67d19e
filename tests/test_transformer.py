"""The small transformer that reads a comment whole: positions, batches, long texts, pooling, damage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from feedback_mining.classification.splitter import CommentClauses
from feedback_mining.classification.transformer import clause_rows, pooled
from feedback_mining.contextual import (
    ContextualEncoder,
    same_length_simplified,
    tokens_in,
    windows_of,
)
from feedback_mining.encoders import load_encoder
from feedback_mining.errors import ModelError
from feedback_mining.registry.models import load_models

WORDS = ["[UNK]", *"闪退希望修复很好看界面夜间模式的，。了不一", "闪退", "希望", "夜间模式", "[PAD]"]
SENTENCES = ["界面很好看，希望夜间模式", "闪退", "希望修复闪退。", "很好", "界 面", "一" * 300]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real, tiny BERT as sentence-transformers saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(1)
    plain, out = tmp_path_factory.mktemp("bert"), tmp_path_factory.mktemp("out") / "tiny"
    tokenizer = Tokenizer(models.Unigram([(word, -2.0 - len(word) * 0.1) for word in WORDS], unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", model_max_length=128
    ).save_pretrained(plain)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=256, type_vocab_size=1, pad_token_id=len(WORDS) - 1,
    )  # fmt: skip
    BertModel(config).save_pretrained(plain)
    module = Transformer(str(plain), max_seq_length=128)
    SentenceTransformer(modules=[module, Pooling(16, "mean")], device="cpu").save(
        str(out), create_model_card=False
    )
    return out


def whole(encoder: ContextualEncoder, texts: list[str]) -> np.ndarray:
    cuts = [[c.start for c in CommentClauses.of(text).clauses] for text in texts]
    return encoder.read(texts, cuts).vectors([(k, 0, len(text)) for k, text in enumerate(texts)])


def test_the_vectors_are_those_of_sentence_transformers(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    short = SENTENCES[:-1]
    theirs = SentenceTransformer(str(folder), device="cpu").encode(short)
    np.testing.assert_allclose(whole(ContextualEncoder(folder), short), theirs, atol=1e-5)


def test_a_comment_has_the_same_vectors_whatever_it_is_read_beside(folder: Path) -> None:
    encoder = ContextualEncoder(folder)
    together = whole(encoder, SENTENCES)
    for number, text in enumerate(SENTENCES):
        np.testing.assert_allclose(whole(encoder, [text])[0], together[number], atol=1e-5)
    np.testing.assert_allclose(whole(encoder, SENTENCES[::-1])[::-1], together, atol=1e-5)


def test_a_span_is_read_in_its_context(folder: Path) -> None:
    encoder = ContextualEncoder(folder)
    texts = ["希望修复闪退", "闪退"]
    reading = encoder.read(texts, [[0], [0]])
    inside, alone = reading.vectors([(0, 4, 6), (1, 0, 2)])
    assert np.abs(inside - alone).max() > 1e-3


def test_nothing_to_read_gives_zeros_and_not_an_error(folder: Path) -> None:
    encoder = ContextualEncoder(folder)
    assert encoder.read([], []).vectors([]).shape == (0, 16)
    assert not encoder.read(["", "   "], [[], []]).vectors([(0, 0, 0), (1, 0, 3)]).any()


def test_long_comments_are_read_in_windows_that_end_at_clauses() -> None:
    offsets = np.array([(k, k + 1) for k in range(300)])
    assert windows_of(offsets, [100, 120, 290], 128) == [(0, 120), (120, 248), (248, 300)]
    assert windows_of(offsets[:50], [10], 128) == [(0, 50)]
    assert windows_of(offsets[:0], [], 128) == []
    cut = windows_of(offsets, [], 128)
    assert cut[0] == (0, 128)
    assert cut[-1][1] == 300


def test_tokens_of_a_span_are_those_that_touch_it() -> None:
    offsets = np.array([(0, 2), (2, 4), (5, 6)])
    assert tokens_in(offsets, 0, 2) == (0, 1)
    assert tokens_in(offsets, 1, 3) == (0, 2)
    assert tokens_in(offsets, 4, 5) == (2, 2)


def test_simplifying_keeps_every_character_in_its_place() -> None:
    text = "這個軟體閃退，頭髮都白了"
    simplified = same_length_simplified(text)
    assert len(simplified) == len(text)
    assert simplified.startswith("这个")


def test_clauses_see_neighbours_of_their_own_comment_only() -> None:
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2) + 1
    rows = clause_rows(vectors, [0, 0, 1])
    assert rows.shape == (3, 8)
    assert not rows[0, 2:4].any()
    assert (rows[0, 4:6] == vectors[1]).all()
    assert (rows[1, 2:4] == vectors[0]).all()
    assert not rows[1, 4:6].any()
    assert not rows[2, 2:].any()


def test_pooled_chances_lie_between_and_add_up_to_one() -> None:
    one = np.array([[0.9, 0.1], [0.5, 0.5]], np.float32)
    other = np.array([[0.2, 0.8], [0.1, 0.9]], np.float32)
    both = pooled(one, other, 0.5)
    np.testing.assert_allclose(both.sum(axis=1), 1, atol=1e-6)
    assert 0.2 < both[0, 0] < 0.9
    np.testing.assert_allclose(pooled(one, other, 0.0), one, atol=1e-6)
    np.testing.assert_allclose(pooled(one, other, 1.0), other, atol=1e-6)


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_damaged_folder_is_named(folder: Path, tmp_path: Path, file: str) -> None:
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / file).write_text(json.dumps({"broken": True}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json, tokenizer\.json and model\.safetensors"):
        ContextualEncoder(tmp_path)


class TestShipped:
    def test_the_reader_splits_and_labels_as_the_guideline_says(self) -> None:
        model = load_models().comments
        assert model.reader is not None
        (found,) = model.analyse([("1", "界面好看，但老闪退，希望加夜间模式")])
        assert [(str(u.intent), u.theme, str(u.sentiment)) for u in found.units] == [
            ("praise", "ui_ux", "positive"),
            ("bug", "stability", "negative"),
            ("suggestion", "ui_ux", "neutral"),
        ]

    def test_without_the_reader_the_n_gram_heads_still_read(self) -> None:
        model = replace(load_models().comments, reader=None)
        (found,) = model.analyse([("1", "一直闪退，请尽快修复")])
        assert [(str(u.intent), u.theme) for u in found.units] == [("bug", "stability")]

    def test_what_a_comment_is_read_beside_does_not_matter(self) -> None:
        model = load_models().comments
        texts = [(str(k), text) for k, text in enumerate(SENTENCES)]
        together = model.analyse(texts)
        assert together == [model.analyse([one])[0] for one in texts]
        assert together == model.analyse(texts[::-1])[::-1]

    def test_the_accurate_encoder_knows_paraphrases(self) -> None:
        same, other, third = load_encoder("accurate").encode(
            ["怎么修改绑定的手机号", "如何更换绑定手机号码", "今天天气真不错"]
        )
        assert same @ other > 0.6 > same @ third
