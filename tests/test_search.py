"""Search and "was it asked before": what is found, what is not, and that the index is never stale."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_mine import FIRST, PRODUCT, ROWS, SETTINGS, imported, mined, opened, row, until

from feedback_mining.backlog.rulings import Ruling, Verdict
from feedback_mining.cli import main
from feedback_mining.demands.search import SearchConfig, best_of, coverage, fits, rarity
from feedback_mining.errors import InputError
from feedback_mining.pipeline.demand_desk import Desk
from feedback_mining.pipeline.hits import Found, Sought
from feedback_mining.pipeline.search import Searcher
from feedback_mining.storage.search_index import SearchIndex
from feedback_mining.text.segment import Segmenter, shipped_dictionaries
from feedback_mining.text.tokens import marks, query_tokens, search_tokens

__all__ = ["imported"]  # a fixture
Imported = Callable[..., Path]
Call = Callable[..., tuple[int, str, str]]
WORDS = Segmenter(shipped_dictionaries()).words


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return (code, *capfd.readouterr())

    return run


@pytest.fixture
def folder(imported: Imported) -> Path:
    """Six weeks, the last of them mined."""
    found = imported(ROWS)
    mined(found, 6)
    return found


@pytest.fixture
def searcher(folder: Path) -> Iterator[Searcher]:
    with opened(folder) as store, Searcher.of(store, PRODUCT, SETTINGS) as found:
        yield found


def search(folder: Path, query: str, **sought: object) -> Found:
    with opened(folder) as store, Searcher.of(store, PRODUCT, SETTINGS) as searcher:
        return searcher.search(query, Sought(**sought), limit=100)  # type: ignore[arg-type]


def texts(found: Found) -> list[str]:
    return [unit.text for unit in found.units]


class TestTokens:
    def test_forms_of_writing_are_one(self) -> None:
        forms = ["夜间模式 APP2", "夜間模式 app2", "夜间模式　ＡＰＰ２"]
        assert len({tuple(search_tokens(form, WORDS)) for form in forms}) == 1

    @given(st.text(alphabet="夜间模式很好用ab1，。 繁體", min_size=1, max_size=20), st.data())
    def test_a_text_holds_the_pairs_of_each_of_its_parts(self, text: str, data: st.DataObject) -> None:
        start = data.draw(st.integers(0, len(text) - 1))
        part = text[start : start + data.draw(st.integers(2, 6))]
        pairs = {t for t in query_tokens(part, list) if len(t) == 2 and not t.isascii()}
        assert pairs <= set(search_tokens(text, list))

    def test_a_query_of_one_character_is_that_character(self) -> None:
        assert query_tokens("卡", WORDS) == ["卡"]
        assert "式" not in query_tokens("夜间模式", WORDS)

    @pytest.mark.parametrize("text", ["", "😤！！", " "])
    def test_signs_are_no_tokens(self, text: str) -> None:
        assert search_tokens(text, WORDS) == query_tokens(text, WORDS) == []

    @pytest.mark.parametrize(
        ("text", "tokens", "expected"),
        [
            ("希望有夜間模式", ["夜间", "模式"], ["夜間模式"]),
            ("导出ＰＤＦ，再导出", ["导出", "pdf"], ["导出ＰＤＦ", "导出"]),
            ("什么都没有", ["导出"], []),
            ("", ["导出"], []),
        ],
    )
    def test_marks_are_places_in_the_text_as_written(
        self, text: str, tokens: list[str], expected: list[str]
    ) -> None:
        assert [text[start:end] for start, end in marks(text, tokens)] == expected


class TestFits:
    def test_meaning_and_words_together_are_best(self) -> None:
        both, meaning, words, none = fits([0.8, 0.8, 0.1, 0.0], [1.0, 0.0, 1.0, 0.0], SearchConfig())
        assert both > meaning > none
        assert both > words > none
        assert fits([-0.5], [0.0], SearchConfig()).tolist() == [0.0]

    def test_rare_words_weigh_more(self) -> None:
        weights = {"夜间": rarity(1, 100), "希望": rarity(60, 100)}
        assert coverage({"夜间"}, weights) > coverage({"希望"}, weights) > 0
        assert coverage({"夜间", "希望", "别的"}, weights) == 1
        assert coverage({"夜间"}, {}) == 0

    def test_a_demand_is_as_near_as_its_two_best(self) -> None:
        assert best_of([0.2, 0.8, 0.6]) == pytest.approx(0.7)
        assert best_of([0.8]) == 0.8
        assert best_of([]) == 0


def one_hot(said: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.asarray([[float("夜" in text), float("夜" not in text)] for text in said], np.float32)


class TestIndex:
    TEXTS = {"a": "夜间模式", "b": "导出表格", "c": "夜里太亮"}

    def filled(self, path: Path | None, version: str = "1") -> SearchIndex:
        index = SearchIndex(path, version)
        index.update(self.TEXTS, lambda text: search_tokens(text, WORDS), one_hot)
        return index

    def test_only_what_changed_is_written(self, tmp_path: Path) -> None:
        self.filled(tmp_path / "i.db").close()
        asked: list[str] = []

        def encode(said: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
            asked.extend(said)
            return one_hot(said)

        with SearchIndex(tmp_path / "i.db", "1") as index:
            changed = {"a": "夜间模式", "b": "导出图片", "d": "字体"}
            index.update(changed, lambda text: search_tokens(text, WORDS), encode)  # type: ignore[arg-type]
            assert sorted(asked) == ["字体", "导出图片"]
            assert set(index.vectors()[0]) == {"a", "b", "d"}
            assert [key for key, _ in index.matching(["图片"], 9)] == ["b"]
            assert index.matching(["表格"], 9) == []

    def test_of_another_version_is_made_anew(self, tmp_path: Path) -> None:
        self.filled(tmp_path / "i.db").close()
        with SearchIndex(tmp_path / "i.db", "2") as index:
            assert index.vectors()[0] == []

    def test_a_damaged_file_is_made_anew(self, tmp_path: Path) -> None:
        (tmp_path / "i.db").write_bytes(b"no database" * 500)
        with self.filled(tmp_path / "i.db") as index:
            assert [key for key, _ in index.matching(["夜间"], 9)] == ["a"]

    def test_where_nothing_can_be_written_memory_serves(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with self.filled(tmp_path / "file" / "i.db") as index:
            assert [key for key, _ in index.matching(["夜"], 9, beginning=True)] == ["a", "c"]

    def test_counts_and_tokens(self) -> None:
        with self.filled(None) as index:
            assert index.holders(["夜间", "没有"]) == ({"夜间": 1, "没有": 0}, 3)
            assert "导出" in index.tokens_of(["b"])["b"]
            assert index.matching([], 9) == []

    def test_holds_no_more_than_tokens_of_the_texts(self, tmp_path: Path) -> None:
        self.filled(tmp_path / "i.db").close()
        connection = sqlite3.connect(tmp_path / "i.db")
        assert connection.execute("SELECT count(*) FROM texts").fetchone() == (3,)
        connection.close()


class TestSearch:
    def test_finds_by_words_with_the_match_marked(self, searcher: Searcher) -> None:
        found = searcher.search("年度账单")
        assert len(found.units) == found.total_units == 7
        assert all(unit.text[slice(*unit.marks[0])] == "年度账单" for unit in found.units)
        (hit,) = found.demands
        assert (hit.matching, hit.demand.mentions_ever) == (7, 7)
        assert 1 <= len(hit.quotes) <= 3
        assert found.people == 5

    def test_finds_by_meaning(self, searcher: Searcher) -> None:
        assert any("闪退" in text for text in texts(searcher.search("崩溃")))

    def test_traditional_and_full_width_find_simplified(self, searcher: Searcher) -> None:
        assert texts(searcher.search("導出")) == texts(searcher.search("导出")) != []
        assert texts(searcher.search("ＥＸＣＥＬ"))

    def test_one_character(self, searcher: Searcher) -> None:
        found = texts(searcher.search("字"))
        assert found
        assert all("字" in text for text in found)

    @pytest.mark.parametrize(
        "query", ["红烧肉怎么做才好吃", "量子力学的基本假设", "😤", "！？", '"OR* NEAR(']
    )
    def test_says_that_nothing_fits(self, searcher: Searcher, query: str) -> None:
        assert searcher.search(query) == Found((), (), 0, 0, 0)

    @pytest.mark.parametrize("query", ["", " \n", "长" * 5001])
    def test_refuses_an_empty_and_an_endless_query(self, searcher: Searcher, query: str) -> None:
        with pytest.raises(InputError, match="expected"):
            searcher.search(query)

    def test_narrows(self, folder: Path) -> None:
        assert {
            unit.week for unit in search(folder, "闪退", since=FIRST.plus(2), until=FIRST.plus(3)).units
        } == {
            "2026-W12",
            "2026-W13",
        }
        assert {unit.intent for unit in search(folder, "导出表格", intent="suggestion").units} == {
            "suggestion"
        }
        assert search(folder, "闪退", theme="ads").total_units == 0

    def test_never_stale(self, imported: Imported) -> None:
        folder = imported(until(2))
        before = search(folder, "小票识别")
        assert not before.mined
        assert before.units == before.demands == ()
        imported(ROWS, file="more.csv")
        assert search(folder, "小票识别").total_units >= 3
        mined(folder, 6)
        assert search(folder, "小票识别").demands

    def test_what_people_renamed_and_merged_is_found_so(self, folder: Path) -> None:
        with opened(folder) as store:
            desk = Desk.of(store, PRODUCT, SETTINGS)
            (crash,) = search(folder, "年度账单").demands
            desk.rename(crash.demand.id, "量子账单", "小林")
        (hit,) = search(folder, "量子账单").demands[:1]
        assert hit.demand.id == crash.demand.id

    def test_campaigns_are_left_out_unless_asked_for(self, folder: Path) -> None:
        (unit,) = [u for u in search(folder, "验证码").units if "一直收不到" in u.text]
        comment = unit.unit.rpartition(":")[0]
        with opened(folder) as store:
            from feedback_mining.pipeline.campaigns import mark

            assert isinstance(ruling := mark(store, PRODUCT, [comment], "小林", ""), Ruling)
            assert ruling.verdict is Verdict.CAMPAIGN
        assert unit.unit not in {u.unit for u in search(folder, "验证码").units}
        assert unit.unit in {u.unit for u in search(folder, "验证码", campaigns=True).units}

    def test_the_query_is_not_kept(self, folder: Path) -> None:
        search(folder, "紫水晶独角兽")
        with opened(folder) as store, Searcher.of(store, PRODUCT, SETTINGS) as searcher:
            searcher.asked("希望增加紫水晶独角兽")
        kept = b"".join(path.read_bytes() for path in folder.glob("*.db*"))
        assert "独角兽".encode() not in kept


class TestAsked:
    def test_finds_the_demand_in_other_words(self, searcher: Searcher) -> None:
        (match,) = searcher.asked("小票拍出来的金额老是错的")
        assert "小票" in match.demands[0].demand.title
        assert match.demands[0].quotes
        assert match.sure

    def test_nobody_asked(self, searcher: Searcher) -> None:
        (match,) = searcher.asked("希望支持指纹解锁")
        assert match.demands == ()
        assert not match.sure

    def test_a_ticket_with_several_opinions(self, searcher: Searcher) -> None:
        known, new = searcher.asked("你好！小票识别的金额总是错。另外希望支持指纹解锁，谢谢")
        assert known.demands
        assert not new.demands

    def test_a_question_may_be_a_demand_too_and_praise_is_none(self, searcher: Searcher) -> None:
        matches = searcher.asked("界面简洁，我很喜欢。验证码一直收不到，请问怎么办？")
        assert all("喜欢" not in match.text for match in matches)
        assert any("验证码" in hit.demand.title for match in matches for hit in match.demands)

    @pytest.mark.parametrize("text", ["😤", "？", "https://example.com/a"])
    def test_without_words_there_is_nothing(self, searcher: Searcher, text: str) -> None:
        assert all(match.demands == () for match in searcher.asked(text))

    def test_needs_a_mined_week(self, imported: Imported) -> None:
        with (
            opened(imported(ROWS)) as store,
            Searcher.of(store, PRODUCT, SETTINGS) as searcher,
            pytest.raises(InputError, match="feedback-mining mine"),
        ):
            searcher.asked("年度账单闪退")


class TestCommands:
    def test_search_prints_demands_and_units(self, call: Call, folder: Path) -> None:
        code, shown, _ = call("search", "年度账单", "--out", folder, "--limit", 2)
        assert code == 0
        assert "符合的：1 个诉求，7 个观点（5 人）" in shown
        assert "【年度账单】" in shown
        assert "还有 5 个" in shown
        _, shown, _ = call("search", "红烧肉", "--out", folder, "--lang", "en")
        assert shown == "Nothing fits\n"

    def test_search_as_json(self, call: Call, folder: Path) -> None:
        _, shown, _ = call("search", "导出", "--out", folder, "--json", "--demands")
        found = json.loads(shown)
        assert found["total_demands"] == len(found["demands"]) >= 1
        assert "units" not in found
        assert found["demands"][0]["demand"]["first_seen"] == "2026-W10"

    def test_asked_from_a_file(self, call: Call, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "ticket.txt").write_text("\ufeff数据同步太慢了", encoding="utf-8")
        code, shown, _ = call("asked", "--file", tmp_path / "ticket.txt", "--out", folder)
        assert code == 0
        assert "有人提过" in shown
        assert "D-" in shown
        _, shown, _ = call("asked", "希望支持指纹解锁", "--out", folder)
        assert "没有人提过" in shown
        _, shown, _ = call("asked", "数据同步太慢了", "--out", folder, "--json")
        assert json.loads(shown)[0]["demands"][0]["demand"]["id"].startswith("D-")

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["search", " "], "empty"),
            (["search", "闪退", "--product", "别的"], "'别的' is unknown"),
            (["search", "闪退", "--theme", "nonsense"], "--theme 'nonsense' is unknown"),
            (["search", "闪退", "--intent", "nonsense"], "--intent 'nonsense' is unknown"),
            (["search", "闪退", "--since", "2026"], "2026"),
            (["search", "闪退", "--units", "--demands"], "--units and --demands"),
            (["search", "闪退", "--demands"], "feedback-mining mine"),
            (["asked", "闪退"], "feedback-mining mine"),
            (["asked"], "--file"),
            (["asked", ""], "empty"),
            (["asked", "--file", "missing.txt"], "missing.txt cannot be read"),
        ],
    )
    def test_refuses_in_one_line(
        self, call: Call, imported: Imported, arguments: list[str], reason: str
    ) -> None:
        code, shown, told = call(*arguments, "--out", imported(ROWS[:3]))
        assert (code, shown) == (2, "")
        assert reason in told
        assert told.count("\n") == 1


def test_one_opinion_more_is_one_row_more(folder: Path, imported: Imported) -> None:
    before = search(folder, "导出表格").total_units
    imported([*ROWS, row(90, 38, "香草", "导出表格什么时候能做")], file="late.csv")
    assert search(folder, "导出表格").total_units == before + 1
