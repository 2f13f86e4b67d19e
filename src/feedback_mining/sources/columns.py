"""Find out which column holds what, from its header in Chinese or English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from feedback_mining.errors import InputError, MissingColumn
from feedback_mining.sources.rows import FIELDS

# Best first: a file with both 评论内容 and 评论 means the first.
_NAMES = {
    "text": (
        "评论内容 反馈内容 评价内容 留言内容 消息内容 内容 content StrContent comment_content "
        "review_content comment_text review_text body text 评论 评价 反馈 留言 正文 文本 意见 "
        "意见反馈 建议 用户反馈 用户评论 review comment comments feedback message msg raw 評論內容 "
        "內容 評論 評價"
    ),
    "title": ("标题 评论标题 主题 title review_title subject raw_subject 標題"),
    "id": (
        "评论ID 反馈ID 留言ID 消息ID 帖子ID 工单号 工单ID comment_id review_id feedback_id post_id "
        "message_id msg_id localId id 编号"
    ),
    "author": (
        "作者 用户名 用户昵称 昵称 用户 评论者 评论人 反馈人 用户ID 发送人 nick_name nickname "
        "user_name username author author_name reviewerNickname reviewer NickName creator_hash "
        "user_hash user_id userId Sender user user.nickname user.name author.name 姓名 作者名稱 暱稱"
    ),
    "time": (
        "发表时间 评论时间 发布时间 反馈时间 提交时间 提交答卷时间 创建时间 留言时间 评价时间 "
        "发送时间 CreateTime create_time created_at createdDate creationTime creation_time "
        "publish_time published_at review_date created time date datetime timestamp at 时间 日期 "
        "StrTime updated_at updated 發表時間 時間"
    ),
    "rating": ("评级 评分 星级 打分 分数 rating score stars star 評分 評級"),
    "version": (
        "版本 版本号 应用版本 App版本 app_version appVersion reviewCreatedVersion version "
        "version_name 軟體版本"
    ),
    "likes": (
        "点赞 点赞数 赞 赞同数 likes like_count comment_like_count thumbsUpCount thumbs_up_count "
        "useful_vote_count vote_count upvotes 有用数"
    ),
    "reply": (
        "回复 官方回复 开发者回复 回复内容 商家回复 reply replyContent reply_content dev_reply "
        "developer_response"
    ),
    "url": ("链接 网址 评论链接 url link href"),
}
_SYNONYMS = {field: tuple(names.split()) for field, names in _NAMES.items()}


def canonical(name: object) -> str:
    """A header without what people add to it: `评论内容（必填）*` → `评论内容`, `review_id` → `reviewid`."""
    text = unicodedata.normalize("NFKC", str(name)).lower()
    text = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", text)
    return re.sub(r"[\s_\-*:\ufeff\"']", "", text).removeprefix("attributes.")


def recognise(columns: Sequence[str]) -> dict[str, str]:
    """field → column for every field that one of `columns` names; a column serves one field."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(canonical(column), column)
    found: dict[str, str] = {}
    for field in FIELDS:
        for synonym in _SYNONYMS[field]:
            match = by_name.get(canonical(synonym))
            if match is not None and match not in found.values():
                found[field] = match
                break
    return found


def map_columns(columns: Sequence[str], given: Mapping[str, str] | None, name: str) -> dict[str, str]:
    """What `given` says, completed by what the headers say.

    Raises MissingColumn where no column holds the text, or where `given` names a column the file lacks.
    """
    chosen = check_mapping(columns, given, name)
    rest = recognise([column for column in columns if column not in chosen.values()])
    mapping = {**{field: column for field, column in rest.items() if field not in chosen}, **chosen}
    if "text" not in mapping:
        raise MissingColumn(
            f"{name}: no column holds the comments' text; the columns are {listed(columns)}; "
            f"name the right one with --map text=列名",
            columns,
        )
    return {field: mapping[field] for field in FIELDS if field in mapping}


def check_mapping(columns: Sequence[str], given: Mapping[str, str] | None, name: str) -> dict[str, str]:
    """`given` (field → column), with the columns as the file spells them.

    Raises InputError for a field that there is not, MissingColumn for a column that the file lacks.
    """
    given = given or {}
    exact = {column.strip(): column for column in columns}
    for field, column in given.items():
        if field not in FIELDS:
            raise InputError(f"{field!r} is not a field; expected one of {', '.join(FIELDS)}")
        if column.strip() not in exact:
            raise MissingColumn(
                f"{name}: there is no column {column!r} to map {field} to; the columns are {listed(columns)}"
            )
    return {field: exact[column.strip()] for field, column in given.items()}


def listed(columns: Iterable[str]) -> str:
    """At most twelve headers, each cut to 20 characters, on one line."""
    names = [" ".join(str(column).split())[:20] for column in columns if str(column).strip()]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "") or "(none)"


def parse_mapping(options: Iterable[str]) -> dict[str, str]:
    """`["text=评论", "time=日期"]` → `{"text": "评论", "time": "日期"}`. Raises InputError on other forms."""
    mapping: dict[str, str] = {}
    for option in options:
        field, sign, column = option.partition("=")
        if not sign or not column.strip() or field.strip() not in FIELDS:
            raise InputError(
                f"--map {option!r} cannot be read; expected FIELD=COLUMN, FIELD one of {', '.join(FIELDS)}"
            )
        mapping[field.strip()] = column.strip()
    return mapping
