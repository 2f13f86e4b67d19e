"""Feeds with an API of their own: 兔小巢, Discourse, GitHub issues, Zendesk."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from feedback_mining.errors import SourceRefused
from feedback_mining.sources.connectors.config import Discourse, GitHub, Txc, Zendesk
from feedback_mining.sources.connectors.html import text_of_html
from feedback_mining.sources.connectors.pages import (
    Cursor,
    Page,
    Pages,
    digest,
    get_json,
    json_of,
    member,
    records_of,
    row,
)
from feedback_mining.sources.http import Fetcher, Response

_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?')
_CHUNK = 20
_STAFF = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_LIST_PAGES = 10_000  # of topics; what is not listed would be passed by the cursor
_GONE = (403, 404, 410)


def _same_host(url: str, base: str) -> str:
    absolute = urljoin(base + "/", url)
    if urlsplit(absolute)[:2] != urlsplit(base)[:2]:
        raise SourceRefused(f"{base}: the next page lies on another host; nothing is sent there")
    return absolute


def txc(config: Txc, fetcher: Fetcher, cursor: Cursor, zone: ZoneInfo, key: str) -> Pages:
    """Posts since the day of the newest one known; what was cut off is taken up where it stopped."""
    start = f"{config.base_url}/api/v1/{config.product_id}/posts?count=20"
    since, newest = cursor.get("since"), cursor.get("newest") or ""
    url: str | None = cursor.get("next") or (f"{start}&from={since}" if since else start)
    seen: set[str] = set()
    number = 0
    while url and url not in seen:
        seen.add(url)
        stamp = str(int(time.time()))
        signature = hashlib.md5((stamp + key).encode(), usedforsecurity=False).hexdigest()
        content, response = get_json(fetcher, url, headers={"Timestamp": stamp, "Signature": signature})
        if member(content, "status") not in (0, "0", None):
            raise SourceRefused(
                f"{config.base_url}: 兔小巢 answers status {member(content, 'status')!s:.20}; "
                f"check product_id and the key in {config.private_key_env}"
            )
        number += 1
        posts = records_of(member(content, "data"))
        rows = tuple(
            row(
                line,
                zone,
                official=post.get("is_admin") in (True, 1, "1", "true"),
                text=post.get("content"),
                id=post.get("id"),
                author=post.get("nick_name"),
                time=post.get("created_at"),
                url=post.get("post_url"),
            )
            for line, post in enumerate(posts, 1)
        )
        days = [re.sub(r"\D", "", str(post.get("created_at") or ""))[:8] for post in posts]
        newest = max([newest, *(day for day in days if re.fullmatch(r"20\d{6}", day))])
        following = member(content, "pagination", "next_page_url")
        url = _same_host(following, config.base_url) if isinstance(following, str) and following else None
        after = {"next": url, "since": since, "newest": newest} if url else {"since": newest or since}
        yield Page(f"page {number}", "txc", digest(response.content), rows, after)


def discourse(config: Discourse, fetcher: Fetcher, cursor: Cursor, zone: ZoneInfo, key: str | None) -> Pages:
    """Topics bumped since the cursor, oldest bump first, so that every topic stored moves the cursor."""
    headers = {"Api-Key": key, "Api-Username": config.api_username or "system"} if key else {}
    since = cursor.get("bumped") or ""
    bumped: dict[int, str] = {}
    for number in range(_LIST_PAGES):
        content, _ = get_json(
            fetcher, f"{config.base_url}/latest.json", params={"page": number}, headers=headers
        )
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
    for topic_id, when in sorted(bumped.items(), key=lambda item: (item[1], item[0])):
        url = f"{config.base_url}/t/{topic_id}.json"
        response = fetcher.get(url, params={"include_raw": 1}, headers=headers, accept=(200, *_GONE))
        if response.status in _GONE:  # taken down since it was listed
            continue
        content = json_of(response)
        posts = records_of(member(content, "post_stream", "posts") or [])
        parts = [response.content]
        have = {post.get("id") for post in posts}
        rest = [number for number in member(content, "post_stream", "stream") or [] if number not in have]
        for first in range(0, len(rest), _CHUNK):
            more, response = get_json(
                fetcher,
                f"{config.base_url}/t/{topic_id}/posts.json",
                params={"post_ids[]": rest[first : first + _CHUNK], "include_raw": 1},
                headers=headers,
            )
            posts += records_of(member(more, "post_stream", "posts") or [])
            parts.append(response.content)
        by_number = {post.get("post_number"): post.get("id") for post in posts}
        title = content.get("title") if isinstance(content, dict) else None
        rows = tuple(
            row(
                line,
                zone,
                text=post.get("raw") or text_of_html(str(post.get("cooked") or "")),
                title=title if post.get("post_number") == 1 else None,
                id=post.get("id"),
                author=post.get("username"),
                official=any(post.get(role) is True for role in ("staff", "admin", "moderator")),
                time=post.get("created_at"),
                parent=by_number.get(post.get("reply_to_post_number")),
                url=f"{config.base_url}/t/{topic_id}/{post.get('post_number')}",
            )
            for line, post in enumerate((p for p in posts if p.get("post_type", 1) == 1), 1)
        )
        yield Page(f"topic {topic_id}", "discourse", digest(*parts), rows, {"bumped": when})


def github(config: GitHub, fetcher: Fetcher, cursor: Cursor, zone: ZoneInfo, key: str | None) -> Pages:
    """Issues, and their comments where asked for, in the order of their last change."""
    headers = {"Accept": "application/vnd.github+json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    done = dict(cursor)
    for what in ("issues", "issues/comments") if config.comments else ("issues",):
        for number, (response, items) in enumerate(
            _github_pages(config, fetcher, headers, what, done.get(what)), 1
        ):
            kept = [item for item in items if not _of_pull_request(item)]
            rows = tuple(
                row(
                    line,
                    zone,
                    text=item.get("body"),
                    title=item.get("title"),
                    id=f"{config.repo}#{item.get('number')}"
                    if what == "issues"
                    else f"comment-{item.get('id')}",
                    author=member(item, "user", "login"),
                    official=what != "issues" and item.get("author_association") in _STAFF,
                    time=item.get("created_at"),
                    likes=member(item, "reactions", "+1"),
                    url=item.get("html_url"),
                )
                for line, item in enumerate(kept, 1)
            )
            done[what] = max([str(item.get("updated_at") or "") for item in items] + [done.get(what) or ""])
            name = f"{what} {number}"
            yield Page(name, "github", digest(response.content), rows, dict(done))


def _github_pages(
    config: GitHub, fetcher: Fetcher, headers: dict[str, str], what: str, since: str | None
) -> Iterator[tuple[Response, list[dict[str, Any]]]]:
    query = "per_page=100&sort=updated&direction=asc"
    query += "&state=all" if what == "issues" else ""
    query += f"&since={since}" if since else ""
    url: str | None = f"{config.base_url}/repos/{config.repo}/{what}?{query}"
    while url:
        content, response = get_json(fetcher, url, headers=headers)
        yield response, records_of(content)
        following = _NEXT.search(response.headers.get("link", ""))
        url = _same_host(following[1], config.base_url) if following else None


def _of_pull_request(item: dict[str, Any]) -> bool:
    return bool(item.get("pull_request")) or "/pull/" in str(item.get("html_url") or "")


def zendesk(config: Zendesk, fetcher: Fetcher, cursor: Cursor, zone: ZoneInfo, key: str) -> Pages:
    """The incremental export from where it stood; deleted tickets are left out by the row's reason."""
    login = base64.b64encode(f"{config.email}/token:{key}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    after = cursor.get("after")
    number = 0
    while True:
        params = {"cursor": after} if after else {"start_time": 0}
        content, response = get_json(
            fetcher,
            f"{config.base_url}/api/v2/incremental/tickets/cursor.json",
            params=params,
            headers=headers,
        )
        number += 1
        tickets = records_of(member(content, "tickets") or [])
        rows = tuple(
            row(
                line,
                zone,
                text=ticket.get("description"),
                title=ticket.get("raw_subject") or ticket.get("subject"),
                id=ticket.get("id"),
                author=ticket.get("requester_id"),
                time=ticket.get("created_at"),
            )
            for line, ticket in enumerate((t for t in tickets if t.get("status") != "deleted"), 1)
        )
        last, after = after, member(content, "after_cursor") or after
        yield Page(f"page {number}", "zendesk", digest(response.content), rows, {"after": after})
        if member(content, "end_of_stream") or not after or after == last:
            return
