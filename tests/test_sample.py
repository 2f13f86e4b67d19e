"""The sample product's last week, held against the stories that its comments were written around."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from feedback_mining.backlog.items import Alert, Backlog, EvidenceUnit, Item
from feedback_mining.console import backlog_lines
from feedback_mining.pipeline.ingest import ImportReport, import_files
from feedback_mining.pipeline.mine import mine_week
from feedback_mining.pipeline.publish import publish
from feedback_mining.records import Comment
from feedback_mining.settings import Settings, default_store
from feedback_mining.sources.privacy import mask_personal_data
from feedback_mining.storage import open_store
from feedback_mining.weeks import Week

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"appstore.xlsx": "qimai", "tucao.json": "txc", "wechat_group.csv": "wechat"}
TRUTH: dict[str, Any] = json.loads((ROOT / "data" / "sample" / "truth.json").read_text(encoding="utf-8"))
WEEK = Week.parse(TRUTH["weeks"][-1])
STORIES: dict[str, dict[str, Any]] = {story["id"]: story for story in TRUTH["stories"]}


def of_kind(kind: str) -> list[str]:
    return [story for story, told in STORIES.items() if told["kind"] == kind]


@dataclass(frozen=True)
class Sample:
    reports: list[ImportReport]
    comments: list[Comment]
    replies: list[Comment]  # of the product's own team
    story_of: dict[str, str]  # comment → story
    backlog: Backlog

    def comments_of(self, story: str) -> set[str]:
        return {comment for comment, its in self.story_of.items() if its == story}

    def rank(self, item: Item) -> int:
        return self.backlog.items.index(item) + 1

    def main_item(self, story: str) -> Item:
        """The item that holds most of the story's comments, the higher one where two hold as many."""
        mine = self.comments_of(story)
        return max(self.backlog.items, key=lambda item: len(mine & {u.comment for u in item.units}))

    def mostly(self, units: tuple[EvidenceUnit, ...]) -> str | None:
        """The story of more than half of the units, if there is one."""
        if not units:
            return None
        (story, count) = Counter(self.story_of.get(u.comment) for u in units).most_common(1)[0]
        return story if 2 * count > len(units) else None

    def alerts_on(self, story: str) -> list[Alert]:
        return [alert for alert in self.backlog.alerts if self.mostly(alert.units) == story]

    def campaigned(self, story: str, kind: str) -> set[str]:
        """The story's comments that were recognised as a campaign of this kind."""
        found = {c for campaign in self.backlog.campaigns if campaign.kind == kind for c in campaign.comments}
        return self.comments_of(story) & found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    files = [ROOT / "data" / "sample" / name for name in SOURCES]
    settings = Settings()
    with open_store(default_store(tmp_path_factory.mktemp("sample"))) as store:
        reports = import_files(files, store, product=TRUTH["product"], settings=settings)
        comments = store.comments(TRUTH["product"])
        replies = store.official_replies(TRUTH["product"])
        backlog = mine_week(store, TRUTH["product"], WEEK, settings=settings)
    by_words: dict[tuple[str, str], list[str]] = {}
    for comment in comments:
        for words in {comment.text, comment.text.partition("\n")[2]}:  # with a title and without
            by_words.setdefault((comment.source, words), []).append(comment.id)
    story_of = {}
    for story, told in STORIES.items():
        for member in told["comments"]:
            (found,) = by_words[SOURCES[member["file"]], mask_personal_data(member["text"].strip())]
            assert found not in story_of
            story_of[found] = story
    return Sample(reports, comments, replies, story_of, backlog)


def test_every_comment_of_the_truth_is_in_the_store(sample: Sample) -> None:
    assert len(sample.story_of) == sum(len(told["comments"]) for told in STORIES.values()) > 400


def test_counts_add_up(sample: Sample) -> None:
    counts = sample.backlog.counts
    for report in sample.reports:
        assert report.rows_read == report.stored + report.duplicates + report.quarantined
    assert counts.rows_read == counts.stored + counts.duplicates + counts.quarantined
    assert counts.rows_read == sum(report.rows_read for report in sample.reports)
    assert sample.replies
    assert counts.stored == len(sample.comments) + len(sample.replies)
    assert counts.replies == len(sample.replies)
    assert f"其中官方回复 {counts.replies}）" in backlog_lines(sample.backlog, "zh")[1]
    assert counts.quarantined == sum(counts.quarantined_by_reason.values())
    assert sample.backlog.figures[-1].week == str(WEEK)


def test_the_file_follows_the_schema(sample: Sample, tmp_path: Path) -> None:
    schema = json.loads((ROOT / "docs" / "backlog.schema.json").read_text(encoding="utf-8"))
    written = json.loads(publish(sample.backlog, tmp_path).json.read_text(encoding="utf-8"))
    errors = [f"{e.json_path}: {e.message[:200]}" for e in Draft202012Validator(schema).iter_errors(written)]
    assert errors == []
    assert len(written["items"]) == len(sample.backlog.items) > 20


def test_units_are_the_words_at_their_place(sample: Sample) -> None:
    text = {comment.id: comment.text for comment in sample.comments}
    units = [unit for item in sample.backlog.items for unit in item.units]
    assert all(text[u.comment][u.start : u.end] == u.text != "" for u in units)
    assert len({(u.comment, u.start) for u in units}) == len(units), "a unit is in two items"


def test_titles_can_be_read(sample: Sample) -> None:
    titles = [item.title for item in sample.backlog.items[:30]]
    assert [title for title in titles if not 2 <= len(title) <= 20 or "\n" in title] == []
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("story", of_kind("emerging_fault"))
class TestEmergingFault:
    def test_is_within_the_first_five(self, sample: Sample, story: str) -> None:
        assert sample.rank(sample.main_item(story)) <= 5

    def test_raises_an_alert(self, sample: Sample, story: str) -> None:
        kinds = {alert.kind for alert in sample.alerts_on(story)}
        assert kinds & {"new", "surging"}

    def test_is_blamed_on_its_release(self, sample: Sample, story: str) -> None:
        blamed = {alert.since_version for alert in sample.alerts_on(story)} - {None}
        released = [r["version"] for r in TRUTH["releases"]]
        at_fault = released.index(STORIES[story]["release"])
        assert blamed <= set(released[at_fault:]), "an alert names a release before the fault"
        assert blamed


class TestReturningFault:
    def test_is_within_the_first_twelve_and_alive(self, sample: Sample) -> None:
        (story,) = of_kind("returning_fault")
        item = sample.main_item(story)
        assert sample.rank(item) <= 12
        assert item.trend != "dormant"
        assert item.last_seen == str(WEEK)


class TestFixedFault:
    def test_is_silent_and_below_the_first_ten(self, sample: Sample) -> None:
        (story,) = of_kind("fixed_fault")
        item = sample.main_item(story)
        assert item.weekly_counts[str(WEEK)] == item.users_this_week == 0
        assert sample.rank(item) > 10

    def test_is_seen_to_fade(self, sample: Sample) -> None:
        (story,) = of_kind("fixed_fault")
        assert sample.main_item(story).trend in {"cooling", "dormant"}

    def test_raises_no_alert(self, sample: Sample) -> None:
        (story,) = of_kind("fixed_fault")
        assert sample.alerts_on(story) == []


class TestGrowingWish:
    def test_is_within_the_first_fifteen_and_grows(self, sample: Sample) -> None:
        (story,) = of_kind("growing_wish")
        item = sample.main_item(story)
        weekly = list(item.weekly_counts.values())
        assert sample.rank(item) <= 15
        assert len(weekly) == 12
        assert sum(weekly[-4:]) > sum(weekly[:4])

    def test_is_a_wish(self, sample: Sample) -> None:
        (story,) = of_kind("growing_wish")
        assert sample.main_item(story).intent == "suggestion"


class TestCampaigns:
    @pytest.mark.parametrize(("kind", "share"), [("paid_praise", 0.9), ("advertising", 0.8)])
    def test_are_recognised(self, sample: Sample, kind: str, share: float) -> None:
        (story,) = of_kind(kind)
        assert len(sample.campaigned(story, kind)) >= share * len(STORIES[story]["comments"])

    @pytest.mark.parametrize("kind", ["paid_praise", "advertising"])
    def test_make_no_items(self, sample: Sample, kind: str) -> None:
        (story,) = of_kind(kind)
        itemised = {u.comment for item in sample.backlog.items for u in item.units}
        assert len(sample.comments_of(story) & itemised) <= 3

    def test_take_in_no_story_of_real_users(self, sample: Sample) -> None:
        floods = {"paid_praise", "advertising"}
        promoted = {c for campaign in sample.backlog.campaigns for c in campaign.comments}
        caught = {c for c in promoted if (s := sample.story_of.get(c)) and STORIES[s]["kind"] not in floods}
        assert caught == set()
