"""The vector cache, around the encoder that ships and real files."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from feedback_mining.cli import main
from feedback_mining.encoders import Encoder, Vectors, load_encoder
from feedback_mining.pipeline.reader import Reader
from feedback_mining.registry.models import current
from feedback_mining.resources import models_dir
from feedback_mining.settings import Settings
from feedback_mining.storage import open_store
from feedback_mining.storage.vectors import CachedEncoder

TEXTS = ["一打开就闪退", "驗證碼收不到", "验证码收不到", "", "😤\ud83d", "广告太多"]


class Counting:
    """A real encoder that remembers what it was asked to encode."""

    def __init__(self, encoder: Encoder, version: str | None = None) -> None:
        self.encoder, self.asked = encoder, list[str]()
        self.version, self.dimensions = version or encoder.version, encoder.dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked.extend(texts)
        return self.encoder.encode(texts)


@pytest.fixture(scope="module")
def static() -> Encoder:
    return load_encoder(str(models_dir() / "encoder" / current()["encoder"]))


def rows(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
    connection.close()
    return int(count)


def test_a_second_run_encodes_nothing_and_has_the_same_vectors(static: Encoder, tmp_path: Path) -> None:
    counting = Counting(static)
    first = CachedEncoder(counting, tmp_path).encode(TEXTS)
    assert len(counting.asked) == 5, "two of the texts are alike once normalised"
    again = CachedEncoder(counting, tmp_path).encode([*TEXTS[::-1], "新的一句"])
    assert counting.asked[5:] == ["新的一句"]
    np.testing.assert_array_equal(again[:-1], first[::-1])
    np.testing.assert_allclose(first, static.encode(TEXTS), atol=1e-6)


def test_nothing_to_encode_has_the_right_shape(static: Encoder, tmp_path: Path) -> None:
    assert CachedEncoder(static, tmp_path).encode([]).shape == (0, static.dimensions)


def test_another_encoder_has_its_own_vectors(static: Encoder, tmp_path: Path) -> None:
    one, other = Counting(static), Counting(static, "team/名 字@0123/../..")
    CachedEncoder(one, tmp_path).encode(TEXTS)
    cached = CachedEncoder(other, tmp_path)
    cached.encode(TEXTS)
    assert len(other.asked) == 5
    assert cached.path.parent == tmp_path
    assert len(list(tmp_path.glob("vectors-*.db"))) == 2


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 300])
def test_a_damaged_file_is_made_anew_with_a_warning(
    static: Encoder, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    cached = CachedEncoder(static, tmp_path)
    cached.encode(TEXTS)
    cached.path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(cached.encode(TEXTS), static.encode(TEXTS), atol=1e-6)
    assert ("made anew" in caplog.text) == bool(content)
    assert rows(cached.path) == 5


def test_vectors_that_cannot_be_right_are_encoded_again(static: Encoder, tmp_path: Path) -> None:
    cached = CachedEncoder(static, tmp_path)
    cached.encode(TEXTS)
    with sqlite3.connect(cached.path) as connection:
        connection.execute(
            "UPDATE vectors SET vector = ? WHERE number = 1", (b"\xff" * 4 * static.dimensions,)
        )
        connection.execute("UPDATE vectors SET vector = ? WHERE number = 2", (b"\0" * 3,))
    connection.close()
    np.testing.assert_allclose(cached.encode(TEXTS), static.encode(TEXTS), atol=1e-6)


def test_the_oldest_vectors_make_room(static: Encoder, tmp_path: Path) -> None:
    counting = Counting(static)
    cached = CachedEncoder(counting, tmp_path, limit=4 * static.dimensions * 10)
    cached.encode([f"第{number}句" for number in range(25)])
    assert rows(cached.path) == 10
    counting.asked.clear()
    cached.encode(["第24句", "第0句"])
    assert counting.asked == ["第0句"]


def test_a_place_that_cannot_be_written_slows_and_stops_nothing(
    static: Encoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    vectors = CachedEncoder(static, tmp_path / "file" / "below").encode(TEXTS)
    np.testing.assert_allclose(vectors, static.encode(TEXTS), atol=1e-6)
    assert "is not used" in caplog.text


def test_several_writers_share_one_file(static: Encoder, tmp_path: Path) -> None:
    def fill(start: int) -> None:
        cached = CachedEncoder(static, tmp_path)  # each call opens the file anew, as another process does
        for number in range(start, start + 60, 3):
            cached.encode([f"第{k}句" for k in range(number, number + 3)])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(fill, (0, 15, 30)))
    (path,) = tmp_path.glob("vectors-*.db")
    assert rows(path) == 90
    counting = Counting(static)
    CachedEncoder(counting, tmp_path).encode([f"第{k}句" for k in range(90)])
    assert counting.asked == []


def test_vectors_of_a_slow_encoder_lie_beside_the_store(tmp_path: Path, bert_folder: Path) -> None:
    settings = Settings(encoder=str(bert_folder))
    with open_store(f"sqlite:///{tmp_path}/a.db") as store:
        reader = Reader.of(settings, store)
        assert reader.tracker("产品").encode(["闪退"]).shape == (1, 16)
    (path,) = tmp_path.glob("vectors-tiny-bert-*.db")
    assert rows(path) == 1
    elsewhere = Reader.of(settings.model_copy(update={"vectors": tmp_path / "cache"}))
    elsewhere.tracker("产品").encode(["闪退"])
    assert len(list((tmp_path / "cache").glob("vectors-*.db"))) == 1


def test_the_static_encoder_is_not_cached(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/a.db") as store:
        Reader.of(Settings(), store).tracker("产品").encode(["闪退"])
    assert list(tmp_path.glob("vectors-*")) == []


def test_a_week_is_mined_with_another_encoder_and_its_vectors_serve_the_next_run(
    tmp_path: Path, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBACK_MINING_ENCODER", str(bert_folder))
    export = tmp_path / "a.csv"
    said = ["一打开就闪退", "登录验证码收不到", "广告太多了", "卡顿得不能用"]
    lines = [f"{k},u{k},{said[k % 4]}啊{'啊' * (k // 4)},2026-03-0{k % 5 + 2} 10:00" for k in range(24)]
    export.write_text("编号,作者,内容,时间\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert main(["run", str(export), "--product", "云记账", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("vectors-tiny-bert-*.db")
    first = rows(path)
    (backlog,) = tmp_path.glob("*/backlog.json")
    content = json.loads(backlog.read_text(encoding="utf-8"))
    assert content["versions"]["models"]["grouping-encoder"].startswith("tiny-bert-")
    assert first > 0
    assert content["items"]
    assert main(["mine", "--out", str(tmp_path)]) == 0
    assert rows(path) == first
