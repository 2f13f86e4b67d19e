"""Heads, splitter and training on the project's own corpus; what the comment model promises of any comment."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from feedback_mining.classification.classifier import CommentModel
from feedback_mining.classification.features import FeatureConfig, Featuriser
from feedback_mining.classification.heads import LinearHead, from_linear
from feedback_mining.classification.labelling import LabelledComment, read_labels
from feedback_mining.classification.splitter import CommentClauses, gold_labels, split_features, units_of
from feedback_mining.classification.training import TASKS, TrainedModels, fit_temperature, train
from feedback_mining.encoders import load_encoder
from feedback_mining.errors import ModelError, UnreadableFile
from feedback_mining.records import Analysis, Intent, Sentiment, Signal
from feedback_mining.registry.models import current
from feedback_mining.resources import data_dir, models_dir
from feedback_mining.text.clean import foreign_regions
from feedback_mining.text.segment import Segmenter

SEED = data_dir() / "labels" / "seed"
REPLY = "\n------\n开发者回复：您好，闪退问题已修复，希望您更新后再试，感谢支持！"
COMMENTS = [
    "一打开就闪退，验证码也收不到。希望增加深色模式",
    "界面很好看但是广告太多了",
    "老是掉线，客服也不理人" + REPLY,
    "（该条评论已经被删除）连不上网" + REPLY,
    "",
    "😤😤😤",
    "。。。",
    " \n ",
    "好",
    "<p>好用</p><br>就是卡",
    "断开的\ud83d表情，闪退",
    "老是闪退" * 10,
    "更新以后打不开，重装也没用；建议加个导出按钮！\n" * 200,
    "升" * 5000,
    "Crashes on start, please fix. 客服很好",
]  # fmt: skip


@pytest.fixture(scope="module")
def featuriser() -> Featuriser:
    return Featuriser(Segmenter(), load_encoder(str(models_dir() / "encoder" / current()["encoder"])))


@pytest.fixture(scope="module")
def written() -> list[LabelledComment]:
    """Every fourth statement, so that all themes occur, and comments with several units."""
    return [
        *read_labels([SEED / "single_units.jsonl"])[::4],
        *read_labels([SEED / "smart_home.jsonl"])[:150],
    ]


@pytest.fixture(scope="module")
def unseen() -> list[LabelledComment]:
    return [
        *read_labels([SEED / "single_units.jsonl"])[2::8],
        *read_labels([SEED / "smart_home.jsonl"])[300:400],
    ]


@pytest.fixture(scope="module")
def trained(written: list[LabelledComment], featuriser: Featuriser) -> TrainedModels:
    return train(written, featuriser)


@pytest.fixture(scope="module")
def model(trained: TrainedModels, featuriser: Featuriser) -> CommentModel:
    return CommentModel(featuriser, trained.heads, trained.splitter, trained.specific, trained.signals)


def plain(analyses: list[Analysis]) -> list[tuple[object, ...]]:
    """Without confidences, whose last digit may depend on the batch."""
    return [
        (
            a.comment,
            a.signals,
            *((u.start, u.end, u.intent, u.theme, u.sentiment, u.specific) for u in a.units),
        )
        for a in analyses
    ]


class TestLinearHead:
    @pytest.fixture
    def head(self) -> LinearHead:
        rng = np.random.default_rng(1)
        return LinearHead(
            ("甲", "乙", "丙"),
            rng.normal(size=(3, 40)).astype(np.float32),
            rng.normal(size=3).astype(np.float32),
            temperature=0.7,
            facts={"threshold": 0.3, "features": {"char_columns": 8}},
        )

    def test_is_loaded_as_saved(self, head: LinearHead, tmp_path: Path) -> None:
        head.save(tmp_path / "deep" / "1")
        again = LinearHead.load(tmp_path / "deep" / "1")
        assert (again.classes, again.temperature, again.facts) == (head.classes, head.temperature, head.facts)
        np.testing.assert_allclose(again.weights, head.weights, rtol=1e-3)
        np.testing.assert_array_equal(again.bias, head.bias)
        rows = csr_matrix(np.random.default_rng(2).normal(size=(5, 40)).astype(np.float32))
        np.testing.assert_allclose(again.probabilities(rows), head.probabilities(rows), atol=5e-3)
        modes = {p.stat().st_mode for p in (tmp_path / "deep" / "1").iterdir()}
        assert len(modes) == 1, "weights can be read by whom the config can be read"
        again.save(tmp_path / "2")
        for name in ("weights.safetensors", "config.json"):
            assert (tmp_path / "2" / name).read_bytes() == (tmp_path / "deep" / "1" / name).read_bytes()

    def test_probabilities_are_the_softmax_even_of_huge_scores(self, head: LinearHead) -> None:
        rows = csr_matrix(np.random.default_rng(2).normal(size=(5, 40)).astype(np.float32) * 1e4)
        chances = head.probabilities(rows)
        np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)
        assert np.isfinite(chances).all()
        assert head.probabilities(csr_matrix((0, 40), dtype=np.float32)).shape == (0, 3)

    @pytest.mark.parametrize("columns", [39, 41])
    def test_other_columns_are_refused(self, head: LinearHead, columns: int) -> None:
        with pytest.raises(ModelError, match=f"reads 40 columns and was given {columns}.*retrain"):
            head.probabilities(csr_matrix((2, columns), dtype=np.float32))

    @pytest.mark.parametrize(
        "damage", ["no folder", "no weights", "cut weights", "not json", "a list", "no classes"]
    )
    def test_a_damaged_folder_is_one_line(self, head: LinearHead, tmp_path: Path, damage: str) -> None:
        folder = tmp_path / "1"
        head.save(folder)
        weights, config = folder / "weights.safetensors", folder / "config.json"
        if damage == "no folder":
            folder = tmp_path / "2"
        elif damage == "no weights":
            weights.unlink()
        elif damage == "cut weights":
            weights.write_bytes(weights.read_bytes()[:100])
        else:
            config.write_text({"not json": "{", "a list": "[]", "no classes": '{"temperature": 1}'}[damage])
        with pytest.raises(ModelError) as caught:
            LinearHead.load(folder)
        assert f"No model in {folder}" in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("classes", [2, 5])
    def test_decides_as_scikit_learn(self, classes: int) -> None:
        rng = np.random.default_rng(classes)
        rows = csr_matrix(rng.normal(size=(300, 20)).astype(np.float32))
        labels = np.array([f"c{k}" for k in rng.integers(classes, size=300)])
        svm = LinearSVC(random_state=0).fit(rows, labels)
        chances = from_linear(svm).probabilities(rows)
        assert chances.shape == (300, classes)
        assert (
            np.array(from_linear(svm).classes)[chances.argmax(axis=1)].tolist() == svm.predict(rows).tolist()
        )
        logistic = LogisticRegression(max_iter=1000).fit(rows, labels)
        np.testing.assert_allclose(
            from_linear(logistic).probabilities(rows), logistic.predict_proba(rows), atol=1e-5
        )


@pytest.mark.parametrize("planted", [0.3, 1.0, 2.5])
def test_a_planted_temperature_is_recovered(planted: float) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(20000, 4)) * 1.5
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random((20000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    weights = np.ones(20000)
    assert fit_temperature(logits * planted, truth, weights) == pytest.approx(planted, rel=0.05)
    # Weightless rows do not count, however wrong they are.
    wrong = np.r_[truth[:10000], (truth[10000:] + 1) % 4]
    halved = np.r_[np.ones(10000), np.zeros(10000)]
    assert fit_temperature(logits * planted, wrong, halved) == pytest.approx(planted, rel=0.07)


class TestFeaturiser:
    def test_a_row_depends_on_text_and_context_alone(self, featuriser: Featuriser) -> None:
        texts, contexts = ["闪退", "广告多", "閃退"], ["一点就闪退", "广告多"]
        rows = featuriser.transform(texts, contexts, [0, 1, 0])
        assert rows.shape == (3, featuriser.columns)
        alone = featuriser.transform(texts[1:2], contexts[1:], [0])
        np.testing.assert_allclose(rows[1].toarray(), alone.toarray(), atol=1e-6)
        np.testing.assert_allclose(rows[0].toarray(), rows[2].toarray(), atol=1e-6)
        elsewhere = featuriser.transform(["闪退"], ["广告多"], [0])
        assert abs(rows[0] - elsewhere).max() > 0.01

    def test_widths_follow_the_config(self, featuriser: Featuriser) -> None:
        config = FeatureConfig(char_columns=64, word_columns=32, context_columns=16, context_vector_weight=0)
        small = Featuriser(featuriser.segmenter, featuriser.encoder, config)
        row = small.transform(["闪退"], ["闪退"], [0])
        assert row.shape == (1, 64 + 32 + 16 + 2 * featuriser.encoder.dimensions)
        assert not row[:, -featuriser.encoder.dimensions :].toarray().any()

    def test_nothing_to_read_is_a_row_of_zeros(self, featuriser: Featuriser) -> None:
        row = featuriser.transform([""], [""], [0])[:, featuriser.config.char_columns :]
        assert not row.toarray().any()


class TestSplitter:
    @given(st.data())
    def test_labels_and_units_say_the_same(self, data: st.DataObject) -> None:
        pieces = data.draw(st.lists(st.sampled_from(["闪退", "希望能导出", "太慢", "ok"]), max_size=6))
        comment = CommentClauses.of("，".join(pieces))
        size = len(comment.clauses)
        labels = data.draw(st.lists(st.sampled_from("BIO"), min_size=size, max_size=size))
        (spans,) = units_of([comment], labels)
        opened = [
            "B" if label == "I" and (k == 0 or labels[k - 1] == "O") else label
            for k, label in enumerate(labels)
        ]
        assert gold_labels(comment, spans) == opened
        assert units_of([comment], opened) == [spans]

    def test_annotated_spans_come_back(self, unseen: list[LabelledComment]) -> None:
        cut = [CommentClauses.of(c.text) for c in unseen]
        labels = [
            gold_labels(k, [(u.start, u.end) for u in c.units]) for k, c in zip(cut, unseen, strict=True)
        ]
        spans = units_of(cut, [label for row in labels for label in row])
        same = [[(u.start, u.end) for u in c.units] == found for c, found in zip(unseen, spans, strict=True)]
        assert np.mean(same) > 0.9

    def test_small_overlaps_are_outside(self) -> None:
        comment = CommentClauses.of("每次打开都要等很久，真的")
        assert gold_labels(comment, [(0, 2)]) == ["O", "O"]
        assert gold_labels(comment, []) == ["O", "O"]
        assert gold_labels(comment, [(0, 12)]) == ["B", "I"]

    def test_features_of_a_comment_do_not_look_at_its_neighbours(
        self, trained: TrainedModels, featuriser: Featuriser
    ) -> None:
        cut = [CommentClauses.of(t) for t in ["闪退，太慢了，差", "", "好用，界面也好看", "希望能导出"]]
        together = split_features(cut, featuriser, trained.heads).toarray()
        alone = [split_features([c], featuriser, trained.heads).toarray() for c in cut if c.clauses]
        np.testing.assert_allclose(together, np.vstack(alone), atol=1e-5)


class TestReadLabels:
    ROW = {
        "id": 7,
        "text": "慢，真的慢",
        "units": [
            {"span": "慢", "intent": "complaint", "theme": "performance", "sentiment": "negative"},
            {"span": "慢", "intent": "bug", "theme": "performance", "sentiment": "negative", "demand": None},
        ],
        "signals": ["churn"],
    }

    def write(self, path: Path, *rows: object) -> Path:
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    def test_the_same_words_twice_are_two_places(self, tmp_path: Path) -> None:
        (comment,) = read_labels([self.write(tmp_path / "a.jsonl", self.ROW, "", " ")], weight=0.4)
        assert [(u.start, u.end, u.intent) for u in comment.units] == [(0, 1, "complaint"), (4, 5, "bug")]
        assert (comment.id, comment.signals, comment.weight, comment.with_demands) == (
            "7",
            ("churn",),
            0.4,
            True,
        )

    def test_line_separators_within_texts_are_no_new_rows(self, tmp_path: Path) -> None:
        row = {"id": "1", "text": "慢\u2028卡\x85", "units": []}
        assert read_labels([self.write(tmp_path / "a.jsonl", row)])[0].text == row["text"]

    @pytest.mark.parametrize(
        "bad",
        [
            "{",
            "[]",
            "null",
            {"id": "1", "units": []},
            {"id": "1", "text": "慢"},
            {"id": "1", "text": "慢", "units": ["慢"]},
            {"id": "1", "text": 5, "units": ROW["units"]},
            {**ROW, "text": "卡"},
            {**ROW, "units": [{"span": "慢", "theme": "ui_ux", "sentiment": "negative"}]},
        ],
    )
    def test_errors_name_file_and_line(self, tmp_path: Path, bad: object) -> None:
        path = self.write(tmp_path / "劳动.jsonl", self.ROW, "", bad)
        with pytest.raises(UnreadableFile, match=r"劳动\.jsonl line 3 ") as caught:
            read_labels([path])
        assert "\n" not in str(caught.value)

    def test_missing_and_undecodable_files_are_named(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match="nowhere"):
            read_labels([tmp_path / "nowhere.jsonl"])
        (tmp_path / "gbk.jsonl").write_bytes(json.dumps(self.ROW, ensure_ascii=False).encode("gbk"))
        with pytest.raises(UnreadableFile, match=r"gbk\.jsonl"):
            read_labels([tmp_path / "gbk.jsonl"])

    def test_the_own_corpus_is_of_that_form(self) -> None:
        rows = read_labels(sorted(SEED.glob("*.jsonl")))
        assert len({c.id for c in rows}) == len(rows) > 5000
        for c in rows:
            spans = [(u.start, u.end) for u in c.units]
            assert all(a < b <= len(c.text) for a, b in spans)
            assert all(end <= start for (_, end), (start, _) in pairwise(spans)), c.id
        assert {u.intent for c in rows for u in c.units} <= {str(i) for i in Intent}
        assert {u.sentiment for c in rows for u in c.units} <= {str(s) for s in Sentiment}
        assert {s for c in rows for s in c.signals} <= {str(s) for s in Signal}


class TestTraining:
    @pytest.mark.parametrize("task", TASKS)
    def test_beats_the_majority_on_unseen_units(
        self, task: str, trained: TrainedModels, featuriser: Featuriser, unseen: list[LabelledComment]
    ) -> None:
        units = [(k, u) for k, c in enumerate(unseen) for u in c.units]
        rows = featuriser.transform(
            [unseen[k].text[u.start : u.end] for k, u in units],
            [c.text for c in unseen],
            [k for k, _ in units],
        )
        truth = np.array([getattr(u, task) for _, u in units])
        head = trained.heads[task]
        chances = head.probabilities(rows)
        right = np.array(head.classes)[chances.argmax(axis=1)] == truth
        majority = np.unique(truth, return_counts=True)[1].max() / len(truth)
        assert right.mean() > majority + 0.15
        assert abs(chances.max(axis=1).mean() - right.mean()) < 0.12, "confidence is far from accuracy"

    def test_ranks_unseen_clauses_that_continue_above_those_that_begin(
        self, trained: TrainedModels, featuriser: Featuriser, unseen: list[LabelledComment]
    ) -> None:
        cut = [CommentClauses.of(c.text) for c in unseen]
        spans = [[(u.start, u.end) for u in c.units] for c in unseen]
        truth = np.array([label for k, s in zip(cut, spans, strict=True) for label in gold_labels(k, s)])
        follows = np.array(
            [k > 0 for c in cut for k in range(len(c.clauses))]
        )  # the first is nearly always B
        chances = trained.splitter.probabilities(split_features(cut, featuriser, trained.heads))
        continues = chances[:, trained.splitter.classes.index("I")]
        assert roc_auc_score(truth[follows] == "I", continues[follows]) > 0.7

    def test_depends_only_on_what_it_is_given(
        self, written: list[LabelledComment], trained: TrainedModels, featuriser: Featuriser
    ) -> None:
        shuffled = random.Random(5).sample(written, len(written))
        again = train(shuffled, featuriser)
        for one, other in [
            *((trained.heads[task], again.heads[task]) for task in TASKS),
            (trained.splitter, again.splitter),
            (trained.specific, again.specific),
        ]:
            np.testing.assert_array_equal(one.weights, other.weights)
            assert (one.classes, one.temperature, one.facts) == (
                other.classes,
                other.temperature,
                other.facts,
            )

    def test_a_label_seen_once_is_learnt_all_the_same(
        self, written: list[LabelledComment], featuriser: Featuriser
    ) -> None:
        few = written[::5]
        rare = replace(few[0], units=(replace(few[0].units[0], theme="rare"),))
        models = train([rare, *few[1:]], featuriser)
        assert "rare" in models.heads["theme"].classes
        assert 0 < models.heads["theme"].temperature < 7

    def test_only_signals_with_enough_examples_get_a_head(
        self, written: list[LabelledComment], featuriser: Featuriser
    ) -> None:
        rows = [replace(c, signals=("churn",) if k % 5 == 0 else ()) for k, c in enumerate(written[::5])]
        rows[0] = replace(rows[0], signals=("churn", "helping"))
        signals = train(rows, featuriser).signals
        assert set(signals) == {Signal.CHURN}
        assert 0 < signals[Signal.CHURN].facts["threshold"] < 1


class TestCommentModel:
    def check(self, comments: list[tuple[str, str]], found: list[Analysis]) -> None:
        assert [a.comment for a in found] == [id_ for id_, _ in comments]
        for (id_, text), analysis in zip(comments, found, strict=True):
            position = 0
            for unit in analysis.units:
                assert position <= unit.start < unit.end
                assert unit.text == text[unit.start : unit.end]
                assert unit.comment == id_
                assert 0 < unit.confidence <= 1
                assert all(
                    unit.end <= a or b <= unit.start for a, b in foreign_regions(text) if b == len(text)
                )
                position = unit.end

    def test_units_lie_in_the_users_words(self, model: CommentModel) -> None:
        comments = [(str(k), text) for k, text in enumerate(COMMENTS)]
        found = model.analyse(comments)
        self.check(comments, found)
        silent = {text for (_, text), a in zip(comments, found, strict=True) if not a.units}
        assert {"", "😤😤😤", "。。。", " \n "} <= silent
        assert sum(len(a.units) for a in found) > len(COMMENTS)

    def test_an_official_reply_changes_no_unit_place(self, model: CommentModel) -> None:
        found = model.analyse([("a", "一打开就闪退" + REPLY), ("b", "一打开就闪退")])
        assert (
            [(u.start, u.end) for u in found[0].units]
            == [(u.start, u.end) for u in found[1].units]
            == [(0, 6)]
        )

    def test_is_deterministic_and_blind_to_order_and_company(self, model: CommentModel) -> None:
        comments = [(str(k), text) for k, text in enumerate(COMMENTS)]
        found = model.analyse(comments)
        assert model.analyse(comments) == found
        assert plain(model.analyse(comments[::-1])[::-1]) == plain(found)
        alone = [analysis for comment in comments for analysis in model.analyse([comment])]
        assert plain(alone) == plain(found)
        for one, other in zip(alone, found, strict=True):
            assert [u.confidence for u in one.units] == pytest.approx(
                [u.confidence for u in other.units], abs=2e-4
            )

    def test_no_comments_no_analyses(self, model: CommentModel) -> None:
        assert model.analyse([]) == []

    def test_long_comments_take_no_time(self, model: CommentModel) -> None:
        text = "更新以后打不开，重装也没用；建议加个导出按钮！" * 220
        began = time.perf_counter()
        (analysis,) = model.analyse([("long", text[:5000])])
        assert time.perf_counter() - began < 5
        self.check([("long", text[:5000])], [analysis])
        assert len(analysis.units) > 50

    @settings(max_examples=25, deadline=None)
    @given(
        text=st.one_of(
            st.text(st.characters()), st.text("闪退好用，。\n 但是希望<br>😤-：开发者回复", max_size=60)
        )
    )
    def test_holds_for_any_text(self, model: CommentModel, text: str) -> None:
        self.check([("x", text)], model.analyse([("x", text)]))

    def test_batches_do_not_show(self, model: CommentModel, monkeypatch: pytest.MonkeyPatch) -> None:
        comments = [(str(k), text) for k, text in enumerate(COMMENTS)]
        found = model.analyse(comments)
        monkeypatch.setattr("feedback_mining.classification.classifier._BATCH", 4)
        assert plain(model.analyse(comments)) == plain(found)

    def test_without_ratios_labels_are_each_the_most_probable(self, model: CommentModel) -> None:
        heads = {task: replace(head, facts={}) for task, head in model.heads.items()}
        free = replace(model, heads=heads)
        rng = np.random.default_rng(0)
        chances = {t: rng.dirichlet(np.ones(len(h.classes)), 20).astype(np.float32) for t, h in heads.items()}
        intents, themes, sentiments, confidence = free.labels(chances)
        for task, given_labels in (("intent", intents), ("theme", themes), ("sentiment", sentiments)):
            best = chances[task].argmax(axis=1)
            assert given_labels == np.array(heads[task].classes)[best].tolist()
        expected = np.prod([c.max(axis=1) for c in chances.values()], axis=0)
        np.testing.assert_allclose(confidence, expected, rtol=1e-4)

    def test_ratios_bring_labels_together(self, model: CommentModel) -> None:
        classes = {task: head.classes for task, head in model.heads.items()}
        flat = {task: np.full((1, len(names)), 1 / len(names), np.float32) for task, names in classes.items()}
        flat["intent"][0, classes["intent"].index("praise")] += 0.5
        _, _, (sentiment,), _ = model.labels(flat)
        assert sentiment == "positive"

    def test_clarity_is_the_chance_of_theme_and_intent(self, model: CommentModel) -> None:
        clear, wrong = model.clarity(
            [("开屏广告太多", "ads", Intent.COMPLAINT), ("开屏广告太多", "logistics", Intent.PRAISE)]
        )
        assert 0 <= wrong < clear <= 1
