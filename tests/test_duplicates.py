"""Near duplicates: who is grouped with whom, and which repeats of one author are not counted again."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from feedback_mining.records import Comment
from feedback_mining.text.duplicates import comparable, near_duplicate_groups, same_author_repeats, shingles

START = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)


def comment(number: int, text: str, author: str | None = "u_1", day: float = 0) -> Comment:
    return Comment(
        id=f"c{number}",
        product="云盒",
        source="test",
        text=text,
        time=START + timedelta(days=day),
        author=author,
    )


def partition(texts: list[str], labels: np.ndarray) -> set[frozenset[str]]:
    groups: dict[int, set[str]] = {}
    for text, label in zip(texts, labels.tolist(), strict=True):
        groups.setdefault(label, set()).add(text)
    return {frozenset(group) for group in groups.values()}


def test_signs_emoji_script_and_markers_do_not_tell_texts_apart() -> None:
    labels = near_duplicate_groups(
        ["同步老是失敗，急！", "同步老是失败,急", "（该条评论已经被删除）同步老是失败 急😤😤", "同步很快"]
    )
    assert labels.tolist() == [0, 0, 0, 1]


def test_small_changes_are_near_and_other_complaints_are_not() -> None:
    texts = [
        "昨天升级之后相册里的照片全部变成灰色方块了",
        "昨天升级之后相册里照片全部变成灰色方块了呀",
        "昨天升级之后提醒铃声全部变成静音了",
    ]
    assert near_duplicate_groups(texts).tolist() == [0, 0, 1]
    assert near_duplicate_groups(texts, threshold=1.0).tolist() == [0, 1, 2]


def test_texts_without_letters_are_nobodys_twin() -> None:
    assert near_duplicate_groups(["👍👍", "👍👍", "", "。。。"]).tolist() == [0, 1, 2, 3]
    assert near_duplicate_groups([]).tolist() == []


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.2])
def test_a_threshold_that_is_no_similarity_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="expected a Jaccard similarity"):
        near_duplicate_groups(["好"], threshold)


def invented(count: int, seed: int) -> list[str]:
    """Short texts over a small alphabet, so that many are alike by chance."""
    draw = random.Random(seed)
    return ["".join(draw.choices("天地玄黄宇宙洪荒日月盈昃", k=draw.randint(1, 7))) for _ in range(count)]


@pytest.mark.parametrize("threshold", [0.4, 0.5, 0.7, 0.75, 1.0])
def test_groups_are_those_of_comparing_every_pair(threshold: float) -> None:
    texts = sorted(set(invented(600, 5)))
    sets = [shingles(comparable(t)) for t in texts]
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i in range(len(texts)):
        for j in range(i):
            if len(sets[i] & sets[j]) >= threshold * len(sets[i] | sets[j]) - 1e-9:
                parent[root(i)] = root(j)
    expected = partition(texts, np.array([root(i) for i in range(len(texts))]))
    found = partition(texts, near_duplicate_groups(texts, threshold))
    assert found == expected
    assert threshold == 1.0 or max(len(g) for g in found) > 1


def test_order_does_not_change_the_groups() -> None:
    texts = invented(500, 9)
    shuffled = random.Random(1).sample(texts, len(texts))
    assert partition(texts, near_duplicate_groups(texts)) == partition(
        shuffled, near_duplicate_groups(shuffled)
    )


def test_twenty_thousand_texts_take_seconds() -> None:
    draw = random.Random(3)
    words = [chr(c) for c in range(0x4E00, 0x4E00 + 1500)]
    texts = ["这个应用" + "".join(draw.choices(words, k=draw.randint(4, 30))) for _ in range(20_000)]
    begin = time.perf_counter()
    near_duplicate_groups(texts)
    assert time.perf_counter() - begin < 20


def test_only_the_later_of_one_authors_repeats_is_dropped() -> None:
    comments = [
        comment(1, "备份一直卡在百分之九十九"),
        comment(2, "备份一直卡在百分之九十九！！", day=3),
        comment(3, "备份一直卡在百分之九十九", author="u_2", day=3),
        comment(4, "备份一直卡在百分之九十九", author=None, day=4),
        comment(5, "备份一直卡在百分之九十九", author=None, day=5),
        comment(6, "想要一个桌面小组件", day=5),
    ]
    assert same_author_repeats(comments) == {"c2"}
    assert same_author_repeats(comments[::-1]) == {"c2"}


def test_after_the_time_limit_an_author_counts_again() -> None:
    comments = [comment(n, "夜里会自己亮屏", day=day) for n, day in enumerate([0, 20, 28, 29, 40])]
    assert same_author_repeats(comments) == {"c1", "c2", "c4"}
    assert same_author_repeats(comments, days=10) == {"c2", "c3"}
