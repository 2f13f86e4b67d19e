"""What the report and the exports say, and that hostile words stay words."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import backlog_example as example
import pytest
from openpyxl import load_workbook

from feedback_mining.backlog.items import Backlog
from feedback_mining.errors import InputError
from feedback_mining.reporting.export import formula_safe, write_csv, write_xlsx
from feedback_mining.reporting.labels import Words
from feedback_mining.reporting.phrases import PHRASES
from feedback_mining.reporting.ranks import priority_of, rank_ranges
from feedback_mining.reporting.render import escape_markdown, render_html, render_markdown
from feedback_mining.reporting.report import build_report
from feedback_mining.reporting.sentences import finding, headline, weeks_rising, why

TEMPLATES = Path(__file__).parents[1] / "src/feedback_mining/reporting/templates"
WEEKS: dict[str, Callable[[], Backlog]] = {
    "typical": example.typical,
    "first week": example.first_week,
    "empty": example.empty,
    "quiet": example.quiet,
    "small": example.small,
    "one item": example.one_item,
    "hostile": example.hostile,
}
EVERY_WEEK = pytest.mark.parametrize("make", WEEKS.values(), ids=WEEKS.keys())


def plain(text: str) -> str:
    return text.replace("\u2009", "")


def said(backlog: Backlog, lang: str = "zh") -> list[str]:
    return [plain(sentence) for sentence in headline(backlog, Words(lang, example.THEMES))]


class Page(HTMLParser):
    """Collects elements and checks that each that opens is closed in order."""

    VOID = frozenset({"meta", "link", "br", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def test_headline_tells_outbreak_change_and_wish() -> None:
    assert said(example.typical()) == [
        "「升级到 3.2.0 后打开菜谱闪退」突然增多：本周38位用户提到，占用户的12%，往常约0.9%，自3.2.0版起。",
        "「烤箱频繁显示离线」比上周少了七成：本周9次，上周26次。",
        "最多人要求的是「平板横屏时菜谱能分两栏显示」：本周14位用户，12周共63位用户，连续5周上升。",
    ]


def test_headline_claims_nothing_in_a_first_week() -> None:
    first, second, third = said(example.first_week())
    assert "第一周" in first
    assert second == "本周有看法的话里，53%是负面的。"
    assert "周共" not in third
    assert "上周" not in first + second + third


def test_headline_of_a_quiet_week_says_that_nothing_moved() -> None:
    first, second, _ = said(example.quiet())
    assert first == "本周没有需求突然增多。"
    assert second == "其他需求与上周相差不大，负面占46%，上周46%。"


def test_a_small_week_has_counts_without_shares_or_drawings() -> None:
    report = build_report(example.small(), themes=example.THEMES)
    assert plain(report.headline[1]) == "本周只有12条评论，不足以比较好坏。"
    assert not any("%" in sentence for sentence in report.headline)
    assert not any(row.spark or row.chart for row in report.rows)
    assert not any(figure.drawing or figure.worse or "%" in figure.value for figure in report.figures)
    listed = {unit.text for item in example.small().items for unit in item.units if unit.week == "2024-W16"}
    assert listed <= {words.unit for words in report.small_list}


def test_a_week_without_comments_is_said_to_have_none() -> None:
    assert said(example.empty())[1:] == ["本周没有评论。", "本周没有可列入清单的需求。"]


def test_a_gap_before_this_week_is_no_comparison() -> None:
    base = example.typical()
    gap = replace(base.figures[-2], comments=0, people=0, negative_share=None, new_demands=0)
    report = build_report(replace(base, figures=(*base.figures[:-2], gap, base.figures[-1])))
    assert plain(report.headline[1]) == "上周没有评论，好坏无从比较。"
    assert {figure.change for figure in report.figures} == {"上周无数据"}


def test_a_change_within_chance_is_not_news() -> None:
    base = example.typical()
    item = base.items[0]

    def second(before: int, now: int) -> str:
        counts = {**item.weekly_counts, "2024-W15": before, "2024-W16": now}
        return said(replace(base, alerts=(), items=(replace(item, weekly_counts=counts),)))[1]

    assert second(30, 38).startswith("其他需求与上周相差不大")
    assert second(30, 60) == "「升级到 3.2.0 后打开菜谱闪退」是上周的2倍：本周60次，上周30次。"


def test_alerts_tell_people_release_and_platform() -> None:
    first, *others = build_report(example.typical(), themes=example.THEMES).alerts
    assert plain(first.text).startswith(
        "本周38位用户，往常一周约3位；占本周用户的12%，往常约0.9%，自3.2.0版起（2024年第16周首次见到），多与iOS 17有关；"
    )
    assert all("往常一周" not in plain(line.text) for line in others)  # mined before people were counted
    english = build_report(example.typical(), "en", themes=example.THEMES).alerts[0]
    assert "38 users this week, about 3 in a usual one" in english.text


def test_themes_that_move_are_told() -> None:
    themes = build_report(example.typical(), themes=example.THEMES).themes
    assert [line.tag for line in themes] == ["激增", "回落"]
    assert plain(themes[0].text) == "本周52位用户，往常一周约17位"
    assert build_report(example.small(), themes=example.THEMES).themes == ()


def test_a_campaign_is_held_against_the_other_ratings() -> None:
    praise, adverts = build_report(example.typical(), themes=example.THEMES).campaigns
    assert plain(praise.text).endswith("其中5星占100%，其余评论里占50%。")
    assert "C-94a0604e38" in praise.tag
    assert "星占" not in adverts.text


def test_four_figures_with_their_change() -> None:
    figures = build_report(example.typical()).figures
    assert [(f.value, plain(f.change), f.worse) for f in figures] == [
        ("338", "比上周+67", False),
        ("297", "比上周+59", False),
        ("53%", "比上周+6个百分点", True),
        ("2", "比上周+1", False),
    ]
    assert all(figure.drawing for figure in figures)


def test_falling_counts_carry_a_real_minus_and_are_not_worse() -> None:
    row = next(row for row in build_report(example.typical()).rows if row.item.id == "d-0007")
    assert plain(row.change) == "提及\u221217"
    assert not row.worse


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (10, 20, "是上周的2倍"),
        (20, 27, "比上周多了四成"),
        (52, 21, "比上周少了六成"),
        (50, 51, "与上周基本持平"),
        (40, 0, "降到了零"),
    ],
)
def test_magnitude_in_words(before: int, now: int, words: str) -> None:
    assert plain(Words("zh").magnitude(before, now)) == words


def test_weeks_rising_counts_back_from_this_week() -> None:
    item = example.typical().items[0]

    def rising(*counts: int) -> int:
        return weeks_rising(
            replace(item, weekly_counts={f"2024-W{k:02d}": n for k, n in enumerate(counts, 1)})
        )

    assert [rising(1, 2, 3), rising(3, 2, 3), rising(1, 2, 2), rising(5), rising()] == [2, 1, 0, 0, 0]


def test_why_gives_the_weightiest_factors_in_numbers() -> None:
    base = example.typical()
    item = next(item for item in base.items if item.id == "d-0041")
    assert plain(why(item, base, Words())) == "12周内52位用户提到；本周41次，上周9次；97%是负面。"
    assert why(replace(item, why="已有人写好。"), base, Words()) == "已有人写好。"


def test_a_chart_without_a_finding_is_left_out() -> None:
    base = example.typical()
    rows = {row.item.id: row for row in build_report(base).rows}
    assert plain(rows["d-0041"].finding) == "连续3周上升，本周41次"
    assert plain(rows["d-0007"].finding) == "从2024年第8周的52次降到本周的9次"
    assert rows["d-0012"].finding == ""
    assert not rows["d-0012"].chart
    assert finding(rows["d-0046"].item, base, Words()) == ""


def test_relapse_and_relief_are_told_apart() -> None:
    report = build_report(example.typical())
    assert [(line.title, plain(line.text)) for line in report.back] == [
        ("新用户收不到注册验证码", "停了6周之后，本周又有11位用户提到。")
    ]
    assert [line.title for line in report.quieter] == ["烤箱频繁显示离线", "启动慢，首页要转圈很久"]


def test_rank_ranges_hold_the_rank_and_follow_the_weights() -> None:
    items = example.typical().items
    ranges = rank_ranges(items)
    assert all(low <= rank <= high for rank, (low, high) in enumerate(ranges, start=1))
    assert any(low < high for low, high in ranges)
    assert rank_ranges(items[:1]) == [(1, 1)]
    assert rank_ranges(()) == []
    assert priority_of(items[0]) == pytest.approx(items[0].priority, abs=0.01)


def test_a_reading_that_does_not_add_up_is_shown() -> None:
    base = example.typical()
    off = replace(base, counts=replace(base.counts, stored=base.counts.stored - 3))
    assert "差 3 行" in render_html(off).replace("\u2009", " ")
    assert "对不上" not in render_html(base)


def test_the_teams_replies_are_named_where_there_are_any() -> None:
    base = example.typical()
    none = replace(base, counts=replace(base.counts, replies=0))
    assert "48 行是官方自己的回复" in render_html(base).replace("\u2009", " ")
    assert "官方自己的回复" not in render_html(none)


@EVERY_WEEK
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_page_is_well_formed_and_needs_nothing_else(make: Callable[[], Backlog], lang: str) -> None:
    page = Page(render_html(make(), lang, themes=example.THEMES))
    assert page.open == []
    names = [tag for tag, _ in page.tags]
    assert not {"script", "img", "iframe", "object", "form"} & set(names)
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        if tag == "link":
            assert attributes["href"] == "data:,"
        assert "src" not in attributes
    style = (TEMPLATES / "report.css").read_text("utf-8")
    assert "url(" not in style
    assert "@import" not in style
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"] or "" for tag, a in page.tags if tag == "a"]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert all(link.startswith(("#", "https://", "http://")) for link in links)


def test_users_words_never_become_markup() -> None:
    html = render_html(example.hostile())
    page = Page(html)
    assert "<script>alert(1)</script>" in page.text
    assert "javascript:" not in html
    assert "<b>产品</b>" in page.text
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    markdown = render_markdown(example.hostile())
    assert "\\*\\*粗\\*\\* \\| 表" in markdown
    assert re.search(r"(?<!\\)<", markdown) is None
    assert [escape_markdown(text) for text in ("- a", "12. a", "+\nb", "a - b", "-1")] == [
        "\\- a",
        "12\\. a",
        "\\+ b",
        "a - b",
        "-1",
    ]


def test_a_unit_is_marked_inside_its_comment() -> None:
    html = render_html(example.typical())
    assert "早上刚升完级，<mark>一点红烧排骨那页就闪退</mark>，重装两遍没用，正等着做饭呢。" in html
    assert 'href="https://example.com/review/1" rel="noreferrer noopener"' in html


def test_a_guess_and_a_decision_look_different() -> None:
    html = render_html(example.typical())
    assert '<span class="chip person" title="人的决定">已修复</span>' in html
    assert '<span class="chip" title="机器判断">缺陷</span>' in html
    assert '<span class="chip open">待决定</span>' in html


def test_themes_are_labelled_by_the_caller_and_unknown_ones_shown_as_they_are() -> None:
    assert ">稳定性</span>" in render_html(example.typical(), themes=example.THEMES)
    assert ">stability</span>" in render_html(example.typical())


def test_english_has_no_chinese_of_its_own() -> None:
    page = Page(render_html(example.english(), "en"))
    assert re.findall(r"[\u3400-\u9fff]+", page.text) == []
    assert "1 mention last week" in page.text
    assert said(example.english(), "en")[0] == (
        "“Recipes crash after 3.2.0” has surged: 41 users this week, 13% of all (usually 0.4%), "
        "since version 3.2.0."
    )


def test_both_languages_fill_the_same_places() -> None:
    for key, (zh, en) in PHRASES.items():
        assert set(re.findall(r"{(\w+)", zh)) == set(re.findall(r"{(\w+)", en)), key


def test_an_unknown_language_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="'fr' is not a language of the report; choose zh or en"):
        render_html(example.typical(), "fr")


def test_three_hundred_items_show_twenty_first() -> None:
    report = build_report(example.huge())
    assert (len(report.first_rows), len(report.other_rows)) == (20, 280)
    assert "其余 280 条" in render_html(example.huge()).replace("\u2009", " ")


def test_dates_name_only_what_changes() -> None:
    zh, en = Words("zh"), Words("en")
    assert plain(zh.dates("2024-04-15", "2024-04-21")) == "2024年4月15日至21日"
    assert plain(zh.dates("2024-04-29", "2024-05-05")) == "2024年4月29日至5月5日"
    assert plain(zh.dates("2024-12-30", "2025-01-05")) == "2024年12月30日至2025年1月5日"
    assert en.dates("2024-12-30", "2025-01-05") == "30 December 2024 to 5 January 2025"


def test_figures_and_chinese_are_set_apart_by_a_thin_space() -> None:
    assert Words("zh").count(1234, "user") == "1,234\u2009位用户"
    assert Words("zh").spaced("升级3.2.0后，iPad闪退") == "升级\u20093.2.0\u2009后，iPad\u2009闪退"


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast_is_enough_to_read(scheme: int) -> None:
    css = (TEMPLATES / "report.css").read_text("utf-8")
    palette = dict(re.findall(r"--(\w+): (#\w{6})", css.split(":root {")[1 + scheme].split("}")[0]))
    for name in ("ink", "soft", "accent", "worse"):
        for ground in ("bg", "wash"):
            assert contrast(palette[name], palette[ground]) >= 4.5, (name, ground)
    assert contrast(palette["ink"], palette["mark"]) >= 4.5
    for name in ("negative", "positive", "line", "accent"):
        assert contrast(palette[name], palette["bg"]) >= 3, name


@EVERY_WEEK
def test_markdown_has_every_section(make: Callable[[], Backlog]) -> None:
    text = render_markdown(make(), themes=example.THEMES)
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [head for head in ("需求清单", "正在爆发", "谁在参与") if head not in heads] == []
    assert "{" not in text.replace("\\{", "")


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-2", "@cmd", "\tx", "\rx", "\nx"])
def test_text_that_starts_like_a_formula_is_defused(cell: str) -> None:
    assert formula_safe(cell) == "'" + cell
    assert formula_safe("a" + cell) == "a" + cell


def test_numbers_stay_numbers() -> None:
    assert formula_safe(-3) == -3


def test_csv_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "backlog.csv"
    write_csv(example.hostile(), path, themes=example.THEMES)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert len(rows) == len(example.hostile().items)
    assert rows[0]["标题"].startswith("'=HYPERLINK")
    assert rows[0]["为什么排在这里"] == "'-1+1 是<i>理由</i>"
    assert rows[1]["主题"] == "稳定性"
    assert [int(row["名次"]) for row in rows] == list(range(1, len(rows) + 1))
    assert all(int(row["名次上限"]) <= int(row["名次"]) <= int(row["名次下限"]) for row in rows)


def test_workbook_sheets(tmp_path: Path) -> None:
    path = tmp_path / "backlog.xlsx"
    backlog = example.hostile()
    write_xlsx(backlog, path, themes=example.THEMES)
    book = load_workbook(path)
    assert book.sheetnames == ["需求清单", "证据", "预警", "刷评与广告", "说明"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    items, evidence = book["需求清单"], book["证据"]
    title = items.cell(2, 5)
    assert title.value.startswith("=HYPERLINK")
    assert title.quotePrefix
    assert title.alignment.wrap_text
    assert isinstance(items.cell(3, 4).value, (int, float))
    assert evidence.max_row == 1 + sum(len(item.units) for item in backlog.items)
    assert "\x07" not in "".join(str(row[2]) for row in evidence.iter_rows(values_only=True))
    assert book["预警"].cell(2, 4).number_format == "0.0%"
    assert (book["刷评与广告"].max_row, book["预警"].max_row) == (3, 4)


@EVERY_WEEK
def test_the_same_backlog_gives_the_same_bytes(make: Callable[[], Backlog], tmp_path: Path) -> None:
    for k in range(2):
        write_xlsx(make(), tmp_path / f"{k}.xlsx")
        write_csv(make(), tmp_path / f"{k}.csv")
    assert (tmp_path / "0.xlsx").read_bytes() == (tmp_path / "1.xlsx").read_bytes()
    assert (tmp_path / "0.csv").read_bytes() == (tmp_path / "1.csv").read_bytes()
    assert render_html(make()) == render_html(make())
