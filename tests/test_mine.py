"""Weeks mined from a small store: what a run may know, what it must repeat, what it must not lose."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from feedback_mining.backlog.items import Backlog
from feedback_mining.errors import InputError, UnknownWeek
from feedback_mining.pipeline.analyze import analyze_file
from feedback_mining.pipeline.choose import mined_week, one_product, parse_week, weeks_to_replay
from feedback_mining.pipeline.grouping import AnalyzedComment, analyze_comments, groupable
from feedback_mining.pipeline.ingest import import_files
from feedback_mining.pipeline.mine import Miner, latest_week, mine_week
from feedback_mining.pipeline.publish import publish
from feedback_mining.records import Intent
from feedback_mining.settings import Settings, default_store, load_settings
from feedback_mining.storage import Store, open_store
from feedback_mining.weeks import Week

PRODUCT = "拾光账本"
SETTINGS = load_settings(author_key="fixed")  # so that stores of two tests give the same pseudonyms
Row = tuple[str, str, str, str]

FIRST = Week(2026, 10)
# Day of the first week's Monday (2 March 2026) plus `days`, author, words.
SAID: list[tuple[int, str, str]] = [
    (0, "阿青", "打开年度账单就闪退，重装也没用"),
    (0, "小柏", "年度账单点进去直接闪退"),
    (1, "老陶", "希望账本能导出成表格"),
    (2, "南瓜", "字体太小了，老人看不清"),
    (3, "橘子", "很好用，推荐给同事了"),
    (4, "木耳", "同步太慢了，半天都同步不完"),
    (5, "芝麻", "开屏广告太多了，能不能少放点"),
    (7, "小满", "一点年度账单就闪退"),
    (8, "阿青", "年度账单还是闪退，什么时候修"),
    (9, "秋葵", "能不能把账本导出成excel表格"),
    (9, "花生", "请问怎么修改密码"),
    (10, "豆豆", "数据同步特别慢"),
    (12, "青团", "界面简洁，我很喜欢"),
    (14, "麻薯", "小票拍照识别的金额不对"),
    (15, "丸子", "识别小票时金额老是出错"),
    (16, "可可", "年度账单闪退，希望尽快修复"),
    (17, "布丁", "字体能不能调大一点"),
    (18, "奶茶", "同步一直转圈，太慢了"),
    (21, "小柏", "更新以后年度账单打开还是闪退"),
    (22, "椰子", "小票识别总把金额认错"),
    (23, "桃子", "希望支持导出表格"),
    (24, "石榴", "登录不上去，一直提示网络错误"),
    (28, "荔枝", "每次登录都提示网络错误，登录不了"),
    (29, "苹果", "收不到短信验证码，登录不了"),
    (30, "南瓜", "字体还是太小"),
    (31, "山楂", "小票识别金额错误"),
    (35, "红枣", "验证码一直收不到"),
    (36, "核桃", "年度账单闪退好几次了"),
    (37, "杏仁", "开屏广告点不掉，广告太多"),
    (40, "板栗", "拍小票金额识别错误"),
]


def row(number: int, days: int, author: str, words: str) -> Row:
    day = datetime.fromordinal(FIRST.monday.toordinal() + days)
    return (f"{number:03d}", f"{day:%Y-%m-%d} {9 + number % 12:02d}:30", author, words)


ROWS = [row(k, *said) for k, said in enumerate(SAID)]


def until(week: int) -> list[Row]:
    """The rows of the first `week` weeks."""
    return [one for one, said in zip(ROWS, SAID, strict=True) if said[0] < 7 * week]


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to a CSV file and import it into the store of a folder."""

    def add(rows: Sequence[Row], name: str = "store", file: str = "评论.csv") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        with (folder / file).open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows([("评论ID", "时间", "用户", "内容"), *rows])
        with open_store(default_store(folder)) as store:
            (report,) = import_files([folder / file], store, product=PRODUCT, settings=SETTINGS)
        assert report.rows_read == report.stored + report.duplicates + report.quarantined == len(rows)
        return folder

    return add


Imported = Callable[..., Path]


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    with open_store(default_store(folder)) as store:
        yield store


def mined(folder: Path, *weeks: int) -> list[Backlog]:
    """Backlogs of weeks counted from 1, each by a run of its own."""
    with opened(folder) as store:
        return [mine_week(store, PRODUCT, FIRST.plus(week - 1), settings=SETTINGS) for week in weeks]


def without_counts(backlog: Backlog) -> dict[str, Any]:
    """Counts are those of the imports, which may hold later weeks."""
    return {key: value for key, value in backlog.as_json().items() if key != "counts"}


def groups(backlog: Backlog) -> dict[str, set[str]]:
    return {item.id: {unit.comment for unit in item.units} for item in backlog.items}


def item_with(backlog: Backlog, comment: str) -> str:
    """The id of the item that holds the comment of that number."""
    (found,) = (key for key, comments in groups(backlog).items() if f"file:{comment}" in comments)
    return found


class TestWhatARunMayKnow:
    def test_later_weeks_in_the_store_change_nothing(self, imported: Imported) -> None:
        short, long = imported(until(3), "short"), imported(ROWS, "long")
        expected = [without_counts(backlog) for backlog in mined(short, 1, 2, 3)]
        assert [without_counts(backlog) for backlog in mined(long, 1, 2, 3)] == expected
        assert expected[2]["items"], "nothing was found at all"

    def test_nor_does_having_mined_them(self, imported: Imported) -> None:
        short, long = imported(until(3), "short"), imported(ROWS, "long")
        (expected,) = mined(short, 3)
        mined(long, 6)
        (found,) = mined(long, 3)
        assert without_counts(found) == without_counts(expected)

    def test_no_unit_is_from_after_the_week(self, imported: Imported) -> None:
        folder = imported(ROWS)
        for week, backlog in enumerate(mined(folder, 1, 4, 6), 1):
            assert backlog.items, week
            weeks = {unit.week for item in backlog.items for unit in item.units}
            assert max(weeks) <= backlog.week

    def test_a_week_without_comments_of_the_product_is_refused_with_the_range(
        self, imported: Imported
    ) -> None:
        folder = imported(ROWS)
        for week in (0, 7):
            with pytest.raises(UnknownWeek, match="run from 2026-W10 to 2026-W15") as caught:
                mined(folder, week)
            assert str(FIRST.plus(week - 1)) in str(caught.value)
            assert "\n" not in str(caught.value)
        with opened(folder) as store:
            assert store.weeks_done(PRODUCT) == []

    def test_a_product_without_comments_is_refused(self, imported: Imported) -> None:
        with opened(imported(ROWS)) as store:
            for ask in (
                lambda: mine_week(store, "没有", FIRST, settings=SETTINGS),
                lambda: latest_week(store, "没有", settings=SETTINGS),
                lambda: weeks_to_replay(store, "没有", SETTINGS),
            ):
                with pytest.raises(InputError, match="holds no comments of '没有'; import files first"):
                    ask()


class TestAgain:
    def test_mining_a_week_again_replaces_it(self, imported: Imported, tmp_path: Path) -> None:
        folder = imported(ROWS)
        files = []
        for out in ("one", "two"):
            (backlog,) = mined(folder, 3)
            files.append(publish(backlog, tmp_path / out).json.read_bytes())
        assert files[0] == files[1]
        with opened(folder) as store:
            assert store.weeks_done(PRODUCT) == ["2026-W12"]
            assert store.backlog(PRODUCT, FIRST.plus(2)) == json.loads(files[0])

    def test_mining_an_earlier_week_again_leaves_the_same_history(self, imported: Imported) -> None:
        folder = imported(ROWS)
        before = mined(folder, 1, 2, 3, 4)
        assert mined(folder, 2, 3, 4) == before[1:]

    def test_week_by_week_is_what_backfill_does(self, imported: Imported) -> None:
        one_by_one = mined(imported(ROWS, "one by one"), 1, 2, 3, 4, 5, 6)
        with opened(imported(ROWS, "at once")) as store:
            weeks = weeks_to_replay(store, PRODUCT, SETTINGS)
            miner = Miner(store, PRODUCT, SETTINGS)
            at_once = [miner.mine(week) for week in weeks]
            assert store.weeks_done(PRODUCT) == [str(week) for week in weeks]
        assert [b.as_json() for b in at_once] == [b.as_json() for b in one_by_one]
        assert [b.week for b in at_once] == [str(FIRST.plus(k)) for k in range(6)]

    def test_demands_keep_their_ids_from_week_to_week(self, imported: Imported) -> None:
        backlogs = mined(imported(ROWS), 1, 2, 3, 4, 5, 6)
        crash = item_with(backlogs[0], "000")
        assert [item_with(backlog, "001") for backlog in backlogs] == [crash] * 6
        assert item_with(backlogs[1], "007") == item_with(backlogs[3], "018") == crash
        for before, after in pairwise(backlogs):
            kept = groups(after)
            assert all(comments <= kept[key] for key, comments in groups(before).items())
        founded = {item.id: item.first_seen for item in backlogs[-1].items}
        assert founded[crash] == "2026-W10"
        assert founded[item_with(backlogs[-1], "013")] == "2026-W12"

    def test_the_order_of_the_rows_changes_nothing(self, imported: Imported) -> None:
        shuffled = ROWS.copy()
        random.Random(7).shuffle(shuffled)
        expected = [b.as_json() for b in mined(imported(ROWS, "in order"), 2, 4, 6)]
        for name, rows in (("backwards", ROWS[::-1]), ("shuffled", shuffled)):
            assert [b.as_json() for b in mined(imported(rows, name), 2, 4, 6)] == expected, name

    def test_nor_does_it_matter_in_how_many_files_they_came(self, imported: Imported) -> None:
        imported(ROWS[20:], "parts", "later.csv")
        imported(ROWS[:20], "parts", "earlier.csv")
        parts = imported(ROWS[10:22], "parts", "overlap.csv")
        (expected,) = mined(imported(ROWS, "whole"), 6)
        (found,) = mined(parts, 6)
        assert without_counts(found) == without_counts(expected)
        assert (found.counts.rows_read, found.counts.stored) == (len(ROWS) + 12, len(ROWS))


class TestNothingIsLost:
    def test_counts_add_up(self, imported: Imported) -> None:
        extra = [ROWS[0], row(900, 3, "橘子", ""), row(901, 0, "阿青", SAID[0][2])]
        (backlog,) = mined(imported([*ROWS, *extra]), 6)
        counts = backlog.counts
        assert counts.rows_read == counts.stored + counts.duplicates + counts.quarantined == len(ROWS) + 3
        assert counts.duplicates_by_reason["same_id"] == 1
        assert counts.quarantined_by_reason == {"empty_text": 1}
        assert sum(figure.comments for figure in backlog.figures) == len(ROWS)

    def test_items_say_what_their_units_add_up_to(self, imported: Imported) -> None:
        (backlog,) = mined(imported(ROWS), 6)
        words = {f"file:{one[0]}": one[3] for one in ROWS}
        for item in backlog.items:
            assert item.mentions == len(item.units) == sum(item.weekly_counts.values())
            assert item.mentions == sum(item.sentiment_mix.values())
            assert item.users <= item.mentions
            assert all(words[u.comment][u.start : u.end] == u.text for u in item.units)

    def test_comments_that_arrive_late_are_found_the_week_after(self, imported: Imported) -> None:
        late = [
            row(500, 9, "百合", "橘猫皮肤换上以后不显示"),
            row(501, 10, "茉莉", "橘猫皮肤显示不出来"),
            row(502, 8, "桂花", "年度账单一点就闪退"),
        ]
        folder = imported(until(4))
        before = mined(folder, 1, 2, 3)
        imported(late, file="late.csv")
        with opened(folder) as store:
            untouched = store.backlog(PRODUCT, FIRST.plus(2))
        assert untouched == json.loads(json.dumps(before[2].as_json())), "the report of a past week changed"
        (after,) = mined(folder, 4)
        assert item_with(after, "500") == item_with(after, "501")
        assert item_with(after, "502") == item_with(before[0], "000")
        assert item_with(after, "500") not in groups(before[2])
        (skin,) = (item for item in after.items if item.id == item_with(after, "500"))
        assert skin.weekly_counts["2026-W11"] == 2

    def test_one_persons_repeats_count_once(self, imported: Imported) -> None:
        again = [row(700 + k, 36 + k, "核桃", "年度账单闪退好几次了") for k in range(3)]
        (once,), (often,) = mined(imported(ROWS, "once"), 6), mined(imported([*ROWS, *again], "often"), 6)
        assert groups(often) == groups(once)
        assert often.counts.near_duplicates == once.counts.near_duplicates + 3

    def test_personal_data_is_masked_in_the_file(self, imported: Imported, tmp_path: Path) -> None:
        rows = [
            row(0, 0, "张小明", "年度账单打开闪退，请打我电话13800138000"),
            row(1, 1, "李大力", "打开年度账单就闪退，邮箱是a.b@example.com"),
        ]
        (backlog,) = mined(imported(rows), 1)
        text = publish(backlog, tmp_path / "out").json.read_text(encoding="utf-8")
        assert "请打我电话***********" in text
        for secret in ("13800138000", "a.b@example.com", "张小明", "李大力"):
            assert secret not in text

    def test_campaigns_are_told_and_not_mined(self, imported: Imported) -> None:
        adverts = [
            row(800 + k, 37, f"推广{k}", f"棋牌娱乐城首存送88，网址pk{k}{k}点com，注册送彩金{'，快来' * k}")
            for k in range(6)
        ]
        folder = imported([*ROWS, *adverts])
        (backlog,) = mined(folder, 6)
        (campaign,) = backlog.campaigns
        assert (campaign.kind, len(campaign.comments)) == ("advertising", 6)
        mined_comments = {u.comment for item in backlog.items for u in item.units}
        assert mined_comments.isdisjoint(campaign.comments)
        assert mined_comments
        assert backlog.counts.campaign_comments == 6


CRASHES = [("a1", "打开年度账单就闪退"), ("a2", "年度账单点进去直接闪退")]
OTHERS = [
    ("b1", "非常好用，强烈推荐"),
    ("b2", "希望账本能导出成表格"),
    ("b3", "请问怎么修改密码"),
    ("b4", "垃圾软件"),
    ("b5", "界面很漂亮，但是同步太慢了"),
    ("b6", "棋牌娱乐城首存送88，网址pk777点com，注册送彩金"),
    ("b7", "能不能把账本导出成表格"),
    ("b8", "哈哈哈"),
]


@pytest.fixture(scope="module")
def found() -> dict[str, AnalyzedComment]:
    return {one.id: one for one in analyze_comments([*CRASHES, *OTHERS], Settings())}


class TestAnalyze:
    def test_demands_are_of_units_that_can_be_tickets(self, found: dict[str, AnalyzedComment]) -> None:
        for one in found.values():
            assert set(one.demands) == {unit.start for unit in one.units if groupable(unit)}
        assert any(one.demands for one in found.values())

    def test_paraphrases_share_a_demand(self, found: dict[str, AnalyzedComment]) -> None:
        crashes = {key for name, _ in CRASHES for key in found[name].demands.values()}
        assert len(crashes) == 1
        exports = {key for name in ("b2", "b7") for key in found[name].demands.values()}
        assert len(exports) == 1
        assert not crashes & exports

    @pytest.mark.parametrize("name", ["b1", "b3", "b4", "b6", "b8"])
    def test_praise_questions_abuse_and_advertising_have_none(
        self, found: dict[str, AnalyzedComment], name: str
    ) -> None:
        assert found[name].demands == {}

    def test_praise_beside_a_complaint_stays_out_of_its_demand(
        self, found: dict[str, AnalyzedComment]
    ) -> None:
        both = found["b5"]
        by_intent = {unit.intent: both.demands.get(unit.start) for unit in both.units}
        assert by_intent.pop(Intent.PRAISE) is None
        assert all(by_intent.values())
        assert by_intent

    def test_the_order_of_the_rows_changes_no_id(self, found: dict[str, AnalyzedComment]) -> None:
        for seed in range(3):
            texts = [*CRASHES, *OTHERS]
            random.Random(seed).shuffle(texts)
            again = analyze_comments(texts, Settings())
            assert [one.id for one in again] == [key for key, _ in texts]
            assert {one.id: one for one in again} == found

    def test_nothing_and_no_words(self) -> None:
        assert analyze_comments([], Settings()) == []
        (silent,) = analyze_comments([("x", "！！！")], Settings())
        assert (silent.units, silent.demands) == ((), {})

    def test_a_file_with_refused_rows_says_how_many(self, tmp_path: Path) -> None:
        lines = [json.dumps({"id": "1", "text": "一直闪退"}), "{broken", json.dumps({"text": "字太小"})]
        (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
        analysis = analyze_file(tmp_path / "a.jsonl", settings=Settings())
        assert analysis.refused == 1
        assert [line["text"] for line in analysis.lines] == ["一直闪退", "字太小"]
        ids = [line["id"] for line in analysis.lines]
        assert ids[0] == "1"
        assert ids[1]
        assert analysis.units == sum(len(line["units"]) for line in analysis.lines) > 0


class TestChoosing:
    def test_quiet_weeks_are_replayed_too(self, imported: Imported) -> None:
        with opened(imported([ROWS[0], ROWS[-1]])) as store:
            assert weeks_to_replay(store, PRODUCT, SETTINGS) == [FIRST.plus(k) for k in range(6)]
            assert latest_week(store, PRODUCT, settings=SETTINGS) == FIRST.plus(5)
            quiet = mine_week(store, PRODUCT, FIRST.plus(3), settings=SETTINGS)
        assert quiet.figures[-1].comments == 0
        assert [item.users_this_week for item in quiet.items] == [0] * len(quiet.items)

    def test_weeks_are_cut_where_the_users_live(self, tmp_path: Path) -> None:
        line = {"id": "1", "text": "一直闪退", "time": datetime(2026, 3, 8, 17, tzinfo=UTC).isoformat()}
        (tmp_path / "a.jsonl").write_text(json.dumps(line), encoding="utf-8")
        with opened(tmp_path) as store:
            import_files([tmp_path / "a.jsonl"], store, product=PRODUCT, settings=SETTINGS)
            assert latest_week(store, PRODUCT, settings=SETTINGS) == Week(2026, 11)
            london = load_settings(timezone="Europe/London")
            assert latest_week(store, PRODUCT, settings=london) == Week(2026, 10)

    def test_the_newest_mined_week_or_the_one_asked_for(self, imported: Imported) -> None:
        folder = imported(ROWS)
        with opened(folder) as store, pytest.raises(UnknownWeek, match="feedback-mining mine"):
            mined_week(store, PRODUCT, None)
        mined(folder, 1, 2, 4)
        with opened(folder) as store:
            assert mined_week(store, PRODUCT, None) == FIRST.plus(3)
            assert mined_week(store, PRODUCT, FIRST) == FIRST
            with pytest.raises(UnknownWeek, match=r"2026-W12 .*mined are 2026-W10 to 2026-W11, 2026-W13;"):
                mined_week(store, PRODUCT, FIRST.plus(2))

    def test_a_week_or_a_day(self) -> None:
        assert parse_week(None, None) is None
        assert parse_week("2026-w3", None) == Week(2026, 3)
        assert parse_week(None, "2027-01-03") == Week(2026, 53)
        for week, day, named in (
            ("W3", None, "W3"),
            (None, "3.1.2027", "3.1.2027"),
            ("2026-W3", "x", "--until"),
        ):
            with pytest.raises(InputError, match=named):
                parse_week(week, day)

    def test_one_product_of_several_files(self) -> None:
        assert one_product(["甲", "甲"]) == "甲"
        with pytest.raises(InputError, match="2 products .*--product"):
            one_product(["甲", "乙"])


class TestLongHistory:
    """A week of a long history reads its window, and finds what reading everything would find."""

    WEEKS = 84

    @pytest.fixture
    def long(self, imported: Imported) -> Callable[[str], Path]:
        said = [
            (7 * week + day, author, words)
            for week in range(self.WEEKS)
            for day, author, words in (
                (0, f"甲{week}", "打开年度账单就闪退" if week % 3 else "年度账单一点就闪退"),
                (2, f"乙{week}", "希望账本能导出成表格" if week % 2 else "开屏广告太多了"),
                (4, f"丙{week}", ("同步太慢了", "小票识别金额不对", "字体太小看不清")[week % 3]),
            )
        ]
        return lambda name: imported([row(k, *one) for k, one in enumerate(said)], name)

    def test_a_week_is_what_it_is_when_all_is_read(self, long: Callable[[str], Path]) -> None:
        weeks = [FIRST.plus(k) for k in range(self.WEEKS)]
        with opened(long("whole")) as store:
            miner = Miner(store, PRODUCT, SETTINGS)
            whole = [miner.mine(week).as_json() for week in weeks]
        with opened(long("windows")) as store:
            miner = Miner(store, PRODUCT, SETTINGS)
            for week in weeks[:-3]:
                miner.mine(week)
            for number in (-3, -2, -1):
                one = Miner(store, PRODUCT, SETTINGS, week=weeks[number])
                assert len(one.comments) < self.WEEKS
                assert one.mine(weeks[number]).as_json() == whole[number]

    def test_comments_that_come_late_are_grouped(
        self, long: Callable[[str], Path], imported: Imported
    ) -> None:
        weeks = [FIRST.plus(k) for k in range(self.WEEKS)]
        folder = long("late")
        with opened(folder) as store:
            miner = Miner(store, PRODUCT, SETTINGS)
            for week in weeks[:-1]:
                miner.mine(week)
        late = [
            row(1000, 7 * (self.WEEKS - 4), "晚到", "年度账单闪退得厉害"),
            row(1001, 3, "更晚", "年度账单老是闪退"),
        ]
        for number, one in enumerate(late):
            imported([one], "late", f"late{number}.csv")
            with opened(folder) as store:
                miner = Miner(store, PRODUCT, SETTINGS, week=weeks[-1])
                assert (len(miner.comments) < 3 * self.WEEKS) == (number == 0)
                miner.mine(weeks[-1])
                assert any(one[0] in unit for unit in store.memberships(PRODUCT))

    def test_what_is_usual_praise_is_known_from_before_the_window(self, tmp_path: Path) -> None:
        """Bought praise is told by what praise said before, most of which lies before the weeks that are read."""
        said = [(7 * week + day, f"人{week}{day}", 5, words)
                for week in range(self.WEEKS) if week < 58 or week == self.WEEKS - 1
                for day, words in ((0, "记账清楚，越用越顺手"), (3, "分类细，月底对账省事"))]  # fmt: skip
        said += [(7 * week + 1, f"急{week}", 1, "打开年度账单就闪退") for week in range(0, self.WEEKS, 9)]
        said.sort()
        slogans = ("界面简洁大方", "操作流畅不卡顿", "功能强大又实用")
        own = (
            "早饭", "房租", "加油", "买菜", "奶粉", "学费", "水电", "打车", "药费", "话费", "书本", "宠物",
            "健身", "旅行", "红包", "礼物", "停车", "理发", "电影", "衣服", "家具", "装修", "保险", "聚餐",
        )  # fmt: skip
        said += [
            (7 * (self.WEEKS - 1) + k % 3, f"水{k}", 5, f"{word} {slogans[k % 3]}")
            for k, word in enumerate(own)
        ]
        lines = ["评论ID,时间,用户,评分,内容"]
        for number, (days, author, stars, words) in enumerate(said):
            key, time, _, _ = row(number, days, author, words)
            lines.append(f"{key},{time},{author},{stars},{words}")
        for name in ("whole", "window"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "评论.csv").write_text("\n".join(lines), encoding="utf-8")
            with opened(tmp_path / name) as store:
                import_files([tmp_path / name / "评论.csv"], store, product=PRODUCT, settings=SETTINGS)
        last = FIRST.plus(self.WEEKS - 1)
        with opened(tmp_path / "whole") as store:
            whole = Miner(store, PRODUCT, SETTINGS)
            for week in (last.plus(-1), last):
                expected = whole.mine(week)
        with opened(tmp_path / "window") as store:
            Miner(store, PRODUCT, SETTINGS).mine(last.plus(-1))
            found = Miner(store, PRODUCT, SETTINGS, week=last)
            assert len(found.comments) < 40
            backlog = found.mine(last)
        assert [c.kind for c in expected.campaigns] == ["paid_praise"]
        assert backlog.as_json() == expected.as_json()
