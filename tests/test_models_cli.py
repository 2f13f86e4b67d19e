"""`train` on labels and `models …` on the command line: what is printed, kept, refused, and with which code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedback_mining.cli import main
from feedback_mining.registry.versions import current
from feedback_mining.resources import data_dir

SEED = data_dir() / "labels" / "seed" / "single_units.jsonl"


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Positive where the written corpus says neutral, so that there is much to learn."""
    path = tmp_path_factory.mktemp("labels") / "ours.jsonl"
    rows = [json.loads(line) for line in SEED.read_text(encoding="utf-8").splitlines()]
    neutral = [r for r in rows if r["units"] and r["units"][0]["sentiment"] == "neutral"][:60]
    others = [r for r in rows if r["units"] and r["units"][0]["sentiment"] != "neutral"][:1200:20]
    for row in neutral:
        row["units"][0]["sentiment"] = "positive"
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [*neutral, *others]), encoding="utf-8"
    )
    return path


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORE", "MODELS", "ANNOTATOR"):
        monkeypatch.delenv(f"FEEDBACK_MINING_{name}", raising=False)


THEME, SENTIMENT = current()["theme"], current()["sentiment"]


def test_the_whole_way(labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path)]
    assert main(["train", "sentiment", "--labels", str(labels), *out]) == 0
    said = capsys.readouterr()
    assert "更好：用 feedback-mining models promote sentiment team-1-" in said.out
    assert "sentiment: 115 units of 115 comments" in said.err
    version = next((tmp_path / "models" / "sentiment").iterdir()).name
    assert not (tmp_path / "models" / "current.json").exists()

    assert main(["models", "compare", "sentiment", SENTIMENT, version, *out]) == 0
    assert f"{version} 比 {SENTIMENT} 好" in capsys.readouterr().out
    assert (
        main(
            [
                "models",
                "compare",
                "sentiment",
                version,
                SENTIMENT,
                "--data",
                str(labels),
                "--lang",
                "en",
                *out,
            ]
        )
        == 0
    )
    assert f"{SENTIMENT} is worse than {version}" in capsys.readouterr().out

    assert main(["models", "promote", "sentiment", version, "--author", "小林", *out]) == 0
    assert "已启用" in capsys.readouterr().out
    assert main(["models", "promote", "sentiment", SENTIMENT, *out]) == 2
    refused = capsys.readouterr()
    assert "区间下限离 0 还有 0." in refused.err
    assert current(tmp_path / "models") == {"sentiment": version}

    assert main(["models", "list", *out]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["sentiment", version, "团队", "·", "在用"] in rows
    assert ["theme", current()["theme"], "随附", "·", "在用"] in rows

    assert main(["train", "sentiment", "--labels", str(labels), *out]) == 0
    assert "与在用的版本相同" in capsys.readouterr().out

    assert main(["models", "rollback", "sentiment", *out]) == 0
    assert main(["models", "promote", "sentiment", version, "--force", *out]) == 2
    assert "--reason" in capsys.readouterr().err
    assert main(["models", "show", "sentiment", version, *out]) == 0
    shown = capsys.readouterr().out
    assert f"# sentiment {version}" in shown
    assert f"小林 · promoted · {SENTIMENT} → " in shown
    assert "rolled_back" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "theme"], "There is no store"),
        (["train", "title", "--labels", "{labels}"], "expected one of intent, theme, sentiment or all"),
        (["train", "theme", "--labels", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["models", "show", "themes"], "There is no task themes"),
        (["models", "show", "theme", "9"], "theme has no version 9"),
        (["models", "compare", "theme", THEME, "9"], "theme has no version 9"),
        (["models", "promote", "theme", "../../etc"], "theme has no version ../../etc"),
        (["models", "promote", "nonsense", "1"], "no version 1"),
        (["models", "promote", "theme", THEME], "is in use already"),
        (["models", "rollback", "theme"], "there is none before it"),
        (["models", "rollback", "nonsense"], "There is no task nonsense"),
    ],
)
def test_mistakes_are_one_line_and_change_nothing(
    arguments: list[str], message: str, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [a.format(labels=labels) for a in arguments]
    assert main([*given, "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert message in line
    assert not list(tmp_path.rglob("current.json"))


def test_a_folder_of_the_settings_is_empty_at_first_and_read_then(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As for a store on a server, from the first training to what `analyze` says."""
    first = json.loads(labels.read_text(encoding="utf-8").splitlines()[0])["text"]
    comments = tmp_path / "comments.jsonl"
    comments.write_text(json.dumps({"content": first}) + "\n", encoding="utf-8")
    analyze = ["analyze", str(comments), "--output", "-"]
    monkeypatch.setenv("FEEDBACK_MINING_MODELS", str(tmp_path / "team"))
    assert main(analyze) == 2
    assert "which is no folder" in capsys.readouterr().err
    given = ["--labels", str(labels), "--out", str(tmp_path)]
    assert main(["train", "sentiment", *given]) == 0
    said = []
    for _ in range(2):
        capsys.readouterr()
        assert main(analyze) == 0
        said.append(json.loads(capsys.readouterr().out)["units"][0])
        assert main(["train", "sentiment", "--promote", *given]) == 0
    assert said[1]["confidence"] < said[0]["confidence"] - 0.05, "what it was taught to doubt"
    assert all(unit["unsure"] is (unit["confidence"] < 0.6) for unit in said)


def test_a_store_on_a_server_needs_a_folder_for_its_models(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FEEDBACK_MINING_STORE", "postgresql://u:secret@127.0.0.1:1/x")
    for command in (["models", "list"], ["train", "theme", "--labels", str(labels)]):
        assert main([*command, "--out", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert "FEEDBACK_MINING_MODELS" in said
        assert "secret" not in said


def test_a_damaged_pointer_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "current.json").write_text("{", encoding="utf-8")
    assert main(["models", "list", "--out", str(tmp_path)]) == 1
    assert "current.json cannot be read" in capsys.readouterr().err
