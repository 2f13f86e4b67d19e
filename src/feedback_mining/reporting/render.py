"""The report as one self-contained HTML page and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedback_mining.backlog.items import Backlog
from feedback_mining.reporting.report import build_report
from feedback_mining.reporting.rows import EVIDENCE_SHOWN

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$])")
_LIST_START = re.compile(r"^(\s*\d*)([-+.)])(?=\s|$)")


def render_html(backlog: Backlog, lang: str = "zh", *, themes: Mapping[str, str] | None = None) -> str:
    """The report as one HTML page that needs no other file, no network and no script.

    lang: zh or en, else InputError; themes: theme id → label, unknown ids are shown as they are.
    """
    return _render("report.html.j2", backlog, lang, themes)


def render_markdown(backlog: Backlog, lang: str = "zh", *, themes: Mapping[str, str] | None = None) -> str:
    """The report as Markdown for chats and wikis; users' words cannot become markup."""
    return _render("report.md.j2", backlog, lang, themes)


def escape_markdown(text: object) -> str:
    """Text on one line that Markdown shows as it is."""
    flat = _MARKDOWN.sub(r"\\\1", re.sub(r"\s+", " ", str(text)))
    return _LIST_START.sub(r"\1\\\2", flat)


def environment(template: str) -> Environment:
    """Where a template is found and how it is filled: HTML escapes what users wrote."""
    made = Environment(
        loader=PackageLoader("feedback_mining.reporting"),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["md"] = escape_markdown
    return made


def _render(template: str, backlog: Backlog, lang: str, themes: Mapping[str, str] | None) -> str:
    report = build_report(backlog, lang, themes=themes)
    return (
        environment(template)
        .get_template(template)
        .render(r=report, b=backlog, w=report.words, t=report.words.say, evidence_shown=EVIDENCE_SHOWN)
    )
