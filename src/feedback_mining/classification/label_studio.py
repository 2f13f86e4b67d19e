"""Labels as Label Studio has them: its JSON export, JSON-MIN, tasks to import, and the labelling interface.

A unit is a region of the text labelled with its intent; theme, sentiment and demand are choices and text of
that region, signals are choices of the whole comment. Names are matched by value, so that an interface with
other tag names is read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from feedback_mining.classification.label_files import Parsed, lines_as_stored, moment
from feedback_mining.classification.label_rows import (
    GivenUnit,
    LabelRefused,
    LabelRow,
    LabelTask,
    Refusal,
    Vocabulary,
)

_KINDS = ("intent", "theme", "sentiment")
Names = Mapping[str, Mapping[str, str]]  # kind → id → what annotators are shown


def is_task(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("data"), dict)


def rows_of_task(number: int, task: Mapping[str, Any], vocabulary: Vocabulary) -> Iterator[Parsed]:
    """One row per annotation that was not cancelled; None for a task that nobody annotated."""
    data: Mapping[str, Any] = task["data"]
    annotations = task.get("annotations", task.get("completions")) or []
    done = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
    if not done:
        yield None
    for annotation in done:
        try:
            yield _row(number, data, annotation, vocabulary)
        except LabelRefused as refused:
            refused.line = number
            yield refused
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield LabelRefused(Refusal.BAD_ROW, type(error).__name__, error, line=number)


def row_of_min(number: int, record: Mapping[str, Any], vocabulary: Vocabulary) -> LabelRow:
    """A record of JSON-MIN. It does not say which choice belongs to which region: they are paired in order,
    where there are as many of one as of the other. Raises LabelRefused.
    """
    regions = [r for v in record.values() if isinstance(v, list) for r in v if _is_region(r)]
    if not regions:
        raise LabelRefused(Refusal.BAD_ROW, "units", line=number)
    units: list[dict[str, Any]] = [
        {"span": r.get("text"), "start": r["start"], "end": r["end"], **_named(r["labels"], vocabulary)}
        for r in regions
    ]
    for kind in (*_KINDS, "demand"):
        given = record.get(kind)
        values = [given] if isinstance(given, str) else given
        if values is None or (isinstance(values, list) and any(_is_region(v) for v in values)):
            continue
        values = [_first(v) for v in values]
        if len(values) != len(units):
            raise LabelRefused(Refusal.BAD_ROW, f"{kind}: {len(values)} / {len(units)}", line=number)
        for unit, value in zip(units, values, strict=True):
            unit[kind] = value
    given = record.get("signals", [])
    signals = given["choices"] if isinstance(given, dict) else [given] if isinstance(given, str) else given
    if isinstance(signals, list) and signals and isinstance(signals[0], dict):
        signals = signals[0]["choices"]
    identity = record.get("comment")
    return LabelRow(
        line=number,
        id=str(identity) if identity else None,
        product=record.get("product"),
        text=lines_as_stored(record.get("text")),
        units=tuple(_given(unit) for unit in units),
        signals=tuple(signals),
        author=_author(record.get("annotator")) or record.get("labelled_by"),
        time=moment(record.get("updated_at") or record.get("created_at")),
        with_demands=any(unit.get("demand") for unit in units),
    )


def tasks_of(tasks: Iterable[LabelTask], names: Names, model_version: str) -> list[dict[str, Any]]:
    """Tasks for Label Studio: a person's labels as annotations, a model's as predictions to correct."""
    found: list[dict[str, Any]] = []
    for task in tasks:
        data = {
            "text": task.text,
            "comment": task.id,
            "product": task.product,
            "week": task.week,
            "why": task.why or "",  # the interface shows it, so that a task without it would be refused
            "labelled_by": task.author,
            "demands_given": task.with_demands or None,
        }
        result: dict[str, Any] = {"result": _results(task, names)}
        if task.author is not None and task.whole:
            result["created_at"] = task.time.isoformat() if task.time else None
            kind = "annotations"
        else:
            result |= {"model_version": model_version, "score": task.confidence or 0.0}
            kind = "predictions"
        found.append({"data": {k: v for k, v in data.items() if v is not None}, kind: [result]})
    return found


def interface(names: Names, hints: Mapping[str, str], headings: Mapping[str, str]) -> str:
    """The XML of the labelling interface (Settings → Labeling Interface → Code); `hints` explain ids."""
    view = ElementTree.Element("View")

    def add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
        return ElementTree.SubElement(parent, tag, attributes)

    def options(parent: ElementTree.Element, tag: str, kind: str) -> None:
        for key, shown in names[kind].items():
            add(parent, tag, value=shown, **({"hint": hints[key]} if key in hints else {}))

    add(view, "Header", value="$why", size="6")
    options(add(view, "Labels", name="unit", toName="text", showInline="true"), "Label", "intent")
    add(view, "Text", name="text", value="$text", granularity="symbol")
    for kind in ("theme", "sentiment"):
        add(view, "Header", value=headings[kind], size="5")
        once = {"choice": "single-radio", "perRegion": "true", "required": "true", "showInline": "true"}
        options(add(view, "Choices", name=kind, toName="text", **once), "Choice", kind)
    add(view, "Header", value=headings["demand"], size="5")
    add(view, "TextArea", name="demand", toName="text", perRegion="true", maxSubmissions="1", editable="true")
    add(view, "Header", value=headings["signals"], size="5")
    several = {"choice": "multiple", "showInline": "true"}
    options(add(view, "Choices", name="signals", toName="text", **several), "Choice", "signal")
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _row(
    number: int, data: Mapping[str, Any], annotation: Mapping[str, Any], vocabulary: Vocabulary
) -> LabelRow:
    regions: dict[str, dict[str, Any]] = {}
    signals: list[str] = []
    for result in annotation.get("result") or []:
        value, kind = result["value"], str(result["type"])
        content = value.get(kind, value.get("labels")) if kind.endswith("labels") else value.get(kind)
        if kind == "textarea":
            content = value.get("text")
        if content is None:
            continue  # relations, ratings and other things that are no labels
        names = [content] if isinstance(content, str) else list(map(str, content))
        if "start" not in value:  # said of the whole comment
            ours = result["from_name"] == "signals"
            signals += [n for n in names if ours or vocabulary.kind_of(n) == "signal"]
            continue
        region = regions.setdefault(str(result["id"]), {})
        region.setdefault("start", value.get("start"))
        region.setdefault("end", value.get("end"))
        if kind.endswith("labels"):
            region["span"] = value.get("text")
            region |= _named(names, vocabulary)
        elif kind == "textarea":
            region["demand"] = names[0] if names else None
        else:
            region |= _chosen(str(result["from_name"]), names, vocabulary)
    units = [unit for unit in regions.values() if unit.get("start") is not None]
    identity = data.get("comment") or data.get("id")
    return LabelRow(
        line=number,
        id=str(identity) if identity else None,
        product=data.get("product"),
        text=lines_as_stored(data.get("text")),
        units=tuple(_given(unit) for unit in units),
        signals=tuple(signals),
        author=_author(annotation.get("completed_by")) or data.get("labelled_by"),
        time=moment(annotation.get("updated_at") or annotation.get("created_at")),
        with_demands=bool(data.get("demands_given")) or any(unit.get("demand") for unit in units),
    )


def _results(task: LabelTask, names: Names) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def add(region: str, tag: str, kind: str, value: Mapping[str, Any]) -> None:
        found.append({"id": region, "from_name": tag, "to_name": "text", "type": kind, "value": dict(value)})

    for number, unit in enumerate(task.units):
        place = {"start": unit.start, "end": unit.end, "text": task.text[unit.start : unit.end]}
        region = f"u{number}"
        add(region, "unit", "labels", {**place, "labels": [names["intent"][unit.intent]]})
        for kind in ("theme", "sentiment"):
            name = names[kind].get(getattr(unit, kind), getattr(unit, kind))
            add(region, kind, "choices", {**place, "choices": [name]})
        if unit.demand:
            add(region, "demand", "textarea", {**place, "text": [unit.demand]})
    if task.signals:
        add("signals", "signals", "choices", {"choices": [names["signal"][s] for s in task.signals]})
    return found


def _named(names: Sequence[str], vocabulary: Vocabulary) -> dict[str, str]:
    """What the labels of a region say; an unknown one may only mark that there is a unit."""
    known = [(vocabulary.kind_of(name), name) for name in names]
    return {kind: name for kind, name in known if kind in _KINDS}


def _chosen(tag: str, names: Sequence[str], vocabulary: Vocabulary) -> dict[str, str]:
    if tag in _KINDS:
        return {tag: names[0]} if names else {}
    return _named(names, vocabulary)


def _given(unit: Mapping[str, Any]) -> GivenUnit:
    return GivenUnit(
        span=lines_as_stored(unit.get("span")),
        intent=unit.get("intent"),
        theme=unit.get("theme"),
        sentiment=unit.get("sentiment"),
        demand=unit.get("demand"),
        start=int(unit["start"]),
        end=int(unit["end"]),
    )


def _is_region(value: object) -> bool:
    return isinstance(value, dict) and {"start", "end", "labels"} <= set(value)


def _first(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("choices", value.get("text"))
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else str(value)


def _author(completed_by: object) -> str | None:
    """Label Studio names an annotator by number, or by an object with their address."""
    if isinstance(completed_by, dict):
        found = completed_by.get("email") or completed_by.get("id")
        return None if found is None else str(found)
    return f"label-studio:{completed_by}" if completed_by is not None else None
