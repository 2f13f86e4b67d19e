"""Do decisions fit what was decided before? Checked when one is made, so that mining never has to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from feedback_mining.demands.decisions import Decision, DecisionKind, concerned, fold, in_force, retired
from feedback_mining.errors import InputError


def check_ground(decisions: Sequence[Decision], new: Decision) -> None:
    """Raise InputError where `new` cannot follow `decisions`, oldest first, naming the one that forbids it."""
    number = 1 + max((d.id for d in decisions), default=0)
    new = replace(new, id=number)
    if new.kind is DecisionKind.UNDO:
        _check_undo(decisions, new)
        return
    gone = retired(decisions)
    problem = _problem(in_force(decisions), new, gone)
    if problem:
        raise InputError(problem)


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
            problem = _problem(after[:place], later, gone)
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


def _problem(before: Sequence[Decision], new: Decision, gone: frozenset[str]) -> str | None:
    """Why `new` does not fit the decisions in force `before` it; None where it does."""
    constraints = fold(before)
    fixed = concerned(new) - ({new.content["new"]} if new.kind is DecisionKind.SPLIT else set())
    for key in sorted(fixed):
        if key in gone:
            return f"Demand {key} is no more: the decision that split it off was taken back"
        if key in constraints.alias and _needs(new, key):
            (merge,) = [d for d in before if d.kind is DecisionKind.MERGE and key in d.content["sources"]][
                -1:
            ]
            return f"Demand {key} is part of {constraints.canonical(key)} now ({by(merge)}); name that one instead"
    if new.kind is DecisionKind.MERGE:
        everyone = [*new.content["sources"], new.content["target"]]
        for one in everyone:
            for other in everyone:
                if one < other and constraints.are_apart(one, other):
                    apart = _apart(before, one, other)
                    return f"Demands {one} and {other} were declared never the same ({by(apart)}); undo that first"
    if new.kind is DecisionKind.APART:
        one, other = map(constraints.canonical, new.content["pair"])
        if one == other:
            return (
                f"Both belong to demand {one}; expected two that are not the same: split, move or undo first"
            )
    return None


def _needs(new: Decision, key: str) -> bool:
    """Must the demand stand by itself for this decision? Units may be taken out of one that was merged."""
    content = new.content
    match new.kind:
        case DecisionKind.MERGE:
            return key == content["target"] or key in content["sources"]
        case DecisionKind.MOVE:
            return bool(key == content["target"])
        case DecisionKind.APART:
            return key in content["pair"]
        case _:
            return bool(key == content["demand"])


def _apart(before: Sequence[Decision], one: str, other: str) -> Decision:
    constraints = fold(before)
    wanted = frozenset((constraints.canonical(one), constraints.canonical(other)))
    aparts = [d for d in before if d.kind is DecisionKind.APART]
    return next(
        d for d in reversed(aparts) if frozenset(map(constraints.canonical, d.content["pair"])) == wanted
    )
