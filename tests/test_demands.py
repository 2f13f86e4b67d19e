"""Grouping against the textbook, titles that people can read, and demands that survive the weeks."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from feedback_mining.demands.catalogue import Catalogue
from feedback_mining.demands.group import GroupingConfig, agglomerate, centre_of, centred, facets, mixed
from feedback_mining.demands.name import Candidate, keywords_of, title_of
from feedback_mining.demands.statements import plain_statement, statements_of
from feedback_mining.demands.track import Tracked, Tracker
from feedback_mining.errors import UnreadableFile
from feedback_mining.pipeline.reader import Reader
from feedback_mining.records import Demand, Intent, Sentiment, Unit
from feedback_mining.settings import Settings
from feedback_mining.taxonomy import Taxonomy
from feedback_mining.text.clean import normalise

Floats = NDArray[np.float32]
CONFIG = GroupingConfig()
THEMES = ["stability", "feature", "ui_ux"]


def of_length_one(rows: NDArray[np.float64]) -> Floats:
    scaled: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def augmented(
    vectors: Floats,
    themes: Sequence[str],
    wishes: Sequence[bool],
    columns: Sequence[str],
    config: GroupingConfig,
) -> Floats:
    return np.hstack([vectors, facets(themes, wishes, columns, config)])


def around_centre(vectors: Floats, contexts: Floats, usual: Floats) -> Floats:
    rows = mixed(vectors, contexts, CONFIG)
    mean = rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1], np.float32)
    return centred(rows, centre_of(mean, len(rows), usual, CONFIG))


def scattered(seed: int, count: int, topics: int = 12, noise: float = 0.25, dimensions: int = 24) -> Floats:
    """Augmented points of `topics` topics, alike enough that groups form and merge over many rounds."""
    random = np.random.default_rng(seed)
    topic = random.integers(0, topics, count)
    centres = random.normal(size=(topics, dimensions))
    vectors = of_length_one(centres[topic] + noise * random.normal(size=(count, dimensions)) * 4)
    themes = [THEMES[k] for k in random.integers(0, len(THEMES), count)]
    return augmented(vectors, themes, (random.random(count) < 0.4).tolist(), THEMES, CONFIG)


def average_linkage(
    points: Floats, known: Floats, sizes: Sequence[int], config: GroupingConfig
) -> list[set[int]]:
    """Merge the most alike pair of groups again and again, but no two known ones: the definition, slowly."""
    groups = [({-1 - k}, known[k].astype(np.float64), float(sizes[k]), True) for k in range(len(sizes))]
    groups += [({k}, point.astype(np.float64), 1.0, False) for k, point in enumerate(points)]
    penalty = config.theme_penalty + config.kind_penalty
    while True:
        pairs = [
            (float(a[1] @ b[1]) - penalty, i, j)
            for (i, a), (j, b) in combinations(enumerate(groups), 2)
            if not (a[3] and b[3])
        ]
        if not pairs or max(pairs)[0] < config.threshold:
            return [members for members, *_ in groups]
        _, i, j = max(pairs)
        a, b = groups[i], groups[j]
        size = a[2] + b[2]
        merged = (a[0] | b[0], (a[1] * a[2] + b[1] * b[2]) / size, size, a[3] or b[3])
        groups = [g for k, g in enumerate(groups) if k not in (i, j)] + [merged]


class TestSimilarity:
    def test_is_cosine_less_what_differs(self) -> None:
        random = np.random.default_rng(3)
        vectors = of_length_one(random.normal(size=(30, 8)))
        themes = [THEMES[k % 3] for k in range(30)]
        wishes = [k % 2 == 0 for k in range(30)]
        points = augmented(vectors, themes, wishes, THEMES, CONFIG)
        assert points.shape == (30, 8 + 3 + 2)
        alike = points @ points.T - (CONFIG.theme_penalty + CONFIG.kind_penalty)
        other_theme = np.array(themes)[:, None] != np.array(themes)
        other_kind = np.array(wishes)[:, None] != np.array(wishes)
        expected = vectors @ vectors.T - CONFIG.theme_penalty * other_theme - CONFIG.kind_penalty * other_kind
        np.testing.assert_allclose(alike, expected, atol=1e-6)

    @pytest.mark.parametrize("count", [1, 7, 400])
    def test_takes_the_comment_in_and_the_mean_of_the_product_off(self, count: int) -> None:
        random = np.random.default_rng(count)
        vectors = of_length_one(random.normal(size=(count, 16)) + 0.5)
        contexts = of_length_one(random.normal(size=(count, 16)) + 0.5)
        mixed = (1 - CONFIG.context) * vectors.astype(np.float64) + CONFIG.context * contexts
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        usual = random.normal(size=16).astype(np.float32)
        expected = mixed - (mixed.sum(axis=0) + CONFIG.few * usual) / (count + CONFIG.few)
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        found = around_centre(vectors, contexts, usual)
        np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)

    def test_of_what_all_users_talk_about_tells_nothing_apart(self) -> None:
        random = np.random.default_rng(5)
        vectors = of_length_one(random.normal(size=(500, 16)) + 3)
        found = around_centre(vectors, vectors, vectors.mean(axis=0))
        assert (vectors @ vectors.T).mean() > 0.8
        assert abs((found @ found.T).mean()) < 0.1

    def test_of_texts_without_any_known_word_is_nothing(self) -> None:
        nothing, usual = np.zeros((3, 4), np.float32), np.ones(4, np.float32)
        assert np.array_equal(around_centre(nothing, nothing, usual), nothing)
        assert around_centre(nothing[:0], nothing[:0], usual).shape == (0, 4)


class TestAgglomerate:
    @pytest.mark.parametrize("seed", range(8))
    @pytest.mark.parametrize("threshold", [0.05, CONFIG.threshold, 0.4])
    def test_without_known_groups_is_average_linkage(self, seed: int, threshold: float) -> None:
        points = scattered(seed, 60 + 30 * seed)
        found = agglomerate(points, points[:0], [], replace(CONFIG, threshold=threshold))
        penalty = CONFIG.theme_penalty + CONFIG.kind_penalty
        distances = 1 + penalty - points.astype(np.float64) @ points.T.astype(np.float64)
        np.fill_diagonal(distances, 0)
        reference = AgglomerativeClustering(
            n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - threshold
        ).fit_predict(distances)
        assert 1 < len(set(reference)) < len(points)
        assert adjusted_rand_score(reference, found) == 1.0

    @pytest.mark.parametrize("seed", range(6))
    def test_with_known_groups_is_average_linkage_in_which_those_never_merge(self, seed: int) -> None:
        everything = scattered(seed, 44, topics=5)
        known = np.stack([everything[:2].mean(axis=0), everything[2:3].mean(axis=0), everything[3]])
        sizes, points = [2, 1, 40], everything[4:]
        found = agglomerate(points, known, sizes, CONFIG)
        groups: dict[int, set[int]] = defaultdict(set)
        for k in range(len(known)):
            groups[k].add(-1 - k)
        for k, label in enumerate(found.tolist()):
            groups[label].add(k)
        expected = average_linkage(points, known, sizes, CONFIG)
        assert sorted(map(sorted, groups.values())) == sorted(map(sorted, expected))
        assert any(label < len(known) for label in found), "no known group took anything in"

    def test_known_groups_that_are_one_to_the_eye_stay_two(self) -> None:
        random = np.random.default_rng(1)
        both = of_length_one(np.array([[1, 0.6, 0, 0, 0, 0], [0.6, 1, 0, 0, 0, 0]]))
        assert both[0] @ both[1] > 0.8 > CONFIG.threshold
        near = np.repeat(both, 20, axis=0) + 0.05 * random.normal(size=(40, 6))
        everything = augmented(
            np.vstack([both, of_length_one(near)]), ["feature"] * 42, [False] * 42, THEMES, CONFIG
        )
        found = agglomerate(everything[2:], everything[:2], [5, 5], CONFIG)
        assert found.tolist() == [0] * 20 + [1] * 20
        alone = agglomerate(everything[2:], everything[:0], [], CONFIG)
        assert len(set(alone.tolist())) == 1, "without known groups they would have merged"

    @pytest.mark.parametrize("seed", range(5))
    def test_the_order_of_the_points_changes_numbers_only(self, seed: int) -> None:
        everything = scattered(seed, 150)
        known, points = everything[:10], everything[10:]
        order = np.random.default_rng(seed).permutation(len(points))
        found = agglomerate(points, known, [3] * 10, CONFIG)
        shuffled = agglomerate(points[order], known, [3] * 10, CONFIG)
        assert adjusted_rand_score(found[order], shuffled) == 1.0
        assert np.array_equal(np.where(found[order] < 10, found[order], -1),
                              np.where(shuffled < 10, shuffled, -1))  # fmt: skip

    def test_new_groups_are_numbered_in_the_order_of_their_first_points(self) -> None:
        found = agglomerate(scattered(2, 90), scattered(3, 4), [1] * 4, CONFIG)
        new = [label for label in dict.fromkeys(found.tolist()) if label >= 4]
        assert new == list(range(4, 4 + len(new)))

    def test_nothing_and_one(self) -> None:
        points = scattered(1, 3)
        assert agglomerate(points[:0], points[:0], [], CONFIG).tolist() == []
        assert agglomerate(points[:0], points, [1, 1, 1], CONFIG).tolist() == []
        assert agglomerate(points[:1], points[:0], [], CONFIG).tolist() == [0]

    def test_leaves_its_inputs_alone(self) -> None:
        points, known = scattered(1, 40), scattered(2, 5)
        before = points.copy(), known.copy()
        agglomerate(points, known, [1] * 5, CONFIG)
        assert np.array_equal(points, before[0])
        assert np.array_equal(known, before[1])


def unit(text: str, *, comment: str = "c1", intent: Intent = Intent.BUG, theme: str = "stability") -> Unit:
    return Unit(comment, 0, len(text), text, intent, theme, Sentiment.NEGATIVE, 0.9)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.of(Settings())


@pytest.fixture(scope="module")
def tracker(reader: Reader) -> Tracker:
    return reader.tracker("拾光账本")


@pytest.fixture(scope="module")
def plain_tracker(tracker: Tracker) -> Tracker:
    """Without the catalogue, so that every title is made of users' words."""
    return replace(tracker, catalogue=Catalogue((), "none"))


class TestStatements:
    @pytest.mark.parametrize(
        ("said", "intent", "meant"),
        [
            ("希望能增加导出Excel的功能", Intent.SUGGESTION, "增加导出excel的功能"),
            ("建议你们出一个平板版本吧", Intent.SUGGESTION, "增加平板版本"),
            ("就是没有夜间模式啊", Intent.SUGGESTION, "增加夜间模式"),
            ("为什么不能支持横屏", Intent.SUGGESTION, "支持横屏"),
            ("請增加繁體介面", Intent.SUGGESTION, "增加繁体介面"),
            ("希望不要自动播放", Intent.SUGGESTION, "不要自动播放"),
            ("没有夜间模式啊", Intent.COMPLAINT, "没有夜间模式"),
            ("但是这个页面老是白屏了！！", Intent.BUG, "页面老是白屏"),
            ("IOS的APP打开黑屏", Intent.BUG, "iOS的App打开黑屏"),
            ("！！！", Intent.BUG, ""),
            ("", Intent.SUGGESTION, ""),
        ],
    )
    def test_hold_what_is_meant(self, said: str, intent: Intent, meant: str) -> None:
        assert plain_statement(said, intent) == meant

    @pytest.mark.parametrize("said", ["不应该强制更新", "不想要自动播放", "不需要每次都登录"])
    def test_do_not_turn_a_wish_into_its_opposite(self, said: str) -> None:
        assert re.search("[不别]|取消|去掉|关闭", plain_statement(said, Intent.SUGGESTION))

    def test_are_short_sorted_and_of_every_clause(self) -> None:
        found = statements_of(
            [
                unit("卡，账单页面一直转圈"),
                unit("首页白屏，账单页面一直转圈"),
                unit("wifi ok"),
                unit("月末那天傍晚在地铁里翻阅上个季度的家庭开销明细表时白屏"),
            ]
        )
        assert found == ["账单页面一直转圈", "首页白屏"]


def candidate(text: str, **known: float) -> Candidate:
    """With 0.8 in every score that is not given."""
    scores = {f.name: 0.8 for f in fields(Candidate) if f.name != "text"}
    return Candidate(text, **{**scores, **known})


class TestTitle:
    UNITS = (
        unit("我的小票识别老是出错", comment="c1", theme="feature"),
        unit("小票识别不准", comment="c2", theme="feature"),
        unit("小票识别不准确", comment="c3", theme="feature"),
        unit("垃圾小票识别", comment="c4", theme="feature"),
    )

    @pytest.mark.parametrize(
        ("worse", "better"),
        [
            ("垃圾小票识别", "小票识别不准"),
            ("我的小票识别不准", "小票识别不准"),
            ("小票识别怎么不准", "小票识别不准"),
            ("小票识别不准不准", "小票识别不准"),
            ("小票识别不准2022", "小票识别不准"),
        ],
    )
    def test_reads_like_a_ticket(self, tracker: Tracker, worse: str, better: str) -> None:
        found = title_of(self.UNITS, [candidate(worse), candidate(better)], tracker.words, ["小票"])
        assert found == better

    def test_stands_for_the_group(self, tracker: Tracker) -> None:
        near, far = candidate("小票识别不准", closeness=0.9), candidate("首页广告太多", closeness=0.2)
        clear, vague = candidate("小票识别不准", clarity=0.9), candidate("小票识别这样", clarity=0.05)
        for better, worse in ((near, far), (clear, vague)):
            for order in ((better, worse), (worse, better)):
                assert title_of(self.UNITS, order, tracker.words, ["小票", "识别"]) == better.text

    def test_without_a_candidate_is_the_unit_that_is_nearest_to_a_title(self, tracker: Tracker) -> None:
        assert title_of([unit("卡"), unit("账单页卡死了")], [], tracker.words, []) == "账单页卡死了"
        long = title_of([unit("很长" * 30)], [], tracker.words, [])
        assert len(long) == 20
        assert long.endswith("…")

    def test_keywords_mark_the_group_and_not_the_product(self) -> None:
        words = [*["账本"] * 4, *["小票"] * 4, *["识别"] * 3, "的", "的", "ok", "ok", *["金额"] * 3]
        background = {"账本": 900, "小票": 8, "识别": 30, "金额": 300}
        assert keywords_of(words, background, 1000, count=3) == ["小票", "识别", "金额"]
        assert keywords_of(words, background, 1000)[-1] == "账本"
        assert keywords_of(["乙方", "甲方"], {}, 2) == keywords_of(["甲方", "乙方"], {}, 2)
        assert keywords_of(["的", "ok"], {}, 2) == []


class TestCatalogue:
    GOOD = "demands:\n  - {id: a, zh: 甲事, en: A, theme: feature, kind: wish, examples: [一, 二]}\n"

    def test_reads_what_it_documents(self, tmp_path: Path) -> None:
        path = tmp_path / "own.yaml"
        path.write_text(self.GOOD, encoding="utf-8")
        own = Catalogue.load(path)
        (entry,) = own.entries
        assert (entry.id, entry.zh, entry.wish, entry.examples) == ("a", "甲事", True, ("一", "二"))
        path.write_text(self.GOOD.replace("二", "三"), encoding="utf-8")
        assert Catalogue.load(path).version != own.version

    @pytest.mark.parametrize(
        ("content", "named"),
        [
            (GOOD.replace("wish", "dream"), "dream"),
            (GOOD.replace(", en: A", ""), "en"),
            (GOOD.replace("]}", ""), "own.yaml"),
            ("", "own.yaml"),
            ("- a\n- b", "own.yaml"),
            ("demands: [a]", "own.yaml"),
            ("\x00", "own.yaml"),
        ],
    )
    def test_refuses_in_one_line(self, tmp_path: Path, content: str, named: str) -> None:
        path = tmp_path / "own.yaml"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(UnreadableFile) as caught:
            Catalogue.load(path)
        message = str(caught.value)
        assert "\n" not in message
        assert str(path) in message
        assert named in message
        assert "expected demands, each with id, zh, en, theme, kind" in message

    def test_refuses_what_is_missing_or_not_text(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match=r"nowhere\.yaml.*expected demands"):
            Catalogue.load(tmp_path / "nowhere.yaml")
        (tmp_path / "own.yaml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(UnreadableFile, match=r"own\.yaml.*expected demands"):
            Catalogue.load(tmp_path / "own.yaml")

    def test_that_ships_names_everything_once(self) -> None:
        entries = Catalogue.load().entries
        assert len(entries) > 100
        for values in ([e.id for e in entries], [e.zh for e in entries], [e.en for e in entries]):
            assert [value for value, n in Counter(values).items() if n > 1] == []
        themes = {theme.id for theme in Taxonomy.load().themes} - {"general"}
        assert {e.theme for e in entries} <= themes
        assert [e.id for e in entries if not 4 <= len(e.zh) <= 20] == []
        assert [e.id for e in entries if len(set(e.examples)) < max(3, len(e.examples))] == []


FAULTS = {
    "小票": ["小票识别总把金额认错", "小票拍照识别的金额不对", "识别小票时金额老是出错", "拍小票金额识别错误"],
    "皮肤": ["橘猫皮肤换上以后不显示", "换了橘猫皮肤没有显示出来", "橘猫皮肤显示不出来", "买了橘猫皮肤却不显示"],
    "年度账单": ["打开年度账单就闪退", "一点年度账单就闪退", "年度账单点进去直接闪退", "看年度账单必闪退"],
}  # fmt: skip
LABELS = {
    "小票": ("feature", Intent.BUG),
    "皮肤": ("ui_ux", Intent.BUG),
    "年度账单": ("stability", Intent.BUG),
    "汇率": ("content", Intent.COMPLAINT),
}
Week = tuple[list[Unit], dict[str, tuple[str, str]]]


def said(texts: Mapping[str, Sequence[str]], week: str = "2026-W10") -> Week:
    """One comment of one unit for each text, and what `track` wants to know of them."""
    units = [
        unit(text, comment=f"{week}-{key}-{k}", intent=LABELS[key][1], theme=LABELS[key][0])
        for key, of_key in texts.items()
        for k, text in enumerate(of_key)
    ]
    return units, {u.comment: (week, u.text) for u in units}


def topic(one: Unit) -> str:
    return one.comment.split("-")[2]


def by_topic(units: Sequence[Unit], tracked: Tracked) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one in units:
        found[topic(one)].add(tracked.memberships[one.id])
    return found


def members_of(units: Sequence[Unit], tracked: Tracked) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = defaultdict(list)
    for one in units:
        found[tracked.memberships[one.id]].append(one)
    return found


def is_within(letters: str, text: str) -> bool:
    """Are the letters those of the text, in order, with some left out?"""
    rest = iter(text)
    return all(letter in rest for letter in letters)


@pytest.mark.parametrize("catalogue", ["shipped", "none"])
class TestTracker:
    @pytest.fixture
    def its(self, catalogue: str, tracker: Tracker, plain_tracker: Tracker) -> Tracker:
        return tracker if catalogue == "shipped" else plain_tracker

    def test_finds_what_belongs_together(self, its: Tracker) -> None:
        units, comments = said(FAULTS)
        tracked = its.track(units, comments, [], {})
        assert set(tracked.memberships) == {u.id for u in units}
        groups = by_topic(units, tracked)
        assert {key: len(ids) for key, ids in groups.items()} == dict.fromkeys(FAULTS, 1)
        assert len(set.union(*groups.values())) == len(FAULTS)
        assert {d.id for d in tracked.demands} == set(tracked.memberships.values())
        assert {d.founded for d in tracked.demands} == {"2026-W10"}

    def test_titles_are_short_and_of_words_that_a_member_said(self, its: Tracker) -> None:
        units, comments = said(FAULTS)
        tracked = its.track(units, comments, [], {})
        members = members_of(units, tracked)
        common = {entry.zh for entry in its.catalogue.entries}
        for demand in tracked.demands:
            assert 4 <= len(demand.title) <= 20
            words = re.sub("^(?:增加|支持)", "", demand.title).lower()
            texts = [normalise(u.text) for u in members[demand.id]]
            assert demand.title in common or any(is_within(words, text) for text in texts)
            assert demand.keywords
            assert all(any(word in text for text in texts) for word in demand.keywords)

    def test_again_gives_the_same(self, its: Tracker) -> None:
        units, comments = said(FAULTS)
        assert its.track(units, comments, [], {}) == its.track(units, comments, [], {})

    def test_ids_differ_between_products(self, its: Tracker) -> None:
        units, comments = said(FAULTS)
        here = set(its.track(units, comments, [], {}).memberships.values())
        there = set(replace(its, product="别的产品").track(units, comments, [], {}).memberships.values())
        assert not here & there

    def test_the_order_of_units_changes_no_group(self, its: Tracker) -> None:
        units, comments = said(FAULTS)
        groups = members_of(units, its.track(units, comments, [], {})).values()
        turned = units[::-1]
        again = members_of(turned, its.track(turned, comments, [], {})).values()
        assert {frozenset(u.id for u in g) for g in groups} == {frozenset(u.id for u in g) for g in again}

    def test_a_second_week_joins_what_is_known_and_founds_what_is_new(self, its: Tracker) -> None:
        units, comments = said(FAULTS)
        first = its.track(units, comments, [], {})
        more, said_then = said(
            {
                "小票": ["小票的金额又识别错了"],
                "皮肤": ["橘猫皮肤还是显示不出来"],
                "汇率": ["泰铢汇率还是去年的", "泰铢的汇率是去年的旧数据", "泰铢汇率一年没更新"],
            },
            "2026-W11",
        )
        second = its.track(more, {**comments, **said_then}, first.demands, members_of(units, first))
        assert set(second.memberships) == {u.id for u in more}
        before, after = by_topic(units, first), by_topic(more, second)
        assert after["小票"] == before["小票"]
        assert after["皮肤"] == before["皮肤"]
        assert len(after["汇率"]) == 1
        assert not after["汇率"] & set(first.memberships.values())
        (founded,) = (d for d in second.demands if d.id in after["汇率"])
        assert founded.founded == "2026-W11"

    def test_a_known_demand_without_news_is_left_alone(self, its: Tracker) -> None:
        units, comments = said(FAULTS)
        first = its.track(units, comments, [], {})
        assert its.track([], comments, first.demands, members_of(units, first)) == Tracked((), {})


def test_a_title_stays_until_membership_doubles(plain_tracker: Tracker) -> None:
    units, comments = said({"小票": FAULTS["小票"]})
    first = plain_tracker.track(units, comments, [], {})
    known = [replace(d, title="老标题", founded="2026-W01") for d in first.demands]
    more, said_then = said(
        {"小票": [
            "小票识别金额出错", "小票金额识别不对", "识别小票的金额总是错", "拍小票识别出来的金额不对",
        ]}, "2026-W11",
    )  # fmt: skip

    def week(news: Sequence[Unit]) -> Sequence[Demand]:
        tracked = plain_tracker.track(news, {**comments, **said_then}, known, members_of(units, first))
        assert set(tracked.memberships.values()) == {known[0].id}
        return tracked.demands

    assert list(week(more[:1])) == list(week(more[:3])) == []
    (renamed,) = week(more)
    assert (renamed.id, renamed.founded) == (known[0].id, "2026-W01")
    assert renamed.title != "老标题"


def test_a_common_demand_has_the_title_of_the_catalogue_in_the_language_asked_for(
    reader: Reader, tracker: Tracker
) -> None:
    entry = next(e for e in tracker.catalogue.entries if e.id == "crash")
    units = [unit(text, comment=f"c{k}") for k, text in enumerate(entry.examples[:4])]
    comments = {u.comment: ("2026-W10", u.text) for u in units}
    (chinese,) = tracker.track(units, comments, [], {}).demands
    (english,) = reader.tracker(tracker.product, "en").track(units, comments, [], {}).demands
    assert (chinese.title, english.title) == (entry.zh, entry.en)
    assert chinese.id == english.id
    later, said_then = [unit(entry.examples[4], comment="c9")], {"c9": ("2026-W12", entry.examples[4])}
    assert set(tracker.track(later, said_then, [], {}).memberships.values()) == {chinese.id}
