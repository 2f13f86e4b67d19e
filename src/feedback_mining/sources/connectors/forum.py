"""Read a forum that has no API, page by page, by the selectors of its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin, urlsplit

from feedback_mining.errors import InputError, SourceRefused
from feedback_mining.sources.addresses import shown
from feedback_mining.sources.connectors.config import Forum
from feedback_mining.sources.connectors.html import text_of
from feedback_mining.sources.connectors.pages import UNCHANGED, Cursor, Page, Pages, Visits, digest
from feedback_mining.sources.http import Fetcher, Response
from feedback_mining.sources.robots import Robots

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_REMEMBERED = 5_000  # threads
_CHARSET = re.compile(rb"""charset=["']?([\w-]+)""", re.IGNORECASE)
_LABEL = re.compile(r"^(?:发表于|发布于|发表时间)[:：]?\s*")


def forum(config: Forum, fetcher: Fetcher, cursor: Cursor) -> Pages:
    """Threads of the list pages, each from the page that was last read of it."""
    site = _Site(config, fetcher, cursor.get("visits"))
    reached: dict[str, str] = dict(cursor.get("threads") or {})
    found = 0
    threads = site.threads()
    for thread in threads:
        start = reached.get(thread, thread)
        visits = site.follow(start, config.next_page, config.thread_pages, may_be_gone=True)
        for number, visit in enumerate(visits, 1):
            posts = site.posts(visit.url, visit.tree, visit.url == thread) if visit.tree else None
            if posts == []:
                continue
            found += 1
            reached.pop(thread, None)
            reached[thread] = visit.url
            kept = dict(list(reached.items())[-_REMEMBERED:])
            name = f"{urlsplit(visit.url).path} {number}"
            after = {"threads": kept, **site.visits.state()}
            yield Page(name, "forum", digest(visit.content), posts, after)
    if not found:
        raise SourceRefused(
            f"{shown(threads[0])}: no post was found by the selector {config.post!r}; "
            f"check it against the page, which may also ask for a login"
        )


@dataclass(frozen=True, slots=True)
class _Visit:
    url: str
    tree: LexborHTMLParser | None  # None: unchanged
    content: bytes
    links: list[str]


class _Site:
    def __init__(self, config: Forum, fetcher: Fetcher, visits: Cursor | None) -> None:
        self.config = config
        self.robots = Robots(fetcher)
        self.visits = Visits(fetcher, visits)

    def threads(self) -> list[str]:
        """Addresses of threads on the site itself, in the order of the list pages."""
        config = self.config
        found = dict.fromkeys(
            link
            for start in config.start
            for visit in self.follow(start, config.next_list, config.list_pages, links=config.thread)
            for link in visit.links
        )
        if not found:
            raise SourceRefused(
                f"{shown(config.start[0])}: no thread was found by the selector "
                f"{config.thread!r}; check it against the page, which may also ask for a login"
            )
        return list(found)

    def follow(
        self,
        url: str,
        selector: str | None,
        most: int,
        *,
        links: str | None = None,
        may_be_gone: bool = False,
    ) -> Iterator[_Visit]:
        """The page and those after it. `links` selects what to collect on each."""
        seen: set[str] = set()
        following: str | None = url
        while following and following not in seen and len(seen) < most:
            current = following
            seen.add(current)
            response = self._get(current, may_be_gone)
            if response is None:
                return
            if response.status == UNCHANGED:
                known = self.visits.following(current) or {}
                following = known.get("next")
                yield _Visit(current, None, b"", known.get("links", []))
                continue
            tree = self._tree(current, response)
            following = next(iter(self._links(current, tree, selector)), None)
            found = list(self._links(current, tree, links))
            self.visits.keep(current, response, {"next": following, "links": found})
            yield _Visit(current, tree, response.content, found)

    def _links(self, base: str, tree: LexborHTMLParser, selector: str | None) -> Iterator[str]:
        for node in self._css(tree, selector) if selector else []:
            if address := _link(base, node):
                yield address

    def _get(self, url: str, may_be_gone: bool) -> Response | None:
        self.robots.check(url)
        response = self.visits.get(url, accept=(200, 404, 410) if may_be_gone else (200,))
        if response.status in (404, 410):
            return None
        landed = urlsplit(response.url)
        if response.url != url:
            if landed.netloc != urlsplit(url).netloc:
                raise SourceRefused(
                    f"{shown(url)} leads to another host ({landed.hostname}); check the address"
                )
            if any(word in response.url.lower() for word in self.config.login_paths):
                raise SourceRefused(f"{shown(url)} asks for a login, and none is made; use an export instead")
        return response

    def _tree(self, url: str, response: Response) -> LexborHTMLParser:
        from selectolax.lexbor import LexborHTMLParser

        text = self._decode(response.content, response.headers.get("content-type", ""))
        tree = LexborHTMLParser(text)
        words = text_of_page(tree)
        if any(marker in words for marker in self.config.stop_markers) and not self._css(
            tree, self.config.post
        ):
            raise SourceRefused(f"{shown(url)} asks for a captcha; stopped, try again later or more slowly")
        for selector in self.config.stop_selectors:
            if self._css(tree, selector):
                raise SourceRefused(
                    f"{shown(url)} shows a captcha or login ({selector}); stopped, try again later"
                )
        return tree

    def _decode(self, content: bytes, kind: str) -> str:
        told = _CHARSET.search(kind.encode()) or _CHARSET.search(content[:2_000])
        name = self.config.encoding or (told[1].decode() if told else "utf-8")
        name = "gb18030" if name.lower() in {"gbk", "gb2312"} else name
        try:
            return content.decode(name, "replace")
        except LookupError:
            return content.decode("utf-8", "replace")

    def _css(self, tree: LexborHTMLParser | LexborNode, selector: str) -> list[LexborNode]:
        try:
            return tree.css(selector)
        except Exception as error:  # noqa: BLE001 - the library's own class differs by release
            raise InputError(
                f"The selector {selector!r} is not CSS ({type(error).__name__}); correct it"
            ) from None

    def posts(self, url: str, tree: LexborHTMLParser, first_page: bool) -> list[dict[str, Any]]:
        """By field of RawComment. The title of a thread goes with its first post."""
        title = self._value(tree, self.config.title) if self.config.title else None
        found = []
        for place, post in enumerate(self._css(tree, self.config.post)):
            for selector in self.config.drop:
                for node in self._css(post, selector):
                    node.decompose()
            number = self._value(post, self.config.id)
            if number and self.config.id_pattern:
                match = re.search(self.config.id_pattern, number)
                number = match[1] if match else None
            author = self._value(post, self.config.author)
            body = next((text_of(node) for node in self._css(post, self.config.body)), "")
            values: dict[str, Any] = {"text": body, "id": number, "author": author, "url": url}
            if self.config.time:
                when = self._value(post, self.config.time) or ""
                values["time"] = _LABEL.sub("", when.replace("\xa0", " ").strip())
            if place == 0 and first_page:
                values["title"] = title
            found.append(values)
        return found

    def _value(self, node: LexborHTMLParser | LexborNode, selector: str | None) -> str | None:
        """Of the first of the alternatives, parted by "|", that holds something."""
        for alternative in (selector or "").split(" | "):
            css, _, attribute = alternative.strip().partition("@")
            for found in [node] if not css and attribute else self._css(node, css) if css else []:
                value = found.attributes.get(attribute) if attribute else text_of(found)  # type: ignore[union-attr, arg-type]
                if value and value.strip():
                    return value.strip()
        return None


def text_of_page(tree: LexborHTMLParser) -> str:
    return tree.body.text(deep=True) if tree.body else ""


def _link(base: str, node: LexborNode) -> str | None:
    href = node.attributes.get("href")
    if not href:
        return None
    try:
        address = urldefrag(urljoin(base, href.strip()))[0]
        same = urlsplit(address)[:2] == urlsplit(base)[:2]
    except ValueError:
        return None
    return address if same else None
