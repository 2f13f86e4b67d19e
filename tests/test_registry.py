"""Which models are in use, what each shipped version carries, and registries that are not whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from feedback_mining.classification.heads import LinearHead
from feedback_mining.classification.training import TASKS
from feedback_mining.errors import ModelError
from feedback_mining.registry.cards import card
from feedback_mining.registry.models import current, load_models
from feedback_mining.registry.versions import Registry
from feedback_mining.resources import models_dir

VERSIONS = sorted(p for p in models_dir().glob("*/*") if p.is_dir())
HEADS = [p for p in VERSIONS if p.parent.name not in {"encoder", "base", "reader"}]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def one_line(root: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_models(root)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A copy of what ships, to be damaged."""
    root = tmp_path / "models"
    for task, version in current().items():
        shutil.copytree(models_dir() / task / version, root / task / version)
    shutil.copy(models_dir() / "current.json", root)
    return root


class TestShipped:
    @pytest.mark.parametrize("folder", VERSIONS, ids=name_of)
    def test_every_version_has_a_card_that_says_where_it_is_from(self, folder: Path) -> None:
        text = (folder / "card.md").read_text(encoding="utf-8")
        assert folder.name in text
        for section in ("数据", "许可", "弱点"):
            assert section in text, f"nothing on {section}"
        assert "```" in text, "no command that makes it"

    @pytest.mark.parametrize("folder", HEADS, ids=name_of)
    def test_every_head_has_metrics_and_a_config_that_fit_it(self, folder: Path) -> None:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        assert metrics["training_comments"]
        assert all(0 <= score <= 1 for score in metrics["held_out_products"].values())
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        head = LinearHead.load(folder)
        assert head.classes == tuple(config["classes"])
        assert len(set(head.classes)) == len(head.classes) == len(head.weights) == len(head.bias)
        assert head.temperature > 0
        assert np.isfinite(head.weights).all()
        assert (models_dir() / "encoder" / config["encoder"]).is_dir()

    def test_the_pointer_leads_to_folders_made_for_each_other(self) -> None:
        versions = current()
        assert {"encoder", *TASKS, "splitter", "specific", "title"} <= set(versions)
        for task, version in versions.items():
            assert (models_dir() / task / version).is_dir(), f"{task} {version}"
            if task not in {"encoder", "base", "reader"}:
                config = json.loads(
                    (models_dir() / task / version / "config.json").read_text(encoding="utf-8")
                )
                assert config["encoder"] == versions["encoder"]

    def test_it_loads_and_runs_record_its_versions(self) -> None:
        models = load_models()
        assert models.versions.items() >= current().items()
        assert models.versions["dictionary"] == models.comments.featuriser.segmenter.version
        assert models.versions["grouping-encoder"].startswith(f"{models.versions['encoder']}-")
        assert len(models.version) <= 200, "longer than the column that holds it"
        assert models.encoder is models.comments.featuriser.encoder
        (analysis,) = models.comments.analyse([("a", "一打开就闪退")])
        assert [u.text for u in analysis.units] == ["一打开就闪退"]


class TestPointer:
    @pytest.mark.parametrize("content", [None, "", "{", "[]", '"1"', b"\xff\xfe{"])
    def test_missing_or_damaged_is_one_line(self, registry: Path, content: str | bytes | None) -> None:
        path = registry / "current.json"
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        message = one_line(registry)
        assert message.startswith(f"{path} cannot be read")
        assert "restore models/" in message

    @pytest.mark.parametrize("task", ["encoder", *TASKS, "splitter", "specific", "title"])
    def test_a_task_without_version_is_named(
        self, registry: Path, task: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        versions = current(registry)
        del versions[task]
        (registry / "current.json").write_text(json.dumps(versions), encoding="utf-8")
        monkeypatch.setattr("feedback_mining.registry.versions.models_dir", lambda: registry)
        message = one_line(registry)
        assert f"names no version of {task};" in message
        assert str(registry / "current.json") in message

    def test_a_folder_need_only_name_what_differs(self, registry: Path, tmp_path: Path) -> None:
        team = tmp_path / "team"
        shutil.copytree(registry / "theme" / current()["theme"], team / "theme" / "ours")
        (team / "current.json").write_text('{"theme": "ours"}', encoding="utf-8")
        models = load_models(team)
        assert models.versions.items() >= {**current(), "theme": "ours"}.items()
        assert models.comments.corrections == {}
        assert Registry(team).versions("theme") == [current()["theme"], "ours"]
        assert Registry(team).folder("intent", current()["intent"]).parent.parent == models_dir()

    @pytest.mark.parametrize("task", ["encoder", "theme", "splitter"])
    def test_a_version_that_is_not_there_is_named(
        self, registry: Path, task: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        versions = current(registry) | {task: "99"}
        (registry / "current.json").write_text(json.dumps(versions), encoding="utf-8")
        assert str(registry / task / "99") in one_line(registry)

    def test_a_head_for_other_features_is_refused_when_it_reads(self, registry: Path) -> None:
        folder = registry / "theme" / current(registry)["theme"]
        head = LinearHead.load(folder)
        LinearHead(head.classes, head.weights[:, :-1], head.bias, head.temperature, head.facts).save(folder)
        with pytest.raises(ModelError, match="retrain it"):
            load_models(registry).comments.analyse([("a", "一打开就闪退")])


def test_another_encoder_groups_and_leaves_the_heads_theirs(registry: Path, tmp_path: Path) -> None:
    own = registry / "encoder" / current(registry)["encoder"]
    shutil.copytree(own, tmp_path / "elsewhere")
    models = load_models(registry, encoder=str(tmp_path / "elsewhere"))
    assert models.encoder.version.startswith("elsewhere-")
    assert models.comments.featuriser.encoder.version.startswith(f"{own.name}-")
    assert models.versions["encoder"] == own.name
    assert models.versions["grouping-encoder"] == models.encoder.version
    assert models.version != load_models(registry).version


def test_a_card_holds_what_it_was_given() -> None:
    text = card("theme", "7", {"meiju": 1234, "seed": 5}, {"theme": 0.65432}, {"随机种子": 20})
    assert text.startswith("# theme 7\n")
    for line in ("| meiju | 1,234 |", "| seed | 5 |", "| theme | 0.654 |", "- 随机种子：20"):
        assert line in text.splitlines()
    assert "未评测" not in text
    assert "| 未评测 | – |" in card("theme", "7", {"seed": 5}, {}, {})
