"""Events of 兔小巢, sent over a real socket into a real store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from feedback_mining.cli import main
from feedback_mining.settings import Settings
from feedback_mining.storage import open_store
from feedback_mining.webhook import MAX_BODY, webhook_app

EVENT = {
    "id": "e1",
    "type": "post.created",
    "payload": {
        "post": {
            "id": "77",
            "nick_name": "小林",
            "content": "同步一直失败",
            "created_at": "2026-03-03 10:00:00",
        }
    },
    "created_at": "2026-03-03 10:00:01",
}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        app = webhook_app(store, product="云笔记", secret="hush", settings=Settings())
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run)
        thread.start()
        end = time.monotonic() + 20
        while not server.started and time.monotonic() < end:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()


def test_events_are_stored_once(url: str, tmp_path: Path) -> None:
    again = {**EVENT, "id": "e2"}
    for event in (EVENT, EVENT, again, {"type": "webhook.test", "payload": {}}):
        assert httpx.post(f"{url}/txc/hush", json=event).status_code == 200
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        assert [comment.text for comment in store.comments("云笔记")] == ["同步一直失败"]


def test_what_is_refused(url: str, tmp_path: Path) -> None:
    assert httpx.post(f"{url}/txc/wrong", json=EVENT).status_code == 404
    assert httpx.post(f"{url}/txc/hush", content=b"{").status_code == 400
    assert httpx.post(f"{url}/txc/hush", json=[1]).status_code == 400
    assert httpx.post(f"{url}/txc/hush", content=b"x" * (MAX_BODY + 1)).status_code == 413
    assert httpx.get(f"{url}/docs").status_code == 404
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        assert list(store.comments("云笔记")) == []


def test_a_source_without_a_webhook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "source.yaml"
    path.write_text("kind: github\nproduct: p\nrepo: o/n\n", encoding="utf-8")
    assert main(["webhook", str(path), "--out", str(tmp_path)]) == 2
    assert "webhook_secret_env" in capsys.readouterr().err
