"""People's rulings on campaigns: they stand in every later run, and can be taken back."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_campaigns import UNTIL, comment, quiet

from feedback_mining.backlog.campaigns import find_campaigns
from feedback_mining.backlog.rulings import Ruling, Rulings, Verdict, ruled
from feedback_mining.cli import main
from feedback_mining.errors import InputError
from feedback_mining.pipeline import campaigns as desk
from feedback_mining.storage import Store, open_store
from feedback_mining.weeks import Week

PRODUCT = "拾光账本"
NOW = datetime(2026, 3, 9, tzinfo=UTC)
ADVERTS = [comment(n, f"永乐娱乐城，百家乐首存送58，加q：7712{n:04d}", days=20 - n / 10) for n in range(10)]
COMMENTS = [*quiet(), *ADVERTS]


def ruling(number: int, verdict: Verdict, comments: Sequence[str], **more: Any) -> Ruling:
    return Ruling("追剧盒", verdict, tuple(comments), "林", NOW, id=number, **more)


def left(*record: Ruling) -> dict[str, tuple[str, ...]]:
    found = ruled(find_campaigns(COMMENTS, UNTIL), COMMENTS, Rulings.of(record))
    return {campaign.kind: campaign.comments for campaign in found}


IDS = tuple(c.id for c in ADVERTS)
KEY = find_campaigns(COMMENTS, UNTIL)[0].id


def test_nothing_ruled_nothing_changed() -> None:
    assert left() == {"advertising": IDS}


def test_a_released_campaign_is_gone_and_an_undo_brings_it_back() -> None:
    released = ruling(1, Verdict.VOICE, IDS, campaign=KEY)
    assert left(released) == {}
    assert left(released, ruling(2, Verdict.UNDO, (), undoes=1)) == left()


def test_a_released_campaign_stays_released_when_it_loses_its_first_comment_and_grows() -> None:
    seen_then = ruling(1, Verdict.VOICE, ("older", *IDS[:7]), campaign="C-0000000000")
    assert left(seen_then) == {}
    assert left(replace(seen_then, comments=("older", *IDS[:4]))) == {"advertising": IDS[4:]}


def test_single_comments_leave_and_join() -> None:
    assert left(ruling(1, Verdict.VOICE, IDS[:2])) == {"advertising": IDS[2:]}
    assert left(ruling(1, Verdict.VOICE, IDS)) == {}
    voices = [c.id for c in quiet()[:2]]
    marked = left(ruling(1, Verdict.CAMPAIGN, voices, reason="同一家公司"))
    assert marked == {"advertising": IDS, "marked": tuple(sorted(voices))}


def test_the_last_word_counts() -> None:
    out, back = ruling(1, Verdict.VOICE, IDS, campaign=KEY), ruling(2, Verdict.CAMPAIGN, IDS, campaign=KEY)
    assert left(out, back) == {"marked": IDS}
    assert left(out, back, ruling(3, Verdict.UNDO, (), undoes=2)) == {}
    assert left(out, back, ruling(3, Verdict.VOICE, IDS[:1])) == {"marked": IDS[1:]}


def test_marked_comments_outside_what_is_looked_at_make_no_campaign() -> None:
    assert left(ruling(1, Verdict.CAMPAIGN, ["elsewhere"])) == {"advertising": IDS}


FIRST = date(2026, 3, 2)
SAID = ["打开账单就闪退", "希望导出成表格", "字体太小了", "同步太慢了", "很好用", "广告太多了"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two weeks with an advertisement for gambling from six accounts, mined."""
    rows = [(FIRST + timedelta(days=2 * n), f"甲{n}", text) for n, text in enumerate(SAID)]
    rows += [
        (FIRST + timedelta(days=8), f"乙{n}", f"棋牌娱乐城首存送88，每天红包雨，加q：6612{n:04d}")
        for n in range(6)
    ]
    with (tmp_path / "评论.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["时间", "用户", "内容"])
        writer.writerows([f"{day} 10:00", author, text] for day, author, text in rows)
    folder = tmp_path / "out"
    assert main(["run", str(tmp_path / "评论.csv"), "--product", PRODUCT, "--out", str(folder)]) == 0
    return folder


def opened(out: Path) -> Store:
    return open_store(f"sqlite:///{out}/feedback_mining.db")


def mined(out: Path, week: str = "2026-W11") -> dict[str, Any]:
    assert main(["mine", "--week", week, "--out", str(out)]) == 0
    with opened(out) as store:
        content = store.backlog(PRODUCT, Week.parse(week))
    assert content is not None
    return content


def run(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    capsys.readouterr()
    code = main(["campaigns", *command])
    said = capsys.readouterr()
    assert code == 0, said.err
    return said.out


def test_release_mine_undo_mine(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = mined(out)
    (campaign,) = before["campaigns"]
    key, where = campaign["id"], ["--out", str(out)]
    assert f"{key} · 广告 · 6 条，6 个账号" in run(capsys, "list", *where)
    shown = run(capsys, "show", key[:6], "--limit", "2", *where)
    assert "棋牌娱乐城" in shown
    assert "还有 4 条" in shown
    said = run(capsys, "release", key, "--author", "林", "--reason", "自己的活动", *where)
    assert f"#1：放行 {key}" in said
    after = mined(out)
    assert after["campaigns"] == []
    assert after["counts"]["campaign_comments"] == 0
    assert after["figures"][-1]["people"] == before["figures"][-1]["people"] + 6
    listed = run(capsys, "list", *where)
    assert "自己的活动" in listed
    assert "#1 放行" in listed
    assert run(capsys, "undo", "1", "--author", "林", *where).startswith("已撤销 #1")
    assert mined(out) == before
    assert "（已撤销）" in run(capsys, "list", *where)


def test_what_a_person_marks_leaves_every_week_and_its_items(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = mined(out)
    voice = next(u["comment"] for item in before["items"] for u in item["units"])
    run(capsys, "mark", voice, "--author", "林", "--reason", "同行", "--out", str(out))
    for week in ("2026-W10", "2026-W11"):
        assert voice not in {u["comment"] for item in mined(out, week)["items"] for u in item["units"]}
    found = json.loads(run(capsys, "list", "--json", "--out", str(out)))
    assert {c["kind"] for c in found["campaigns"]} == {"marked", "advertising"}
    assert found["rulings"][0]["comments"] == [voice]


def test_mistakes_change_nothing(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = mined(out)["campaigns"][0]["id"]
    with opened(out) as store:
        for names, message in (
            (["C-ffff"], "campaigns list"),
            (["nobody:1"], "neither a campaign nor a comment"),
            ([key, "nobody:1"], "one campaign at a time"),
        ):
            with pytest.raises(InputError, match=message):
                desk.release(store, PRODUCT, names, "林", "")
        with pytest.raises(InputError, match="none that can be undone"):
            desk.undo(store, PRODUCT, 7, "林", "")
        assert store.campaign_rulings(PRODUCT) == []
        made = desk.release(store, PRODUCT, [key], "林", "")
        with pytest.raises(InputError, match="林 has ruled so already"):
            desk.release(store, PRODUCT, [key], "陶", "")
        desk.undo(store, PRODUCT, made.id, "陶", "看错了")
        with pytest.raises(InputError, match="陶 has undone ruling 1 already"):
            desk.undo(store, PRODUCT, made.id, "林", "")
        with pytest.raises(InputError, match="none that can be undone"):
            desk.undo(store, PRODUCT, 2, "林", "")
        assert [r.verdict for r in store.campaign_rulings(PRODUCT)] == [Verdict.VOICE, Verdict.UNDO]
    assert main(["campaigns", "release", key, "--author", " ", "--out", str(out)]) == 2
    assert "--author" in capsys.readouterr().err
