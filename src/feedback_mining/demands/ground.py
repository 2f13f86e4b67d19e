"""Do decisions fit what was decided before? Checked when one is made, so that mining never has to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from feedback_mining.demands.decisions import Decision, DecisionKind, fold, in_force, retired
from feedback_mining.errors import InputError


def check_ground(decisions: Sequence[Decision], new: Decision) -> None:
    """Raise InputError where `new` cannot follow `decisions`, oldest first, naming the one that forbids it."""
    number = 1 + max((d.id for d in decisions), default=0)
    new = replace(new, id=number)
    if new.kind is DecisionKind.UNDO:
        _check_undo(decisions, new)
        return
    gone = retired(decisions)
    problem = _problem(decisions, in_force(decisions), new, gone)
    if problem:
        raise InputError(problem)


def check_stands(decisions: Sequence[Decision], keys: Iterable[str]) -> None:
    """Raise InputError where a demand was merged away or its founding taken back, by whom and when."""
    before, gone = in_force(decisions), retired(decisions)
    for key in keys:
        if problem := _fallen(decisions, before, gone, key):
            raise InputError(problem)


def _fallen(
    decisions: Sequence[Decision], before: Sequence[Decision], gone: frozenset[str], key: str
) -> str | None:
    if key in gone:
        split = [d for d in decisions if d.kind is DecisionKind.SPLIT and d.content["new"] == key][-1]
        taker = _taker(decisions, split)
        return f"Demand {key} is no more: {by(split)} was taken back" + (f" ({by(taker)})" if taker else "")
    constraints = fold(before)
    if key in constraints.alias:
        merge = [d for d in before if d.kind is DecisionKind.MERGE and key in d.content["sources"]][-1]
        return (
            f"Demand {key} is part of {constraints.canonical(key)} now ({by(merge)}); name that one instead"
        )
    return None


def by(decision: Decision) -> str:
    """How a message names a decision."""
    return (
        f"decision {decision.id}, {decision.kind} by {decision.author} at {decision.time:%Y-%m-%d %H:%M} UTC"
    )


def _check_undo(decisions: Sequence[Decision], undo: Decision) -> None:
    named = undo.content["decision"]
    found = next((d for d in decisions if d.id == named), None)
    if found is None:
        raise InputError(f"There is no decision {named}; `demands history` lists those that were made")
    taker = _taker(decisions, found)
    if taker:
        raise InputError(
            f"Decision {named} was already taken back ({by(taker)}); to have it again, undo decision {taker.id}"
        )
    after = in_force([*decisions, undo])
    gone = retired([*decisions, undo])
    for place, later in enumerate(after):
        if later.id > named or found.kind is DecisionKind.UNDO:
            problem = _problem([*decisions, undo], after[:place], later, gone)
            if problem:
                raise InputError(
                    f"Decision {named} cannot be taken back, for {by(later)} builds on it; undo that first"
                    if found.kind is not DecisionKind.UNDO
                    else f"Decision {named} cannot be taken back: {problem}"
                )


def _taker(decisions: Sequence[Decision], found: Decision) -> Decision | None:
    """The undo in force that takes a decision back."""
    taken: dict[int, Decision] = {}
    for decision in sorted(decisions, key=lambda d: d.id, reverse=True):
        if decision.id not in taken and decision.kind is DecisionKind.UNDO:
            taken[decision.content["decision"]] = decision
    return taken.get(found.id)


def _problem(
    decisions: Sequence[Decision], before: Sequence[Decision], new: Decision, gone: frozenset[str]
) -> str | None:
    """Why `new` does not fit the decisions in force `before` it; None where it does."""
    for key in sorted(_stands_on(new)):
        if problem := _fallen(decisions, before, gone, key):
            return problem
    if new.kind is DecisionKind.MERGE:
        given = [*new.content["sources"], new.content["target"]]
        if len(set(given)) < max(2, len(given)):
            return f"A demand cannot be merged with itself ({', '.join(given)}); name each once"
    after = fold([*before, new])
    met = next((number for pair, number in after.apart.items() if len(pair) == 1), None)
    if met == new.id:
        return "Both belong to one demand; expected two that are not the same: split, move or undo first"
    if met is not None:
        (apart,) = (d for d in before if d.id == met)
        return f"This joins what was declared never the same ({by(apart)}); undo that first"
    return None


def _stands_on(new: Decision) -> set[str]:
    """Demands that must exist by themselves for a decision; units may be taken out of those merged away."""
    content = new.content
    match new.kind:
        case DecisionKind.MERGE:
            return {content["target"], *content["sources"]}
        case DecisionKind.MOVE:
            return {content["target"]}
        case DecisionKind.APART:
            return set(content["pair"])
        case _:
            return {content["demand"]}
