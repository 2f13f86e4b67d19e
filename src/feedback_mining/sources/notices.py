"""What a reader of the report should know about how a file was read."""

from __future__ import annotations

_NOTICES = {
    "no_time": {
        "zh": "文件没有时间列：所有评论按导入时刻计入",
        "en": "The file has no column of times: every comment counts from the moment of its import",
    },
    "nul": {
        "zh": "文件里有空字符（NUL），已去掉",
        "en": "The file holds NUL characters, which were dropped",
    },
    "damaged": {
        "zh": "{} 个字符不符合编码 {}，以 \ufffd 代替",
        "en": "{} characters do not fit the encoding {} and are shown as \ufffd",
    },
    "questions": {
        "zh": "问卷里的 {} 道开放题各作一条评论",
        "en": "Open questions of the survey, each answer a comment: {}",
    },
    "rounded": {
        "zh": "{} 个编号被电子表格取过整（只留 15 位），已不可靠，不再用作编号；请直接导出 CSV",
        "en": "A spreadsheet has rounded {} ids to 15 digits: they are not used; export CSV directly instead",
    },
    "more": {
        "zh": "一行给出多条评论：{} 行数据给出 {} 条，按条计数",
        "en": "One row gives several comments: {} rows gave {}, which are what is counted",
    },
    "sheets": {
        "zh": "未读取的工作表：{}",
        "en": "Sheets that were not read: {}",
    },
    "no_record": {
        "zh": "文件里没有任何记录",
        "en": "The file holds no record",
    },
    "edited": {
        "zh": "{} 条已有评论（同一编号）换成了更新后的文字",
        "en": "{} known comments (same id) now carry their newer words",
    },
}


def notice(name: str, lang: str, *values: object) -> str:
    """One sentence, Chinese unless `lang` is "en"."""
    return _NOTICES[name]["en" if lang == "en" else "zh"].format(*values)
