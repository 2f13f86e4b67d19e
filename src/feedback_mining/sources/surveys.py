"""Exports of 问卷星: each answer to an open question is a comment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from feedback_mining.records import QuarantineReason
from feedback_mining.sources.cells import cell_text
from feedback_mining.sources.reader import RowReader, refused
from feedback_mining.sources.rows import Row

_QUESTION = re.compile(r"(\d{1,3})\s*[、.．]\s*(.*)", re.DOTALL)
_SKIPPED = frozenset({"", "(跳过)", "（跳过）", "(空)", "（空）"})
_CHOICE = 20  # characters, at most, of an answer that was chosen


def is_survey(header: Iterable[str]) -> bool:
    names = set(header)
    return {"序号", "提交答卷时间"} <= names and any(_QUESTION.match(name) for name in names)


def open_questions(
    header: Sequence[str], sample: Sequence[Sequence[Any]], given: str | None = None
) -> list[str]:
    """The questions that were answered in words: no `┋`, no numbers, not the same few short answers.

    The one that the user has `given` stands alone.
    """
    if given:
        return [given] if _QUESTION.match(given) else []
    found = []
    for at, name in enumerate(header):
        answers = [cell_text(row[at]) for row in sample if at < len(row)]
        answers = [answer for answer in answers if answer not in _SKIPPED]
        if not _QUESTION.match(name) or (answers and all(a.replace(".", "").isdigit() for a in answers)):
            continue
        few = len(answers) >= 4 and 2 * len(set(answers)) <= len(answers)
        if any("┋" in answer for answer in answers) or (few and max(map(len, answers)) <= _CHOICE):
            continue
        found.append(name)
    return found


def survey_rows(
    questions: Sequence[str], reader: RowReader, given: Mapping[str, str]
) -> Callable[[int, Mapping[str, Any]], Iterable[Row]]:
    """A comment per open answer; `given` columns are those of further fields. Its id is 序号, the question's number and the instant of the answer."""

    def rows(line: int, cells: Mapping[str, Any]) -> Iterable[Row]:
        number, time = cell_text(cells.get("序号")), cells.get("提交答卷时间")
        answered = 0
        for question in questions:
            answer = cell_text(cells.get(question))
            match = _QUESTION.match(question)
            if answer in _SKIPPED or match is None:
                continue
            answered += 1
            # 序号 starts at 1 in every survey.
            moment = re.sub(r"\D", "", cell_text(time))
            values = {
                "text": answer,
                "context": match[2],
                "time": time,
                "id": f"{number}-{match[1]}-{moment}",
                **{field: cells.get(column) for field, column in given.items() if field != "text"},
            }
            yield reader.row(line, values)
        if not answered:
            yield refused(line, QuarantineReason.EMPTY_TEXT, "no open question was answered", {"id": number})

    return rows
