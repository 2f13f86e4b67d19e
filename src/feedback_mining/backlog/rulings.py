"""What people said about campaigns: the machine suggests, the person's word stands in every later run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from feedback_mining.backlog.items import Campaign
from feedback_mining.backlog.runs import campaign_of
from feedback_mining.records import Comment


class Verdict(StrEnum):
    VOICE = "voice"
    CAMPAIGN = "campaign"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One row of the record, never changed; an undo names the row that it takes back."""

    product: str
    verdict: Verdict
    comments: tuple[str, ...]  # those that the campaign had when it was ruled on, or those named
    author: str
    time: datetime  # aware, UTC
    reason: str = ""
    campaign: str | None = None  # id, where a whole campaign was ruled on
    undoes: int | None = None
    id: int = 0  # given by the store


@dataclass(frozen=True)
class Rulings:
    """The rulings in force, folded from the record in its order."""

    in_force: tuple[Ruling, ...]

    @classmethod
    def of(cls, record: Sequence[Ruling]) -> Rulings:
        undone = {r.undoes for r in record if r.verdict is Verdict.UNDO}
        return cls(tuple(r for r in record if r.verdict is not Verdict.UNDO and r.id not in undone))

    @property
    def of_comment(self) -> dict[str, Ruling]:
        """Comment → the last ruling on it."""
        return {comment: ruling for ruling in self.in_force for comment in ruling.comments}

    @property
    def of_campaign(self) -> dict[str, Ruling]:
        """Campaign → the last ruling on it as a whole."""
        return {ruling.campaign: ruling for ruling in self.in_force if ruling.campaign}

    @property
    def marked(self) -> frozenset[str]:
        """Comments that a person took out of the count."""
        return frozenset(c for c, ruling in self.of_comment.items() if ruling.verdict is Verdict.CAMPAIGN)


def ruled(campaigns: Iterable[Campaign], comments: Iterable[Comment], rulings: Rulings) -> list[Campaign]:
    """The campaigns as people left them, newest first; `comments` are those that may be in campaigns.

    A campaign that was released stays released when it grows or loses its first comment: it is the same one
    if its id is, or if most of its comments were released with a campaign.
    """
    if not rulings.in_force:
        return list(campaigns)
    of_comment, of_campaign = rulings.of_comment, rulings.of_campaign
    by_id = {c.id: c for c in comments}
    left: list[Campaign] = []
    for campaign in campaigns:
        whole = of_campaign.get(campaign.id)
        voices = {c for c in campaign.comments if c in of_comment and of_comment[c].verdict is Verdict.VOICE}
        together = sum(of_comment[c].campaign is not None for c in voices)
        if (whole and whole.verdict is Verdict.VOICE) or 2 * together > len(campaign.comments):
            continue
        marked = {c for c in campaign.comments if c in rulings.marked}
        rest = [c for c in campaign.comments if c not in voices | marked and c in by_id]
        if len(rest) == len(campaign.comments):
            left.append(campaign)
        elif rest:
            run = sorted((by_id[c] for c in rest), key=lambda c: (c.time, c.id))
            again = campaign_of(campaign.kind, run, campaign.evidence)
            left.append(replace(again, id=campaign.id, usual_ratings=campaign.usual_ratings))
    for ruling in rulings.in_force:
        if ruling.verdict is not Verdict.CAMPAIGN:
            continue
        named = [by_id[c] for c in ruling.comments if c in by_id and of_comment[c] is ruling]
        if named:
            run = sorted(named, key=lambda c: (c.time, c.id))
            said = f"{ruling.author}认定" + (f"：{ruling.reason}" if ruling.reason else "")
            marked_one = campaign_of("marked", run, said)
            left.append(replace(marked_one, id=ruling.campaign or marked_one.id))
    return sorted(left, key=lambda c: (c.last, len(c.comments), c.comments), reverse=True)
