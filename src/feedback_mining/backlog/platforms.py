"""Systems and devices that comments name: what a fault follows, where no version is known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from feedback_mining.text.clean import normalise

_LEAST = 3  # comments
_SHARE = 0.3  # of those that break out
_LIFT = 4.0

_NAMED = (
    (re.compile(r"(?<![a-z])(?:ios|iso|苹果系统)\s*(\d{1,2})(?:\D|$)"), "iOS {}"),
    (re.compile(r"(?:安卓|android)\s*(\d{1,2})(?:\D|$)"), "Android {}"),
    (re.compile(r"(?:鸿蒙|harmony\s?os)\s*(\d)(?:\D|$)"), "HarmonyOS {}"),
    (re.compile(r"miui\s*(\d{1,2})(?:\D|$)"), "MIUI {}"),
    (
        re.compile(r"(?:iphone|苹果)\s*((?:1\d|[4-9]|x)(?:s|r)?)(?!\d|\.\d|天|个|年|月|号)"),
        "iPhone {}",
    ),
)
_BARE = (
    (re.compile(r"ipad"), "iPad"),
    (re.compile(r"apple\s?watch|苹果手表"), "Apple Watch"),
    (re.compile(r"鸿蒙|harmony\s?os"), "HarmonyOS"),
)


@lru_cache(maxsize=65536)
def platforms_in(text: str) -> frozenset[str]:
    """Systems with their main number and devices, e.g. `iOS 8`, `iPhone 6`, `iPad`."""
    plain = normalise(text).lower()
    named = {form.format(_written(match)) for pattern, form in _NAMED for match in pattern.findall(plain)}
    bare = {name for pattern, name in _BARE if pattern.search(plain)}
    return frozenset(named | {name for name in bare if not any(n.startswith(f"{name} ") for n in named)})


def platform_of(now: Sequence[str], before: Iterable[str]) -> str | None:
    """The platform that many of the texts of an outbreak name and that the texts before it seldom named."""
    counts = Counter(name for text in now for name in platforms_in(text))
    if not counts:
        return None
    name = min(counts, key=lambda n: (-counts[n], n))
    if counts[name] < max(_LEAST, _SHARE * len(now)):
        return None
    earlier = list(before)
    usual = sum(name in platforms_in(text) for text in earlier) / max(1, len(earlier))
    return name if counts[name] / len(now) >= _LIFT * usual else None


def _written(number: str) -> str:
    return number.upper() if number.startswith("x") else number
