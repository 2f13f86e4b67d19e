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
from feedback_mining.errors import InputError, SourceRefused
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
    first = json_answer({"feed": {"entry": [app, review(1), review(2)]}}, ETag='"a"')
    server.routes[root.format(1)] = lambda request: (
        Answer(status=304) if request.headers.get("if-none-match") == '"a"' else first
    )
    server.answer(root.format(3), Answer(status=502), json_answer({"feed": {"entry": review(3)}}))
    text = f"kind: app_store_rss\napp_id: '7'\nbase_url: {server.url}\n"
    report = fetch(tmp_path, text)
    assert (report.pages, report.stored, report.error) == (2, 3, None)
    again = fetch(tmp_path, text)
    assert (again.stored, again.pages) == (0, 1)


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
        ids = {comment.id for comment in store.comments("云笔记")}
    assert ids == {"txc:1", "txc:2", "txc:3"}  # the fourth is the team's own answer
    assert rest.cursor == {"since": "20260303"}
    assert fetch(tmp_path, text).stored == 0
    assert "from=20260303" in server.requests[2].query


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


THREAD = """<html><head><meta charset="gbk"></head><body><span id="thread_subject">求助</span>
<div id="post_{0}"><a href="home.php?mod=space&uid=1">小林</a><em id="authorposton{0}">发表于 2026-3-3 10:00</em>
<table><tr><td class="t_f" id="postmessage_{0}"><div class="quote">别人说的话</div>导出的表格打不开</td></tr></table>
</div>{1}</body></html>"""


class TestForum:
    def text(self, server: Server) -> str:
        shipped = (data_dir() / "connectors" / "discuz_x.yaml").read_text(encoding="utf-8")
        lines = [line for line in shipped.splitlines() if not line.startswith(("product", "min_interval"))]
        return "\n".join(lines).replace("https://bbs.example.com", server.url) + "\n"

    def play(self, server: Server) -> None:
        listing = '<a class="s xst" href="thread-1-1-1.html">求助</a><a class="s xst" href="http://x.example/">别处</a>'
        server.answer("/forum-2-1.html", Answer(listing.encode("gbk")))
        paging = '<a class="nxt" href="thread-1-2-1.html">下一页</a>'
        server.answer("/thread-1-1-1.html", Answer(THREAD.format(11, paging).encode("gbk")))
        server.answer("/thread-1-2-1.html", Answer(THREAD.format(12, "").encode("gbk")))

    def test_shipped_configuration_reads_discuz(self, server: Server, tmp_path: Path) -> None:
        self.play(server)
        report = fetch(tmp_path, self.text(server))
        assert report.error is None
        assert (report.pages, report.stored) == (2, 2)
        with open_store(f"sqlite:///{tmp_path}/store.db") as store:
            texts = sorted(comment.text for comment in store.comments("云笔记"))
        assert texts == ["导出的表格打不开", "求助\n导出的表格打不开"]
        fetch(tmp_path, self.text(server))
        assert server.paths()[-1] == "/thread-1-2-1.html"

    def test_a_thread_that_is_gone_does_not_keep_the_others_away(
        self, server: Server, tmp_path: Path
    ) -> None:
        self.play(server)
        links = "".join(f'<a class="s xst" href="thread-{n}-1-1.html">x</a>' for n in (9, 1))
        server.answer("/forum-2-1.html", Answer(links.encode("gbk")))
        report = fetch(tmp_path, self.text(server))
        assert (report.stored, report.error) == (2, None)
        assert "/thread-9-1-1.html" in server.paths()
        server.answer("/thread-1-2-1.html", Answer(b"<p>nothing</p>"))
        assert "no post was found" in str(fetch(tmp_path, self.text(server)).error)

    def test_robots_captcha_and_login_stop_it(self, server: Server, tmp_path: Path) -> None:
        self.play(server)
        server.answer(
            "/thread-1-2-1.html",
            Answer("<p>请输入验证码</p>".encode("gbk"), headers={"Content-Type": "text/html; charset=gbk"}),
        )
        report = fetch(tmp_path, self.text(server))
        assert report.stored == 1
        assert isinstance(report.error, SourceRefused)
        assert "captcha" in str(report.error)
        server.answer("/forum-2-1.html", Answer(status=302, headers={"Location": "/member.php?mod=logging"}))
        server.answer("/member.php", Answer(b"<form></form>"))
        assert "login" in str(fetch(tmp_path, self.text(server)).error)
        server.answer("/robots.txt", Answer(b"User-agent: *\nDisallow: /\n"))
        assert "robots.txt" in str(fetch(tmp_path, self.text(server)).error)


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
    server.answer("/repos/o/n/issues", json_answer([]))
    assert main(command) == 0
    assert "1 pages, 0 rows = stored 0" in capsys.readouterr().out
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
