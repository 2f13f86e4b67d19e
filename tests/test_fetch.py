"""Feeds of a real server into a real store."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from loopback import Answer, Request, Server, json_answer, serve

from feedback_mining.cli import main
from feedback_mining.errors import InputError
from feedback_mining.pipeline.fetch import FetchReport, fetch_source
from feedback_mining.resources import data_dir
from feedback_mining.settings import Settings
from feedback_mining.sources.connectors.config import load_source, secret
from feedback_mining.storage import open_store

QUICK = "product: 云笔记\nallow_hosts: [127.0.0.1]\nmin_interval: 0\nbackoff: 0\nattempts: 2\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def fetch(tmp_path: Path, text: str, **options: Any) -> FetchReport:
    path = tmp_path / "source.yaml"
    path.write_text(QUICK + text, encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        report = fetch_source(load_source(path), store, settings=Settings(), **options)
    assert report.rows_read == report.stored + report.duplicates + report.quarantined
    return report


def review(number: int) -> dict[str, Any]:
    values = {"id": str(number), "im:rating": "2", "title": "闪退", "content": f"第{number}次打开就闪退了"}
    entry: dict[str, Any] = {name: {"label": value} for name, value in values.items()}
    return entry | {
        "author": {"name": {"label": f"用户{number}"}},
        "updated": {"label": "2026-03-03T10:00:00-07:00"},
    }


def test_app_store_rss(server: Server, tmp_path: Path) -> None:
    root = "/cn/rss/customerreviews/page={}/id=7/sortby=mostrecent/json"
    empty = json_answer({"feed": {"title": {"label": "x"}}})
    for page in range(1, 11):
        server.answer(root.format(page), empty)
    app = {"im:name": {"label": "云笔记"}, "id": {"label": "7"}}
    server.answer(root.format(1), json_answer({"feed": {"entry": [app, review(1), review(2)]}}, ETag='"a"'))
    server.answer(root.format(3), Answer(status=502), json_answer({"feed": {"entry": review(3)}}))
    text = f"kind: app_store_rss\napp_id: '7'\nbase_url: {server.url}\n"
    report = fetch(tmp_path, text)
    assert (report.pages, report.stored, report.error) == (2, 3, None)
    assert report.quarantined_by_reason == {"not_a_comment": 1}  # the description of the app
    again = fetch(tmp_path, text)
    assert (again.stored, again.pages, again.unchanged) == (0, 1, 1)


def test_txc_signs_every_page(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TXC_KEY", "hush")

    def posts(request: Request) -> Answer:
        stamp = request.headers["timestamp"]
        assert len(stamp) == 10
        if request.headers["signature"] != hashlib.md5((stamp + "hush").encode()).hexdigest():
            return Answer(status=403)
        last = "max_id" in request.query
        ids = ["3", "4"] if last else ["1", "2"]
        data = [
            {
                "id": i,
                "nick_name": f"甲{i}",
                "content": f"第{i}次同步失败",
                "created_at": "2026-03-03 10:00:00",
            }
            for i in ids
        ]
        data[-1] |= {"is_admin": last}
        following = None if last else "/api/v1/9/posts?count=20&max_id=2"
        return json_answer({"status": 0, "pagination": {"next_page_url": following}, "data": data})

    server.routes["/api/v1/9/posts"] = posts
    text = f"kind: txc\nproduct_id: '9'\nprivate_key_env: TXC_KEY\nbase_url: {server.url}\n"
    cut = fetch(tmp_path, text, max_pages=1)
    assert (cut.pages, cut.stored) == (1, 2)
    rest = fetch(tmp_path, text)
    assert (rest.pages, rest.rows_read, rest.quarantined) == (1, 2, 0)
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        assert {comment.id for comment in store.comments("云笔记")} == {"txc:1", "txc:2", "txc:3"}
        assert [comment.id for comment in store.official_replies("云笔记")] == ["txc:4"]
    assert rest.cursor == {"since": "20260303"}


@pytest.mark.parametrize("newest_first", [True, False])
def test_txc_reads_edits_of_the_last_days_whatever_the_order_of_pages(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newest_first: bool
) -> None:
    monkeypatch.setenv("TXC_KEY", "hush")
    words = {20260301: "导出失败", 20260306: "同步失败", 20260309: "登录失败"}
    asked: list[int] = []

    def posts(request: Request) -> Answer:
        query = parse_qs(request.query)
        since, place = int(query.get("from", ["0"])[0]), int(query.get("max_id", ["0"])[0])
        asked.append(since)
        days = [day for day in sorted(words, reverse=newest_first) if day >= since]
        stamps = {"created_at": f"{str(days[place])[:4]}-03-{days[place] % 100:02} 10:00:00"}
        post = {"id": str(days[place]), "nick_name": "甲", "content": words[days[place]], **stamps}
        more = f"/api/v1/9/posts?from={since}&max_id={place + 1}" if place + 1 < len(days) else None
        return json_answer({"status": 0, "pagination": {"next_page_url": more}, "data": [post]})

    server.routes["/api/v1/9/posts"] = posts
    text = f"kind: txc\nproduct_id: '9'\nprivate_key_env: TXC_KEY\nreread_days: 5\nbase_url: {server.url}\n"
    assert fetch(tmp_path, text).cursor == {"since": "20260309"}
    words[20260306] = "同步失败，后来好了"
    report = fetch(tmp_path, text)
    assert (report.stored, report.edited, report.rows_read) == (0, 1, 2)
    assert asked == [0, 0, 0, 20260304, 20260304]
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        assert "同步失败，后来好了" in {comment.text for comment in store.comments("云笔记")}


def test_txc_is_not_carried_away_by_a_date_in_the_future(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TXC_KEY", "hush")
    dates = ["2026-03-03 10:00:00", "2098-01-01 00:00:00"]
    data = [
        {"id": str(n), "nick_name": "甲", "content": f"闪退{n}", "created_at": d} for n, d in enumerate(dates)
    ]
    server.answer("/api/v1/9/posts", json_answer({"status": 0, "data": data}))
    text = f"kind: txc\nproduct_id: '9'\nprivate_key_env: TXC_KEY\nbase_url: {server.url}\n"
    assert fetch(tmp_path, text).cursor == {"since": "20260303"}


def test_discourse_reads_all_posts_of_topics_bumped_since(server: Server, tmp_path: Path) -> None:
    topics = [{"id": 5, "bumped_at": "2026-03-03T00:00:00Z"}]
    server.routes["/latest.json"] = lambda _: json_answer({"topic_list": {"topics": topics}})

    def post(number: int) -> dict[str, Any]:
        words = (
            {"raw": f"第{number}个人也遇到了"} if number != 2 else {"cooked": "<p>换行<br>也<b>不行</b></p>"}
        )
        return words | {
            "id": 100 + number,
            "post_number": number,
            "username": f"u{number}",
            "created_at": "2026-03-03T00:00:00Z",
        }

    stream = [100 + number for number in range(1, 46)]
    body = {"title": "同步失败", "post_stream": {"posts": [post(n) for n in range(1, 21)], "stream": stream}}
    server.answer("/t/5.json", json_answer(body))

    def more(request: Request) -> Answer:
        ids = [int(i) for i in parse_qs(request.query)["post_ids[]"]]
        assert len(ids) <= 20
        return json_answer({"post_stream": {"posts": [post(i - 100) for i in ids]}})

    server.routes["/t/5/posts.json"] = more
    text = f"kind: discourse\nbase_url: {server.url}\n"
    report = fetch(tmp_path, text)
    assert (report.pages, report.stored) == (1, 45)
    assert report.cursor == {"bumped": "2026-03-03T00:00:00Z"}
    body["post_stream"]["posts"][3] |= {"post_type": 3, "raw": "", "action_code": "closed.enabled"}
    server.answer("/t/5.json", json_answer(body))
    closed = fetch(tmp_path, text)
    assert (closed.rows_read, closed.duplicates) == (45, 44)
    assert closed.quarantined_by_reason == {"not_a_comment": 1}
    topics[0]["bumped_at"] = "2026-03-01T00:00:00Z"
    assert fetch(tmp_path, text).pages == 0


def test_github_follows_links_and_leaves_pull_requests(server: Server, tmp_path: Path) -> None:
    def issue(number: int, **more: Any) -> dict[str, Any]:
        when = f"2026-03-0{number}T00:00:00Z"
        words = {"title": "Crash", "body": f"It crashes in {number} ways", "user": {"login": f"u{number}"}}
        return words | {"id": number, "number": number, "created_at": when, "updated_at": when} | more

    def issues(request: Request) -> Answer:
        if "page=2" in request.query.replace("per_page", ""):
            return json_answer([issue(3, pull_request={}) | {"pull_request": {"url": "x"}}, issue(4)])
        link = f'<{server.url}/repos/o/n/issues?page=2>; rel="next"'
        return json_answer([issue(1), issue(2)], Link=link)

    server.routes["/repos/o/n/issues"] = issues
    text = f"kind: github\nrepo: o/n\nbase_url: {server.url}\n"
    report = fetch(tmp_path, text)
    assert (report.pages, report.stored) == (2, 3)
    assert report.quarantined_by_reason == {"not_a_comment": 1}
    assert report.cursor == {"issues": "2026-03-04T00:00:00Z"}
    fetch(tmp_path, text)
    assert "since=2026-03-04T00:00:00Z" in server.requests[2].query
    server.answer("/repos/o/n/issues", json_answer([], Link='<http://evil.example/>; rel="next"'))
    assert "another host" in str(fetch(tmp_path, text).error)


def test_zendesk_goes_on_from_its_cursor(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD", "hush")

    def tickets(request: Request) -> Answer:
        last = "cursor=c1" in request.query
        ticket = {"id": 2 if last else 1, "raw_subject": "退款", "description": f"申请退款没有人理{last}"}
        ticket |= {"requester_id": 5, "created_at": "2026-03-03T00:00:00Z"}
        after = "c2" if last else "c1"
        return json_answer({"tickets": [ticket], "after_cursor": after, "end_of_stream": last})

    server.routes["/api/v2/incremental/tickets/cursor.json"] = tickets
    text = f"kind: zendesk\nbase_url: {server.url}\nemail: a@b.example\ntoken_env: ZD\n"
    report = fetch(tmp_path, text)
    assert (report.pages, report.stored, report.cursor) == (2, 2, {"after": "c2"})
    fetch(tmp_path, text, max_pages=1)
    assert "cursor=c2" in server.requests[2].query


def test_zendesk_tickets_that_were_deleted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD", "hush")
    tickets = [
        {"id": n, "raw_subject": "退款", "description": f"申请退款{n}次没有人理", "requester_id": n}
        | {"created_at": f"2026-03-0{n}T00:00:00Z"}
        for n in (1, 2)
    ]
    path = "/api/v2/incremental/tickets/cursor.json"
    server.answer(path, json_answer({"tickets": tickets, "after_cursor": "c1", "end_of_stream": True}))
    text = f"kind: zendesk\nbase_url: {server.url}\nemail: a@b.example\ntoken_env: ZD\n"
    assert fetch(tmp_path, text).stored == 2
    gone = [tickets[0] | {"status": "deleted"}, tickets[0] | {"id": 3, "status": "deleted"}]
    server.answer(path, json_answer({"tickets": gone, "after_cursor": "c2", "end_of_stream": True}))
    report = fetch(tmp_path, text)
    assert (report.rows_read, report.stored, report.duplicates, report.quarantined) == (2, 0, 1, 1)
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        deleted = {comment.id: comment.deleted for comment in store.comments("云笔记")}
    assert deleted == {"zendesk:1": True, "zendesk:2": False}


def test_zendesk_is_asked_ten_times_a_minute_at_most(tmp_path: Path) -> None:
    path = tmp_path / "source.yaml"
    paces = {"https://a.zendesk.com": 6, "https://zendesk.com.example": 0, "http://127.0.0.1:1": 0}
    for url, pace in paces.items():
        path.write_text(
            QUICK + f"kind: zendesk\nbase_url: {url}\nemail: a@b.example\ntoken_env: ZD\n", encoding="utf-8"
        )
        assert load_source(path).interval == pace


def test_github_comments_are_answers_to_their_issue(server: Server, tmp_path: Path) -> None:
    api, page = f"{server.url}/repos/o/n/issues", "https://github.com/o/n"
    common = {"created_at": "2026-03-03T00:00:00Z", "updated_at": "2026-03-03T00:00:00Z"}
    issue = {"id": 9, "number": 1, "title": "Crash", "body": "It crashes", "url": f"{api}/1"}
    server.answer("/repos/o/n/issues", json_answer([issue | {"user": {"login": "u"}} | common]))
    comments = [
        {"id": 1, "body": "Me too, on Windows", "author_association": "NONE", "at": "issues/1"},
        {"id": 2, "body": "Fixed in 1.2", "author_association": "OWNER", "at": "issues/1"},
        {"id": 3, "body": "Please rebase", "author_association": "NONE", "at": "pull/2"},
    ]
    for number, comment in enumerate(comments):
        at = comment.pop("at")
        comment |= {"issue_url": f"{api}/1", "html_url": f"{page}/{at}#c", "user": {"login": f"u{number}"}}
        comment |= {"url": f"{api}/comments/{number}"} | common
    server.answer("/repos/o/n/issues/comments", json_answer(comments))
    report = fetch(tmp_path, f"kind: github\nrepo: o/n\ncomments: true\nbase_url: {server.url}\n")
    assert (report.rows_read, report.quarantined) == (4, 1)
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        found = {comment.id: comment.parent for comment in store.comments("云笔记")}
        answers = [comment.id for comment in store.official_replies("云笔记")]
    assert found == {"github:o/n#1": None, "github:comment-1": "github:o/n#1"}
    assert answers == ["github:comment-2"]
    assert set(report.cursor) == {"issues", "issues/comments"}


def test_secrets_are_looked_for_before_anything_is_fetched(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, keys in {"open": "", "closed": "token_env: NOT_SET\n"}.items():
        text = QUICK + f"kind: github\nrepo: o/n\nbase_url: {server.url}\n{keys}"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    files = [str(tmp_path / f"{name}.yaml") for name in ("open", "closed")]
    assert main(["fetch", *files, "--out", str(tmp_path)]) == 2
    assert "NOT_SET is not set" in capsys.readouterr().err
    assert server.requests == []


def test_a_mistyped_address_leaves_no_trace(server: Server, tmp_path: Path) -> None:
    assert fetch(tmp_path, f"kind: github\nrepo: o/n\nbase_url: {server.url}/wrong\n").error
    server.answer("/repos/o/n/issues", json_answer([]))
    assert fetch(tmp_path, f"kind: github\nrepo: o/n\nbase_url: {server.url}\n").error is None


def test_two_sites_of_a_kind_do_not_mix_their_ids(server: Server, tmp_path: Path) -> None:
    topic = {"title": "同步", "post_stream": {"posts": [], "stream": [7]}}
    text = "kind: discourse\nbase_url: {}\n"
    with serve() as other:
        for site, words in ((server, "同步失败"), (other, "导出失败")):
            post = {"id": 7, "post_number": 1, "username": "u", "created_at": "2026-03-03T00:00:00Z"}
            topic["post_stream"]["posts"] = [post | {"raw": words}]
            site.answer(
                "/latest.json", json_answer({"topic_list": {"topics": [{"id": 5, "bumped_at": "2"}]}})
            )
            site.answer("/t/5.json", json_answer(topic))
        assert fetch(tmp_path, text.format(server.url)).stored == 1
        with pytest.raises(InputError, match="instance: NAME"):
            fetch(tmp_path, text.format(other.url))
        assert fetch(tmp_path, text.format(other.url) + "instance: en\n").stored == 1
        assert fetch(tmp_path, text.format(other.url) + "instance: ''\n").duplicates == 1
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        assert {comment.id for comment in store.comments("云笔记")} == {"discourse:7", "discourse:en/7"}


def test_pages_that_did_not_change_are_not_sent_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "hush")
    issue = {"id": 1, "number": 1, "title": "Crash", "body": "It crashes", "user": {"login": "u"}}
    dates = {"created_at": "2026-03-03T00:00:00Z", "updated_at": "2026-03-03T00:00:00Z"}
    post = {"id": "1", "nick_name": "甲", "content": "闪退", "created_at": "2026-03-03 10:00:00"}
    topic = {
        "title": "同步",
        "post_stream": {"posts": [post | {"post_number": 1, "username": "u"}], "stream": []},
    }
    topics = {"topic_list": {"topics": [{"id": 5, "bumped_at": "2026-03-03T00:00:00Z"}]}}
    tickets = {"tickets": [], "after_cursor": "c1", "end_of_stream": True}
    pages = {
        "/repos/o/n/issues": [issue | dates],
        "/api/v1/9/posts": {"status": 0, "data": [post]},
        "/latest.json": topics,
        "/t/5.json": topic,
        "/api/v2/incremental/tickets/cursor.json": tickets,
    }
    for path, content in pages.items():
        server.answer(path, json_answer(content, ETag='W/"1"'))
    sources = {
        "github": "repo: o/n\n",
        "txc": "product_id: '9'\nprivate_key_env: KEY\n",
        "discourse": "",
        "zendesk": "email: a@b.example\ntoken_env: KEY\n",
    }
    for kind, keys in sources.items():
        text = f"kind: {kind}\nbase_url: {server.url}\n{keys}"
        while not fetch(tmp_path, text).unchanged:  # until the address of the page stays the same
            assert len(server.requests) < 20
        again = fetch(tmp_path, text)
        assert (again.pages, again.unchanged, again.error) == (0, 1, None), kind


def test_a_literal_secret_and_an_unknown_key_are_refused(tmp_path: Path) -> None:
    for line, words in (("token: abc", "token_env"), ("colour: red", "colour")):
        with pytest.raises(InputError, match=words) as caught:
            fetch(tmp_path, f"kind: github\nrepo: o/n\n{line}\n")
        assert "abc" not in str(caught.value)


def test_secrets_file_only_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "secrets"
    path.write_text("# mine\nKEY='hush'\n", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        secret("KEY", path, {})
    path.chmod(0o600)
    assert secret("KEY", path, {}) == "hush"
    with pytest.raises(InputError, match="OTHER is not set"):
        secret("OTHER", path, {})


@pytest.mark.parametrize("path", sorted((data_dir() / "connectors").glob("*.yaml")), ids=lambda p: p.name)
def test_shipped_configurations_load(path: Path) -> None:
    assert load_source(path).product == "我的产品"


def test_command_tells_what_came_and_exits_3_when_refused(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "source.yaml"
    path.write_text(QUICK + f"kind: github\nrepo: o/n\nbase_url: {server.url}\n", encoding="utf-8")
    command = ["fetch", str(path), "--out", str(tmp_path / "out"), "--lang", "en"]
    server.answer("/repos/o/n/issues", Answer(status=500))
    assert main(command) == 3
    assert "answers 500" in capsys.readouterr().err
    pull = {
        "number": 1,
        "title": "Fix",
        "body": "Fixes the crash",
        "user": {"login": "u"},
        "pull_request": {},
    }
    server.answer("/repos/o/n/issues", json_answer([pull], ETag='"1"'))
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "github:o/n: pages 1\n" in out
    assert "1 rows = stored 0 + duplicates 0 + refused 1 (not a comment" in out
    assert main(command) == 0
    assert "pages 0, unchanged 1\n" in capsys.readouterr().out
    assert main(["fetch", str(tmp_path / "none.yaml")]) == 2


@pytest.mark.parametrize("stop_at", [2, 5])
def test_killed_in_the_middle_it_loses_and_doubles_nothing(
    server: Server, tmp_path: Path, stop_at: int
) -> None:
    hold, reached = threading.Event(), threading.Event()

    def issues(request: Request) -> Answer:
        page = int(parse_qs(request.query).get("page", ["1"])[0])
        if page == stop_at and not hold.is_set():
            reached.set()
            hold.wait(30)
        found = [
            {"id": n, "number": n, "title": "Crash", "body": f"It crashes in way {n}"}
            | {"created_at": "2026-03-03T00:00:00Z", "updated_at": f"2026-03-{page:02}T00:00:00Z"}
            for n in range(page * 10, page * 10 + 10)
        ]
        link = f'<{server.url}/repos/o/n/issues?page={page + 1}>; rel="next"'
        return json_answer(found, **({"Link": link} if page < 6 else {}))

    server.routes["/repos/o/n/issues"] = issues
    text = f"kind: github\nrepo: o/n\nbase_url: {server.url}\n"
    path, url = tmp_path / "source.yaml", f"sqlite:///{tmp_path}/store.db"
    path.write_text(QUICK + text, encoding="utf-8")
    child = Path(__file__).with_name("fetch_child.py")
    with subprocess.Popen([sys.executable, str(child), str(path), url]) as process:
        try:
            assert reached.wait(60)
        finally:
            process.kill()
            hold.set()
    with open_store(url) as store:
        assert len(list(store.comments("云笔记"))) == (stop_at - 1) * 10
        assert store.cursor("云笔记", "github:o/n") == {"issues": f"2026-03-0{stop_at - 1}T00:00:00Z"}
    report = fetch(tmp_path, text)
    assert report.stored == 60 - (stop_at - 1) * 10
    with open_store(url) as store:
        ids = [comment.id for comment in store.comments("云笔记")]
    assert len(ids) == len(set(ids)) == 60


def test_app_store_connect_signs_and_reads_only_what_is_newer(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    monkeypatch.setenv("ASC", pem.decode())

    def reviews(request: Request) -> Answer:
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, key.public_key(), algorithms=["ES256"], audience="appstoreconnect-v1")
        assert claims["iss"] == "issuer"
        page = 2 if "cursor=2" in request.query else 1
        attributes = {"rating": 1, "title": None, "body": f"打不开，第{page}次", "reviewerNickname": "甲"}
        attributes["createdDate"] = f"2026-03-0{4 - page}T00:00:00-07:00"
        following = {} if page == 2 else {"next": f"{server.url}/v1/apps/7/customerReviews?cursor=2"}
        return json_answer({"data": [{"id": f"r{page}", "attributes": attributes}], "links": following})

    server.routes["/v1/apps/7/customerReviews"] = reviews
    text = "kind: app_store_connect\napp_id: '7'\nkey_id: K\nissuer_id: issuer\nprivate_key_env: ASC\n"
    text += f"base_url: {server.url}\n"
    report = fetch(tmp_path, text)
    assert (report.pages, report.stored) == (2, 2)
    assert report.cursor == {"until": "2026-03-03T00:00:00-07:00"}
    assert fetch(tmp_path, text).stored == 0
    monkeypatch.setenv("ASC", "no key")
    with pytest.raises(InputError, match=r"\.p8"):
        fetch(tmp_path, text)
