"""What runs leave for later ones: weeks in one run or in many, again, from nothing, with another encoder."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedback_mining.pipeline.ingest import import_files
from feedback_mining.pipeline.mine import Miner, mine_week
from feedback_mining.settings import default_store, load_settings
from feedback_mining.storage import Store, open_store
from feedback_mining.weeks import Week

PRODUCT = "拾光账本"
SETTINGS = load_settings(author_key="fixed", window_weeks=3)
FIRST = Week(2024, 2)
TALK = [
    "打开年度账单就闪退", "希望账本能导出成表格", "字体太小了，老人看不清", "同步太慢了，半天都同步不完",
    "开屏广告太多了", "小票拍照识别的金额不对", "收不到短信验证码，登录不了", "希望增加深色模式",
]  # fmt: skip
WORDS = ["真的", "又", "昨天", "更新以后", "每次", "我这边"]
Row = tuple[str, datetime, str, str]


def said(week: int, count: int, *, start: int = 0) -> list[Row]:
    chance = random.Random(week * 1000 + start)
    monday = datetime.combine(FIRST.plus(week).monday, datetime.min.time())
    return [
        (
            f"{week:03d}-{start + k:03d}",
            monday + timedelta(hours=5 + 2 * k),
            f"用户{week}之{start + k}",
            chance.choice(WORDS) + chance.choice(TALK),
        )
        for k in range(count)
    ]


@pytest.fixture
def filled(tmp_path: Path) -> Callable[..., Store]:
    stores: list[Store] = []

    def fill(rows: Sequence[Row], name: str = "one", file: str = "a.csv") -> Store:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        lines = ["评论ID,时间,用户,内容", *(f"{i},{t:%Y-%m-%d %H:%M},{a},{w}" for i, t, a, w in rows)]
        (folder / file).write_text("\n".join(lines), encoding="utf-8")
        store = open_store(default_store(folder))
        import_files([folder / file], store, product=PRODUCT, settings=SETTINGS)
        stores.append(store)
        return store

    yield fill  # type: ignore[misc]
    for store in stores:
        store.close()


class TestWeeks:
    def test_a_store_that_knows_nothing_of_its_weeks_is_looked_at_as_a_whole(
        self, filled: Callable[..., Store]
    ) -> None:
        rows = [row for week in range(8) for row in said(week, 5)]
        store = filled(rows)
        whole = mine_week(store, PRODUCT, FIRST.plus(7), settings=SETTINGS)
        assert len(store.memberships(PRODUCT)) > 30
        again = mine_week(store, PRODUCT, FIRST.plus(7), settings=SETTINGS)
        assert again == whole

    def test_weeks_in_one_run_or_in_many_leave_the_same(self, filled: Callable[..., Store]) -> None:
        rows = [row for week in range(9) for row in said(week, 5)]
        one, many = filled(rows, "one"), filled(rows, "many")
        weeks = [FIRST.plus(k) for k in range(9)]
        miner = Miner(one, PRODUCT, SETTINGS)
        at_once = [miner.mine(week) for week in weeks]
        assert at_once == [mine_week(many, PRODUCT, week, settings=SETTINGS) for week in weeks]
        assert [mine_week(many, PRODUCT, week, settings=SETTINGS) for week in weeks[4:]] == at_once[4:]
        assert one.memberships(PRODUCT) == many.memberships(PRODUCT)

    def test_demands_keep_their_ids_when_the_encoder_is_another(
        self, filled: Callable[..., Store], static_folder: Path
    ) -> None:
        store = filled([row for week in range(5) for row in said(week, 6)])
        for k in range(4):
            mine_week(store, PRODUCT, FIRST.plus(k), settings=SETTINGS)
        before = {d.id for d in store.demands(PRODUCT)}
        members = {unit: key for unit, (key, _) in store.memberships(PRODUCT).items()}
        other = load_settings(author_key="fixed", window_weeks=3, encoder=str(static_folder))
        mine_week(store, PRODUCT, FIRST.plus(4), settings=other)
        after = {unit: key for unit, (key, _) in store.memberships(PRODUCT).items()}
        assert members.items() <= after.items()
        joined = {key for unit, key in after.items() if unit not in members}
        assert joined & before
