"""What readers are shown for each internal name, in Chinese and English, and how numbers are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from feedback_mining.errors import InputError
from feedback_mining.reporting.phrases import PHRASES
from feedback_mining.weeks import Week

LANGUAGES = ("zh", "en")
THIN_SPACE = "\u2009"

_LABELS: dict[str, dict[str, tuple[str, str]]] = {
    "intent": {
        "suggestion": ("建议", "Suggestion"),
        "bug": ("缺陷", "Bug"),
        "complaint": ("抱怨", "Complaint"),
        "praise": ("表扬", "Praise"),
        "question": ("咨询", "Question"),
        "other": ("其他", "Other"),
    },
    "sentiment": {
        "negative": ("负面", "negative"),
        "neutral": ("中性", "neutral"),
        "positive": ("正面", "positive"),
    },
    "trend": {
        "new": ("新出现", "New"),
        "surging": ("激增", "Surging"),
        "steady": ("平稳", "Steady"),
        "cooling": ("回落", "Cooling"),
        "returned": ("再次出现", "Back again"),
        "dormant": ("沉寂", "Quiet"),
    },
    "status": {
        "new": ("待决定", "To decide"),
        "watching": ("观察中", "Watching"),
        "accepted": ("已接受", "Accepted"),
        "planned": ("已排期", "Planned"),
        "in_progress": ("进行中", "In progress"),
        "shipped": ("已发布", "Shipped"),
        "fixed": ("已修复", "Fixed"),
        "verified": ("已验证", "Verified"),
        "done": ("已完成", "Done"),
        "closed": ("已关闭", "Closed"),
        "declined": ("不做", "Declined"),
        "rejected": ("不做", "Declined"),
        "merged": ("已合并", "Merged"),
        "duplicate": ("重复", "Duplicate"),
        "reopened": ("重新打开", "Reopened"),
    },
    "factor": {
        "reach": ("影响人数", "Reach"),
        "severity": ("严重程度", "Severity"),
        "sentiment": ("不满程度", "Displeasure"),
        "momentum": ("上升势头", "Momentum"),
        "recency": ("新近程度", "Recency"),
        "confidence": ("判断把握", "Confidence"),
    },
    "campaign": {
        "advertising": ("广告", "Advertising"),
        "paid_praise": ("刷好评", "Paid praise"),
        "brigade": ("突击打五星", "Burst of top ratings"),
        "flood": ("刷屏", "Flood"),
        "phrase": ("多个账号同一句话", "One sentence, many accounts"),
        "one_author": ("一人反复发", "One author again and again"),
        "marked": ("人工认定", "Ruled by a person"),
    },
    "quarantine": {
        "empty_text": ("没有文字", "no text"),
        "bad_time": ("时间读不出", "unreadable time"),
        "too_long": ("过长", "too long"),
        "bad_row": ("整行无法解析", "row cannot be parsed"),
        "not_a_comment": (
            "不是评论（页脚、系统消息、图片）",
            "not a comment (footer, system message, picture)",
        ),
    },
    "duplicate_reason": {
        "same_id": ("编号相同", "same id"),
        "same_text": ("同一人同一天说了同样的话", "same author, same words, same day"),
    },
    "signal": {
        "helping": ("帮助别人", "Helping others"),
        "advocacy": ("推荐给别人", "Recommending it"),
        "churn": ("离开或要离开", "Leaving"),
    },
    "source": {
        "qimai": ("App Store", "App Store"),
        "txc": ("兔小巢", "Tuxiaochao"),
        "wechat": ("微信群", "WeChat group"),
        "file": ("文件", "File"),
        "appstore": ("App Store", "App Store"),
        "appstoreconnect": ("App Store", "App Store"),
        "discourse": ("论坛", "Forum"),
        "github": ("GitHub", "GitHub"),
        "zendesk": ("Zendesk", "Zendesk"),
        "googleplay": ("Google Play", "Google Play"),
        "jd": ("京东", "JD"),
        "mediacrawler": ("社交平台", "Social media"),
        "taptap": ("TapTap", "TapTap"),
        "wjx": ("问卷星", "Wenjuanxing"),
    },
    "format": {
        "qimai": ("七麦导出", "Qimai export"),
        "txc": ("兔小巢 JSON", "Tuxiaochao JSON"),
        "wechat": ("微信群导出", "WeChat export"),
        "wjx": ("问卷星导出", "Wenjuanxing export"),
        "file": ("通用表格", "plain table"),
        "appstore": ("App Store RSS", "App Store RSS"),
        "appstoreconnect": ("App Store Connect", "App Store Connect"),
        "discourse": ("Discourse", "Discourse"),
        "github": ("GitHub issues", "GitHub issues"),
        "zendesk": ("Zendesk", "Zendesk"),
        "googleplay": ("Google Play", "Google Play"),
        "jd": ("京东", "JD"),
        "mediacrawler": ("MediaCrawler", "MediaCrawler"),
        "taptap": ("TapTap", "TapTap"),
    },
    "version": {
        "code": ("程序", "code"),
        "taxonomy": ("主题表", "taxonomy"),
        "catalogue": ("通用诉求目录", "common demands"),
        "dictionary": ("词典", "dictionary"),
        "models": ("模型", "models"),
    },
}

_NOUNS = {
    "user": ("位用户", " user", " users"),
    "comment": ("条评论", " comment", " comments"),
    "mention": ("次", " mention", " mentions"),
    "account": ("个账号", " account", " accounts"),
    "week": ("周", " week", " weeks"),
    "item": ("条", " item", " items"),
    "row": ("行", " row", " rows"),
}

_CJK = r"[\u3400-\u9fff]"
_LATIN = r"[A-Za-z0-9%+#\u2212]"
_SEAM = re.compile(f"(?<={_CJK})(?={_LATIN})|(?<={_LATIN})(?={_CJK})")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_TENTHS = "零一二三四五六七八九"


def thin_spaced(text: str) -> str:
    """A thin space wherever a Chinese character meets a Latin letter or a figure."""
    return _SEAM.sub(THIN_SPACE, text)


class Words:
    """Labels, phrases and number formats of one language.

    `themes` maps a theme's id to its label; a theme that it lacks is shown by its id.
    Raises InputError for a language other than zh and en.
    """

    def __init__(self, lang: str = "zh", themes: Mapping[str, str] | None = None) -> None:
        if lang not in LANGUAGES:
            raise InputError(f"{lang!r} is not a language of the report; choose zh or en")
        self.lang = lang
        self._index = LANGUAGES.index(lang)
        self._themes = themes or {}

    @property
    def html_lang(self) -> str:
        return "zh-CN" if self.lang == "zh" else "en"

    def label(self, kind: str, name: str) -> str:
        """What readers see for `name`; the name itself where this version does not know it."""
        pair = _LABELS[kind].get(name)
        return pair[self._index] if pair else name

    def theme(self, name: str) -> str:
        return self._themes.get(name, name)

    def names(self, kind: str) -> list[str]:
        return list(_LABELS[kind])

    def say(self, key: str, **values: object) -> str:
        """The phrase `key` with its values filled in."""
        return self.spaced(PHRASES[key][self._index].format(**values))

    def spaced(self, text: str) -> str:
        return thin_spaced(text) if self.lang == "zh" else text

    def count(self, number: int, noun: str) -> str:
        """`38 位用户`, `1 user`, `38 users`."""
        zh, one, many = _NOUNS[noun]
        unit = zh if self.lang == "zh" else one if number == 1 else many
        return self.spaced(f"{number:,}{unit}")

    def join(self, parts: list[str]) -> str:
        return ("；" if self.lang == "zh" else "; ").join(parts)

    def listed(self, parts: list[str]) -> str:
        return ("、" if self.lang == "zh" else ", ").join(parts)

    def stop(self, text: str) -> str:
        """The text as a sentence that ends."""
        return text + ("。" if self.lang == "zh" else ".")

    def share(self, value: float) -> str:
        """A share as a whole percentage, with one decimal below 10 %."""
        percent = value * 100
        return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"

    def signed(self, number: int) -> str:
        return f"+{number:,}" if number > 0 else f"\u2212{-number:,}" if number < 0 else "0"

    def magnitude(self, before: int, now: int) -> str:
        """How much more or less, in words that can be read aloud; `before` is above zero."""
        if not now:
            return self.say("down_to_none")
        ratio = now / before
        if ratio >= 1.95:
            return self.say("times", ratio=f"{ratio:.1f}".removesuffix(".0"))
        tenths = min(9, round(abs(1 - ratio) * 10))
        if tenths == 0:
            return self.say("about_the_same")
        amount = f"{_TENTHS[tenths]}成" if self.lang == "zh" else f"{tenths * 10}%"
        return self.say("more_by" if ratio > 1 else "less_by", amount=amount)

    def week(self, name: str) -> str:
        """`2019-W16` as readers say it."""
        week = Week.parse(name)
        return self.say("week_name", year=week.year, number=week.number)

    def dates(self, start: str, end: str) -> str:
        """Two ISO dates as one span, naming year and month only where they change."""
        first, last = date.fromisoformat(start), date.fromisoformat(end)
        if self.lang == "zh":
            year = f"{last.year}年" if last.year != first.year else ""
            month = f"{last.month}月" if year or last.month != first.month else ""
            text = f"{first.year}年{first.month}月{first.day}日至{year}{month}{last.day}日"
            return self.spaced(text)
        year = f" {first.year}" if last.year != first.year else ""
        month = f" {_MONTHS[first.month - 1]}" if year or last.month != first.month else ""
        return f"{first.day}{month}{year} to {last.day} {_MONTHS[last.month - 1]} {last.year}"
