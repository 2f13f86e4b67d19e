"""A team's own taxonomy: read cold, and by a model that was trained on its labels."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedback_mining.classification.themes import cold_head
from feedback_mining.cli import main
from feedback_mining.errors import InputError, ModelError
from feedback_mining.pipeline.own_themes import with_own_themes
from feedback_mining.pipeline.reader import Reader
from feedback_mining.registry.models import Models, load_models
from feedback_mining.settings import load_settings
from feedback_mining.taxonomy import Taxonomy, shipped


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models()


def comments(path: Path) -> Path:
    texts = [
        "百公里油耗才六个油，很省油",
        "后备箱空间太小，放不下行李",
        "刹车失灵，太不安全了",
        "内饰塑料感太强",
    ]
    rows = [{"id": f"c{k}", "text": text} for k, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def themes_of(path: Path) -> list[str]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [unit["theme"] for row in rows for unit in row["units"][:1]]


@pytest.mark.parametrize("name", sorted(set(shipped()) - {"default"}))
def test_what_ships_maps_to_the_default_and_says_its_own_seeds(name: str, models: Models) -> None:
    taxonomy = Taxonomy.load(name)
    comments = models.comments
    head = cold_head(taxonomy, comments.heads["theme"], comments.featuriser)
    seeds = [(theme.id, seed) for theme in taxonomy.themes for seed in theme.seeds]
    texts = [seed for _, seed in seeds]
    said = head.probabilities(comments.featuriser.transform(texts, texts, np.arange(len(texts))))
    right = [head.classes[k] == theme for k, (theme, _) in zip(said.argmax(axis=1), seeds, strict=True)]
    assert np.mean(right) > 0.8
    assert said.sum(axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-4)


def test_a_renamed_default_still_knows_what_the_default_knows(models: Models) -> None:
    default = Taxonomy.load()
    themes = tuple(replace(t, id=f"own_{t.id}", maps_to=t.id) for t in default.themes)
    head = cold_head(
        replace(default, themes=themes), models.comments.heads["theme"], models.comments.featuriser
    )
    texts = ["一打开就闪退", "客服半天不回", "快递三天才到", "广告太多", "登录不上去", "充了会员还扣钱"]
    rows = models.comments.featuriser.transform(texts, texts, np.arange(len(texts)))
    own = head.probabilities(rows).argmax(axis=1)
    known = models.comments.heads["theme"].probabilities(rows).argmax(axis=1)
    assert [head.classes[k].removeprefix("own_") for k in own] == [models.comments.heads["theme"].classes[k] for k in known]  # fmt: skip


def test_a_cold_taxonomy_is_less_sure_of_what_it_has_no_words_for(models: Models) -> None:
    comments = models.comments
    head = cold_head(Taxonomy.load("cars"), comments.heads["theme"], comments.featuriser)
    texts = ["百公里油耗太高，费油", "昨天下午三点多出门"]
    sure, guess = head.probabilities(comments.featuriser.transform(texts, texts, [0, 1])).max(axis=1)
    assert guess < sure


def test_analyze_reads_the_themes_that_are_asked_for(tmp_path: Path) -> None:
    data, out = comments(tmp_path / "cars.jsonl"), tmp_path / "units.jsonl"
    assert main(["analyze", str(data), "--output", str(out), "--taxonomy", "cars"]) == 0
    assert themes_of(out) == ["fuel", "space", "safety", "interior"]


def test_a_model_trained_on_the_taxonomy_stands_in_for_it(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = ["这车", "新车", "朋友的车", "试驾的那辆", "老款", "同级里", "提车后", "总的说"]
    words = {"油耗": "百公里油耗太高", "空间": "后备箱空间太小", "安全性": "刹车失灵", "内饰": "内饰塑料感强"}
    rows = [
        {"text": f"{start}{word}", "labels": [{"theme": theme}]}
        for start, (theme, word) in product(starts, words.items())
    ]
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    folder = tmp_path / "model"
    assert main(["train", "theme", "--data", str(data), "--taxonomy", "cars", "--out", str(folder)]) == 0
    assert Taxonomy.load(folder) == Taxonomy.load("cars")
    out = tmp_path / "units.jsonl"
    found = comments(tmp_path / "cars.jsonl")
    assert main(["analyze", str(found), "--output", str(out), "--taxonomy", str(folder)]) == 0
    assert themes_of(out) == ["fuel", "space", "safety", "interior"]
    monkeypatch.setenv("FEEDBACK_MINING_TAXONOMY", str(folder))
    reader = Reader.of(load_settings())
    assert reader.models.versions["own-theme"].startswith("cars-1-")
    assert reader.models.version != models.version
    config = json.loads((folder / "model.json").read_text("utf-8"))
    (folder / "model.json").write_text(json.dumps(config | {"encoder_version": "other"}), "utf-8")
    with pytest.raises(ModelError, match="trained with the encoder other"):
        with_own_themes(models, reader.taxonomy, load_settings())


def test_a_theme_that_maps_nowhere_is_named(models: Models) -> None:
    cars = Taxonomy.load("cars")
    wrong: Any = replace(cars, themes=(replace(cars.themes[0], maps_to="engine"), *cars.themes[1:]))
    with pytest.raises(InputError, match="maps to engine"):
        cold_head(wrong, models.comments.heads["theme"], models.comments.featuriser)
