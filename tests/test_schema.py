"""backlog.json and its documentation agree."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import backlog_example as example
import pytest
from jsonschema import Draft202012Validator

from feedback_mining.backlog import items
from feedback_mining.backlog.items import Backlog
from feedback_mining.reporting.export import write_json

SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "backlog.schema.json").read_text("utf-8"))
DEFINED = {
    "counts": items.Counts,
    "figures": items.WeekFigures,
    "item": items.Item,
    "factor": items.Factor,
    "unit": items.EvidenceUnit,
    "quote": items.Quote,
    "alert": items.Alert,
    "campaign": items.Campaign,
    "praise": items.Praise,
    "question": items.Question,
    "said": items.Said,
    "place": items.Place,
    "theme": items.ThemeState,
}


def as_written(backlog: Backlog) -> Any:
    return json.loads(json.dumps(backlog.as_json()))


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "backlog",
    [example.typical, example.first_week, example.empty, example.quiet, example.small, example.hostile],
)
def test_every_kind_of_week_follows_the_schema(backlog: Any) -> None:
    errors = [
        f"{e.json_path}: {e.message[:200]}"
        for e in Draft202012Validator(SCHEMA).iter_errors(as_written(backlog()))
    ]
    assert errors == []


def test_the_file_is_the_documented_object(tmp_path: Path) -> None:
    write_json(example.typical(), tmp_path / "backlog.json")
    text = (tmp_path / "backlog.json").read_text("utf-8")
    assert text.endswith("}\n")
    assert "栗子烤箱" in text
    assert json.loads(text) == as_written(example.typical())
    assert list(json.loads(text)) == ["schema", *(field.name for field in fields(Backlog))]


@pytest.mark.parametrize("name", DEFINED)
def test_a_record_and_its_definition_have_the_same_fields(name: str) -> None:
    definition = SCHEMA["$defs"][name]
    assert list(definition["properties"]) == [field.name for field in fields(DEFINED[name])]
    assert definition["required"] == list(definition["properties"])
    assert definition["additionalProperties"] is False


def test_every_field_is_described() -> None:
    objects = {"backlog": SCHEMA, **SCHEMA["$defs"]}
    bare = [
        f"{name}.{field}"
        for name, definition in objects.items()
        for field, schema in definition["properties"].items()
        if not schema.get("description")
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("extra",), 1),
        (("week",), "2024-16"),
        (("items", 0, "trend"), "rising"),
        (("items", 0, "priority"), 101),
        (("items", 0, "units", 0, "start"), -1),
        (("items", 0, "weekly_counts", "April"), 3),
        (("counts", "quarantined_by_reason", "unknown"), 3),
        (("alerts", 0, "p_value"), None),
        (("campaigns", 0, "mean_rating"), 6),
    ],
)
def test_the_schema_refuses(path: tuple[Any, ...], value: Any) -> None:
    document = as_written(example.typical())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not Draft202012Validator(SCHEMA).is_valid(document)
