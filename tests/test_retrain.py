"""Retraining on small files: versions, cards, metrics, and what stays in use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.rehearsal import BaseSet
from feedback_mining.errors import InputError, ModelError, UnreadableFile
from feedback_mining.pipeline.retrain import make_base_set, product_of, retrain
from feedback_mining.registry.models import current, load_models
from feedback_mining.resources import data_dir, models_dir
from feedback_mining.settings import Settings

SEED = data_dir() / "labels" / "seed"
TASKS = {"intent", "theme", "sentiment", "splitter", "specific", "title"}


def part(path: Path, source: str, take: slice, demand: bool = False) -> Path:
    """Some rows of the written corpus as a file of their own; with `demand`, faults are tickets."""
    rows = [json.loads(line) for line in (SEED / source).read_text(encoding="utf-8").splitlines()[take]]
    for unit in (unit for row in rows for unit in row["units"] if demand):
        unit["demand"] = "修复故障" if unit["intent"] == "bug" else None
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("labels")
    return {
        "lamps": part(folder / "lamps.jsonl", "smart_home.jsonl", slice(0, 60), demand=True),
        "lamps_2": part(folder / "lamps_2.jsonl", "smart_home.jsonl", slice(60, 90)),
        "games": part(folder / "games.jsonl", "games.jsonl", slice(0, 80), demand=True),
        "shops": part(folder / "shops.jsonl", "shopping_and_travel.jsonl", slice(0, 70), demand=True),
        "seed": part(folder / "written.jsonl", "single_units.jsonl", slice(0, None, 5)),
    }


@pytest.fixture(scope="module")
def trained(
    files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Path], list[str]]:
    """`(out, the new versions, what was said)`."""
    out = tmp_path_factory.mktemp("out") / "models"
    said: list[str] = []
    gold = [path for name, path in files.items() if name != "seed"]
    folders = retrain(gold, out, settings=Settings(), seed=[files["seed"]], say=said.append)
    return out, folders, said


def test_every_task_gets_a_first_version(trained: tuple[Path, list[Path], list[str]]) -> None:
    out, folders, _ = trained
    assert set(folders) == {p for p in out.glob("*/*") if p.is_dir() and p.parent.name != "encoder"}
    assert {f.parent.name for f in folders} >= TASKS
    assert {f.name for f in folders} == {"1"}
    for folder in folders:
        assert {p.name for p in folder.iterdir()} == {
            "card.md",
            "config.json",
            "metrics.json",
            "weights.safetensors",
        }


def test_metrics_and_cards_tell_data_and_scores(trained: tuple[Path, list[Path], list[str]]) -> None:
    _, folders, _ = trained
    for folder in folders:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        assert metrics["training_comments"] == {
            "games": 80, "lamps": 60, "lamps_2": 30, "shops": 70, "seed": 280,
        }  # fmt: skip
        scores = metrics["held_out_products"]
        assert 0.3 < scores["sentiment"] <= 1
        text = (folder / "card.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {folder.parent.name} 1\n")
        assert f"| theme | {scores['theme']:.3f} |" in text
        assert "| lamps_2 | 30 |" in text


def test_products_are_judged_by_models_that_did_not_see_them(
    trained: tuple[Path, list[Path], list[str]],
) -> None:
    said = trained[2]
    judged = [line.partition("without ")[2] for line in said if "without" in line]
    assert sorted(judged) == ["games", "lamps", "shops"]
    assert said[-1] == "training on 520 comments"


def test_the_first_models_of_a_folder_are_in_use_and_run(trained: tuple[Path, list[Path], list[str]]) -> None:
    out, folders, _ = trained
    versions = current(out)
    encoder = versions.pop("encoder")
    assert encoder == current()["encoder"]
    assert versions == {f.parent.name: "1" for f in folders}
    (analysis,) = load_models(out).comments.analyse([("a", "一打开就闪退\n------\n开发者回复：您好")])
    assert [u.text for u in analysis.units] == ["一打开就闪退"]


def test_later_versions_count_upward_and_leave_the_choice_alone(
    trained: tuple[Path, list[Path], list[str]], files: dict[str, Path]
) -> None:
    out, first, _ = trained
    pointer, weights = (out / "current.json").read_bytes(), (first[0] / "weights.safetensors").read_bytes()
    for name in ("11", "13-draft"):
        (out / "theme" / name).mkdir()
    folders = retrain([files["lamps"]], out, settings=Settings(), seed=[files["seed"]], judge=False)
    assert {f.name for f in folders} == {"12"}
    assert (out / "current.json").read_bytes() == pointer
    assert (first[0] / "weights.safetensors").read_bytes() == weights
    text = (folders[0] / "card.md").read_text(encoding="utf-8")
    assert "| 未评测 | – |" in text
    metrics = json.loads((folders[0] / "metrics.json").read_text(encoding="utf-8"))
    assert metrics == {"held_out_products": {}, "training_comments": {"lamps": 60, "seed": 280}}


def test_the_same_files_give_the_same_weights(files: dict[str, Path], tmp_path: Path) -> None:
    written = part(tmp_path / "w.jsonl", "single_units.jsonl", slice(0, None, 10))
    runs = [
        retrain([files["lamps"]], tmp_path / name, settings=Settings(), seed=[written], judge=False)
        for name in ("one", "two")
    ]
    assert [f.parent.name for f in runs[0]] == [f.parent.name for f in runs[1]]
    for one, other in zip(*runs, strict=True):
        for name in ("weights.safetensors", "config.json"):
            assert (one / name).read_bytes() == (other / name).read_bytes()


def test_the_written_corpus_alone_is_enough(files: dict[str, Path], tmp_path: Path) -> None:
    folders = retrain([], tmp_path / "models", settings=Settings(), seed=[files["seed"]])
    assert {f.parent.name for f in folders} >= TASKS


def test_nothing_to_train_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give at least one"):
        retrain([], tmp_path / "models", settings=Settings(), seed=[])
    assert not (tmp_path / "models").exists()


def test_a_bad_file_is_named_before_anything_is_written(tmp_path: Path, files: dict[str, Path]) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(files["lamps"].read_text(encoding="utf-8") + '{"id": 1}\n', encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"bad\.jsonl line 61 "):
        retrain([bad], tmp_path / "models", settings=Settings(), seed=[])
    with pytest.raises(UnreadableFile, match=r"nowhere\.jsonl"):
        retrain([tmp_path / "nowhere.jsonl"], tmp_path / "models", settings=Settings(), seed=[])
    assert not (tmp_path / "models").exists()


def test_without_an_encoder_nothing_is_trained(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedback_mining.registry.versions.models_dir", lambda: tmp_path)
    (tmp_path / "current.json").write_text('{"intent": "1"}', encoding="utf-8")
    with pytest.raises(ModelError, match="names no version of encoder"):
        retrain([files["lamps"]], tmp_path / "out", settings=Settings(), seed=[])


def test_the_base_set_of_what_is_in_use_holds_every_product(files: dict[str, Path], tmp_path: Path) -> None:
    gold = [path for name, path in files.items() if name != "seed"]
    folder = make_base_set(gold, tmp_path, settings=Settings(), seed=[files["seed"]])
    assert folder == tmp_path / "base" / current()["intent"]
    base = BaseSet.load(folder)
    assert base.products == ("games", "lamps", "shops")
    assert base.classes["theme"] == LinearHead.load(models_dir() / "theme" / current()["theme"]).classes
    right = (base.logs["sentiment"].argmax(axis=1) == base.labels["sentiment"]).mean()
    assert 0.5 < right < 0.99, "neither guesses nor what was learnt by heart"
    with pytest.raises(InputError, match="2 products were given.*at least 3"):
        make_base_set(gold[:3], tmp_path, settings=Settings(), seed=[files["seed"]])


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("meiju_2.jsonl", "meiju"),
        ("meiju.jsonl", "meiju"),
        ("mi_10_3.jsonl", "mi_10"),
        ("app2.jsonl", "app2"),
    ],
)
def test_files_of_one_product_share_its_name(name: str, product: str) -> None:
    assert product_of(Path("somewhere") / name) == product
