"""Read a forum that has no API, page by page, by the selectors of its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin, urlsplit
from zoneinfo import ZoneInfo

from feedback_mining.errors import InputError, SourceRefused
from feedback_mining.sources.connectors.config import Forum
from feedback_mining.sources.connectors.html import text_of
from feedback_mining.sources.connectors.pages import Cursor, Page, Pages, digest, row
from feedback_mining.sources.http import Fetcher, shown
from feedback_mining.sources.robots import Robots
from feedback_mining.sources.rows import Row

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_REMEMBERED = 5_000  # threads
_CHARSET = re.compile(rb"""charset=["']?([\w-]+)""", re.IGNORECASE)
_AGO = re.compile(r"(半|\d+)\s*(秒|分钟|小时|天)前")
_DAY = re.compile(r"(今天|昨天|前天)\s*(\d{1,2}:\d{2})?")
_UNITS = {"秒": 1, "分钟": 60, "小时": 3600, "天": 86_400}
_DAYS = {"今天": 0, "昨天": 1, "前天": 2}


def forum(config: Forum, fetcher: Fetcher, cursor: Cursor, zone: ZoneInfo) -> Pages:
    """Threads of the list pages, each from the page that was last read of it."""
    site = _Site(config, fetcher, zone)
    reached: dict[str, str] = dict(cursor.get("threads") or {})
    found = 0
    threads = site.threads()
    for thread in threads:
        start = reached.get(thread, thread)
        for number, (url, tree, content) in enumerate(
            site.follow(start, config.next_page, config.thread_pages, may_be_gone=True), 1
        ):
            rows = tuple(site.rows(url, tree, url == thread))
            if not rows:
                continue
            found += 1
            reached.pop(thread, None)
            reached[thread] = url
            kept = dict(list(reached.items())[-_REMEMBERED:])
            yield Page(f"{urlsplit(url).path} {number}", "forum", digest(content), rows, {"threads": kept})
    if not found:
        raise SourceRefused(
            f"{shown(threads[0])}: no post was found by the selector {config.post!r}; "
            f"check it against the page, which may also ask for a login"
        )


class _Site:
    def __init__(self, config: Forum, fetcher: Fetcher, zone: ZoneInfo) -> None:
        self.config, self.fetcher, self.zone = config, fetcher, zone
        self.robots = Robots(fetcher)

    def threads(self) -> list[str]:
        """Addresses of threads on the site itself, in the order of the list pages."""
        found: dict[str, None] = {}
        for start in self.config.start:
            for url, tree, _ in self.follow(start, self.config.next_list, self.config.list_pages):
                for node in self._css(tree, self.config.thread):
                    if address := self._link(url, node):
                        found.setdefault(address)
        if not found:
            raise SourceRefused(
                f"{shown(self.config.start[0])}: no thread was found by the selector "
                f"{self.config.thread!r}; check it against the page, which may also ask for a login"
            )
        return list(found)

    def follow(
        self, url: str, selector: str | None, most: int, *, may_be_gone: bool = False
    ) -> Iterator[tuple[str, LexborHTMLParser, bytes]]:
        seen: set[str] = set()
        following: str | None = url
        while following and following not in seen and len(seen) < most:
            seen.add(following)
            page = self._page(following, may_be_gone)
            if page is None:
                return
            tree, content = page
            current, following = following, None
            if selector:
                following = next(
                    (link for n in self._css(tree, selector) if (link := self._link(current, n))), None
                )
            yield current, tree, content

    def _page(self, url: str, may_be_gone: bool) -> tuple[LexborHTMLParser, bytes] | None:
        from selectolax.lexbor import LexborHTMLParser

        self.robots.check(url)
        response = self.fetcher.get(url, accept=(200, 404, 410) if may_be_gone else (200,))
        if response.status != 200:
            return None
        landed = urlsplit(response.url)
        if response.url != url:
            if landed.netloc != urlsplit(url).netloc:
                raise SourceRefused(
                    f"{shown(url)} leads to another host ({landed.hostname}); check the address"
                )
            if any(word in response.url.lower() for word in self.config.login_paths):
                raise SourceRefused(f"{shown(url)} asks for a login, and none is made; use an export instead")
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
        return tree, response.content

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

    def _link(self, base: str, node: LexborNode) -> str | None:
        href = node.attributes.get("href")
        if not href:
            return None
        try:
            address = urldefrag(urljoin(base, href.strip()))[0]
            same = urlsplit(address)[:2] == urlsplit(base)[:2]
        except ValueError:
            return None
        return address if same else None

    def rows(self, url: str, tree: LexborHTMLParser, first_page: bool) -> Iterator[Row]:
        title = self._value(tree, self.config.title) if self.config.title else None
        for line, post in enumerate(self._css(tree, self.config.post), 1):
            for selector in self.config.drop:
                for node in self._css(post, selector):
                    node.decompose()
            number = self._value(post, self.config.id)
            if number and self.config.id_pattern:
                match = re.search(self.config.id_pattern, number)
                number = match[1] if match else None
            author, when = self._value(post, self.config.author), self._value(post, self.config.time)
            body = next((text_of(node) for node in self._css(post, self.config.body)), "")
            values: dict[str, Any] = {"text": body, "id": number, "author": author, "url": url}
            if line == 1 and first_page:
                values["title"] = title
            yield row(line, self.zone, time=read_time(when or "", datetime.now(UTC), self.zone), **values)

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


def read_time(words: str, now: datetime, zone: ZoneInfo) -> datetime | str:
    """The instant of relative words such as 刚刚, 3 分钟前, 昨天 10:05; everything else cleaned of its label."""
    text = re.sub(r"^(?:发表于|发布于|发表时间)[:：]?\s*", "", words.replace("\xa0", " ").strip())
    if text.startswith("刚刚"):
        return now
    if match := _AGO.match(text):
        count = 0.5 if match[1] == "半" else float(min(int(match[1][:6]), 100_000))
        return now - timedelta(seconds=count * _UNITS[match[2]])
    if match := _DAY.match(text):
        hour, _, minute = (match[2] or "0:00").partition(":")
        if int(hour) < 24 and int(minute) < 60:
            local = now.astimezone(zone) - timedelta(days=_DAYS[match[1]])
            return local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return text
