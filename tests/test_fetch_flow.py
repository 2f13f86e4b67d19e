"""The flow that fetches feeds, on a real Prefect engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback import Answer, json_answer, serve
from prefect.testing.utilities import prefect_test_harness

from feedback_mining.errors import SourceRefused
from feedback_mining.storage import open_store
from flows.fetch import fetch


def test_one_source_that_refuses_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    issue = {"id": 1, "title": "Crash", "body": "It crashes", "created_at": "2026-03-03T00:00:00Z"}
    with serve() as server, prefect_test_harness(server_startup_timeout=120):
        server.answer("/repos/o/closed/issues", Answer(status=401))
        server.answer("/repos/o/open/issues", json_answer([issue]))
        for name in ("closed", "open"):
            (tmp_path / f"{name}.yaml").write_text(
                f"kind: github\nproduct: p\nrepo: o/{name}\nbase_url: {server.url}\n"
                f"allow_hosts: [127.0.0.1]\nmin_interval: 0\n",
                encoding="utf-8",
            )
        assert fetch([str(tmp_path / "open.yaml")], tmp_path) == {"open.yaml": 1}
        with pytest.raises(SourceRefused, match="401"):
            fetch([str(tmp_path / "*.yaml")], tmp_path)
        assert server.paths().count("/repos/o/closed/issues") == 1
        assert server.paths().count("/repos/o/open/issues") == 2
    with open_store(f"sqlite:///{tmp_path}/feedback_mining.db") as store:
        assert [comment.text for comment in store.comments("p")] == ["Crash\nIt crashes"]
