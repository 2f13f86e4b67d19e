"""The shapes in which APIs and their dumps give comments: how each is told, and which field holds what.

A page of an API and its single records are both understood, so that a feed and a file of its answers give
the same comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

Record = Mapping[str, Any]
Values = dict[str, Any]  # field of RawComment → raw value; `refuse` holds why a record is no comment

_STAFF = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_ISSUE = re.compile(r"/repos/([^/]+/[^/]+)/issues/(\d+)|github\.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)")
LISTS = ("data", "comments", "reviews", "posts", "tickets", "items", "results", "records", "list", "rows")


@dataclass(frozen=True, slots=True)
class Shape:
    """One source's records: `keys` are those that tell it, `fields` say where each value lies."""

    source: str
    keys: tuple[str, ...]
    fields: Mapping[str, str]
    adjust: Callable[[Record, Values], Iterable[Values]] | None = None

    def fits(self, record: Record) -> bool:
        return all(dig(record, key) is not None or key in record for key in self.keys)

    def values(self, record: Record, given: Mapping[str, str] | None = None) -> Iterator[Values]:
        """The values of each comment in `record`; the columns `given` by the user win in the first."""
        found = {field: dig(record, path) for field, path in self.fields.items()}
        own = {field: dig(record, path) for field, path in (given or {}).items()}
        for values in self.adjust(record, found | own) if self.adjust else (found,):
            yield values | own
            own = {}

    def within(self, columns: Collection[str]) -> Shape:
        """The shape as a table with these columns has it."""
        present = {
            field: column
            for field, path in self.fields.items()
            for column in (path, *(other for f, other in _ALSO if f == field and path not in columns))
            if column in columns
        }
        return replace(self, fields=present)


def dig(record: Any, path: str) -> Any:
    """The value under `path`, of which dots go into objects; None where there is none."""
    if isinstance(record, Mapping) and path in record:
        return record[path]
    head, _, rest = path.partition(".")
    inner = record.get(head) if isinstance(record, Mapping) else None
    return dig(inner, rest) if rest and inner is not None else None


def is_yes(value: Any) -> bool:
    """A flag, in JSON or as spreadsheets and CSV writers spell it."""
    return str(value).strip().lower() in {"true", "1", "1.0", "yes", "是"}


def unwrap(document: Any) -> Iterator[Any]:
    """The single records of a page, a bare list, a list of pages, or a record by itself."""
    if isinstance(document, list):
        for entry in document:
            yield from unwrap(entry) if _is_page(entry) else (entry,)
    elif not isinstance(document, Mapping):
        yield document
    elif isinstance(document.get("feed"), Mapping):
        entries = document["feed"].get("entry", [])
        yield from entries if isinstance(entries, list) else [entries]
    elif isinstance(dig(document, "post_stream.posts"), list):
        title, slug = document.get("title"), document.get("slug")
        numbers = {dig(p, "post_number"): dig(p, "id") for p in document["post_stream"]["posts"]}
        for post in document["post_stream"]["posts"]:
            if isinstance(post, Mapping):
                answered = numbers.get(post.get("reply_to_post_number"))
                yield {**post, "topic_title": title, "topic_slug": slug, "answered_id": answered}
            else:
                yield post
    else:
        inner = next((document[key] for key in LISTS if isinstance(document.get(key), list)), None)
        yield from [document] if inner is None else inner


def _is_page(entry: Any) -> bool:
    if not isinstance(entry, Mapping):
        return False
    return (
        isinstance(entry.get("feed"), Mapping)
        or isinstance(dig(entry, "post_stream.posts"), list)
        or any(isinstance(entry.get(key), list) for key in ("data", "tickets"))
    )


def shape_of(records: Iterable[Any]) -> Shape | None:
    """The shape that the first telling one of `records` has; None where no shape is known."""
    for record in records:
        if isinstance(record, Mapping):
            for shape in SHAPES:
                if shape.fits(record):
                    return shape
    return None


def _txc(record: Record, values: Values) -> Iterator[Values]:
    values["official"] = is_yes(record.get("is_admin"))
    yield values


def _webhook(record: Record, values: Values) -> Iterator[Values]:
    kind = str(record.get("type", ""))
    if kind == "webhook.test":
        yield {**values, "refuse": "a test message of the webhook"}
        return
    name = "reply" if kind.startswith("reply.") else "post"
    inner = dig(record, f"payload.{name}")
    inner = inner if isinstance(inner, Mapping) else {}
    yield {
        "text": inner.get("content"),
        "id": inner.get("id"),
        "author": inner.get("nick_name") or dig(inner, "user.nickname"),
        "time": inner.get("created_at") or record.get("created_at"),
        "url": inner.get("url"),
        "parent": dig(record, "payload.post.id") if name == "reply" else None,
        "official": is_yes(inner.get("is_admin")),
    }


def _appstore(record: Record, values: Values) -> Iterator[Values]:
    if dig(record, "im:rating.label") is None:
        values["refuse"] = "a description of the app, not a review"
    yield values


def _discourse(record: Record, values: Values) -> Iterator[Values]:
    if not values["text"]:
        values["text"] = record.get("cooked")
    if record.get("post_number") == 1:
        values["title"] = record.get("topic_title")
    values["official"] = any(is_yes(record.get(key)) for key in ("staff", "admin", "moderator"))
    if record.get("action_code") or str(record.get("post_type") or 1) not in {"1", "2"}:
        values["refuse"] = "a notice of the forum, or a note among its staff"
    yield values


def _github(record: Record, values: Values) -> Iterator[Values]:
    if record.get("pull_request") is not None or "/pull/" in str(record.get("html_url") or ""):
        values["refuse"] = "of a pull request, not of an issue"
    issue = _issue(record.get("issue_url")) or _issue(record.get("html_url")) or _issue(record.get("url"))
    if "issue_url" in record and "number" not in record:
        values["id"] = f"comment-{record.get('id')}"
        values["parent"] = issue
        values["official"] = record.get("author_association") in _STAFF
    else:
        values["id"] = issue or record.get("id") or record.get("number")
    yield values


def _issue(url: Any) -> str | None:
    match = _ISSUE.search(url) if isinstance(url, str) else None
    return f"{match[1] or match[3]}#{match[2] or match[4]}" if match else None


def _zendesk(record: Record, values: Values) -> Iterator[Values]:
    if not values["title"]:
        values["title"] = record.get("subject")
    if record.get("status") == "deleted":  # known tickets are marked; of others nothing is kept
        values |= {"deleted": True, "text": None, "title": None}
    yield values


def _jd(record: Record, values: Values) -> Iterator[Values]:
    yield values
    after = record.get("afterUserComment")
    words = (
        after if isinstance(after, str) else dig(after, "hAfterUserComment.content") or dig(after, "content")
    )
    if isinstance(words, str) and words.strip():
        number = values["id"]
        time = dig(after, "created") or dig(after, "creationTime") or values["time"]
        own = {**values, "text": words, "id": f"{number}-after" if number else None, "time": time}
        yield {**own, "parent": number, "rating": None, "likes": None, "reply": None}


_MEDIACRAWLER = {
    "time": ("create_time", "publish_time"),
    "likes": ("like_count", "comment_like_count"),
    "author": ("creator_hash", "nickname", "user_id"),
}
_ALSO = [(field, name) for field, names in _MEDIACRAWLER.items() for name in names]


def _mediacrawler(record: Record, values: Values) -> Iterator[Values]:
    for field, names in _MEDIACRAWLER.items():
        if any(name in record for name in names):
            values[field] = next((record[name] for name in names if record.get(name) not in (None, "")), None)
    if str(values["parent"]) in {"0", "0.0", ""}:
        values["parent"] = None
    yield values


_TUCAO = {"text": "content", "id": "id", "author": "nick_name", "time": "created_at"}
SHAPES = (
    Shape(
        "txc",
        ("type", "payload", "created_at"),
        {"text": "payload.post.content", "id": "payload.post.id", "author": "payload.post.nick_name",
         "time": "payload.post.created_at"},
        _webhook,
    ),
    Shape("txc", ("nick_name", "content", "created_at"), _TUCAO, _txc),
    Shape(
        "appstore",
        ("id.label", "title.label"),
        {"text": "content.label", "title": "title.label", "id": "id.label", "author": "author.name.label",
         "time": "updated.label", "rating": "im:rating.label", "version": "im:version.label",
         "likes": "im:voteSum.label", "url": "link.attributes.href"},
        _appstore,
    ),
    Shape(
        "appstoreconnect",
        ("id", "attributes.body", "attributes.createdDate"),
        {"text": "attributes.body", "title": "attributes.title", "id": "id",
         "author": "attributes.reviewerNickname", "time": "attributes.createdDate",
         "rating": "attributes.rating"},
    ),
    Shape(
        "discourse",
        ("id", "post_number", "username", "created_at"),
        {"text": "raw", "id": "id", "author": "username", "time": "created_at", "likes": "like_count",
         "parent": "answered_id", "url": "url"},
        _discourse,
    ),
    Shape(
        "github",
        ("body", "user.login", "created_at", "url"),
        {"text": "body", "title": "title", "id": "id", "author": "user.login", "time": "created_at",
         "likes": "reactions.+1", "url": "html_url"},
        _github,
    ),
    Shape(
        "github",
        ("number", "title", "body", "user.login"),
        {"text": "body", "title": "title", "id": "id", "author": "user.login", "time": "created_at",
         "likes": "reactions.+1", "url": "html_url"},
        _github,
    ),
    Shape(
        "zendesk",
        ("id", "description", "requester_id", "created_at"),
        {"text": "description", "title": "raw_subject", "id": "id", "author": "requester_id",
         "time": "created_at", "url": "url"},
        _zendesk,
    ),
    Shape(
        "googleplay",
        ("reviewId", "content", "score"),
        {"text": "content", "id": "reviewId", "author": "userName", "time": "at", "rating": "score",
         "version": "reviewCreatedVersion", "likes": "thumbsUpCount", "reply": "replyContent"},
    ),
    Shape(
        "jd",
        ("id", "content", "score", "creationTime"),
        {"text": "content", "id": "id", "author": "nickname", "time": "creationTime", "rating": "score",
         "likes": "usefulVoteCount"},
        _jd,
    ),
    Shape(
        "mediacrawler",
        ("comment_id", "content", "parent_comment_id"),
        {"text": "content", "id": "comment_id", "author": "nickname", "time": "create_time",
         "likes": "like_count", "parent": "parent_comment_id"},
        _mediacrawler,
    ),
    Shape(
        "taptap",
        ("review_id", "user_name", "content", "review_date"),
        {"text": "content", "id": "review_id", "author": "user_name", "time": "review_date",
         "rating": "rating"},
    ),
)  # fmt: skip
