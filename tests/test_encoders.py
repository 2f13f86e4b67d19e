"""Encoders against sentence-transformers itself, on the shipped model and on tiny ones built here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from encoder_fixtures import WORDS

from feedback_mining.encoders import SentenceTransformerEncoder, StaticEncoder, load_encoder
from feedback_mining.errors import ModelError
from feedback_mining.registry.models import current
from feedback_mining.resources import models_dir
from feedback_mining.text.clean import normalise

TEXTS = [
    "一打开就闪退", "验证码一直收不到", "驗證碼一直收不到", "希望增加深色模式", "能不能导出成 Excel", "开屏广告太多了", "客服半天不回",
    "物流很快，包装也好", "性价比高", "蓝牙老是断", "路由器换了以后全部离线", "更新完字体变小了", "要求的权限太多", "队友挂机也不扣分",
    "会员又涨价", "搜索结果不准", "很好用", "垃圾", "还可以吧", "怎么注销账号", "iPad 上不能横屏", "v3.2 以后发热严重", "OK",
    "一般般😤", "👍👍👍", "。。。", "", "哈哈哈哈哈哈", "https://example.com/help 打不开", "Crashes every time on Android 14",
    "备份到网盘失败，重试了十几次还是一样，提示网络异常，但是别的应用都正常，请尽快修复，不然只能换别家了" * 3,
]  # fmt: skip


def one_line_error(name: str) -> str:
    with pytest.raises(ModelError) as caught:
        load_encoder(name)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture(scope="module")
def folder() -> Path:
    return models_dir() / "encoder" / current()["encoder"]


class TestShipped:
    def test_gives_the_vectors_of_sentence_transformers(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        encoder = load_encoder(str(folder))
        assert isinstance(encoder, StaticEncoder)
        mine = encoder.encode(TEXTS)
        assert mine.dtype == np.float32
        assert mine.shape == (len(TEXTS), encoder.dimensions)
        other = SentenceTransformer(str(folder), device="cpu")
        theirs = np.asarray(other.encode([normalise(t) for t in TEXTS]), np.float32)
        lengths = np.linalg.norm(theirs, axis=1)
        known = lengths > 0
        assert known.sum() >= len(TEXTS) - 3
        cosine = (mine[known] * theirs[known]).sum(axis=1) / lengths[known]
        assert cosine.min() >= 0.9999
        assert np.abs(np.linalg.norm(mine[known], axis=1) - 1).max() < 1e-5
        assert not mine[~known].any()

    def test_both_readers_agree(self, folder: Path) -> None:
        static = load_encoder(str(folder))
        general = SentenceTransformerEncoder(str(folder))
        assert (static.version, static.dimensions) == (general.version, general.dimensions)
        assert re.fullmatch(rf"{folder.name}-[0-9a-f]{{8}}", static.version)
        np.testing.assert_allclose(static.encode(TEXTS), general.encode(TEXTS), atol=2e-3)

    def test_a_text_has_its_vector_in_any_company(self, folder: Path) -> None:
        encoder = load_encoder(str(folder))
        together = encoder.encode(TEXTS)
        alone = np.vstack([encoder.encode([text]) for text in reversed(TEXTS)])[::-1]
        np.testing.assert_allclose(together, alone, atol=1e-6)

    def test_what_normalises_alike_has_one_vector(self, folder: Path) -> None:
        one, other = load_encoder(str(folder)).encode(["驗證碼 ＡＰＰ", "<b>验证码</b>  app"])
        np.testing.assert_array_equal(one, other)

    def test_no_text_is_no_row(self, folder: Path) -> None:
        encoder = load_encoder(str(folder))
        assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_a_static_model_of_ones_own_is_read_without_torch(static_folder: Path) -> None:
    code = (
        "import sys; from feedback_mining.encoders import load_encoder; "
        f"e = load_encoder({str(static_folder)!r}); print(e.version, e.encode(['闪退']).shape, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"tiny-static-[0-9a-f]{8} \(1, 8\) False", done.stdout.strip())


def test_a_static_models_vectors_are_means_of_its_table(static_folder: Path) -> None:
    from safetensors.numpy import load_file

    encoder = load_encoder(str(static_folder))
    ((_, table),) = load_file(next(static_folder.rglob("*.safetensors"))).items()
    mean = (table[WORDS.index("闪")] + table[WORDS.index("退")]) / 2
    np.testing.assert_allclose(encoder.encode(["闪退"])[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_a_transformer_is_loaded_from_its_folder(bert_folder: Path) -> None:
    encoder = load_encoder(str(bert_folder))
    assert isinstance(encoder, SentenceTransformerEncoder)
    assert re.fullmatch(r"tiny-bert-[0-9a-f]{8}", encoder.version)
    assert encoder.dimensions == 16
    vectors = encoder.encode(["闪退", "广告太多", "", "閃退"])
    assert vectors.shape == (4, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[3], atol=1e-5)
    assert not np.allclose(vectors[0], vectors[1], atol=1e-3)
    assert encoder.encode([]).shape == (0, 16)


def test_a_name_that_is_nowhere_is_one_line() -> None:
    code = (
        "from feedback_mining.encoders import load_encoder\n"
        "from feedback_mining.errors import ModelError\n"
        "try: load_encoder('no-such-team/no-such-model')\n"
        "except ModelError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, timeout=300,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    (line,) = done.stdout.splitlines()
    assert "'no-such-team/no-such-model' cannot be loaded" in line
    assert "HF_ENDPOINT" in line


@pytest.mark.parametrize("content", ["", "{", '{"a": 1}', "[1]", '[{"idx": 0}]'])
def test_damaged_modules_are_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "modules.json").write_text(content, encoding="utf-8")
    assert str(tmp_path / "modules.json") in one_line_error(str(tmp_path))


def test_a_static_folder_without_its_table_is_one_line(static_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_bytes((static_folder / "modules.json").read_bytes())
    message = one_line_error(str(tmp_path))
    assert str(tmp_path) in message
    assert "model.safetensors" in message
    assert "scripts/train_encoder.py" in message


class TestVersion:
    def test_two_folders_of_one_name_are_told_apart_by_their_content(
        self, static_folder: Path, tmp_path: Path
    ) -> None:
        from safetensors.numpy import load_file, save_file

        same, changed = tmp_path / "a" / static_folder.name, tmp_path / "b" / static_folder.name
        for copy in (same, changed):
            shutil.copytree(static_folder, copy)
        table_file = next(changed.rglob("*.safetensors"))
        save_file({name: table + 1 for name, table in load_file(table_file).items()}, table_file)
        versions = [load_encoder(str(folder)).version for folder in (static_folder, same, changed)]
        assert versions[0] == versions[1] != versions[2]

    @pytest.mark.parametrize("name", ["README.md", "metrics.json", ".cache"])
    def test_what_is_written_about_it_does_not_count(
        self, static_folder: Path, tmp_path: Path, name: str
    ) -> None:
        copy = tmp_path / static_folder.name
        shutil.copytree(static_folder, copy)
        (copy / name).write_text("{}", encoding="utf-8")
        assert load_encoder(str(copy)).version == load_encoder(str(static_folder)).version

    def test_a_setting_of_a_pooling_counts(self, bert_folder: Path, tmp_path: Path) -> None:
        copy = tmp_path / bert_folder.name
        shutil.copytree(bert_folder, copy)
        config = next(copy.rglob("*Pooling/config.json"))
        assert "mean" in config.read_text("utf-8")
        config.write_text(config.read_text("utf-8").replace('"mean"', '"cls"'), "utf-8")
        one, other = load_encoder(str(bert_folder)), load_encoder(str(copy))
        assert one.version != other.version
        assert not np.allclose(one.encode(["闪退"]), other.encode(["闪退"]), atol=1e-4)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def mirror(bert_folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A hub on 127.0.0.1 with one model, `team/tiny`: its address, and the paths it was asked for."""
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            if path == "/api/models/team/tiny":
                return self._answer(200, b'{"id": "team/tiny"}', Content_Type="application/json")
            file = re.fullmatch(rf"/team/tiny/resolve/(?:main|{COMMIT})/(.+)", path)
            if file and (bert_folder / file[1]).is_file():
                body = (bert_folder / file[1]).read_bytes()
                return self._answer(200, body, ETag=f'"{abs(hash(file[1])):x}"', X_Repo_Commit=COMMIT)
            return self._answer(404, b"", X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)

        do_HEAD = do_GET  # noqa: N815 - so named by http.server

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def load_from_hub(home: Path, **environment: str) -> str:
    code = (
        "from feedback_mining.encoders import load_encoder\n"
        "from feedback_mining.errors import ModelError\n"
        "try: e = load_encoder('team/tiny'); print(e.version, *e.encode(['闪退'])[0].round(4))\n"
        "except ModelError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300,
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1",
             **environment},
    )  # fmt: skip
    return done.stdout.strip()


def test_a_mirror_is_asked_and_its_model_serves_offline_from_then_on(
    mirror: tuple[str, list[str]], bert_folder: Path, tmp_path: Path
) -> None:
    address, asked = mirror
    told = load_from_hub(tmp_path, HF_ENDPOINT=address)
    version, *vector = told.split()
    assert version == f"team/tiny@{COMMIT[:12]}"
    mine = load_encoder(str(bert_folder)).encode(["闪退"])[0]
    np.testing.assert_allclose(np.array(vector, np.float32), mine, atol=1e-3)
    assert any(path.endswith("/model.safetensors") for path in asked)
    assert load_from_hub(tmp_path, HF_ENDPOINT=address, HF_HUB_OFFLINE="1") == told


def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    (line,) = load_from_hub(tmp_path, HF_ENDPOINT="http://127.0.0.1:9").splitlines()
    assert line.startswith("The encoder 'team/tiny' cannot be loaded")
    assert "HF_ENDPOINT" in line
    assert "name its folder" in line
