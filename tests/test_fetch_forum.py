"""A forum without an API, served as its pages are, into a real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from loopback import Answer, Server, serve

from feedback_mining.cli import main
from feedback_mining.errors import InputError, SourceRefused
from feedback_mining.pipeline.fetch import FetchReport, fetch_source
from feedback_mining.resources import data_dir
from feedback_mining.settings import Settings
from feedback_mining.sources.connectors.config import load_source
from feedback_mining.storage import open_store

QUICK = "product: 云笔记\nallow_hosts: [127.0.0.1]\nmin_interval: 0\nbackoff: 0\nattempts: 2\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def fetch(tmp_path: Path, text: str) -> FetchReport:
    path = tmp_path / "source.yaml"
    path.write_text(QUICK + text, encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        report = fetch_source(load_source(path), store, settings=Settings())
    assert report.rows_read == report.stored + report.duplicates + report.quarantined
    return report


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

    def test_a_page_that_did_not_change(self, server: Server, tmp_path: Path) -> None:
        self.play(server)
        listing = '<a class="s xst" href="thread-1-1-1.html">求助</a>'.encode("gbk")
        server.answer("/forum-2-1.html", Answer(listing, headers={"ETag": '"list"'}))
        last = {"Last-Modified": "Tue, 03 Mar 2026 10:00:00 GMT"}
        server.answer("/thread-1-2-1.html", Answer(THREAD.format(12, "").encode("gbk"), headers=last))
        assert fetch(tmp_path, self.text(server)).stored == 2
        again = fetch(tmp_path, self.text(server))
        assert (again.pages, again.unchanged, again.error) == (0, 1, None)

    def test_relative_times(self, server: Server, tmp_path: Path) -> None:
        self.play(server)
        words = {11: "发表于 昨天&nbsp;10:05", 12: "发表于 刚刚"}
        for number, when in words.items():
            page = THREAD.format(number, "").replace("发表于 2026-3-3 10:00", when)
            server.answer(f"/thread-1-{number - 10}-1.html", Answer(page.encode("gbk")))
        links = "".join(f'<a class="s xst" href="thread-1-{n}-1.html">x</a>' for n in (1, 2))
        server.answer("/forum-2-1.html", Answer(links.encode("gbk")))
        before = datetime.now(UTC)
        assert fetch(tmp_path, self.text(server)).stored == 2
        with open_store(f"sqlite:///{tmp_path}/store.db") as store:
            times = {comment.id: comment.time for comment in store.comments("云笔记")}
        yesterday = (before.astimezone(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)).replace(
            hour=10, minute=5, second=0, microsecond=0
        )
        assert times["forum:11"] == yesterday
        assert timedelta(0) <= times["forum:12"] - before < timedelta(minutes=1)

    @pytest.mark.parametrize("stop", ["captcha", "login"])
    def test_the_command_ends_with_3_and_leaves_the_cursor(
        self, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], stop: str
    ) -> None:
        self.play(server)
        first = fetch(tmp_path, self.text(server))
        login = Answer(status=302, headers={"Location": "/member.php?mod=logging"})
        server.answer("/member.php", Answer(b"<form></form>"))
        server.answer("/thread-1-2-1.html", Answer("请输入验证码".encode()) if stop == "captcha" else login)
        url = f"sqlite:///{tmp_path}/store.db"
        assert main(["fetch", str(tmp_path / "source.yaml"), "--store", url]) == 3
        assert stop in capsys.readouterr().err
        with open_store(url) as store:
            assert store.cursor("云笔记", f"forum:{server.url}/forum-2-1.html") == first.cursor

    def test_a_contact_is_asked_for(self, server: Server, tmp_path: Path) -> None:
        lines = [line for line in self.text(server).splitlines() if not line.startswith("contact")]
        with pytest.raises(InputError, match="contact"):
            fetch(tmp_path, "\n".join(lines) + "\n")
        self.play(server)
        fetch(tmp_path, self.text(server))
        assert server.requests[0].headers["user-agent"].endswith(" (you@example.com)")
