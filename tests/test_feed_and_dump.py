"""A feed that is fetched and a file of the same objects are the same comments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from loopback import Server, json_answer, serve

from feedback_mining.pipeline.fetch import fetch_source
from feedback_mining.pipeline.ingest import import_files
from feedback_mining.settings import Settings
from feedback_mining.sources.connectors.config import load_source
from feedback_mining.storage import Store, open_store

DATES = {"created_at": "2026-03-03T02:00:00Z", "updated_at": "2026-03-04T02:00:00Z"}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def rss_entry(number: int) -> dict[str, Any]:
    labels = {
        "id": f"9{number}",
        "title": "闪退",
        "content": f"第{number}次打开就闪退",
        "updated": "2026-03-03T10:00:00-07:00",
        "im:rating": "2",
        "im:version": "3.1",
        "im:voteSum": "4",
    }
    link = {"attributes": {"rel": "related", "href": "https://itunes.apple.com/cn/review?id=7"}}
    author = {"name": {"label": f"用户{number}"}, "uri": {"label": "x"}}
    return {name: {"label": value} for name, value in labels.items()} | {"author": author, "link": link}


RSS = {
    "feed": {
        "entry": [
            {"im:name": {"label": "云笔记"}, "id": {"label": "7"}, "title": {"label": "云笔记"}},
            rss_entry(1),
            rss_entry(2),
        ]
    }
}
CONNECT = {
    "data": [
        {
            "id": "00000001-aaaa",
            "type": "customerReviews",
            "attributes": {
                "rating": 1,
                "title": None,
                "body": "升级之后打不开了",
                "reviewerNickname": "甲",
                "createdDate": "2026-03-03T01:00:00-08:00",
                "territory": "CHN",
            },
        }
    ],
    "links": {},
}
TXC = {
    "status": 0,
    "pagination": {"next_page_url": None},
    "object": "post",
    "data": [
        {
            "id": "177",
            "nick_name": "乙",
            "content": "同步一直失败",
            "created_at": "2026-03-03 10:00:00",
            "updated_at": "2026-03-03 10:00:00",
            "is_admin": False,
        },
        {
            "id": "178",
            "nick_name": "客服",
            "content": "正在查",
            "created_at": "2026-03-03 11:00:00",
            "is_admin": 1,
        },
    ],
}
POST = {"username": "丙", "created_at": "2026-03-03T00:00:00.000Z", "like_count": 3, "post_type": 1}
TOPIC = {
    "id": 5,
    "title": "导出",
    "slug": "export",
    "post_stream": {
        "stream": [70, 71, 72],
        "posts": [
            POST | {"id": 70, "post_number": 1, "raw": "表格导出失败"},
            POST | {"id": 71, "post_number": 2, "reply_to_post_number": 1, "cooked": "<p>我也<br>遇到了</p>"},
            POST | {"id": 72, "post_number": 3, "raw": "", "post_type": 3, "action_code": "closed.enabled"},
        ],
    },
}
ISSUES = [
    {
        "id": 5550 + number,
        "number": number,
        "title": "Crash",
        "body": f"It crashes in {number} ways",
        "state": "open",
        "labels": [],
        "comments": 0,
        "url": f"https://api.github.com/repos/o/n/issues/{number}",
        "html_url": f"https://github.com/o/n/issues/{number}",
        "user": {"login": f"u{number}"},
        "reactions": {"total_count": 2, "+1": 2},
        **DATES,
        **({"pull_request": {"url": "x"}} if number == 2 else {}),
    }
    for number in (1, 2)
]
TICKETS = {
    "tickets": [
        {
            "id": 31,
            "url": "https://x.zendesk.com/api/v2/tickets/31.json",
            "raw_subject": "退款",
            "subject": "退款",
            "description": "申请退款没有人理",
            "requester_id": 8,
            "status": "open",
            "created_at": "2026-03-03T00:00:00Z",
        }
    ],
    "after_cursor": "c1",
    "end_of_stream": True,
}
PAGE = "/cn/rss/customerreviews/page={}/id=7/sortby=mostrecent/json"
EMPTY: dict[str, Any] = {"feed": {}}
FEEDS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "app_store_rss": (
        {PAGE.format(1): RSS, **{PAGE.format(n): EMPTY for n in range(2, 11)}},
        "app_id: '7'",
        RSS,
    ),
    "app_store_connect": (
        {"/v1/apps/7/customerReviews": CONNECT},
        "app_id: '7'\nkey_id: K\nissuer_id: I\nprivate_key_env: KEY",
        CONNECT,
    ),
    "txc": ({"/api/v1/9/posts": TXC}, "product_id: '9'\nprivate_key_env: KEY", TXC),
    "discourse": (
        {"/latest.json": {"topic_list": {"topics": [{"id": 5, "bumped_at": "2"}]}}, "/t/5.json": TOPIC},
        "",
        TOPIC,
    ),
    "github": ({"/repos/o/n/issues": ISSUES}, "repo: o/n", ISSUES),
    "zendesk": (
        {"/api/v2/incremental/tickets/cursor.json": TICKETS},
        "email: a@b.example\ntoken_env: KEY",
        TICKETS,
    ),
}


def contents(store: Store, *, url: bool) -> list[dict[str, Any]]:
    found = [asdict(comment) for comment in (*store.comments("云笔记"), *store.official_replies("云笔记"))]
    return [{k: v for k, v in comment.items() if k != "line" and (url or k != "url")} for comment in found]


@pytest.mark.parametrize("kind", sorted(FEEDS))
@pytest.mark.parametrize("feed_first", [True, False])
def test_the_second_is_all_duplicates(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, feed_first: bool
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    monkeypatch.setenv("KEY", pem.decode())
    routes, keys, document = FEEDS[kind]
    for path, answer in routes.items():
        server.answer(path, json_answer(answer))
    source, dump = tmp_path / "source.yaml", tmp_path / "dump.json"
    source.write_text(
        f"kind: {kind}\nproduct: 云笔记\nbase_url: {server.url}\n{keys}\nallow_hosts: [127.0.0.1]\n"
        f"min_interval: 0\nattempts: 1\n",
        encoding="utf-8",
    )
    dump.write_text(json.dumps(document, indent=1), encoding="utf-8")  # not the very bytes of the feed
    settings = Settings()

    def fetched(store: Store) -> tuple[int, int, int, int]:
        done = fetch_source(load_source(source), store, settings=settings)
        assert done.error is None
        return done.rows_read, done.stored, done.duplicates, done.quarantined

    def imported(store: Store) -> tuple[int, int, int, int]:
        (done,) = import_files([dump], store, product="云笔记", settings=settings)
        return done.rows_read, done.stored, done.duplicates, done.quarantined

    first, second = (fetched, imported) if feed_first else (imported, fetched)
    url = kind != "discourse"  # a dump of a topic does not name its host
    with open_store(f"sqlite:///{tmp_path}/a.db") as store:
        rows, stored, duplicates, quarantined = first(store)
        assert stored > 0
        assert (rows, duplicates) == (stored + quarantined, 0)
        before = contents(store, url=url)
        assert second(store) == (rows, 0, stored, quarantined)
        assert contents(store, url=url) == before
    with open_store(f"sqlite:///{tmp_path}/b.db") as other:
        second(other)
        after = [{**comment, "author": None} for comment in contents(other, url=url)]  # its key differs
    assert after == [{**comment, "author": None} for comment in before]
