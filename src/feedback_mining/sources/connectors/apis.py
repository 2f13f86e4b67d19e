"""Feeds with an API of their own: 兔小巢, Discourse, GitHub issues, Zendesk."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from feedback_mining.errors import SourceRefused
from feedback_mining.sources.connectors.config import Discourse, GitHub, Txc, Zendesk
from feedback_mining.sources.connectors.pages import (
    UNCHANGED,
    Cursor,
    Page,
    Pages,
    Visits,
    digest,
    json_of,
    member,
    records_of,
)
from feedback_mining.sources.http import Fetcher
from feedback_mining.sources.times import parse_time

_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?')
_CHUNK = 20
_LIST_PAGES = 10_000  # of topics; what is not listed would be passed by the cursor
_GONE = (403, 404, 410)


def _same_host(url: str, base: str) -> str:
    absolute = urljoin(base + "/", url)
    if urlsplit(absolute)[:2] != urlsplit(base)[:2]:
        raise SourceRefused(f"{base}: the next page lies on another host; nothing is sent there")
    return absolute


def txc(config: Txc, fetcher: Fetcher, cursor: Cursor, zone: ZoneInfo, key: str) -> Pages:
    """Posts of the last days before the newest one known, for those may have been edited, and all newer ones.

    What was cut off is taken up where it stopped. The pages may come in any order.
    """
    newest = cursor.get("newest") or cursor.get("since") or ""
    url: str | None = cursor.get("next") or (
        f"{config.base_url}/api/v1/{config.product_id}/posts?count=20{_from(newest, config.reread_days)}"
    )
    visits = Visits(fetcher, cursor.get("visits"))
    today = datetime.now(zone).date()
    seen: set[str] = set()
    while url and url not in seen:
        seen.add(url)
        stamp = str(int(time.time()))
        signature = hashlib.md5((stamp + key).encode(), usedforsecurity=False).hexdigest()
        response = visits.get(url, headers={"Timestamp": stamp, "Signature": signature})
        posts: list[dict[str, Any]] | None = None
        if response.status == UNCHANGED:
            url = visits.following(url)
        else:
            content = json_of(response)
            if member(content, "status") not in (0, "0", None):
                raise SourceRefused(
                    f"{config.base_url}: 兔小巢 answers status {member(content, 'status')!s:.20}; "
                    f"check product_id and the key in {config.private_key_env}"
                )
            posts = records_of(member(content, "data") or [])
            days = [_day(post.get("created_at"), zone) for post in posts]
            # A clock that goes wrong must not carry the cursor past posts that are still to come.
            newest = max([newest, *(day for day in days if day <= f"{today:%Y%m%d}")])
            following = member(content, "pagination", "next_page_url")
            after = _same_host(following, config.base_url) if following else None
            visits.keep(url, response, after)
            url = after
        place = {"next": url, "newest": newest} if url else {"since": newest}
        name = f"page {len(seen)}"
        yield Page(name, "txc", digest(response.content), posts, {**place, **visits.state()})


def _day(value: object, zone: ZoneInfo) -> str:
    try:
        return f"{parse_time(value, zone).astimezone(zone):%Y%m%d}"
    except ValueError:
        return ""


def _from(newest: str, days: int) -> str:
    if not newest:
        return ""
    since = datetime.strptime(newest, "%Y%m%d").replace(tzinfo=UTC) - timedelta(days=days)
    return f"&from={since:%Y%m%d}"


def discourse(config: Discourse, fetcher: Fetcher, cursor: Cursor, key: str | None) -> Pages:
    """Topics bumped since the cursor, oldest bump first, so that every topic stored moves the cursor."""
    headers = {"Api-Key": key, "Api-Username": config.api_username or "system"} if key else {}
    visits = Visits(fetcher, cursor.get("visits"))
    since = cursor.get("bumped") or ""
    bumped: dict[int, str] = {}
    latest = f"{config.base_url}/latest.json?page=0"
    for number in range(_LIST_PAGES):
        url = f"{config.base_url}/latest.json?page={number}"
        response = visits.get(url, headers=headers)
        if response.status == UNCHANGED:  # only the first page is remembered, and only with all its topics
            yield Page("latest", "discourse", "", None, dict(cursor))
            return
        if number == 0:
            listing = response
        content = json_of(response)
        topics = records_of(member(content, "topic_list", "topics") or [])
        older = False
        for topic in topics:
            when = str(topic.get("bumped_at") or topic.get("last_posted_at") or topic.get("created_at") or "")
            if isinstance(topic.get("id"), int) and when >= since:
                bumped[topic["id"]] = when
            elif not (topic.get("pinned") or topic.get("pinned_globally")):
                older = True
        if older or not topics or not member(content, "topic_list", "more_topics_url"):
            break
    order = sorted(bumped.items(), key=lambda item: (item[1], item[0]))
    for place, (topic_id, when) in enumerate(order, 1):
        if place == len(order):
            visits.keep(latest, listing)
        page = _topic(config, visits, headers, topic_id)
        if page is None:  # taken down since it was listed
            continue
        sha256, records = page
        yield Page(f"topic {topic_id}", "discourse", sha256, records, {"bumped": when, **visits.state()})


def _topic(
    config: Discourse, visits: Visits, headers: dict[str, str], topic_id: int
) -> tuple[str, list[dict[str, Any]] | None] | None:
    """All posts of a topic in one object, as a dump has them. None where there is no such topic."""
    url = f"{config.base_url}/t/{topic_id}.json?include_raw=1"
    response = visits.get(url, headers=headers, accept=(200, *_GONE))
    if response.status in _GONE:
        return None
    if response.status == UNCHANGED:
        return "", None
    content = json_of(response)
    posts = records_of(member(content, "post_stream", "posts") or [])
    parts = [response.content]
    have = {post.get("id") for post in posts}
    rest = [number for number in member(content, "post_stream", "stream") or [] if number not in have]
    for first in range(0, len(rest), _CHUNK):
        more = visits.get(
            f"{config.base_url}/t/{topic_id}/posts.json",
            params={"post_ids[]": rest[first : first + _CHUNK], "include_raw": 1},
            headers=headers,
        )
        posts += records_of(member(json_of(more), "post_stream", "posts") or [])
        parts.append(more.content)
    if not rest:  # the validator of the first page says nothing about the others
        visits.keep(url, response)
    posts = [{**post, "url": f"{config.base_url}/t/{topic_id}/{post.get('post_number')}"} for post in posts]
    title, slug = member(content, "title"), member(content, "slug")
    return digest(*parts), [{"title": title, "slug": slug, "post_stream": {"posts": posts}}]


def github(config: GitHub, fetcher: Fetcher, cursor: Cursor, key: str | None) -> Pages:
    """Issues, and their comments where asked for, in the order of their last change."""
    headers = {"Accept": "application/vnd.github+json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    visits = Visits(fetcher, cursor.get("visits"))
    done = {what: when for what, when in cursor.items() if what != "visits"}
    for what in ("issues", "issues/comments") if config.comments else ("issues",):
        query = "per_page=100&sort=updated&direction=asc"
        query += "&state=all" if what == "issues" else ""
        query += f"&since={done[what]}" if done.get(what) else ""
        url: str | None = f"{config.base_url}/repos/{config.repo}/{what}?{query}"
        number = 0
        while url:
            response = visits.get(url, headers=headers)
            number += 1
            link = _NEXT.search(response.headers.get("link", ""))
            following = _same_host(link[1], config.base_url) if link else None
            items: list[dict[str, Any]] | None = None
            if response.status == UNCHANGED:
                following = following or visits.following(url)
            else:
                items = records_of(json_of(response))
                visits.keep(url, response, following)
                newest = max(str(item.get("updated_at") or "") for item in items) if items else ""
                done[what] = max(newest, done.get(what) or "")
            url = following
            after = {**done, **visits.state()}
            yield Page(f"{what} {number}", "github", digest(response.content), items, after)


def zendesk(config: Zendesk, fetcher: Fetcher, cursor: Cursor, key: str) -> Pages:
    """The incremental export from where it stood."""
    login = base64.b64encode(f"{config.email}/token:{key}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    visits = Visits(fetcher, cursor.get("visits"))
    after = cursor.get("after")
    url = f"{config.base_url}/api/v2/incremental/tickets/cursor.json"
    number = 0
    while True:
        params = {"cursor": after} if after else {"start_time": 0}
        response = visits.get(url, params=params, headers=headers)
        number += 1
        if response.status == UNCHANGED:
            yield Page(f"page {number}", "zendesk", "", None, dict(cursor))
            return
        content = json_of(response)
        last, after = after, member(content, "after_cursor") or after
        end = bool(member(content, "end_of_stream")) or not after or after == last
        if after == last:
            visits.keep(url, response, params=params)
        tickets = records_of(member(content, "tickets") or [])
        state = {"after": after, **visits.state()}
        yield Page(f"page {number}", "zendesk", digest(response.content), tickets, state)
        if end:
            return
