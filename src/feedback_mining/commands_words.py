"""The commands about new words and the team's dictionary."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback_mining.console import Language
from feedback_mining.errors import InputError
from feedback_mining.options import Lang, Out, Product, StoreUrl, open_run_store, settings_of

if TYPE_CHECKING:
    from feedback_mining.pipeline.words import WordScore
    from feedback_mining.settings import Settings
    from feedback_mining.text.dictionary import TeamDictionary, Verdict
    from feedback_mining.text.new_words import Proposal

_TEXTS = {
    "nothing": (
        "没有新词可提：看了 {} 条评论，够频繁、够多人用的词词典里都有了",
        "No new words: of {} comments, every word used often and by enough people is in the dictionary",
    ),
    "proposed": (
        "看了 {} 条评论，提出 {} 个词；收下或拒绝：feedback-mining words accept|reject 词…",
        "{} comments looked at, {} words proposed; decide with: feedback-mining words accept|reject WORD…",
    ),
    "proposal": (
        "{word}（现在切成 {pieces}）：{count} 次，{authors} 人，{weeks} 周；互信息 {pmi}（归一 {npmi}），左右熵 {left}/{right}",
        "{word} (now cut {pieces}): {count} times, {authors} people, {weeks} weeks; "
        "PMI {pmi} (normalised {npmi}), entropies {left}/{right}",
    ),
    "example": ("    例：{}", "    e.g. {}"),
    "written": ("已把 {} 个词写到 {}", "Words written: {} to {}"),
    "accepted": ("收下", "accepted"),
    "rejected": ("拒绝", "rejected"),
    "decision": (
        "{word} · {verdict} · {author} · {time:%Y-%m-%d %H:%M} UTC · 第 {version} 版",
        "{word} · {verdict} · {author} · {time:%Y-%m-%d %H:%M} UTC · version {version}",
    ),
    "none": ("还没有决定过任何词：{}", "Nothing was decided about any word yet: {}"),
    "dictionary": (
        "词典第 {version} 版，收下 {accepted} 个词，拒绝 {rejected} 个：{folder}",
        "Dictionary version {version}, {accepted} words accepted, {rejected} rejected: {folder}",
    ),
    "score": (
        "{word}：{occurrences} 处，整词切出 {before} → {after}",
        "{word}: {occurrences} occurrences, kept whole {before} → {after}",
    ),
    "total": (
        "合计：jieba 把收下的词整词切出的比例 {before:.1%} → {after:.1%}（{words} 个词，{occurrences} 处）",
        "In all: jieba keeps {before:.1%} → {after:.1%} of the accepted words whole ({words} words, {occurrences} occurrences)",
    ),
    "unmet": ("收下的词在这些评论里都没有出现", "None of the accepted words occurs in these comments"),
}

Words = Annotated[list[str], typer.Argument(metavar="词…", help="一个或几个词", show_default=False)]
Author = Annotated[
    str | None,
    typer.Option("--author", metavar="名字", help="谁决定的；省略时用 FEEDBACK_MINING_ANNOTATOR"),
]


def discover(
    files: Annotated[
        list[Path] | None,
        typer.Option("--file", metavar="FILE", help="看这个评论文件而不是库，可重复"),
    ] = None,
    product: Product = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="周", help="只看这一周起的评论，如 2019-W01")
    ] = None,
    top: Annotated[int, typer.Option("--top", metavar="个数", min=1, help="最多提几个")] = 50,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="文件", help="另写到这个 .jsonl 或 .csv 文件")
    ] = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """发现新词：从评论里找出词典没有的产品词，附证据，供人收下或拒绝。"""
    from feedback_mining.pipeline.choose import parse_week, product_in_store
    from feedback_mining.pipeline.reader import words_folder
    from feedback_mining.pipeline.words import propose, said_in_files, said_in_store, team_dictionary
    from feedback_mining.text.dictionary import TeamDictionary

    if output and output.suffix.lower() not in {".jsonl", ".csv"}:
        raise InputError(
            f"{output}: the kind {output.suffix or '(none)'} is not written; expected .jsonl or .csv"
        )
    settings, first = settings_of(store), parse_week(since, None)
    team: TeamDictionary | None
    if files:
        said = said_in_files(files, first, settings)
        folder = words_folder(settings, None)
        team = TeamDictionary.load(folder) if folder else None
    else:
        with open_run_store(out, settings) as opened:
            said = said_in_store(opened, product_in_store(opened, product), first, settings)
            folder = words_folder(settings, opened)
            team = team_dictionary(settings, opened) if folder else None
    found = propose(said, team, top)
    for proposal in found:
        typer.echo(_line(proposal, lang))
        typer.echo(
            "\n".join(_say("example", lang, " ".join(text.split())[:80]) for text in proposal.examples)
        )
    typer.echo(
        _say("proposed", lang, f"{len(said):,}", len(found))
        if found
        else _say("nothing", lang, f"{len(said):,}")
    )
    if output:
        _write(output, found)
        typer.echo(_say("written", lang, len(found), output))


def list_(out: Out = Path("out"), store: StoreUrl = None, lang: Lang = Language.ZH) -> None:
    """列出收下和拒绝过的词：谁、何时、第几版词典。"""
    team = _team(out, settings_of(store))
    for decision in team.in_force.values():
        typer.echo(_decision(decision, lang))
    _summary(team, lang)


def accept(
    words: Words,
    author: Author = None,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """收下：把词写进团队词典，以后的分词都用它。"""
    from feedback_mining.text.dictionary import Verdict

    _decide(words, Verdict.ACCEPTED, author, product, out, store, lang)


def reject(
    words: Words,
    author: Author = None,
    product: Product = None,
    out: Out = Path("out"),
    store: StoreUrl = None,
    lang: Lang = Language.ZH,
) -> None:
    """拒绝：不再提这些词；收下过的从词典里拿掉。"""
    from feedback_mining.text.dictionary import Verdict

    _decide(words, Verdict.REJECTED, author, product, out, store, lang)


def evaluate(
    product: Product = None, out: Out = Path("out"), store: StoreUrl = None, lang: Lang = Language.ZH
) -> None:
    """评测：收下的词在评论里被 jieba 整词切出的比例，加词典之前和之后。"""
    from feedback_mining.pipeline.choose import product_in_store
    from feedback_mining.pipeline.words import evaluate_words, team_dictionary

    settings = settings_of(store)
    with open_run_store(out, settings) as opened:
        team = team_dictionary(settings, opened)
        scores = (
            evaluate_words(opened.comments(product_in_store(opened, product)), team) if team.accepted else []
        )
    for score in scores:
        typer.echo(_say("score", lang, **asdict(score)))
    if not scores:
        typer.echo(_say("unmet", lang))
        return
    typer.echo(_say("total", lang, **_totals(scores)))


def _decide(
    words: list[str],
    verdict: Verdict,
    author: str | None,
    product: str | None,
    out: Path,
    store: str | None,
    lang: str,
) -> None:
    settings = settings_of(store)
    by = (author or settings.annotator or "").strip()
    if not by:
        raise InputError("Nobody is named as the one who decides; give --author or FEEDBACK_MINING_ANNOTATOR")
    team = _team(out, settings).decide(words, verdict, by, product)
    for decision in team.decisions:
        if decision.version == team.version:
            typer.echo(_decision(decision, lang))
    _summary(team, lang)


def _team(out: Path, settings: Settings) -> TeamDictionary:
    from feedback_mining.pipeline.words import team_dictionary

    if settings.dictionaries:
        return team_dictionary(settings, None)
    with open_run_store(out, settings) as opened:
        return team_dictionary(settings, opened)


def _summary(team: TeamDictionary, lang: str) -> None:
    if not team.decisions:
        typer.echo(_say("none", lang, team.folder))
        return
    accepted = len(team.accepted)
    counts = {"accepted": accepted, "rejected": len(team.in_force) - accepted}
    typer.echo(_say("dictionary", lang, version=team.version, folder=team.folder, **counts))


def _decision(decision: Any, lang: str) -> str:
    fields = {
        "word": decision.word,
        "author": decision.author,
        "time": decision.time,
        "version": decision.version,
    }
    return _say("decision", lang, verdict=_say(str(decision.verdict), lang), **fields)


def _line(p: Proposal, lang: str) -> str:
    return _say(
        "proposal", lang, word=p.word, pieces="/".join(p.pieces), count=p.count, authors=p.authors, weeks=p.weeks,
        pmi=p.pmi, npmi=p.npmi, left=p.left_entropy, right=p.right_entropy,
    )  # fmt: skip


def _totals(scores: list[WordScore]) -> dict[str, Any]:
    occurrences = sum(score.occurrences for score in scores)
    before, after = sum(score.before for score in scores), sum(score.after for score in scores)
    return {
        "before": before / occurrences, "after": after / occurrences, "words": len(scores), "occurrences": occurrences,
    }  # fmt: skip


def _write(path: Path, found: list[Proposal]) -> None:
    from feedback_mining.reporting.export import formula_safe

    rows = [asdict(proposal) for proposal in found]
    try:
        if path.suffix.lower() == ".jsonl":
            path.write_text(
                "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8", newline="\n"
            )
            return
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(rows[0] if rows else ["word"])
            flat = [["/".join(v) if isinstance(v, tuple) else v for v in row.values()] for row in rows]
            writer.writerows([[formula_safe(value) for value in row] for row in flat])
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another file") from None


def _say(key: str, lang: str, *values: object, **named: object) -> str:
    return _TEXTS[key][lang == "en"].format(*values, **named)
