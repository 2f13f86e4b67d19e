"""Real comments, which are not part of the project: a store's export with all its faults, and gold labels."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from feedback_mining.backlog.items import Backlog
from feedback_mining.pipeline.analyze import analyze_file
from feedback_mining.pipeline.ingest import ImportReport, import_files
from feedback_mining.pipeline.mine import mine_week
from feedback_mining.records import Comment
from feedback_mining.settings import Settings, default_store
from feedback_mining.storage import open_store
from feedback_mining.taxonomy import Taxonomy
from feedback_mining.text.clean import normalise
from feedback_mining.weeks import Week

WEEK = Week(2019, 16)
PRODUCT = "小米商城"
GAMBLING = re.compile(  # sees letters and digits only, since these adverts break their words up
    r"[彩采][票漂]|博彩|[棋其]牌|赌[博场]|首[存充]|[首充存]\d+[送返得]|注册送|百家乐|[娱余]乐[城场]|招代理|时时彩|六合彩|下注|投注"
    r"|老[虎唬]机|返水|洗码|[彩采]金|真人荷官|红包雨"
)


def gambles(text: str) -> bool:
    return bool(GAMBLING.search("".join(c for c in normalise(text) if c.isalnum())))


@dataclass(frozen=True)
class Mined:
    report: ImportReport
    comments: dict[str, Comment]
    backlog: Backlog


@pytest.fixture(scope="module")
def export(shared_dir: Path) -> Path:
    return shared_dir / "data" / "qimai" / "小米商城.xlsx"


@pytest.fixture(scope="module")
def mall(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Mined:
    with open_store(default_store(tmp_path_factory.mktemp("mall"))) as store:
        (report,) = import_files([export], store, product=None, settings=Settings())
        backlog = mine_week(store, PRODUCT, WEEK, settings=Settings())
        return Mined(report, {c.id: c for c in store.comments(PRODUCT)}, backlog)


def test_every_row_is_accounted_for(mall: Mined) -> None:
    counts = mall.backlog.counts
    assert (mall.report.product, mall.report.rows_read) == (PRODUCT, 5001)
    assert counts.rows_read == counts.stored + counts.duplicates + counts.quarantined == 5001
    assert counts.stored == len(mall.comments)
    assert counts.quarantined == sum(counts.quarantined_by_reason.values())
    assert counts.duplicates == sum(counts.duplicates_by_reason.values())


def test_what_the_exporter_wrote_is_no_comment(mall: Mined, export: Path) -> None:
    with closing(openpyxl.load_workbook(export, read_only=True)) as book:
        rows = list(book.active.iter_rows(min_col=2, max_col=2, values_only=True))
    advertisement, footer = str(rows[1][0]), str(rows[-1][0])
    assert "七麦" in advertisement
    assert "5000条" in footer
    for comment in mall.comments.values():
        assert advertisement[:12] not in comment.text
        assert footer[:12] not in comment.text


def test_units_are_the_words_at_their_place(mall: Mined) -> None:
    units = [unit for item in mall.backlog.items for unit in item.units]
    assert len(units) > 50
    assert all(mall.comments[u.comment].text[u.start : u.end] == u.text != "" for u in units)
    assert all(u.week <= str(WEEK) for u in units)
    for item in mall.backlog.items:
        assert all(quote.text == mall.comments[quote.comment].text for quote in item.quotes)


def test_gambling_is_a_campaign_and_no_item(mall: Mined) -> None:
    largest = max(mall.backlog.campaigns, key=lambda campaign: len(campaign.comments))
    assert largest.kind == "advertising"
    assert len(largest.comments) >= 60
    known = sum(gambles(mall.comments[c].text) for c in largest.comments)
    assert known > 0.9 * len(largest.comments), "the pattern knows no such adverts, so proves nothing"
    said = [unit for item in mall.backlog.items for unit in item.units]
    assert [u.text for u in said if gambles(u.text)] == []
    assert {u.comment for u in said}.isdisjoint(largest.comments)


def test_titles_can_be_read(mall: Mined) -> None:
    assert mall.backlog.items
    assert [i.title for i in mall.backlog.items if not 1 <= len(i.title) <= 20 or "\n" in i.title] == []


def test_analysis_keeps_ids_and_texts_and_points_into_them(shared_dir: Path) -> None:
    path = shared_dir / "labels" / "gold" / "mi_mall.jsonl"
    gold = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    analysis = analyze_file(path, settings=Settings())
    assert analysis.refused == 0
    assert [(line["id"], line["text"]) for line in analysis.lines] == [(g["id"], g["text"]) for g in gold]
    themes = {theme.id for theme in Taxonomy.load().themes}
    for line in analysis.lines:
        end = 0
        for unit in line["units"]:
            assert end <= unit["start"] < unit["end"] <= len(line["text"])
            assert line["text"][unit["start"] : unit["end"]] == unit["text"]
            assert unit["theme"] in themes
            assert 0 <= unit["confidence"] <= 1
            end = unit["end"]
    units = [unit for line in analysis.lines for unit in line["units"]]
    assert analysis.units == len(units) > len(gold)
    of_demand = [unit["intent"] for unit in units if unit["demand"]]
    assert len(of_demand) > 30
    assert set(of_demand) <= {"suggestion", "bug", "complaint"}
