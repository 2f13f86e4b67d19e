"""A real Prefect server and worker on loopback: deploy from prefect.yaml, and let a schedule fire."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent
PREFECT = (sys.executable, "-m", "prefect", "--no-prompt")
DEPLOYMENTS = {
    ("fetch", "hourly"): "10 * * * *",
    ("ingest", "daily"): "0 2 * * *",
    ("weekly-backlog", "weekly"): "0 8 * * 1",
    ("retrain", "monthly"): "0 3 1 * *",
}


def wait_for(what: str, found: Callable[[], Any], seconds: float) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.5)
    return pytest.fail(f"{what} did not come about in {seconds:.0f} s")


@contextmanager
def process(
    arguments: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is gone, whatever happened, when the block is left."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            [*PREFECT, *arguments], env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(timeout=10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(timeout=10)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_scheduled_run_fires_and_completes(sample_files: list[Path], tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/api"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": address,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PWD": str(ROOT),
        "DO_NOT_TRACK": "1",
    }

    def prefect(*arguments: str) -> None:
        done = subprocess.run(
            [*PREFECT, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def healthy() -> bool:
        try:
            return client.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    serve = ["server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    work = ["worker", "start", "--pool", "feedback-mining", "--type", "process"]
    with (
        httpx.Client(base_url=address, timeout=30) as client,
        process(serve, environment, tmp_path / "server.log") as server,
    ):
        wait_for("The server", healthy, 120)
        prefect("work-pool", "create", "feedback-mining", "--type", "process")
        prefect("deploy", "--all")
        flows = {flow["id"]: flow["name"] for flow in client.post("/flows/filter", json={}).json()}
        found = client.post("/deployments/filter", json={}).json()
        schedules = {(flows[d["flow_id"]], d["name"]): d["schedules"][0]["schedule"] for d in found}
        assert {key: value["cron"] for key, value in schedules.items()} == DEPLOYMENTS
        assert {value["timezone"] for value in schedules.values()} == {"Asia/Shanghai"}

        weekly = next(d["id"] for d in found if d["name"] == "weekly")
        parameters = {
            "files": [str(sample_files[1])],
            "product": "松果随记",
            "week": "2026-W36",
            "out": str(tmp_path / "out"),
        }

        def scheduled() -> bool:  # 503 while another write holds the server's SQLite file
            first = (datetime.now(UTC) + timedelta(seconds=8)).isoformat()
            schedule = {"interval": 60, "anchor_date": first}
            body = [{"schedule": schedule, "parameters": parameters}]
            return client.post(f"/deployments/{weekly}/schedules", json=body).status_code == 201

        wait_for("The schedule", scheduled, 60)

        def ended() -> dict[str, Any] | None:
            query = {
                "flow_runs": {"deployment_id": {"any_": [weekly]}},
                "sort": "EXPECTED_START_TIME_ASC",
                "limit": 1,
            }
            runs = client.post("/flow_runs/filter", json=query).json()
            return runs[0] if runs and runs[0]["state_type"] in {"COMPLETED", "FAILED", "CRASHED"} else None

        with process(work, environment, tmp_path / "worker.log") as worker:
            run = wait_for("A scheduled run", ended, 240)
        assert run["auto_scheduled"], "somebody started the run by hand"
        assert run["state_type"] == "COMPLETED", (tmp_path / "worker.log").read_text(encoding="utf-8")

    assert not is_alive(server.pid)
    assert not is_alive(worker.pid)
    backlog = json.loads((tmp_path / "out" / "2026-W36" / "backlog.json").read_bytes())
    assert (backlog["product"], backlog["week"]) == ("松果随记", "2026-W36")
    assert (tmp_path / "out" / "2026-W36" / "report.html").stat().st_size > 1_000
