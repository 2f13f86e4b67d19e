"""The flows on a real Prefect engine, and against the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from prefect.client.schemas.objects import State, StateType
from prefect.testing.utilities import prefect_test_harness

from feedback_mining.classification.labelling import HumanLabel, LabelledUnit
from feedback_mining.cli import main
from feedback_mining.errors import InputError, StoreError
from feedback_mining.pipeline.choose import last_complete
from feedback_mining.pipeline.reader import Reader
from feedback_mining.registry.versions import current
from feedback_mining.settings import Settings
from feedback_mining.storage import open_store
from feedback_mining.weeks import DEFAULT_ZONE, Week
from flows.ingest import ingest
from flows.retrain import retrain, retrain_from_files
from flows.steps import expand, worth_retrying
from flows.weekly_backlog import weekly_backlog

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


def test_flow_and_command_give_the_same_backlog(sample_files: list[Path], tmp_path: Path) -> None:
    product, week = "松果随记", "2026-W40"
    by_flow = weekly_backlog([str(sample_files[1])], product, week, tmp_path / "flow")
    command = ["run", str(sample_files[1]), "--product", product, "--week", week]
    assert main([*command, "--out", str(tmp_path / "command")]) == 0
    by_command = tmp_path / "command" / week / "backlog.json"
    assert by_flow == tmp_path / "flow" / week / "backlog.json"
    assert by_flow.read_bytes() == by_command.read_bytes()
    assert json.loads(by_flow.read_bytes())["counts"]["stored"] > 300


def test_ingest_then_mine_on_another_day(tmp_path: Path) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    assert ingest([str(inbox / "*")], "云笔记", out) is None
    rows = [
        "时间,用户,内容",
        "2026-03-03 10:00,甲,打开就闪退",
        "2026-03-05 10:00,乙,希望能导出表格",
        "2026-03-12 10:00,丙,同步太慢了",
    ]
    (inbox / "评论.csv").write_text("\n".join(rows), encoding="utf-8")
    assert ingest([str(inbox / "*")], "云笔记", out) == "云笔记"
    assert ingest([str(inbox / "*")], "云笔记", out) == "云笔记"
    path = weekly_backlog(product="云笔记", out=out, lang="en")
    backlog = json.loads(path.read_bytes())
    assert backlog["week"] == "2026-W11"
    assert (backlog["counts"]["rows_read"], backlog["counts"]["stored"]) == (3, 3)


def test_the_daily_run_warns_of_what_broke_out_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    calm = [f"2026-05-{1 + k:02d} 10:00,甲{k},很好用，用了{k}天" for k in range(28)]
    loud = [f"2026-05-29 2{k}:00,乙{k},导出账单一直失败，第{k}次了" for k in range(4)]
    more = [f"2026-05-29 21:{k}0,丙{k},账单导出失败" for k in range(4)]
    (tmp_path / "评论.csv").write_text("\n".join(["时间,用户,内容", *calm, *loud, *more]), encoding="utf-8")
    assert ingest([str(tmp_path / "评论.csv")], "云账本", tmp_path / "out") == "云账本"
    warned = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    (warning,) = [text for text in warned if "云账本 · 2026-05-29" in text]
    assert "导出" in warning
    with open_store(f"sqlite:///{tmp_path}/out/feedback_mining.db") as store:
        (kept,) = store.day_alerts("云账本", date(2026, 5, 29), date(2026, 5, 29))
    assert kept["people"] == 8


def test_a_file_that_cannot_be_read_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        ingest([str(tmp_path / "nowhere.csv")], "云笔记", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_retrain_saves_models_beside_those_in_use(tmp_path: Path) -> None:
    gold = tmp_path / "记账.jsonl"
    with gold.open("w", encoding="utf-8") as file:
        for path in sorted((ROOT / "data" / "labels" / "seed").glob("*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines()[:12]:
                row = json.loads(line)
                for unit in row["units"]:  # whatever is longer counts as a demand of its own
                    unit["demand"] = unit["span"] if len(unit["span"]) > 8 else None
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    out = tmp_path / "models"
    out.mkdir()
    (out / "current.json").write_text('{"encoder": "static-zh-1", "intent": "7"}', encoding="utf-8")
    folders = retrain_from_files([str(gold)], out, seed=[])
    assert {folder.parent.name for folder in folders} >= {"intent", "theme", "sentiment", "splitter"}
    assert all((folder / "card.md").is_file() for folder in folders)
    assert '"intent": "7"' in (out / "current.json").read_text(encoding="utf-8")


def test_retrain_promotes_what_labels_make_better(tmp_path: Path) -> None:
    """The labels of a team that files faults of the connection under performance."""
    assert retrain(["theme"], out=tmp_path) == []
    assert not (tmp_path / "models").exists(), "no labels leave everything as it is"
    rows = (ROOT / "data" / "labels" / "seed" / "single_units.jsonl").read_text(encoding="utf-8").splitlines()
    comments = [json.loads(row) for row in rows]
    about = [c for c in comments if c["units"] and c["units"][0]["theme"] == "connectivity"][:60]
    given = []
    for c in [*about, *(c for c in comments[::20] if c["units"] and c not in about)]:
        units = []
        for u in c["units"]:
            start = c["text"].index(u["span"])
            theme = "performance" if u["theme"] == "connectivity" else u["theme"]
            units.append(LabelledUnit(start, start + len(u["span"]), u["intent"], theme, u["sentiment"]))
        given.append(HumanLabel(c["text"], tuple(units), "小林", datetime(2026, 3, 2, tzinfo=UTC), "cli"))
    with open_store(f"sqlite:///{tmp_path}/feedback_mining.db") as store:
        store.add_labels(given)
    (folder,) = retrain(["theme"], out=tmp_path)
    assert (folder / "report.html").is_file()
    assert current(tmp_path / "models") == {"theme": folder.name}
    assert "| 小林 |" in (folder / "card.md").read_text(encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path}/feedback_mining.db") as store:
        assert Reader.of(Settings(), store).models.versions["theme"] == folder.name


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (InputError("no such column"), False),
        (StoreError("the server is away"), True),
        (OSError(5, "I/O"), True),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, again: bool) -> None:
    assert worth_retrying(None, None, State(type=StateType.FAILED, data=error)) is again


def test_patterns_may_match_nothing_but_paths_must_exist(tmp_path: Path) -> None:
    (tmp_path / "b.csv").touch()
    (tmp_path / "a.csv").touch()
    (tmp_path / "folder").mkdir()
    assert expand([f"{tmp_path}/*", f"{tmp_path}/a.csv"]) == [tmp_path / "a.csv", tmp_path / "b.csv"]
    assert expand([f"{tmp_path}/*.xlsx"]) == []
    assert expand(["missing.csv"]) == [Path("missing.csv")]  # left to the reader, which names it


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 3, 9, 0, 0, tzinfo=UTC), "2026-W10"),  # Monday 08:00 in Shanghai
        (datetime(2026, 3, 8, 15, 59, tzinfo=UTC), "2026-W11"),  # Sunday 23:59: week 10 still runs
        (datetime(2026, 3, 20, tzinfo=UTC), "2026-W11"),
    ],
)
def test_monday_morning_is_about_the_week_before(now: datetime, expected: str) -> None:
    assert str(last_complete(Week(2026, 11), now, DEFAULT_ZONE)) == expected
