"""New words of a product: from its comments to the team's dictionary, and what the dictionary then does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from feedback_mining.backlog.advertising import is_advertising
from feedback_mining.backlog.campaigns import find_campaigns
from feedback_mining.errors import InputError
from feedback_mining.pipeline.ingest import open_files
from feedback_mining.pipeline.reader import words_folder
from feedback_mining.records import Comment, Quarantined
from feedback_mining.settings import Settings
from feedback_mining.sources.privacy import mask_personal_data
from feedback_mining.storage import Store
from feedback_mining.text.clean import normalise
from feedback_mining.text.dictionary import ACCEPTED, TeamDictionary
from feedback_mining.text.new_words import Proposal, Said, discover
from feedback_mining.text.segment import Engine, Segmenter, dictionary_files, shipped_dictionaries
from feedback_mining.weeks import Week

_LOOKED_AT = 50_000  # newest comments; they take about a gigabyte


@dataclass(frozen=True, slots=True)
class WordScore:
    """How often jieba keeps a word whole, without and with the team's dictionary."""

    word: str
    occurrences: int
    before: int
    after: int


def team_dictionary(settings: Settings, store: Store | None) -> TeamDictionary:
    """Raises InputError where nothing says which folder holds it."""
    folder = words_folder(settings, store)
    if folder is None:
        raise InputError(
            "Nothing says where the team's words are kept: the store is no SQLite file; "
            "name a folder with FEEDBACK_MINING_DICTIONARIES"
        )
    return TeamDictionary.load(folder)


def without_floods(comments: Sequence[Comment]) -> list[Comment]:
    """Comments, ordered by time, without advertising and campaigns."""
    if not comments:
        return []
    last = comments[-1].time + timedelta(seconds=1)
    weeks = 1 + (last - comments[0].time).days // 7
    flooded = {key for campaign in find_campaigns(comments, last, weeks=weeks) for key in campaign.comments}
    return [comment for comment in comments if comment.id not in flooded]


def said_in_store(store: Store, product: str, since: Week | None, settings: Settings) -> list[Said]:
    """Users' newest comments from a week on, without advertising and floods. Raises InputError where there are none."""
    comments = store.comments(product)
    if not comments:
        raise InputError(f"The store {store.address} holds no comments of {product!r}; import files first")
    found = [
        Said(comment.text, comment.author or comment.id, str(week))
        for comment in without_floods(comments)
        for week in [Week.of(comment.time, settings.zone)]
        if since is None or week >= since
    ]
    return found[-_LOOKED_AT:]


def said_in_files(files: Sequence[Path], since: Week | None, settings: Settings) -> list[Said]:
    """The same from files, which are read and not stored; personal data is masked."""
    found = []
    for file, reading in zip(
        files, open_files(files, product=None, settings=settings, lenient=True), strict=True
    ):
        for number, row in enumerate(reading.rows):
            if isinstance(row, Quarantined) or row.official or is_advertising(row.text):
                continue
            week = Week.of(row.time, settings.zone) if isinstance(row.time, datetime) else None
            if since is None or (week is not None and week >= since):
                who = row.author or f"{file}:{number}"
                found.append(Said(mask_personal_data(row.text), who, str(week or "")))
    return found[-_LOOKED_AT:]


def propose(said: Sequence[Said], team: TeamDictionary | None, top: int) -> list[Proposal]:
    """The best `top` words that the dictionaries lack and nobody has decided about."""
    files = dictionary_files(team.folder) if team else ()
    segmenter = Segmenter([*shipped_dictionaries(), *files])
    return discover(said, segmenter, known=team.in_force if team else ())[:top]


def evaluate_words(comments: Sequence[Comment], team: TeamDictionary) -> list[WordScore]:
    """jieba's share of accepted words kept whole in the comments, before and after. Words that occur not are left out."""
    words = team.accepted
    own = [path for path in dictionary_files(team.folder) if path.name != ACCEPTED]
    before = Segmenter([*shipped_dictionaries(), *own], Engine.JIEBA)
    after = Segmenter([*shipped_dictionaries(), *own, team.folder / ACCEPTED], Engine.JIEBA)
    occurrences, kept_before, kept_after = (dict.fromkeys(words, 0) for _ in range(3))
    for comment in comments:
        text = normalise(comment.text)
        met = [word for word in words if word in text]
        if met:
            one, other = _spans(before.pieces(text)), _spans(after.pieces(text))
            for word in met:
                start = text.find(word)
                while start >= 0:
                    span = (start, start + len(word))
                    occurrences[word] += 1
                    kept_before[word] += span in one
                    kept_after[word] += span in other
                    start = text.find(word, start + len(word))
    return [
        WordScore(word, occurrences[word], kept_before[word], kept_after[word])
        for word in words
        if occurrences[word]
    ]


def _spans(pieces: Sequence[str]) -> set[tuple[int, int]]:
    spans, position = set(), 0
    for piece in pieces:
        spans.add((position, position + len(piece)))
        position += len(piece)
    return spans
