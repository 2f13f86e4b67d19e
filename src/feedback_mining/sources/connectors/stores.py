"""Reviews of Apple's App Store: the open RSS feed and the vendor's own API."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from feedback_mining.errors import InputError, SourceRefused
from feedback_mining.sources.connectors.config import AppStoreConnect, AppStoreRss
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
from feedback_mining.sources.http import Fetcher

_RSS_PAGES = 10


def app_store_rss(config: AppStoreRss, fetcher: Fetcher, cursor: Cursor, zone: ZoneInfo) -> Pages:
    """Newest reviews, ten pages at most. An empty page is not the end, and is asked for again next time."""
    tags: dict[str, str] = dict(cursor.get("etags") or {})
    for number in range(1, _RSS_PAGES + 1):
        url = (
            f"{config.base_url}/{config.country}/rss/customerreviews/page={number}/id={config.app_id}"
            f"/sortby=mostrecent/json"
        )
        known = tags.get(str(number))
        response = fetcher.get(url, headers={"If-None-Match": known} if known else None, accept=(200, 304))
        if response.status == 304:
            continue
        entries = records_of(member(json_of(response), "feed", "entry"))
        reviews = [entry for entry in entries if member(entry, "im:rating", "label") is not None]
        if not reviews:
            continue
        if tag := response.headers.get("etag"):
            tags[str(number)] = tag
        rows = tuple(
            row(
                line,
                zone,
                text=member(entry, "content", "label"),
                title=member(entry, "title", "label"),
                id=member(entry, "id", "label"),
                author=member(entry, "author", "name", "label"),
                time=member(entry, "updated", "label"),
                rating=member(entry, "im:rating", "label"),
                version=member(entry, "im:version", "label"),
                likes=member(entry, "im:voteSum", "label"),
                url=member(entry, "link", "attributes", "href"),
            )
            for line, entry in enumerate(reviews, 1)
        )
        yield Page(f"page {number}", "appstore", digest(response.content), rows, {"etags": dict(tags)})


def app_store_connect(
    config: AppStoreConnect, fetcher: Fetcher, cursor: Cursor, zone: ZoneInfo, key: str
) -> Pages:
    """Reviews newer than the cursor, newest first; the cursor moves only when the last page is stored."""
    url: str | None = cursor.get("next") or (
        f"{config.base_url}/v1/apps/{config.app_id}/customerReviews?sort=-createdDate&limit=200"
    )
    until, newest = cursor.get("until"), cursor.get("newest")
    number = 0
    while url:
        if not url.startswith(config.base_url + "/"):
            raise SourceRefused(
                f"{config.base_url}: the next page lies on another host; nothing is sent there"
            )
        headers = {"Authorization": f"Bearer {_token(config, key)}"}
        content, response = get_json(fetcher, url, headers=headers)
        number += 1
        reviews = records_of(member(content, "data"))
        dates = [str(member(review, "attributes", "createdDate") or "") for review in reviews]
        newest = max([*dates, newest or ""])
        past = until is not None and any(date and date < until for date in dates)
        rows = tuple(
            row(
                line,
                zone,
                text=member(review, "attributes", "body"),
                title=member(review, "attributes", "title"),
                id=review.get("id"),
                author=member(review, "attributes", "reviewerNickname"),
                time=member(review, "attributes", "createdDate"),
                rating=member(review, "attributes", "rating"),
            )
            for line, review in enumerate(reviews, 1)
        )
        following = member(content, "links", "next")
        url = following if isinstance(following, str) and not past else None
        after = {"next": url, "until": until, "newest": newest} if url else {"until": newest or until}
        yield Page(f"page {number}", "appstoreconnect", digest(response.content), rows, after)


def _token(config: AppStoreConnect, key: str) -> str:
    import jwt

    now = int(time.time())
    claims = {"iss": config.issuer_id, "iat": now, "exp": now + 600, "aud": "appstoreconnect-v1"}
    try:
        return jwt.encode(claims, key, algorithm="ES256", headers={"kid": config.key_id})
    except (ValueError, TypeError, jwt.PyJWTError):
        raise InputError(
            f"The secret {config.private_key_env} is no ES256 private key; expected the text of the .p8 file"
        ) from None
