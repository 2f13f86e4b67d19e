"""Inline SVG drawings: every vertical axis starts at zero, every drawing carries its numbers as text."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape


def sparkline(values: Sequence[float], label: str, width: int = 96, height: int = 26) -> Markup:
    """A line over equally spaced weeks that ends in a dot; `label` is what a screen reader says.

    Returns nothing for fewer than two values.
    """
    if len(values) < 2:
        return Markup("")
    pad = 3
    top = max(values) or 1
    step = (width - 2 * pad) / (len(values) - 1)
    points = [
        (pad + k * step, height - pad - (height - 2 * pad) * max(value, 0) / top)
        for k, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    base = height - pad
    return Markup(
        f'<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(label)}"><path class="spark-base" d="M{pad} {base}H{width - pad}"/>'
        f'<polyline class="spark-line" points="{line}"/>'
        f'<circle class="spark-dot" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/></svg>'
    )


def bars(values: Sequence[int], names: Sequence[str], label: str) -> Markup:
    """One bar a week with its count above it, the last week in the accent colour.

    values: counts, oldest first; names: what stands under each bar.
    """
    width, height, foot, head = 360, 124, 18, 16
    slot = width / len(values)
    top = max(values) or 1
    parts = []
    for k, (value, name) in enumerate(zip(values, names, strict=True)):
        tall = (height - foot - head) * value / top
        x, y = k * slot + slot * 0.18, height - foot - tall
        now = " bar-now" if k == len(values) - 1 else ""
        middle = k * slot + slot / 2
        parts.append(
            f'<rect class="bar{now}" x="{x:.1f}" y="{y:.1f}" width="{slot * 0.64:.1f}" height="{tall:.1f}" '
            f'rx="1.5"/><text class="bar-count" x="{middle:.1f}" y="{y - 5:.1f}">{value}</text>'
            f'<text class="bar-name" x="{middle:.1f}" y="{height - 5}">{escape(name)}</text>'
        )
    base = height - foot
    return Markup(
        f'<svg class="bars" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + f'<path class="spark-base" d="M0 {base}H{width}"/></svg>'
    )
