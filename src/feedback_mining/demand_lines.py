"""What the commands about demands print, in Chinese or English."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from feedback_mining.console import plain
from feedback_mining.reporting.labels import Words

if TYPE_CHECKING:
    from feedback_mining.demands.decisions import Decision
    from feedback_mining.demands.ledger import Event
    from feedback_mining.pipeline.demand_views import Demanded, DemandRow, Pair, Said, Wide

_BARS = "▁▂▃▄▅▆▇█"
_TEXTS = {
    "head": (
        "{product}：{count} 个诉求（统计到 {week}，窗口 {weeks} 周）",
        "{product}: demands {count} (up to {week}, window of {weeks} weeks)",
    ),
    "row": (
        "{id}  {title} · {theme} · {users} 人 · {state} · 首见 {first} · {status}{merged}",
        "{id}  {title} · {theme} · {users} people · {state} · first seen {first} · {status}{merged}",
    ),
    "merged": (" · 含并入的 {}", " · with merged {}"),
    "more": ("…还有 {} 个，用 --limit 多看几个", "… {} more; see them with --limit"),
    "none": ("没有符合的诉求", "No demand fits"),
    "changed": ("有新决定，待重跑", "decided since, run again"),
    "weeks": (
        "每周：{bar}（{first} 至 {last}，共 {mentions} 次；有史以来 {ever} 次，{people} 人）",
        "By week: {bar} ({first} to {last}, mentions {mentions}; ever {ever} by {people} people)",
    ),
    "keywords": ("关键词：{}", "Keywords: {}"),
    "quotes": ("代表性的话", "Quotes"),
    "said": ("  {time} {text}  [{unit}]", "  {time} {text}  [{unit}]"),
    "members": ("全部观点 {} 个，新的在前", "All units ({}), newest first"),
    "decisions": ("人的决定（生效中）", "Decisions of people (in force)"),
    "merge": ("合并 {sources} → {target}", "merge {sources} → {target}"),
    "split": ("从 {demand} 拆出 {units} 个观点：{new} “{title}”", "split {units} units off {demand}: {new} “{title}”"),
    "rename": ("{demand} 改名为“{title}”", "rename {demand} to “{title}”"),
    "move": ("移动 {units} 个观点 → {target}", "move {units} units → {target}"),
    "apart": ("{one} 与 {other} 永不相同", "{one} and {other} are never the same"),
    "undo": ("撤销 #{decision}", "undo #{decision}"),
    "decision": ("#{id} {what} · {author} · {time:%Y-%m-%d %H:%M} UTC{reason}", "#{id} {what} · {author} · {time:%Y-%m-%d %H:%M} UTC{reason}"),
    "reason": ("（{}）", " ({})"),
    "done": (
        "已记下{line}\n以后每次 mine 都照办，重跑以前的周也一样；现在就看结果：feedback-mining mine 再 report。反悔：feedback-mining demands undo {id}",
        "Recorded {line}\nEvery run from now on obeys, of earlier weeks too; to see it in the report: feedback-mining mine, then report. "
        "Take it back with: feedback-mining demands undo {id}",
    ),
    "life": ("{id} {title}", "{id} {title}"),
    "event": ("{week}  {kind} · {by}{evidence}{reason}{undone}", "{week}  {kind} · {by}{evidence}{reason}{undone}"),
    "machine": ("程序", "machine"),
    "taken": ("（已撤销）", " (taken back)"),
    "birth": ("出现", "birth"),
    "renamed": ("改名", "renamed"),
    "dormant": ("沉寂", "dormant"),
    "returned": ("再次出现", "returned"),
    "merged_event": ("合并", "merge"),
    "split_event": ("拆分", "split"),
    "moved": ("移动", "moved"),
    "apart_event": ("永不相同", "apart"),
    "undone": ("撤销", "undone"),
    "alike": ("可能是同一个诉求（由人决定，程序不会自己合并）", "May be the same demand (people decide; the machine never merges)"),
    "pair": ("相似度 {similarity}", "similarity {similarity}"),
    "side": ("  {id} {title} · {users} 人 · {mentions} 次", "  {id} {title} · {users} people · mentions {mentions}"),
    "quote": ("    “{}”", "    “{}”"),
    "merge_with": ("  合并：feedback-mining demands merge {other} --into {one}；不是同一个：feedback-mining demands apart {one} {other}", "  same: feedback-mining demands merge {other} --into {one}; not the same: feedback-mining demands apart {one} {other}"),
    "wide": ("可能是两个诉求", "May be two demands"),
    "halves": ("{id} {title} · {mentions} 次 · 两半的相似度 {similarity}", "{id} {title} · mentions {mentions} · similarity of its halves {similarity}"),
    "half": ("  其中 {} 个观点，如", "  {} of its units, such as"),
    "split_with": ("  拆开：feedback-mining demands split {id} {units} --title 名称", "  split: feedback-mining demands split {id} {units} --title NAME"),
    "no_proposals": ("没有可提的", "Nothing to propose"),
}  # fmt: skip
_FACTS = {
    "units": ("观点", "units"),
    "people": ("人", "people"),
    "quiet_weeks": ("没人提的周数", "quiet weeks"),
    "last_seen": ("之前最近一次", "last seen"),
    "members": ("当时的观点数", "units then"),
    "sources": ("并入", "merged"),
    "target": ("到", "into"),
    "demand": ("诉求", "demand"),
    "new": ("拆出", "split off"),
    "title": ("名称", "title"),
    "pair": ("两个", "pair"),
    "decision": ("第几号", "decision"),
    "origins": ("来自", "from"),
    "from": ("原名", "from"),
    "to": ("新名", "to"),
}
_EVENTS = {"merge": "merged_event", "split": "split_event", "apart": "apart_event"}


class Lines:
    """Words of one language; themes: id → name."""

    def __init__(self, lang: str, themes: Mapping[str, str]) -> None:
        self.lang, self.words, self.themes = lang, Words(lang), themes

    def say(self, key: str, *values: object, **named: object) -> str:
        return plain(_TEXTS[key][self.lang == "en"].format(*values, **named))

    def listed(self, rows: Sequence[DemandRow], limit: int, product: str, week: str, weeks: int) -> list[str]:
        head = self.say("head", product=product, count=len(rows), week=week, weeks=weeks)
        lines = [head, *(self.row(row) for row in rows[:limit])]
        if not rows:
            return [self.say("none")]
        return [*lines, self.say("more", len(rows) - limit)] if len(rows) > limit else lines

    def row(self, row: DemandRow) -> str:
        return self.say(
            "row",
            id=row.id,
            title=row.title,
            theme=self.themes.get(row.theme, row.theme),
            users=row.users,
            state=self.say("changed") if row.state == "changed" else self.words.label("trend", row.state),
            first=row.first_seen,
            status=self.words.label("status", row.status),
            merged=self.say("merged", " ".join(row.merged_ids)) if row.merged_ids else "",
        )

    def shown(self, found: Demanded, *, everything: bool) -> list[str]:
        row, weeks = found.row, list(found.row.weekly_counts)
        lines = [
            self.row(row),
            self.say(
                "weeks", bar=bar_line(row.weekly_counts.values()), first=weeks[0], last=weeks[-1],
                mentions=row.mentions, ever=row.mentions_ever, people=row.users_ever,
            ),
        ]  # fmt: skip
        if found.keywords:
            lines.append(self.say("keywords", self.words.listed(list(found.keywords))))
        lines += [self.say("quotes"), *map(self._said, found.quotes)]
        if everything:
            lines += [self.say("members", len(found.members)), *map(self._said, found.members)]
        if found.decisions:
            lines += [self.say("decisions"), *(f"  {self.decision(d)}" for d in found.decisions)]
        return lines

    def _said(self, said: Said) -> str:
        return self.say("said", time=said.time, text=" ".join(said.text.split()), unit=said.unit)

    def decision(self, decision: Decision) -> str:
        content = dict(decision.content)
        values: dict[str, Any] = {key: content[key] for key in ("target", "demand", "new", "title", "decision") if key in content}  # fmt: skip
        values["sources"] = " ".join(content.get("sources", ()))
        values["units"] = len(content.get("units", ()))
        if "pair" in content:
            values["one"], values["other"] = list(content.get("units") or content["pair"])
        return self.say(
            "decision",
            id=decision.id,
            what=self.say(str(decision.kind), **values),
            author=decision.author,
            time=decision.time,
            reason=self._reason(decision.reason),
        )

    def done(self, decision: Decision) -> str:
        space = " " if self.lang == "zh" else ""
        return self.say("done", line=space + self.decision(decision), id=decision.id)

    def _reason(self, reason: str) -> str:
        return self.say("reason", reason) if reason else ""

    def life(self, key: str, title: str, events: Iterable[Event]) -> list[str]:
        return [self.say("life", id=key, title=title), *map(self._event, events)]

    def _event(self, event: Event) -> str:
        when = event.week if not event.time else f"{event.week} {event.time[:16].replace('T', ' ')} UTC"
        number = f" #{event.decision}" if event.decision else ""
        comma = "，" if self.lang == "zh" else ", "
        told = {key: value for key, value in event.evidence.items() if key in _FACTS}
        facts = comma.join(f"{_FACTS[key][self.lang == 'en']} {_short(value)}" for key, value in told.items())
        return self.say(
            "event",
            week=when,
            kind=self.say(_EVENTS.get(event.kind, event.kind)) + number,
            by=self.say("machine") if event.by == "machine" else event.by,
            evidence=f" · {facts}" if facts else "",
            reason=self._reason(event.reason),
            undone="" if event.in_force else self.say("taken"),
        )

    def proposed(self, pairs: Sequence[Pair], wide: Sequence[Wide]) -> list[str]:
        lines: list[str] = [self.say("alike")] if pairs else []
        for pair in pairs:
            lines.append(self.say("pair", similarity=pair.similarity))
            for row, quotes in zip((pair.one, pair.other), pair.quotes, strict=True):
                lines.append(self.say("side", id=row.id, title=row.title, users=row.users_ever, mentions=row.mentions_ever))  # fmt: skip
                lines += [self.say("quote", " ".join(quote.text.split())) for quote in quotes]
            lines.append(self.say("merge_with", one=pair.one.id, other=pair.other.id))
        lines += [self.say("wide")] if wide else []
        for one in wide:
            row = one.demand
            lines.append(self.say("halves", id=row.id, title=row.title, mentions=row.mentions_ever, similarity=one.similarity))  # fmt: skip
            for count, quotes in zip((row.mentions_ever - len(one.units), len(one.units)), one.quotes, strict=True):  # fmt: skip
                lines.append(self.say("half", count))
                lines += [self.say("quote", " ".join(quote.text.split())) for quote in quotes]
            units = " ".join(f"--unit {unit}" for unit in one.units)
            lines.append(self.say("split_with", id=row.id, units=units))
        return lines or [self.say("no_proposals")]


def bar_line(counts: Iterable[int]) -> str:
    """Weekly counts as one character each; an empty week is a dot."""
    numbers = list(counts)
    most = max(numbers, default=0)
    return "".join("·" if not n else _BARS[(len(_BARS) - 1) * n // most] for n in numbers)


def as_json(value: Any) -> str:
    """A record or a list of them."""
    plain_value = [asdict(one) for one in value] if isinstance(value, list) else asdict(value)
    return json.dumps(plain_value, ensure_ascii=False, indent=2, default=str)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}:{number}" for key, number in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
