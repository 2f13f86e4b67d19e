"""Ask robots.txt before reading a page of a site that has no API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feedback_mining.errors import SourceRefused
from feedback_mining.sources.addresses import shown
from feedback_mining.sources.http import Fetcher

if TYPE_CHECKING:
    from protego import Protego

_NAME = "feedback_mining"


class Robots:
    """The rules of each host, fetched once. A host without robots.txt allows everything, one that fails nothing."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[str, Protego] = {}

    def check(self, url: str) -> None:
        """Raises SourceRefused where the site forbids the page, Unreachable where its rules cannot be read."""
        from protego import Protego

        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._rules:
            answer = self._fetcher.get(f"{site}/robots.txt", accept=(200, 400, 401, 403, 404, 405, 410, 451))
            text = answer.content[:500_000].decode("utf-8", "replace") if answer.status == 200 else ""
            self._rules[site] = rules = Protego.parse(text)
            if delay := rules.crawl_delay(_NAME):
                self._fetcher.intervals[parts.hostname or ""] = min(float(delay), 60.0)
        if not self._rules[site].can_fetch(url, _NAME):
            raise SourceRefused(
                f"{shown(url)}: robots.txt of the site forbids it; ask its owner, or leave it out"
            )
