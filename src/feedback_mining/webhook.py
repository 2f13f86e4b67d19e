"""Receive the events of 兔小巢: each is stored before it is answered, and sent twice it is one."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from feedback_mining.errors import FeedbackMiningError
from feedback_mining.pipeline.ingest import import_reading
from feedback_mining.settings import Settings
from feedback_mining.sources.connectors.pages import Page
from feedback_mining.storage import Store

MAX_BODY = 1_000_000  # bytes


def webhook_app(
    store: Store,
    *,
    product: str,
    secret: str,
    settings: Settings,
    instance: str | None = None,
    lang: str = "zh",
) -> FastAPI:
    """`POST /txc/<secret>` takes an event; every other path is 404.

    200: stored, known already, or a test. 400: not a JSON object. 413: more than MAX_BODY bytes.
    503: the store failed, so that the sender tries again.
    """
    app = FastAPI(openapi_url=None)
    writing = threading.Lock()

    def keep(body: bytes, event: dict[str, Any]) -> None:
        digest = hashlib.sha256(body).hexdigest()
        with writing:
            now = datetime.now(UTC)
            page = Page(f"webhook {digest[:12]}", "txc", digest, [event])
            reading = page.reading(product, zone=settings.zone, lang=lang, now=now, instance=instance)
            import_reading(reading, store, name=page.name, settings=settings, now=now, lang=lang)

    async def receive(request: Request) -> Response:
        given = request.path_params["secret"]
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=404)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return Response(status_code=413)
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            return Response("not JSON", status_code=400)
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            return Response("not an event: expected an object with a type", status_code=400)
        if event["type"] != "webhook.test":
            try:
                await run_in_threadpool(keep, bytes(body), event)
            except FeedbackMiningError:
                return Response(status_code=503)
        return Response("ok")

    app.add_route("/txc/{secret}", receive, methods=["POST"])
    return app
