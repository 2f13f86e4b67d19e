"""Training on plain files and labelling others, from the command line and back."""

from __future__ import annotations

import csv
import gzip
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedback_mining.classification.examples import read_examples
from feedback_mining.classification.features import FeatureConfig, Featuriser
from feedback_mining.classification.text_training import TextTraining, train_text_model
from feedback_mining.cli import main
from feedback_mining.encoders import JoinedEncoder, load_encoder
from feedback_mining.errors import InputError, MissingColumn, UnreadableFile
from feedback_mining.resources import models_dir
from feedback_mining.text.segment import Segmenter

CARS = ["这台车", "同事那辆", "去年买的", "试驾下来", "开了三个月", "朋友说", "总体看", "老实讲"]
GOOD = {"动力": "发动机提速很猛", "油耗": "百公里省油", "空间": "后备箱特别宽敞"}
BAD = {"动力": "发动机提速太肉", "油耗": "百公里费油", "空间": "后备箱特别局促"}


def aspect_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for start, theme in product(CARS, GOOD):
        rows.append({"text": f"{start}{GOOD[theme]}", "labels": [{"theme": theme, "sentiment": 1}]})
        rows.append({"text": f"{start}{BAD[theme]}", "labels": [{"theme": theme, "sentiment": -1}]})
    for start, (one, other) in product(CARS[:4], [("动力", "油耗"), ("空间", "动力"), ("油耗", "空间")]):
        rows.append({
            "text": f"{start}{GOOD[one]}，但是{BAD[other]}",
            "labels": [{"theme": one, "sentiment": 1}, {"theme": other, "sentiment": -1}],
        })  # fmt: skip
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def featuriser() -> Featuriser:
    (folder,) = (models_dir() / "encoder").glob("static-*")
    return Featuriser(Segmenter(), load_encoder(str(folder)), FeatureConfig(context_vector_weight=0.0))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aspects")
    data = write(folder / "train.jsonl.gz", aspect_rows())
    assert main(["train", "theme", "--data", str(data), "--taxonomy", "cars", "--out", str(folder / "m")]) == 0  # fmt: skip
    return folder / "m"


class TestAspects:
    def test_each_aspect_gets_its_own_sentiment(self, model: Path, tmp_path: Path) -> None:
        rows = [
            {"text": "周末开的发动机提速很猛，但是百公里费油", "id": 7},
            {"text": "后备箱特别局促"},
        ]
        out = tmp_path / "pred.jsonl"
        data = write(tmp_path / "test.jsonl", rows)
        assert main(["predict", "--model", str(model), "--data", str(data), "--output", str(out)]) == 0
        found = read(out)
        assert [row["text"] for row in found] == [row["text"] for row in rows]
        assert found[0]["id"] == 7
        assert "id" not in found[1]
        said = [{(label["theme"], label["sentiment"]) for label in row["labels"]} for row in found]
        assert said == [{("动力", 1), ("油耗", -1)}, {("空间", -1)}]
        assert all(0 < label["probability"] <= 1 for row in found for label in row["labels"])

    def test_the_folder_tells_what_it_is_and_holds_no_texts(self, model: Path) -> None:
        names = {path.name for path in model.rglob("*") if path.is_file()}
        assert names == {
            "model.json",
            "config.json",
            "weights.safetensors",
            "metrics.json",
            "card.md",
            "taxonomy.yaml",
        }
        metrics = json.loads((model / "metrics.json").read_text("utf-8"))
        assert metrics["label_and_sentiment_micro_f1"] > 0.9
        assert len(metrics["designs"]) >= 3
        config = json.loads((model / "model.json").read_text("utf-8"))
        assert config["taxonomy"] == "cars-1"
        assert config["encoders"]
        assert "static" in (model / "card.md").read_text("utf-8")
        assert not any("后备箱" in p.read_text("utf-8") for p in model.rglob("*.[jm][sd]*") if p.is_file())

    def test_rows_that_cannot_be_used_keep_their_place(
        self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        data = tmp_path / "test.jsonl"
        data.write_text(
            '{"text": "百公里省油"}\n{"text": ""}\nnot json\n[1]\n{"text": "百公里费油"}\n', "utf-8"
        )
        assert main(["predict", "--model", str(model), "--data", str(data), "--output", "-"]) == 0
        shown = capsys.readouterr()
        found = [json.loads(line) for line in shown.out.splitlines()]
        assert [row.get("line") for row in found] == [None, 2, 3, 4, None]
        assert [bool(row["labels"]) for row in found] == [True, False, False, False, True]
        assert "第 2 行" in shown.err

    def test_labels_outside_the_taxonomy_are_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        data = write(tmp_path / "a.jsonl", aspect_rows())
        assert main(["train", "theme", "--data", str(data), "--taxonomy", "games", "--out", str(tmp_path / "m")]) == 2  # fmt: skip
        assert "动力" in capsys.readouterr().err
        assert not (tmp_path / "m").exists()


def test_one_label_a_text_from_a_table(tmp_path: Path) -> None:
    data = tmp_path / "train.csv"
    with data.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        table.writerows((f"{start}{GOOD[theme]}", theme) for start, theme in product(CARS, GOOD))
    assert main(["train", "topic", "--data", str(data), "--out", str(tmp_path / "m"), "--lang", "en"]) == 0
    test = tmp_path / "test.tsv"
    test.write_text("id\ttext\n1\t百公里真省油\n2\t后备箱宽敞\n", encoding="utf-8")
    out = tmp_path / "pred.jsonl"
    assert main(["predict", "--model", str(tmp_path / "m"), "--data", str(test), "--output", str(out)]) == 0
    assert [[label["label"] for label in row["labels"]] for row in read(out)] == [["油耗"], ["空间"]]
    assert "accuracy" in json.loads((tmp_path / "m" / "metrics.json").read_text("utf-8"))


def test_the_order_of_rows_does_not_matter(featuriser: Featuriser, tmp_path: Path) -> None:
    rows = aspect_rows()
    one, other = (
        train_text_model(read_examples(write(tmp_path / name, some)).rows, featuriser).model
        for name, some in (("a.jsonl", rows), ("b.jsonl", rows[::-1]))
    )
    assert np.array_equal(one.head.weights, other.head.weights)
    assert one.threshold == other.threshold


def test_labels_that_contradict_the_texts_are_left_out(featuriser: Featuriser, tmp_path: Path) -> None:
    rows = [
        {"text": f"{start}{GOOD[theme]}{end}", "label": theme}
        for start, theme, end in product(CARS, GOOD, ["", "了", "呢"])
    ]
    wrong = rows[5::12]
    for row in wrong:
        row["label"] = "动力" if row["label"] != "动力" else "油耗"
    examples = read_examples(write(tmp_path / "a.jsonl", rows)).rows
    trained = train_text_model(examples, featuriser, TextTraining(noisy=True))
    assert len(wrong) * 0.5 <= trained.scores["left_out"] <= len(wrong) * 1.5
    assert {p.label for [p] in trained.model.predict(["百公里省油", "新车百公里省油呢"])} == {"油耗"}


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.txt", "x", UnreadableFile),
        ("a.jsonl", "", UnreadableFile),
        ("a.jsonl", '{"text": "好"}\n', UnreadableFile),
        ("a.jsonl", '{"text": "好", "label": 1.5}\n', UnreadableFile),
        ("a.csv", "内容,label\n好,1\n", MissingColumn),
        ("a.jsonl.gz", "not gzip", UnreadableFile),
    ],
)
def test_files_without_labelled_texts_are_refused(
    tmp_path: Path, name: str, content: str, error: type[InputError]
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(error, match="expected"):
        read_examples(path)


def test_rows_in_every_form(tmp_path: Path) -> None:
    forms = [
        {"text": "一", "labels": [{"theme": "a", "sentiment": 0}, {"theme": "a", "sentiment": 1}]},
        {"text": "二", "labels": ["a", "b"]},
        {"text": "三", "label": 3},
        {"text": "四", "theme": "a|b"},
        {"text": "五", "labels": []},
        {"text": "六", "theme": "a", "sentiment": -1},
    ]
    rows = read_examples(write(tmp_path / "a.jsonl", forms), "theme").rows
    assert [row.labels for row in rows] == [("a",), ("a", "b"), (3,), ("a", "b"), (), ("a",)]
    assert [row.sentiments for row in rows][::5] == [(0,), (-1,)]


def test_too_little_is_said_to_be_too_little(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "a.jsonl", [{"text": f"{k} 号", "label": "a"} for k in range(30)])
    assert main(["train", "x", "--data", str(data), "--out", str(tmp_path / "m")]) == 2
    assert "at least two labels" in capsys.readouterr().err
    assert main(["train", "theme", "--noisy", "--out", str(tmp_path / "m")]) == 2
    assert "--data" in capsys.readouterr().err
    several = write(tmp_path / "several.jsonl", aspect_rows())
    assert main(["train", "theme", "--data", str(several), "--noisy", "--out", str(tmp_path / "m")]) == 2
    assert "without --noisy" in capsys.readouterr().err
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    assert main(["train", "x", "--data", str(data), "--out", str(tmp_path / "other")]) == 2
    assert "something else" in capsys.readouterr().err
    assert main(["predict", "--model", str(tmp_path), "--data", str(data), "--output", "-"]) == 1
    assert "No text model" in capsys.readouterr().err


def test_joined_encoders_give_each_its_share() -> None:
    (folder,) = (models_dir() / "encoder").glob("static-*")
    one = load_encoder(str(folder))
    both = JoinedEncoder([one, one])
    vectors = both.encode(["连不上设备", ""])
    assert vectors.shape == (2, both.dimensions) == (2, 2 * one.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0], abs=1e-5)
