"""Corrections: what labels change in a base, what they leave alone, versions, promotions, and going back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from feedback_mining.classification.correction import Correction, Rehearsal, fit_correction
from feedback_mining.classification.labelling import LabelledComment, read_labels
from feedback_mining.classification.rehearsal import BaseSet, quantised, restored
from feedback_mining.classification.training import TASKS
from feedback_mining.errors import InputError, ModelError
from feedback_mining.pipeline.base_set import build_base_set, save_base_set, unseen_chances
from feedback_mining.pipeline.corrections import TrainedVersion, train_from_labels
from feedback_mining.pipeline.promote import compare_versions, promote_version, rollback
from feedback_mining.registry.models import load_base_set, load_models
from feedback_mining.registry.promotions import history, switch
from feedback_mining.registry.versions import Registry, current
from feedback_mining.resources import data_dir
from feedback_mining.settings import Settings

SEED = data_dir() / "labels" / "seed"
OURS = "performance"  # what the team calls faults of the connection


def written(source: str, count: int) -> list[LabelledComment]:
    return [c for c in read_labels([SEED / source]) if c.units][:count]


def statements(count: int) -> list[LabelledComment]:
    """As many single statements about the connection as about anything else."""
    every = written("single_units.jsonl", 2000)
    about = [c for c in every if c.units[0].theme == "connectivity"]
    others = [c for c in every if c.units[0].theme != "connectivity"]
    return [*about[: count // 2], *others[:: len(others) // (count // 2)][: count // 2]]


def relabelled(comments: Sequence[LabelledComment]) -> list[LabelledComment]:
    return [
        replace(
            c, units=tuple(replace(u, theme=OURS if u.theme == "connectivity" else u.theme) for u in c.units)
        )
        for c in comments
    ]


def label_file(path: Path, comments: Sequence[LabelledComment]) -> Path:
    rows = [
        {
            "id": c.id,
            "text": c.text,
            "units": [
                {
                    "span": c.text[u.start : u.end],
                    "intent": u.intent,
                    "theme": u.theme,
                    "sentiment": u.sentiment,
                }
                for u in c.units
            ],
            "signals": list(c.signals),
        }
        for c in comments
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with a base set of what other products' comments say."""
    out = tmp_path_factory.mktemp("team") / "models"
    model = load_models().comments
    products = {
        name: written(f"{name}.jsonl", 60) for name in ("games", "shopping_and_travel", "media_and_social")
    }
    classes = {task: model.heads[task].classes for task in TASKS}
    chances = unseen_chances([(model, c) for c in products.values()], classes)
    out.mkdir()
    version = Registry().base()["intent"]
    (out / "current.json").write_text("{}", encoding="utf-8")
    save_base_set(build_base_set(version, products, chances, classes, model.featuriser), out, model)
    return out


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team that files faults of the connection under performance."""
    return label_file(tmp_path_factory.mktemp("labels") / "ours.jsonl", relabelled(statements(120)))


@pytest.fixture(scope="module")
def trained(base_folder: Path, labels: Path) -> TrainedVersion:
    return train_from_labels("theme", settings=Settings(), out=base_folder, labels=[labels])[0]


@pytest.fixture
def team(base_folder: Path, trained: TrainedVersion, tmp_path: Path) -> Registry:
    """A folder of its own with the trained version, nothing promoted yet."""
    shutil.copytree(base_folder, tmp_path / "models")
    return Registry(tmp_path / "models")


class TestFit:
    rows = csr_matrix(np.array([[1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0]], np.float32).repeat(5, axis=0))
    base = np.full((20, 2), 0.5, np.float32)
    labels = np.array([0, 0, 1, 1]).repeat(5)

    def test_labels_move_what_they_speak_of(self) -> None:
        found = fit_correction(self.rows, self.base, self.labels, ("a", "b"), 0.1)
        after = found.applied(self.base, self.rows)
        assert (after.argmax(axis=1) == self.labels).all()
        assert after.sum(axis=1) == pytest.approx(1)

    def test_a_row_without_known_columns_keeps_the_bases_answer(self) -> None:
        wide = csr_matrix((20, 3), dtype=np.float32)
        found = fit_correction(self.rows, self.base, self.labels, ("a", "b"), 0.1)
        certain = np.tile(np.array([[0.9, 0.1]], np.float32), (20, 1))
        assert found.applied(certain, wide) == pytest.approx(certain, abs=0.02)

    def test_a_heavy_penalty_leaves_the_base(self) -> None:
        found = fit_correction(self.rows, self.base, self.labels, ("a", "b"), 1e6)
        assert found.applied(self.base, self.rows) == pytest.approx(self.base, abs=1e-3)

    def test_what_agrees_with_the_base_changes_little(self) -> None:
        sure = np.where(self.labels[:, None] == np.arange(2), 0.999, 0.001).astype(np.float32)
        found = fit_correction(self.rows, sure, self.labels, ("a", "b"), 0.1)
        assert np.abs(found.weights).max(initial=0) < 0.1

    def test_rehearsal_holds_the_base_where_labels_do_not_reach(self) -> None:
        """Column 2 occurs in labels of class b alone, and in the base's units, which are of class a."""
        rows = csr_matrix(np.array([[0, 0, 1.0]] * 10, np.float32))
        chances, labels = np.full((10, 2), 0.5, np.float32), np.ones(10, np.int64)
        away = np.tile(np.array([[0.8, 0.2]], np.float32), (50, 1))
        vectors = np.ones((50, 1), np.float32)
        plain = fit_correction(rows, chances, labels, ("a", "b"), 0.1)
        kept = fit_correction(
            rows, chances, labels, ("a", "b"), 0.1,
            rehearsal=Rehearsal(vectors, away, 4.0, np.array([0, 0, 50], np.float32)),
        )  # fmt: skip
        other = csr_matrix(np.array([[0, 0, 1.0]] * 50, np.float32))
        assert plain.applied(away, other)[0, 0] < 0.4
        assert kept.applied(away, other)[0, 0] > 0.7

    def test_saved_and_loaded_it_says_the_same(self, tmp_path: Path) -> None:
        found = fit_correction(self.rows, self.base, self.labels, ("a", "b"), 0.1)
        found.save(tmp_path / "v")
        again = Correction.load(tmp_path / "v")
        assert (again.applied(self.base, self.rows) == found.applied(self.base, self.rows)).all()
        assert again.classes == ("a", "b")

    def test_other_rows_are_refused(self, tmp_path: Path) -> None:
        found = fit_correction(self.rows, self.base, self.labels, ("a", "b"), 0.1)
        with pytest.raises(ModelError, match="reads 3 columns and 2 classes and was given 4 and 2"):
            found.applied(self.base, csr_matrix((20, 4), dtype=np.float32))
        with pytest.raises(ModelError, match=r"No correction in .*nowhere"):
            Correction.load(tmp_path / "nowhere")


class TestBaseSet:
    def test_it_holds_no_words_and_reads_back(self, base_folder: Path) -> None:
        base = load_base_set(Registry(base_folder))
        assert base is not None
        folder = base_folder / "base" / base.version
        again = BaseSet.load(folder)
        assert len(again) == len(base) > 150
        assert (again.vectors == base.vectors).all()
        content = b"".join(path.read_bytes() for path in folder.iterdir())
        for comment in written("games.jsonl", 60):
            assert comment.text.encode() not in content
        assert again.chances("theme").sum(axis=1) == pytest.approx(1, abs=0.01)

    def test_it_says_from_when_on_a_label_is_sure(self, base_folder: Path) -> None:
        base = load_base_set(Registry(base_folder))
        assert base is not None
        facts = base.facts["certainty"]
        assert 0 < facts["threshold"] <= 1
        assert facts["reached"] >= facts["precision"] == 0.8
        model = load_models(base_folder).comments
        assert model.sure_from == facts["threshold"]
        *_, confidence = model.labels({task: base.chances(task) for task in TASKS})
        assert (confidence >= facts["threshold"]).mean() == pytest.approx(facts["share"], abs=0.01)
        assert load_models().comments.sure_from >= 0.4

    def test_vectors_survive_their_bytes(self) -> None:
        vectors = np.random.default_rng(1).normal(size=(50, 64)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors[3] = 0
        assert np.abs(restored(quantised(vectors)) - vectors).max() < 0.005
        assert restored(quantised(np.zeros((0, 4), np.float32))).shape == (0, 4)

    def test_of_other_base_models_it_is_not_used(self, base_folder: Path, tmp_path: Path) -> None:
        shutil.copytree(base_folder, tmp_path / "models")
        version = next((tmp_path / "models" / "base").iterdir())
        config = json.loads((version / "config.json").read_text(encoding="utf-8"))
        (version / "config.json").write_text(json.dumps(config | {"version": "0"}), encoding="utf-8")
        assert load_base_set(Registry(tmp_path / "models")) is None


class TestTraining:
    def test_labels_mend_a_planted_confusion(self, trained: TrainedVersion) -> None:
        assert trained.wins
        assert trained.comparison.difference.low > 0
        metrics = json.loads((trained.folder / "metrics.json").read_text(encoding="utf-8"))
        f1 = {
            side: {row["name"]: row["f1"]["value"] for row in metrics[side]["classes"]}
            for side in ("champion", "challenger")
        }
        assert f1["challenger"][OURS] > f1["champion"][OURS] + 0.1
        assert metrics["challenger"]["accuracy"]["value"] > metrics["champion"]["accuracy"]["value"]
        assert sum(map(sum, metrics["challenger"]["confusion"])) == metrics["judged_units"]

    def test_the_base_is_not_forgotten(self, trained: TrainedVersion, base_folder: Path) -> None:
        """On whole comments of other products, n-grams and all, not only on what the report can see."""
        assert trained.elsewhere is not None
        assert trained.elsewhere.difference.high >= -0.01
        model = load_models().comments
        comments = written("tools_and_education.jsonl", 150)
        places = [(k, u.start, u.end) for k, c in enumerate(comments) for u in c.units]
        rows, chances = model.unit_chances([c.text for c in comments], places)
        after = Correction.load(trained.folder).applied(chances["theme"], rows)
        truth = np.array([u.theme for c in comments for u in c.units])
        names = np.array(model.heads["theme"].classes)
        about = truth != "connectivity"  # which the team calls otherwise
        right = [(names[p.argmax(axis=1)] == truth)[about].mean() for p in (chances["theme"], after)]
        assert right[1] >= right[0] - 0.03  # of 177 units

    def test_the_folder_tells_everything(self, trained: TrainedVersion) -> None:
        assert {p.name for p in trained.folder.iterdir()} == {
            "card.md", "config.json", "correction.safetensors", "held_out.safetensors", "metrics.json",
            "report.html", "confusion.svg", "calibration.svg",
        }  # fmt: skip
        card = (trained.folder / "card.md").read_text(encoding="utf-8")
        assert card.startswith(f"# theme {trained.version}\n")
        for part in ("数据与来源", "许可", "留出", "弱点", "feedback-mining train theme", "ours.jsonl"):
            assert part in card
        page = (trained.folder / "report.html").read_text(encoding="utf-8")
        assert page.count("<svg") == 2
        assert "连接与同步" in page
        assert "nan" not in page.lower().replace("finance", "")
        config = json.loads((trained.folder / "config.json").read_text(encoding="utf-8"))
        assert config["base"] == {part: current()[part] for part in ("encoder", "reader", "theme")}

    def test_the_same_labels_in_any_order_give_the_same_bytes(
        self, trained: TrainedVersion, base_folder: Path, labels: Path, tmp_path: Path
    ) -> None:
        lines = labels.read_text(encoding="utf-8").splitlines(keepends=True)
        other = tmp_path / "ours.jsonl"
        other.write_text("".join(reversed(lines)), encoding="utf-8")
        shutil.copytree(base_folder / "base", tmp_path / "models" / "base")
        shutil.copy(base_folder / "current.json", tmp_path / "models")
        again = train_from_labels("theme", settings=Settings(), out=tmp_path / "models", labels=[other])[0]
        assert again.version == trained.version
        for path in trained.folder.iterdir():
            assert (again.folder / path.name).read_bytes() == path.read_bytes(), path.name

    def test_without_a_base_set_it_says_so(self, labels: Path, tmp_path: Path) -> None:
        settings = Settings(seed=3)
        found = train_from_labels("sentiment", settings=settings, out=tmp_path / "models", labels=[labels])[0]
        if load_base_set(Registry()) is None:
            assert found.elsewhere is None
            assert "未能测量" in (found.folder / "card.md").read_text(encoding="utf-8")

    def test_too_few_labels_say_how_many_are_needed(self, tmp_path: Path) -> None:
        few = label_file(tmp_path / "few.jsonl", written("smart_home.jsonl", 10))
        with pytest.raises(
            InputError, match=r"in 10 different comments are too few .*at least 50 units in 20"
        ):
            train_from_labels("theme", settings=Settings(), out=tmp_path / "models", labels=[few])
        assert not (tmp_path / "models").exists()

    def test_copies_are_not_more_labels(self, tmp_path: Path) -> None:
        comments = written("smart_home.jsonl", 15)
        copies = [replace(c, id=f"{c.id}-{k}", text=c.text + "！" * k) for c in comments for k in range(10)]
        many = label_file(tmp_path / "copies.jsonl", copies)
        with pytest.raises(InputError, match="different comments are too few"):
            train_from_labels("theme", settings=Settings(), out=tmp_path / "models", labels=[many])

    @pytest.mark.parametrize("task", ["themes", "splitter", ""])
    def test_unknown_tasks_and_no_labels_are_refused(self, task: str, labels: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="expected one of intent, theme, sentiment or all"):
            train_from_labels(task, settings=Settings(), out=tmp_path, labels=[labels])
        with pytest.raises(InputError, match="There are no labels"):
            train_from_labels("theme", settings=Settings(), out=tmp_path)


class TestPromotion:
    def test_a_better_version_comes_into_use_and_is_read(
        self, team: Registry, trained: TrainedVersion
    ) -> None:
        assert team.own is not None
        verdict = promote_version(team, "theme", trained.version, author="小林")
        assert verdict.wins
        assert team.in_use()["theme"] == trained.version
        models = load_models(team.own)
        assert set(models.comments.corrections) == {"theme"}
        assert models.versions["theme"] == trained.version
        assert models.version != load_models().version
        (entry,) = history(team, "theme")
        assert (entry["action"], entry["author"]) == ("promoted", "小林")
        assert (entry["from"], entry["to"]) == (current()["theme"], trained.version)
        assert entry["evidence"]["difference"]["low"] > 0
        found = models.comments.analyse([("a", "音箱老是掉线连不上网")])[0].units[0]
        plain = load_models().comments.analyse([("a", "音箱老是掉线连不上网")])[0].units[0]
        assert (plain.theme, found.theme) == ("connectivity", OURS)

    def test_back_and_forth(self, team: Registry, trained: TrainedVersion) -> None:
        promote_version(team, "theme", trained.version, author="a")
        assert rollback(team, "theme", author="b", reason="试错") == (trained.version, current()["theme"])
        assert team.in_use()["theme"] == current()["theme"]
        assert [e["action"] for e in history(team)] == ["promoted", "rolled_back"]
        with pytest.raises(InputError, match="there is none before it"):
            rollback(team, "theme", author="b")

    def test_what_is_not_better_is_refused_unless_forced(
        self, team: Registry, trained: TrainedVersion
    ) -> None:
        promote_version(team, "theme", trained.version, author="a")
        before = (team.own / "current.json").read_bytes() if team.own else b""
        verdict = promote_version(team, "theme", current()["theme"], author="a")
        assert not verdict.wins
        assert verdict.comparison.difference.high < 0
        assert team.own is not None
        assert (team.own / "current.json").read_bytes() == before
        assert history(team)[-1]["action"] == "refused"
        with pytest.raises(InputError, match="--force needs --reason"):
            promote_version(team, "theme", current()["theme"], author="a", force=True, reason=" ")
        promote_version(team, "theme", current()["theme"], author="a", force=True, reason="客户要求")
        assert team.in_use()["theme"] == current()["theme"]
        assert history(team)[-1]["action"] == "forced"
        assert history(team)[-1]["reason"] == "客户要求"
        assert history(team)[-1]["time"].endswith("+00:00")

    def test_a_version_that_is_not_there_or_in_use_already(self, team: Registry) -> None:
        with pytest.raises(
            InputError, match=rf"theme has no version 99; expected one of: {current()['theme']}, team-"
        ):
            promote_version(team, "theme", "99", author="a")
        with pytest.raises(InputError, match="is in use already"):
            promote_version(team, "theme", current()["theme"], author="a")

    def test_of_two_promotions_the_second_is_told(self, team: Registry, trained: TrainedVersion) -> None:
        promote_version(team, "theme", trained.version, author="a")
        with pytest.raises(InputError, match="has come into use meanwhile"):
            switch(team, "theme", "x", instead_of=current()["theme"], action="promoted", author="b")

    def test_a_promotion_under_way_keeps_others_out(self, team: Registry, trained: TrainedVersion) -> None:
        from filelock import FileLock

        assert team.own is not None
        with (
            FileLock(team.own / ".current.json.lock"),
            pytest.raises(InputError, match="Another promotion is being written"),
        ):
            promote_version(team, "theme", trained.version, author="b")
        assert team.in_use()["theme"] == current()["theme"]

    def test_many_at_once_leave_one_and_a_whole_file(self, team: Registry, trained: TrainedVersion) -> None:
        with ThreadPoolExecutor(4) as pool:
            told = list(pool.map(lambda k: _try(team, trained.version, f"p{k}"), range(8)))
        assert told.count("") == 1
        assert [e["action"] for e in history(team)].count("promoted") == 1
        assert current(team.own)["theme"] == trained.version

    def test_a_correction_of_another_base_is_left_out_with_a_warning(
        self, team: Registry, trained: TrainedVersion
    ) -> None:
        promote_version(team, "theme", trained.version, author="a")
        config = team.folder("theme", trained.version) / "config.json"
        facts = json.loads(config.read_text(encoding="utf-8"))
        config.write_text(json.dumps(facts | {"base": {"theme": "0", "encoder": "old"}}), encoding="utf-8")
        with pytest.warns(UserWarning, match="is not in use any more.*run feedback-mining train theme"):
            models = load_models(team.own)
        assert models.comments.corrections == {}
        assert models.versions["theme"] == current()["theme"]
        with pytest.warns(UserWarning, match="not in"), pytest.raises(InputError, match="not in use"):
            compare_versions(team, "theme", current()["theme"], trained.version, files=[SEED / "games.jsonl"])

    def test_shipped_models_are_never_written(self) -> None:
        with pytest.raises(InputError, match="The models that ship are not changed"):
            switch(Registry(), "theme", "2", instead_of=current()["theme"], action="promoted", author="a")


class TestComparison:
    def test_files_leave_out_what_a_version_saw_in_another_form(
        self, team: Registry, trained: TrainedVersion, labels: Path, tmp_path: Path
    ) -> None:
        own = compare_versions(team, "theme", current()["theme"], trained.version, files=[labels])
        assert own.comparison.better
        assert own.comparison.units == trained.comparison.units
        twins = [
            replace(
                c,
                text="！" + c.text,
                units=tuple(replace(u, start=u.start + 1, end=u.end + 1) for u in c.units),
            )
            for c in relabelled(statements(120))
        ]
        with pytest.raises(InputError, match="unseen by both"):
            compare_versions(
                team, "theme", current()["theme"], trained.version,
                files=[label_file(tmp_path / "twins.jsonl", twins)],
            )  # fmt: skip

    def test_further_labels_are_judged_against_the_version_in_use(
        self, team: Registry, trained: TrainedVersion, tmp_path: Path
    ) -> None:
        """The champion's answers to its own labels are those from when they were held out."""
        assert team.own is not None
        promote_version(team, "theme", trained.version, author="a")
        more = label_file(tmp_path / "more.jsonl", relabelled(statements(150)))
        second = train_from_labels("theme", settings=Settings(), out=team.own, labels=[more])[0]
        assert second.version.startswith("team-2-")
        assert second.champion == trained.version
        assert abs(second.comparison.difference.value) < 0.1
        between = compare_versions(team, "theme", trained.version, second.version)
        assert between.comparison.units == second.comparison.units
        base = compare_versions(team, "theme", current()["theme"], second.version)
        assert base.comparison.better
        again = train_from_labels("theme", settings=Settings(), out=team.own, labels=[more])[0]
        assert again.version == second.version


def _try(registry: Registry, version: str, author: str) -> str:
    try:
        promote_version(registry, "theme", version, author=author)
    except InputError as error:
        return str(error)
    return ""
