"""Cleaning, cutting and segmenting text: what is kept, what is the user's, where clauses lie."""

from __future__ import annotations

import gzip
import json
import pickle
import re
import subprocess
import sys
import time
from itertools import accumulate, islice
from pathlib import Path

import jieba
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedback_mining.errors import UnreadableFile
from feedback_mining.resources import data_dir
from feedback_mining.text.clean import foreign_regions, normalise, split_reply, strip_markup
from feedback_mining.text.segment import Engine, Segmenter
from feedback_mining.text.split import clauses

HEADING = "\n------\n开发者回复："
PIECES = [
    "闪退", "希望能导出", "但是太慢了", "ok", "3.5", "v2-beta", "，", "。", "！！", "\n", " ", "\u3000", "😤", "❤️", "~~~", "...",
    "<br>", "&nbsp;", "<3", ">", "（", "）", "------", "    ", "官方回复：", "开发者回复:", "客服的回复：", "（该条评论已经被删除）",
    "\u200b", "\r\n", HEADING, "您好，我们会改进。",
]  # fmt: skip
COMMENTS = st.one_of(
    st.text(), st.text(st.characters()), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
)
SEGMENTER = Segmenter()
SEPARATOR = re.compile(r"[\s，。！？；、,!?;…~（）【】「」😤❤]")


class TestNormalise:
    @pytest.mark.parametrize(
        ("given_text", "expected"),
        [
            ("ＡＰＰ　①號", "app 1号"),
            ("驗證碼收不到，軟體閃退", "验证码收不到,软体闪退"),
            ("好用<br/>就是<b>慢</b>", "好用 就是慢"),
            ("<p>第一段</p><p>第二段</p>", "第一段 第二段"),
            ("A&amp;B&nbsp;&lt;3", "a&b <3"),
            ("小于<5个 大于>6个", "小于<5个 大于>6个"),
            ("见https://example.com/a?b=c#d和www.example.org。", "见 url 和 url 。"),
            ("打开https://a.cn/1就白屏", "打开 url 就白屏"),
            ("哈哈哈哈哈哈，差！！！！！", "哈哈哈,差!!!"),
            ("卡卡死了", "卡卡死了"),
            ("验\u200b证\ufeff码\u2060", "验证码"),
            ("很好❤️👍🏻", "很好❤👍🏻"),
            ("断开的\ud83d表情", "断开的表情"),
            (" \t\r\n ", ""),
            ("", ""),
        ],
    )
    def test_examples(self, given_text: str, expected: str) -> None:
        assert normalise(given_text) == expected

    @given(COMMENTS)
    @example("\ud83d")
    @example("&#0;&#xD800;&#1114112;")
    def test_never_raises_and_leaves_one_encodable_line(self, text: str) -> None:
        clean = normalise(text)
        clean.encode("utf-8")
        assert clean == " ".join(clean.split())
        assert not re.search(r"(.)\1{3}", clean)

    def test_block_tags_break_lines_and_others_vanish(self) -> None:
        assert strip_markup("甲<div class='x'>乙</div><span>丙</span><!-- 丁 -->") == "甲\n乙\n丙"


class TestForeignRegions:
    @pytest.mark.parametrize(
        ("words", "quoted"),
        [
            ("老是闪退", "\n------\n开发者回复：您好，已记录。"),
            ("老是闪退", "——————开发者回复: 您好"),
            ("老是闪退", "\n官方回复：感谢反馈\n祝好"),
            ("老是閃退", "\n----------\n開發者回覆：您好"),
            ("看了官方回复：没用", "\n------\n商家的回复 ：亲，抱歉"),
            ("客服回复：稍等，等了三天", "\n开发者回复：您好"),
        ],
    )
    def test_a_quoted_reply_is_foreign_to_its_end(self, words: str, quoted: str) -> None:
        text = words + quoted
        ((start, end),) = foreign_regions(text)
        assert text[:start].rstrip() == words
        assert end == len(text)
        own, reply = split_reply(text)
        assert own == words
        assert reply == re.split("[：:]", quoted, maxsplit=1)[1].strip()

    @pytest.mark.parametrize(
        "text",
        [
            "开发者回复：根本没人看",
            "  官方回复：套话",
            "------\n开发者回复：套话",
            "每次都是官方回复：请重启",
            "客服回复太慢",
            "希望开发者回复我",
            "",
        ],
    )
    def test_words_about_a_reply_stay_the_users(self, text: str) -> None:
        assert foreign_regions(text) == []
        assert split_reply(text) == (text, None)

    def test_an_empty_reply_is_none_and_its_heading_still_goes(self) -> None:
        assert split_reply("还行\n------\n开发者回复：  ") == ("还行", None)

    def test_store_markers_are_foreign_and_words_around_them_are_not(self) -> None:
        text = "很好用（该条评论已经被删除）推荐(该条评论已被删除)"
        assert [text[a:b] for a, b in foreign_regions(text)] == [
            "（该条评论已经被删除）",
            "(该条评论已被删除)",
        ]
        assert [text[c.start : c.end] for c in clauses(text)] == ["很好用", "推荐"]

    @pytest.mark.parametrize("filler", [" ", "-", "- ", "\n", "官方回复：", "<", "（"])
    def test_long_runs_take_no_time(self, filler: str) -> None:
        text = "差" + filler * 4000
        began = time.perf_counter()
        foreign_regions(text)
        clauses(text)
        assert time.perf_counter() - began < 2


class TestClauses:
    @given(COMMENTS)
    @example("好用。<br>不错")
    @example("差（该条评论已经被删除）" + HEADING + "您好（该条评论已经被删除）")
    def test_hold_words_in_order_outside_foreign_regions(self, text: str) -> None:
        foreign = foreign_regions(text)
        position = 0
        for clause in clauses(text):
            assert position <= clause.start < clause.end <= len(text)
            words = text[clause.start : clause.end]
            assert not SEPARATOR.match(words[0])
            assert not SEPARATOR.match(words[-1])
            assert all(clause.end <= a or b <= clause.start for a, b in foreign)
            position = clause.end

    @given(COMMENTS)
    def test_lose_nothing_but_separators(self, text: str) -> None:
        found = clauses(text)
        edges = [(c.start, c.end) for c in found]
        gaps = [
            text[a:b] for (_, a), (b, _) in zip([(0, 0), *edges], [*edges, (len(text),) * 2], strict=True)
        ]
        for clause, gap in zip(found[1:], gaps[1:], strict=False):
            assert clause.before == gap
        for gap in gaps:
            if not foreign_regions(text) and "<" not in gap and "&nbsp;" not in gap:
                assert not re.search(r"[a-zA-Z0-9\u4e00-\u9fff]", gap)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("好用。<br>不错", ["好用", "不错"]),
            ("价格<200元很好但>300不行", ["价格", "200元很好但", "300不行"]),
            ("升级3.5后，v2.0-beta没了...", ["升级3.5后", "v2.0-beta没了"]),
            ("界面挺好看但是打开要十秒", ["界面挺好看", "但是打开要十秒"]),
            ("但是不行", ["但是不行"]),
            ("😤😤！！", []),
            ("", []),
        ],
    )
    def test_examples(self, text: str, expected: list[str]) -> None:
        assert [text[c.start : c.end] for c in clauses(text)] == expected

    def test_an_opener_cuts_without_a_separator(self) -> None:
        one, other = clauses("界面挺好看但是打开要十秒")
        assert (one.before, other.before) == ("\n", "")


@pytest.fixture(scope="module", params=list(Engine))
def own(request: pytest.FixtureRequest) -> Segmenter:
    return Segmenter(engine=request.param)


def edges(pieces: list[str]) -> set[int]:
    return set(accumulate(map(len, pieces)))


def agreement(texts: list[str]) -> float:
    """Boundary F1 of the two engines, both with the project's dictionary."""
    quick, reference = Segmenter(), Segmenter(engine=Engine.JIEBA)
    both = one = other = 0
    for text in texts:
        a, b = edges(quick.pieces(text)), edges(reference.pieces(text))
        both, one, other = both + len(a & b), one + len(a), other + len(b)
    return 2 * both / (one + other)


class TestSegmenter:
    def test_project_words_come_out_whole(self, own: Segmenter) -> None:
        words = own.words("一打开就闪退,验证码也收不到")
        assert {"闪退", "验证码"} <= set(words)
        assert "," not in words

    def test_nothing_to_say_has_no_words(self, own: Segmenter) -> None:
        assert own.words("") == []
        assert own.words("😤，。 ") == []

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("check-in", ["check", "in"]),
            ("v2.0-beta和1.5gb", ["v2.0", "beta", "和", "1.5", "gb"]),
            ("apple-pay闪退", ["apple", "pay", "闪退"]),
            ("c++涨了3.5%", ["c++", "涨", "了", "3.5%"]),
            ("a.b_c@d", ["a", "b", "_", "c", "d"]),
        ],
    )
    def test_ascii_is_cut_as_jieba_cuts_it(self, own: Segmenter, text: str, words: list[str]) -> None:
        assert own.words(text) == words

    @settings(deadline=None)  # the first text loads the dictionary
    @given(st.lists(st.sampled_from([*PIECES, "check-in", "1.5gb", "画画", "wi-fi", "c++"])).map("".join))
    def test_pieces_are_the_text(self, text: str) -> None:
        assert "".join(SEGMENTER.pieces(text)) == text

    def test_engines_agree_on_the_projects_own_comments(self) -> None:
        folder = data_dir() / "labels" / "seed"
        lines = [
            line
            for path in sorted(folder.glob("*.jsonl"))
            for line in path.read_text("utf-8").splitlines()[::6]
        ]
        assert agreement([normalise(json.loads(line)["text"]) for line in lines]) >= 0.9999

    def test_engines_agree_on_real_comments(self, shared_dir: Path) -> None:
        with gzip.open(shared_dir / "data" / "text" / "unlabelled.tsv.gz", "rt", encoding="utf-8") as handle:
            lines = [line.rstrip("\n").split("\t", 1)[-1] for line in islice(handle, 0, None, 300)]
        assert agreement([normalise(line)[:300] for line in lines]) >= 0.9998

    @pytest.mark.parametrize("engine", list(Engine))
    def test_dictionaries_stay_with_their_instance(self, tmp_path: Path, engine: Engine) -> None:
        text = "小松果在蓝莓派上打不开"
        paths = []
        for name, line in (("a", "小松果在 100000 n"), ("b", "蓝莓派上 100000")):
            path = tmp_path / f"{name}.txt"
            path.write_text(f"# 注释\n\n{line}\n", encoding="utf-8")
            paths.append(path)
        before = jieba.lcut(text)
        one, other = Segmenter([paths[0]], engine), Segmenter([paths[1]], engine)
        plain = Segmenter([], engine)
        assert "小松果在" in one.words(text)
        assert "小松果在" not in other.words(text)
        assert "蓝莓派上" in other.words(text)
        assert "蓝莓派上" not in one.words(text)
        assert not {"小松果在", "蓝莓派上"} & set(plain.words(text))
        assert jieba.lcut(text) == before

    def test_a_byte_order_mark_is_no_part_of_a_word(self, tmp_path: Path) -> None:
        path = tmp_path / "words.txt"
        path.write_text("小松果在 100000\n", encoding="utf-8-sig")
        assert [word for word, _ in Segmenter([path]).entries()] == ["小松果在"]

    def test_version_tells_dictionaries_and_engines_apart(self, tmp_path: Path) -> None:
        path = tmp_path / "words.txt"
        path.write_text("闪退\n", encoding="utf-8")
        first = Segmenter([path]).version
        assert first == Segmenter([path]).version
        assert Segmenter([path], Engine.JIEBA).version != first
        path.write_text("闪退\n秒退\n", encoding="utf-8")
        assert Segmenter([path]).version != first

    def test_is_the_same_in_another_process(self, own: Segmenter) -> None:
        own.words("闪退")
        copy = pickle.loads(pickle.dumps(own))
        assert copy.version == own.version
        assert copy.words("一打开就闪退") == own.words("一打开就闪退")

    def test_a_dictionary_in_another_encoding_is_one_line(self, tmp_path: Path) -> None:
        path = tmp_path / "words.txt"
        path.write_bytes("闪退\n".encode("gb18030"))
        with pytest.raises(UnreadableFile, match="UTF-8") as caught:
            Segmenter([path]).words("闪退")
        assert str(path) in str(caught.value)

    @pytest.mark.parametrize("engine", list(Engine))
    def test_is_silent(self, engine: Engine) -> None:
        code = (
            f"from feedback_mining.text.segment import Segmenter; Segmenter(engine='{engine}').words('闪退')"
        )
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=True)
        assert (done.stdout, done.stderr) == (b"", b"")
