"""Floods that are not voices: advertising, paid praise, one text or phrase posted under many names, bought stars.

An outage also makes hundreds of similar comments in a day. It differs from a campaign in that people find
their own few words for it, and in that those words come with low ratings; so short or angry comments are
never taken for a flood unless a long text is repeated nearly letter by letter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from feedback_mining.backlog.advertising import advertised, is_advertising
from feedback_mining.backlog.brigades import one_author, rating_brigades, shared_phrases
from feedback_mining.backlog.items import Campaign
from feedback_mining.backlog.runs import (
    campaign_of,
    head,
    people_of,
    runs_of,
    stars_of,
    weight,
    whole_phrase,
)
from feedback_mining.records import Comment
from feedback_mining.text.duplicates import near_duplicate_groups, shingles
from feedback_mining.weeks import DEFAULT_ZONE

__all__ = ["find_campaigns", "is_advertising"]

_PAUSE = timedelta(days=10)  # silence after which the same template counts as another campaign
_HISTORY = timedelta(weeks=52)
_BURST = timedelta(days=4)
_PRAISED = 4  # stars
_PHRASE = 4  # characters of the n-grams that paid comments are told to contain
_LEAST_PRAISE = 8  # different people in one burst
_LEAST_HISTORY = 30  # praising comments before, without which "unusual" means nothing
_SLOGANS = 8  # phrases by which the comments of a campaign are recognised
_SHOWN = 16  # letters of a phrase that the evidence quotes
_SHARED = 0.7
_LIFT = 10.0
_SHARE = 0.05
_COPIED = 60  # distinct bigrams, from which three praising texts alike are no chance
_OFFER_NAMES = {
    "gambling": "博彩",
    "adult": "色情",
    "earning": "赚钱兼职",
    "finance": "金融",
    "goods": "商品",
    "other": "其他",
}


def find_campaigns(comments: Sequence[Comment], until: datetime, *, weeks: int = 12) -> list[Campaign]:
    """Campaigns among the comments of the `weeks` before `until`, newest first; nothing later is looked at.

    A comment belongs to one campaign at most. The result does not depend on the order of the comments.
    """
    since = until - timedelta(weeks=weeks)
    known = sorted((c for c in comments if since - _HISTORY <= c.time < until), key=lambda c: (c.time, c.id))
    window = [c for c in known if c.time >= since]
    advertising, rest = _advertising(window)
    floods, rest = _floods(rest)
    taken = {c.id for c in window} - {c.id for c in rest}
    honest = [c for c in known if c.id not in taken and not is_advertising(c.text)]
    praise = _paid_praise(honest, since)
    taken = {c for campaign in praise for c in campaign.comments}
    found = [*advertising, *floods, *praise]
    rest = [c for c in honest if c.id not in taken]
    brigades, taken = rating_brigades(rest, since)
    rest = [c for c in rest if c.id not in taken]
    phrases, taken = shared_phrases([c for c in rest if c.time >= since], rest)
    rest = [c for c in rest if c.id not in taken]
    found += [*brigades, *phrases, *one_author([c for c in rest if c.time >= since])]
    flooded = {c for campaign in found for c in campaign.comments}
    usual = stars_of(c for c in window if c.id not in flooded)
    found = [replace(campaign, usual_ratings=usual) for campaign in found]
    return sorted(found, key=lambda c: (c.last, len(c.comments), c.comments), reverse=True)


def _advertising(window: Sequence[Comment]) -> tuple[list[Campaign], list[Comment]]:
    offers = {c.id: offer for c in window if (offer := advertised(c.text))}
    if offers:  # also what copies an advertisement, but hides its address better
        long = [c for c in window if weight(c) >= 20]
        labels = near_duplicate_groups([head(c) for c in long], 0.5).tolist()
        of_group: dict[int, str] = {}
        for comment, label in zip(long, labels, strict=True):
            if comment.id in offers:
                of_group.setdefault(label, offers[comment.id])
        for comment, label in zip(long, labels, strict=True):
            if label in of_group:
                offers.setdefault(comment.id, of_group[label])
    members: dict[str, list[Comment]] = defaultdict(list)
    for comment in window:
        if comment.id in offers:
            members[offers[comment.id]].append(comment)
    campaigns = []
    for offer, advertisements in sorted(members.items()):
        for run in runs_of(advertisements, _PAUSE):
            offered = f"{len(run)} 条{_OFFER_NAMES[offer]}广告"
            evidence = f"{people_of(run)} 个账号的 {offered}，招徕与产品无关的生意"
            campaigns.append(campaign_of("advertising", run, evidence))
    return campaigns, [c for c in window if c.id not in offers]


def _floods(comments: Sequence[Comment]) -> tuple[list[Campaign], list[Comment]]:
    long = [c for c in comments if weight(c) >= 18]
    groups: dict[tuple[float, int], list[Comment]] = defaultdict(list)
    for threshold, least in ((0.8, 18), (0.5, 80)):  # chance alone does not make long texts half alike
        some = [c for c in long if weight(c) >= least]
        labels = near_duplicate_groups([head(c) for c in some], threshold).tolist()
        for comment, label in zip(some, labels, strict=True):
            groups[threshold, label].append(comment)
    campaigns: list[Campaign] = []
    taken: set[str] = set()
    for members in groups.values():
        for run in runs_of([c for c in members if c.id not in taken], _PAUSE):
            praised = all(c.rating is not None and c.rating >= _PRAISED for c in run)
            shortest = min(weight(c) for c in run)
            wanted, letters = ((3 if shortest >= _COPIED else 4), 18) if praised else (5, 30)
            if people_of(run) >= wanted and shortest >= letters and _within_days(run, wanted):
                rated = "全部为高分" if praised else "评分不一"
                evidence = f"{people_of(run)} 个账号发出 {len(run)} 条几乎相同的长文，{rated}"
                campaigns.append(campaign_of("flood", run, evidence))
                taken |= {c.id for c in run}
    return campaigns, [c for c in comments if c.id not in taken]


def _paid_praise(known: Sequence[Comment], since: datetime) -> list[Campaign]:
    """Bursts of high ratings that repeat phrases which praise of this product hardly held before."""
    praise = [c for c in known if c.rating is not None and c.rating >= _PRAISED]
    blame = [c for c in known if c.rating is not None and c.rating < _PRAISED and c.time >= since]
    grams = {c.id: _grams(c) for c in praise}
    before: Counter[str] = Counter()
    done = 0
    campaigns: list[Campaign] = []
    taken: set[str] = set()
    starts = sorted({c.time.astimezone(DEFAULT_ZONE).date() for c in praise if c.time >= since})
    for day in starts:
        start = datetime.combine(day, datetime.min.time(), DEFAULT_ZONE)
        while done < len(praise) and praise[done].time < start:
            if praise[done].id not in taken:
                before.update(grams[praise[done].id])
            done += 1
        stop = bisect_left(praise, start + _BURST, lo=done, key=_time)
        burst = [c for c in praise[done:stop] if c.id not in taken]
        if people_of(burst) < _LEAST_PRAISE or done < _LEAST_HISTORY:
            continue
        against = [_grams(c) for c in blame if start <= c.time < start + _BURST]
        phrases = _unusual(burst, grams, before, done, against)
        if not _template(phrases):
            continue
        leading = _leading(phrases)
        users = [c for c in praise[done:] if c.id not in taken and not grams[c.id].isdisjoint(leading)]
        run = runs_of(users, _BURST)[0]
        taken |= {c.id for c in run}
        said = [head(c) for c in run]
        shown = "、".join(
            f"“{p}”" for p in dict.fromkeys(whole_phrase(p, said, _SHARED, _SHOWN) for p in leading[:4])
        )
        evidence = f"{people_of(run)} 个账号的高分评论集中使用同样的措辞：{shown}，此前几乎没有出现"
        campaigns.append(campaign_of("paid_praise", run, evidence))
    return campaigns


def _unusual(
    burst: Sequence[Comment],
    grams: dict[str, frozenset[str]],
    before: Counter[str],
    earlier: int,
    against: Sequence[frozenset[str]],
) -> dict[str, frozenset[str]]:
    """Phrase → ids of the burst's comments that hold it, for phrases new, common, and only praised."""
    holders: dict[str, set[str]] = defaultdict(set)
    for comment in burst:
        for gram in grams[comment.id]:
            holders[gram].add(comment.id)
    author = {c.id: c.author or c.id for c in burst}
    blamed = Counter(g for one in against for g in one)
    found = {}
    for gram, ids in holders.items():
        share = len(ids) / len(burst)
        usual = (before[gram] + 1) / (earlier + 1)
        people = len({author[i] for i in ids})
        if people >= _LEAST_PRAISE and share >= max(_SHARE, _LIFT * usual) and blamed[gram] <= len(ids) / 20:
            found[gram] = frozenset(ids)
    return found


def _leading(phrases: dict[str, frozenset[str]]) -> list[str]:
    """The commonest phrases, leaving out those that sit in the same comments as one before."""
    chosen: list[str] = []
    for phrase in sorted(phrases, key=lambda p: (-len(phrases[p]), p)):
        ids = phrases[phrase]
        if all(len(ids & phrases[c]) < 0.5 * len(ids) for c in chosen):
            chosen.append(phrase)
    return chosen[:_SLOGANS]


def _template(phrases: dict[str, frozenset[str]]) -> bool:
    """Whether the phrases look like instructions to writers rather than like one thing that people liked.

    One new feature that people cheer gives one phrase. A set of slogans that different comments draw from,
    or a whole sentence that recurs word by word, is not how people write.
    """
    if len(_leading(phrases)) >= 3:
        return True
    sentence = _PHRASE + 4
    together: Counter[frozenset[str]] = Counter(phrases.values())
    return any(count >= sentence for ids, count in together.items() if len(ids) >= _LEAST_PRAISE)


def _time(comment: Comment) -> datetime:
    return comment.time


def _grams(comment: Comment) -> frozenset[str]:
    return shingles(head(comment), _PHRASE)


def _within_days(run: Sequence[Comment], wanted: int) -> bool:
    return any(
        run[i + wanted - 1].time - run[i].time <= timedelta(days=7) for i in range(len(run) - wanted + 1)
    )
