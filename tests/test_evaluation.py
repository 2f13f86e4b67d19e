"""The project's own scores: known cases, and the annotators' scorer as judge."""

from __future__ import annotations

import importlib.util
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from feedback_mining.classification.labelling import LabelledComment, LabelledUnit, read_labels
from feedback_mining.evaluation.metrics import agreement_with
from feedback_mining.records import Analysis, Intent, Sentiment, Signal, Unit
from feedback_mining.resources import data_dir
from feedback_mining.taxonomy import Taxonomy
from feedback_mining.text.split import clauses

NAMES = {
    "intent": "intent_microF1",
    "theme": "theme_microF1",
    "theme_sentiment": "theme+sentiment_microF1",
    "sentiment": "sentiment_microF1",
    "signals": "signals_microF1",
    "unit_span": "unit_span_F1",
    "unit_all": "unit_all_F1",
}
THEMES = sorted(Taxonomy.load().labels())


def labelled(
    text: str, *units: tuple[int, int, str, str, str], signals: tuple[str, ...] = ()
) -> LabelledComment:
    return LabelledComment("c", text, tuple(LabelledUnit(*u) for u in units), signals)


def analysed(comment: LabelledComment) -> Analysis:
    """The analysis that says what the annotation says."""
    units = tuple(
        Unit(
            comment.id, u.start, u.end, comment.text[u.start : u.end], Intent(u.intent), u.theme,
            Sentiment(u.sentiment), 1.0,
        )
        for u in comment.units
    )  # fmt: skip
    return Analysis(comment.id, units, tuple(Signal(s) for s in comment.signals))


def blurred(comment: LabelledComment, rng: random.Random) -> Analysis:
    """Units at other places with some labels changed: as a bad model would say it."""
    units: list[Unit] = []
    spans = [(u.start, u.end, u) for u in comment.units]
    template = comment.units[0] if comment.units else LabelledUnit(0, 0, "bug", "stability", "negative")
    if rng.random() < 0.5:
        spans = [(c.start, c.end, rng.choice([template, *comment.units])) for c in clauses(comment.text)]
    for start, end, like in spans:
        if rng.random() < 0.15 or end - start < 2:
            continue
        begin = start + rng.randrange(0, max(1, (end - start) // 2)) * (rng.random() < 0.4)
        units.append(
            Unit(
                comment.id, begin, end, comment.text[begin:end],
                rng.choice(list(Intent)) if rng.random() < 0.3 else Intent(like.intent),
                rng.choice(THEMES) if rng.random() < 0.3 else like.theme,
                rng.choice(list(Sentiment)) if rng.random() < 0.3 else Sentiment(like.sentiment),
                0.5,
            )
        )  # fmt: skip
    signals = {Signal(s) for s in comment.signals if rng.random() < 0.7}
    if rng.random() < 0.1:
        signals.add(rng.choice(list(Signal)))
    return Analysis(comment.id, tuple(units), tuple(sorted(signals)))


@pytest.fixture(scope="module")
def scorer(shared_dir: Path) -> Any:
    path = shared_dir / "labels" / "score.py"
    if not path.is_file():
        pytest.fail(f"{path} is missing")
    spec = importlib.util.spec_from_file_location("score", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judged(scorer: Any, gold: list[LabelledComment], found: list[Analysis]) -> dict[str, float]:
    wanted = {
        c.id: {
            "units": [{**asdict(u), "span": c.text[u.start : u.end]} for u in c.units],
            "signals": list(c.signals),
        }
        for c in gold
    }
    given = {
        a.comment: {
            "units": [
                {"text": u.text, "intent": str(u.intent), "theme": u.theme, "sentiment": str(u.sentiment)}
                for u in a.units
            ],
            "signals": [str(s) for s in a.signals],
        }
        for a in found
    }
    scores = scorer.units(wanted, given)
    return {name: scores[theirs] for name, theirs in NAMES.items()}


@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_the_annotators_scorer(scorer: Any, seed: int) -> None:
    rng = random.Random(seed)
    files = sorted((data_dir() / "labels" / "seed").glob("*.jsonl"))
    gold = rng.sample(read_labels(files), 400)
    found = [blurred(comment, rng) for comment in gold]
    scores = agreement_with(gold, found)
    assert scores == judged(scorer, gold, found)
    assert all(0 < score < 1 for score in scores.values()), (
        "the predictions were to be neither right nor wrong"
    )


def test_the_scorer_agrees_on_nothing_and_on_everything(scorer: Any) -> None:
    gold = read_labels([data_dir() / "labels" / "seed" / "forums_and_groups.jsonl"])[:200]
    right = [analysed(comment) for comment in gold]
    silent = [Analysis(comment.id, ()) for comment in gold]
    assert agreement_with(gold, right) == judged(scorer, gold, right)
    assert agreement_with(gold, silent) == judged(scorer, gold, silent) == dict.fromkeys(NAMES, 0.0)


def test_the_annotation_itself_scores_one() -> None:
    gold = read_labels([data_dir() / "labels" / "seed" / "forums_and_groups.jsonl"])
    assert agreement_with(gold, [analysed(c) for c in gold]) == dict.fromkeys(NAMES, 1.0)


def test_no_comments_score_zero_and_unequal_numbers_are_refused() -> None:
    assert agreement_with([], []) == dict.fromkeys(NAMES, 0.0)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        agreement_with([labelled("慢")], [])


def test_other_is_left_out_on_both_sides() -> None:
    other = labelled("在吗", (0, 2, "other", "general", "neutral"))
    assert agreement_with([other], [analysed(other)]) == dict.fromkeys(NAMES, 0.0)
    real = labelled("在吗慢", (0, 2, "other", "general", "neutral"), (2, 3, "bug", "performance", "negative"))
    assert agreement_with([real], [analysed(real)])["unit_all"] == 1.0


def test_a_unit_is_matched_once_and_by_its_best_overlap() -> None:
    text = "打开很慢而且闪退"
    gold = labelled(
        text, (0, 4, "complaint", "performance", "negative"), (4, 8, "bug", "stability", "negative")
    )
    whole = analysed(labelled(text, (0, 8, "complaint", "performance", "negative")))
    # 2 · 1 matched / (2 + 1); by labels the one unit finds one of two intents and themes
    scores = agreement_with([gold], [whole])
    assert scores["unit_span"] == scores["intent"] == scores["theme"] == round(2 / 3, 4)
    assert scores["sentiment"] == 1.0
    half = analysed(labelled(text, (0, 1, "complaint", "performance", "negative")))
    assert agreement_with([gold], [half])["unit_span"] == 0.0, "an overlap of 0.4 is none"


def test_one_wrong_label_costs_the_unit() -> None:
    gold = labelled("打开很慢", (0, 4, "complaint", "performance", "negative"), signals=("churn",))
    for wrong in [
        (0, 4, "bug", "performance", "negative"),
        (0, 4, "complaint", "ui_ux", "negative"),
        (0, 4, "complaint", "performance", "neutral"),
    ]:
        scores = agreement_with([gold], [analysed(labelled("打开很慢", wrong, signals=("advocacy",)))])
        assert (scores["unit_span"], scores["unit_all"], scores["signals"]) == (1.0, 0.0, 0.0)
