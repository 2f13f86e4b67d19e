"""Drawings of a classifier's held-out results, as SVG that needs no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

_FONT = "font-family=\"'PingFang SC','Noto Sans CJK SC','Microsoft YaHei',system-ui,sans-serif\""
_INK, _SOFT, _HAIR = "#3f3c37", "#6b665d", "#cfcabf"
_HUES = ("#1b5a9e", "#d9761a")


def confusion_matrix(
    table: Sequence[Sequence[int]], names: Sequence[str], rows: str, columns: str, label: str
) -> Markup:
    """table: `[truth][said]` counts; rows, columns: what the two sides are."""
    cell, k = (34 if len(names) > 8 else 56), len(names)
    left = 24 + 13 * max(len(name) if not name.isascii() else len(name) * 0.6 for name in names)
    head = left
    size = cell * k
    parts = []
    for i, (name, counts) in enumerate(zip(names, table, strict=True)):
        total = sum(counts)
        y, x = head + i * cell, left + i * cell
        parts.append(
            f'<text x="{left - 8:.0f}" y="{y + cell / 2 + 4:.0f}" text-anchor="end">{escape(name)}</text>'
            f'<text transform="translate({x + cell / 2 + 4:.0f} {head - 8:.0f}) rotate(-90)">{escape(name)}</text>'
        )
        for j, count in enumerate(counts):
            share = count / total if total else 0.0
            parts.append(
                f'<rect x="{left + j * cell:.0f}" y="{y:.0f}" width="{cell - 1}" height="{cell - 1}" '
                f'fill="{_HUES[0] if i == j else _HUES[1]}" fill-opacity="{0.04 + 0.86 * share:.3f}"/>'
            )
            if count:
                fill = "#ffffff" if share > 0.55 else _INK
                parts.append(
                    f'<text x="{left + j * cell + cell / 2:.0f}" y="{y + cell / 2 + 4:.0f}" text-anchor="middle" '
                    f'fill="{fill}">{count}</text>'
                )
    width, height = left + size + 8, head + size + 8
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'role="img" aria-label="{escape(label)}" font-size="12" fill="{_INK}" {_FONT}>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="8" y="{head - 8:.0f}" fill="{_SOFT}">{escape(rows)} ↓</text>'
        f'<text x="{left - 8:.0f}" y="16" text-anchor="end" fill="{_SOFT}">{escape(columns)} →</text>'
        + "".join(parts)
        + "</svg>"
    )


def reliability_diagram(
    series: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], across: str, upwards: str, label: str
) -> Markup:
    """series: name and bins of `{"count", "confidence", "accuracy"}`; empty bins are left out."""
    side, left, head, foot = 360, 48, 40, 44
    parts = [
        f'<path d="M{left} {head + side}L{left + side} {head}" stroke="{_SOFT}" stroke-dasharray="4 4"/>'
    ]
    for tick in range(0, 11, 2):
        x, y = left + side * tick / 10, head + side - side * tick / 10
        parts.append(
            f'<path d="M{left} {y:.0f}H{left + side}" stroke="{_HAIR}" stroke-opacity=".5"/>'
            f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end" fill="{_SOFT}">{tick / 10:.1f}</text>'
            f'<text x="{x:.0f}" y="{head + side + 18}" text-anchor="middle" fill="{_SOFT}">{tick / 10:.1f}</text>'
        )
    most = max((b["count"] for _, bins in series for b in bins), default=1) or 1
    for number, (name, bins) in reversed(list(enumerate(series))):
        hue = _HUES[number % len(_HUES)]
        points = [
            (left + side * b["confidence"], head + side * (1 - b["accuracy"]), b) for b in bins if b["count"]
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{hue}" stroke-width="1.5"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2.5 + 6 * (b["count"] / most) ** 0.5:.1f}" fill="{hue}" '
            f'fill-opacity=".75"><title>{b["count"]}: {b["confidence"]:.2f} → {b["accuracy"]:.2f}</title></circle>'
            for x, y, b in points
        ]
        x = left + 4 + number * 150
        parts.append(
            f'<circle cx="{x}" cy="16" r="5" fill="{hue}"/><text x="{x + 10}" y="20">{escape(name)}</text>'
        )
    width, height = left + side + 16, head + side + foot
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(label)}" font-size="12" fill="{_INK}" {_FONT}>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="{left + side / 2:.0f}" y="{height - 8}" text-anchor="middle" fill="{_SOFT}">{escape(across)}</text>'
        f'<text transform="translate(12 {head + side / 2:.0f}) rotate(-90)" text-anchor="middle" fill="{_SOFT}">'
        f"{escape(upwards)}</text>" + "".join(parts) + "</svg>"
    )
