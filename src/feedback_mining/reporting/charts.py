"""Inline SVG drawings: every vertical axis starts at zero, every drawing carries its numbers as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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


def levels(
    values: Sequence[float | None],
    names: Sequence[str],
    label: str,
    *,
    level: float,
    marked: Sequence[bool],
    shown: Callable[[float], str],
) -> Markup:
    """Dots of weeks, oldest first, beside a dashed line at `level`; None leaves a gap.

    marked: dots in another colour; the three highest carry their number, which `shown` words. Where there
    are many weeks, not every name stands below.
    """
    width, height, foot, head = 360, 124, 18, 18
    slot = width / max(1, len(values))
    top = max([level, *(value for value in values if value is not None)]) or 1

    def y(value: float) -> float:
        return height - foot - (height - foot - head) * value / top

    parts = [f'<path class="level" d="M0 {y(level):.1f}H{width}"/>']
    if level:
        parts.append(
            f'<text class="level-name" x="{width}" y="{y(level) - 4:.1f}">{escape(shown(level))}</text>'
        )
    every = max(1, -(-len(values) // 7))
    numbered = sorted((k for k, mark in enumerate(marked) if mark), key=lambda k: (-(values[k] or 0), k))[:3]
    for k, (value, name, mark) in enumerate(zip(values, names, marked, strict=True)):
        x = k * slot + slot / 2
        if k % every == 0:
            parts.append(f'<text class="bar-name" x="{x:.1f}" y="{height - 5}">{escape(name)}</text>')
        if value is None:
            continue
        parts.append(
            f'<circle class="dot-week{" dot-marked" if mark else ""}" cx="{x:.1f}" cy="{y(value):.1f}" '
            f'r="{4 if mark else 3}"/>'
        )
        if k in numbered:
            parts.append(
                f'<text class="bar-count" x="{x:.1f}" y="{y(value) - 7:.1f}">{escape(shown(value))}</text>'
            )
    base = height - foot
    return Markup(
        f'<svg class="bars" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + f'<path class="spark-base" d="M0 {base}H{width}"/></svg>'
    )
