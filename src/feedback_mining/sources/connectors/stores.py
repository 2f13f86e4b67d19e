"""Reviews of Apple's App Store: the open RSS feed and the vendor's own API."""

from __future__ import annotations

import time

from feedback_mining.errors import InputError, SourceRefused
from feedback_mining.sources.connectors.config import AppStoreConnect, AppStoreRss
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

_RSS_PAGES = 10


def app_store_rss(config: AppStoreRss, fetcher: Fetcher, cursor: Cursor) -> Pages:
    """Newest reviews, ten pages at most. An empty page is not the end, and is asked for again next time."""
    visits = Visits(fetcher, cursor.get("visits"))
    for number in range(1, _RSS_PAGES + 1):
        url = (
            f"{config.base_url}/{config.country}/rss/customerreviews/page={number}/id={config.app_id}"
            f"/sortby=mostrecent/json"
        )
        response = visits.get(url)
        if response.status == UNCHANGED:
            yield Page(f"page {number}", "appstore", "", None, visits.state())
            continue
        entries = records_of(member(json_of(response), "feed", "entry"))
        if all(member(entry, "im:rating", "label") is None for entry in entries):
            continue
        visits.keep(url, response)
        yield Page(f"page {number}", "appstore", digest(response.content), entries, visits.state())


def app_store_connect(config: AppStoreConnect, fetcher: Fetcher, cursor: Cursor, key: str) -> Pages:
    """Reviews newer than the cursor, newest first; the cursor moves only when the last page is stored."""
    first = f"{config.base_url}/v1/apps/{config.app_id}/customerReviews?sort=-createdDate&limit=200"
    url: str | None = cursor.get("next") or first
    until, newest = cursor.get("until"), cursor.get("newest")
    visits = Visits(fetcher, cursor.get("visits"))
    number = 0
    while url:
        if not url.startswith(config.base_url + "/"):
            raise SourceRefused(
                f"{config.base_url}: the next page lies on another host; nothing is sent there"
            )
        response = visits.get(url, headers={"Authorization": f"Bearer {_token(config, key)}"})
        number += 1
        if response.status == UNCHANGED:  # only the first page is remembered: there is nothing newer
            yield Page(f"page {number}", "appstoreconnect", "", None, dict(cursor))
            return
        content = json_of(response)
        reviews = records_of(member(content, "data"))
        dates = [str(member(review, "attributes", "createdDate") or "") for review in reviews]
        newest = max([*dates, newest or ""])
        past = until is not None and any(date and date < until for date in dates)
        if url == first:
            visits.keep(url, response)
        following = member(content, "links", "next")
        url = following if isinstance(following, str) and not past else None
        after = {"next": url, "until": until, "newest": newest} if url else {"until": newest or until}
        name = f"page {number}"
        yield Page(name, "appstoreconnect", digest(response.content), reviews, {**after, **visits.state()})


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
