"""The files of a week: finished before they appear, and back into a backlog."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import backlog_example as example
import pytest

from feedback_mining.errors import InputError, StoreError
from feedback_mining.pipeline.publish import load_backlog, publish

FILES = {"backlog.json", "backlog.csv", "backlog.xlsx", "report.md", "report.html"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_five_files_appear_and_nothing_else(tmp_path: Path) -> None:
    backlog = example.typical()
    published = publish(backlog, tmp_path / "new" / "out")
    assert published.folder == tmp_path / "new" / "out" / backlog.week
    assert set(contents(published.folder)) == FILES
    assert [path.name for path in published.folder.parent.iterdir()] == [backlog.week]
    assert json.loads(published.json.read_text(encoding="utf-8")) == json.loads(json.dumps(backlog.as_json()))
    assert backlog.items[0].title in published.markdown.read_text(encoding="utf-8")


def test_again_replaces_and_leaves_other_files_alone(tmp_path: Path) -> None:
    folder = publish(example.typical(), tmp_path).folder
    (folder / "会议纪要.txt").write_text("我的", encoding="utf-8")
    before = contents(folder)
    publish(replace(example.empty(), week=example.typical().week), tmp_path)
    after = contents(folder)
    assert set(after) == FILES | {"会议纪要.txt"}
    assert after["会议纪要.txt"] == before["会议纪要.txt"]
    assert all(after[name] != before[name] for name in FILES)


def test_a_failure_half_way_leaves_the_old_files_whole(tmp_path: Path) -> None:
    folder = publish(example.typical(), tmp_path).folder
    before = contents(folder)
    with pytest.raises(ValueError, match="isoformat"):
        publish(replace(example.typical(), product="改名", end="no day"), tmp_path)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"file/2024-W16.*--out") as caught:
        publish(example.typical(), tmp_path / "file")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [example.typical, example.first_week, example.empty, example.hostile])
def test_a_stored_backlog_comes_back_as_it_was(make: object) -> None:
    assert callable(make)
    backlog = make()
    assert load_backlog(json.loads(json.dumps(backlog.as_json()))) == backlog


def test_another_shape_is_refused_in_one_line() -> None:
    content = json.loads(json.dumps(example.typical().as_json()))
    with pytest.raises(StoreError, match="schema 99, expected 2; mine the week again"):
        load_backlog({**content, "schema": 99})
    del content["items"][0]["title"]
    with pytest.raises(StoreError, match=r"items\.0\.title: Field required") as caught:
        load_backlog(content)
    assert "\n" not in str(caught.value)
