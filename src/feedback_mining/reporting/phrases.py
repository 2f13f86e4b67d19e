"""Every sentence and heading of the report: key → (Chinese, English).

Chinese phrases are written without spaces; the thin space beside figures is put in when they are filled in.
"""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    # numbers in words
    "times": ("是上周的{ratio}倍", "at {ratio} times last week's level"),
    "more_by": ("比上周多了{amount}", "up {amount} on last week"),
    "less_by": ("比上周少了{amount}", "down {amount} on last week"),
    "down_to_none": ("降到了零", "down to none"),
    "about_the_same": ("与上周基本持平", "about the same as last week"),
    "week_name": ("{year}年第{number}周", "Week {number}, {year}"),
    "points": ("{points}个百分点", "{points} points"),
    # the three sentences: what broke out
    "broke_out": (
        "「{title}」{kind}：本周{users}提到，占用户的{rate}，{expected}{since}。",
        "“{title}” {kind}: {users} this week, {rate} of all ({expected}){since}.",
    ),
    "broke_out_small": (
        "「{title}」{kind}：本周{mentions}{since}。",
        "“{title}” {kind}: {mentions} this week{since}.",
    ),
    "usually": ("往常约{share}", "usually {share}"),
    "hardly_ever": ("往常几乎没有", "usually almost none"),
    "kind_new": ("首次出现", "is new"),
    "kind_surging": ("突然增多", "has surged"),
    "kind_returned": ("沉寂后再次出现", "is back after a quiet spell"),
    "since_version": ("，自{version}版起", ", since version {version}"),
    "version_seen": ("（{week}首次见到）", " (first seen in {week})"),
    "with_platform": ("，多与{platform}有关", ", mostly about {platform}"),
    "mostly_version": ("，其中{count}来自{version}版", ", {count} of them on version {version}"),
    "nothing_broke_out": ("本周没有需求突然增多。", "Nothing broke out this week."),
    "first_week_break": (
        "这是第一周，没有以往可比，还看不出什么在爆发。",
        "This is the first week, so nothing can be said to have broken out yet.",
    ),
    # better or worse
    "item_moved": (
        "「{title}」{change}：本周{now}，上周{before}。",
        "“{title}” is {change}: {now} against {before}.",
    ),
    "item_moved_small": (
        "「{title}」本周{now}，上周{before}。",
        "“{title}”: {now} this week, {before} the week before.",
    ),
    "no_item_moved": (
        "其他需求与上周相差不大，负面占{now}，上周{before}。",
        "Other items are close to last week; {now} of opinions are negative, {before} last week.",
    ),
    "no_item_moved_plain": ("其他需求与上周相差不大。", "Other items are close to last week."),
    "level_only": ("本周有看法的话里，{now}是负面的。", "{now} of this week's opinions are negative."),
    "no_opinion": ("本周没有读到带态度的看法。", "No opinion was read this week."),
    "too_few": (
        "本周只有{comments}，不足以比较好坏。",
        "Only {comments} this week: too few to tell better from worse.",
    ),
    "no_comments": ("本周没有评论。", "There were no comments this week."),
    "no_last_week": ("上周没有评论，好坏无从比较。", "There were no comments last week to compare with."),
    # what most people ask for
    "asked_most": (
        "最多人要求的是「{title}」：{extent}{rise}。",
        "Most people ask for “{title}”: {extent}{rise}.",
    ),
    "said_most": (
        "提到人数最多的是「{title}」：{extent}{rise}。",
        "Most people mention “{title}”: {extent}{rise}.",
    ),
    "extent": ("本周{users}，{weeks}共{total}", "{users} this week, {total} in {weeks}"),
    "extent_first": ("本周{users}", "{users} this week"),
    "within": ("{weeks}内", "in {weeks}"),
    "within_this_week": ("本周", "this week"),
    "rising": ("，连续{weeks}上升", ", rising {weeks} in a row"),
    "nothing_asked": ("本周没有可列入清单的需求。", "Nothing this week can be put on the list."),
    # why here, and the summary of one item
    "why_reach": ("{within}{users}提到", "{users} {within}"),
    "why_sentiment": ("{share}是负面", "{share} negative"),
    "why_sentiment_small": ("{count}负面", "{count} negative"),
    "why_momentum": ("本周{now}，上周{before}", "{now} this week, {before} last week"),
    "why_momentum_first": ("本周{now}", "{now} this week"),
    "why_recency": ("最近一次在{week}", "last mentioned in {week}"),
    "told": ("用户说：「{clause}」。", "Users say: “{clause}”."),
    "told_too": ("也有人说：「{clause}」。", "Another says: “{clause}”."),
    "told_with": (
        "其中{users}还说到“{word}”，如「{clause}」。",
        "{users} of them also tell of “{word}”, such as “{clause}”.",
    ),
    "summary_extent": (
        "{within}有{users}提到{mentions}，最早见于{first}，最近见于{last}。",
        "{users} made {mentions} {within}; first seen in {first}, last in {last}.",
    ),
    "summary_mood": (
        "其中负面{negative}、中性{neutral}、正面{positive}，本周{now}，上周{before}。",
        "{negative} negative, {neutral} neutral, {positive} positive; {now} this week, {before} last week.",
    ),
    "chart_peak_now": (
        "本周{now}，为{window}内最高",
        "{now} this week, the most in {window}",
    ),
    "chart_from_peak": (
        "从{week}的{peak}降到本周的{now}",
        "Down from {peak} in {week} to {now} this week",
    ),
    "chart_rising": ("连续{weeks}上升，本周{now}", "Rising {weeks} in a row, {now} this week"),
    # figures
    "fig_comments": ("评论", "Comments"),
    "fig_people": ("用户", "People"),
    "fig_negative": ("负面占比", "Negative"),
    "fig_new": ("新需求", "New items"),
    "vs_last_week": ("比上周{change}", "{change} on last week"),
    "same_as_last_week": ("与上周持平", "Same as last week"),
    "no_comparison": ("首周，无可比", "First week"),
    "no_comparison_gap": ("上周无数据", "No data last week"),
    "small_sample": ("样本少，不算比例", "Too few for a share"),
    "none": ("—", "—"),
    # chrome
    "report_title": ("{product} 用户反馈周报 · {week}", "{product}: weekly user feedback, {week}"),
    "kicker": ("用户反馈周报", "Weekly user feedback"),
    "in_brief": ("本周三句话", "This week in three sentences"),
    "figures": ("本周四个数", "Four figures"),
    "list": ("需求清单", "The list"),
    "list_lead": (
        "按优先级排列，共{items}。点开一条，看为什么排在这里、用户原话和全部依据。",
        "{items}, by priority. Open one for its reasons, the users' words and all evidence.",
    ),
    "legend": (
        "虚线框是机器的判断，可能有错；实线框是人的决定。",
        "A dashed outline is a machine's guess and may be wrong; a solid one is a person's decision.",
    ),
    "by_machine": ("机器判断", "machine's guess"),
    "by_person": ("人的决定", "person's decision"),
    "rank_range": ("第{low}–{high}位", "No. {low}–{high}"),
    "people_this_week": ("本周用户", "people this week"),
    "people": ("人", "people"),
    "mentions_change": ("提及{change}", "{change} mentions"),
    "mentions_same": ("提及持平", "mentions unchanged"),
    "spark_label": ("近{weeks}每周次数：{values}", "Mentions a week over {weeks}: {values}"),
    "mix_label": (
        "负面{negative}，中性{neutral}，正面{positive}",
        "{negative} negative, {neutral} neutral, {positive} positive",
    ),
    "negative_part": ("负面{value}", "{value} negative"),
    "rest": ("其余{items}", "The other {items}"),
    "empty_list": (
        "本周没有可以列入清单的需求。没有建议、缺陷或抱怨被读到，不等于用户满意。",
        "Nothing to list this week. That no suggestion, fault or complaint was read does not mean "
        "that users are content.",
    ),
    "factors": ("为什么排在这里", "Why it stands here"),
    "factors_note": (
        "优先级{priority}分＝各项得分之和，满分100。",
        "Priority {priority} is the sum of the points, out of 100.",
    ),
    "factor": ("因素", "Factor"),
    "measured": ("量得", "Measured"),
    "raw_reach": ("折合{raw:.1f}人", "{raw:.1f} people, weighted"),
    "raw_severity": ("{raw:.2f}", "{raw:.2f}"),
    "raw_sentiment": ("{percent:.0f}%是负面", "{percent:.0f}% negative"),
    "raw_momentum": ("往常的{raw:.1f}倍", "{raw:.1f} times the usual"),
    "raw_recency": ("{raw:.0f}周前", "{raw:.0f} weeks ago"),
    "raw_recency_now": ("本周", "this week"),
    "raw_confidence": ("{percent:.0f}%", "{percent:.0f}%"),
    "raw_other": ("{raw:.2f}", "{raw:.2f}"),
    "points_earned": ("得分", "Points"),
    "points_of": ("{points}/{most}", "{points} of {most}"),
    "quotes": ("用户原话", "In their words"),
    "all_evidence": ("全部依据：{count}", "All evidence: {count}"),
    "evidence_more": (
        "这里列出最近{shown}，其余{more}在 backlog.xlsx 的「证据」表里。",
        "The latest {shown} are shown; the other {more} are in the Evidence sheet of backlog.xlsx.",
    ),
    "by_version": ("按版本", "By version"),
    "version_unknown": ("这些评论没有带版本号。", "These comments carry no version."),
    "decisions": ("决定", "Decisions"),
    "undecided": ("还没有人做过决定。", "Nobody has decided yet."),
    "decided": ("人的决定：{status}。", "Decided by a person: {status}."),
    "item_id": ("编号", "Id"),
    "source_link": ("查看来源", "Source"),
    "version_short": ("{version}版", "version {version}"),
    "stars": ("{rating}星", "{rating} of 5 stars"),
    "small_week": ("本周评论少于30条", "Fewer than 30 comments this week"),
    "small_week_lead": (
        "本周只有{comments}，百分比和趋势都靠不住，所以只给个数。进入清单的原话全部在此：",
        "With only {comments}, shares and trends would mislead, so plain numbers are given. "
        "Everything said this week that is on the list:",
    ),
    "small_week_none": ("本周没有一句话进入清单。", "Nothing said this week is on the list."),
    "alerts": ("正在爆发", "Breaking out"),
    "alerts_none": (
        "没有哪件事的增长超出以往的波动。",
        "Nothing grew beyond its usual ups and downs.",
    ),
    "alerts_first": (
        "第一周没有以往可比，下周起才能判断。",
        "The first week has nothing to be compared with; this begins next week.",
    ),
    "alert_line": (
        "占本周用户的{rate}，{expected}{since}；若一切如常，出现这么多人的可能性{chance}。",
        "{rate} of this week's people ({expected}){since}; were all as usual, so many would have {chance}.",
    ),
    "alert_line_small": ("本周{mentions}{since}。", "{mentions} this week{since}."),
    "alert_people": ("本周{people}，往常一周{usual}；", "{people} this week, {usual} in a usual one; "),
    "usual_people": ("约{number}位", "about {number}"),
    "usual_nobody": ("几乎没有", "almost none"),
    "theme_states": ("各主题的走势", "How the themes move"),
    "theme_state": ("本周{people}，往常一周{usual}", "{people} this week, {usual} in a usual one"),
    "chance_tiny": ("不到千分之一", "less than one chance in a thousand"),
    "chance": ("约{percent}", "about a {percent} chance"),
    "theme_alert": ("整个主题", "whole theme"),
    "first_seen_now": ("本周首次出现", "First seen this week"),
    "relapse": ("好转与复发", "Quieter, and back again"),
    "relapse_lead": (
        "说的人少了，不等于已经修好；修好与否由人判断。",
        "Fewer mentions are not proof of a fix; people judge that.",
    ),
    "quieter": ("明显减少", "Much quieter"),
    "back": ("再次出现", "Back again"),
    "quieter_line": (
        "最多时一周{peak}（{week}），本周{now}。",
        "{peak} a week at most ({week}), {now} this week.",
    ),
    "back_line": (
        "停了{gap}之后，本周又有{users}提到。",
        "After {gap} of silence, {users} again this week.",
    ),
    "back_line_plain": ("本周又有{users}提到。", "{users} again this week."),
    "relapse_none": ("没有需求明显减少，也没有再次出现的。", "Nothing became much quieter or came back."),
    "participation": ("谁在参与", "Participation"),
    "signal_helping_now": ("{count}在帮助其他用户", "{count} help other users"),
    "signal_advocacy_now": ("{count}把产品推荐给别人", "{count} recommend the product"),
    "signal_churn_now": ("{count}说要离开或已经离开", "{count} tell of leaving"),
    "signal_was": ("，上周{before}条", ", {before} last week"),
    "signals_none": (
        "没有读到推荐、离开或互助的话。",
        "No comment recommends the product, tells of leaving or helps another user.",
    ),
    "praise": ("用户喜欢什么", "What users like"),
    "praise_overall": ("整体", "Overall"),
    "voices_line": ("本周{now}，{weeks}共{total}", "{now} this week, {total} in {weeks}"),
    "questions": ("用户在问什么", "What users ask"),
    "campaigns": ("没有计入的刷评与广告", "Campaigns taken out of the count"),
    "campaigns_lead": (
        "下列{comments}读过、留存，但不计入人数和次数。",
        "These {comments} were read and kept, but are in none of the counts.",
    ),
    "campaigns_none": ("没有发现刷评或广告。", "No campaign or advertising was found."),
    "campaign_comments": ("涉及的评论：{count}", "Comments concerned: {count}"),
    "campaign_stars": (
        "其中{stars}星占{share}，其余评论里占{usual}。",
        " {stars} stars make {share} of them, {usual} of the other comments.",
    ),
    "campaign_rule": (
        "判断有误时，用 feedback-mining campaigns release 加编号放行，以后各周都照办。",
        "If one is wrong, feedback-mining campaigns release with its id lets it count, in later weeks too.",
    ),
    "campaign_rating": ("平均{rating}星", "{rating} stars on average"),
    "example": ("看一个例子", "See an example"),
    "reading": ("读了什么，没收什么", "What was read, and what was refused"),
    "reading_sum": (
        "读入{read}＝存下{stored}＋重复{duplicates}＋拒收{quarantined}",
        "{read} read = {stored} stored + {duplicates} duplicates + {quarantined} refused",
    ),
    "reading_mismatch": (
        "这几个数对不上，差{rows}，请检查导入记录。",
        "These figures do not add up: {rows} are missing; check the import.",
    ),
    "why_duplicate": ("重复的", "Duplicates"),
    "why_refused": ("拒收的", "Refused"),
    "replies": (
        "存下的里面有{count}是官方自己的回复：附在它所回复的评论下，不当作用户的意见。",
        "{count} of those stored are the team's own replies: shown with the comments, never taken for opinions.",
    ),
    "near_duplicates": (
        "另有{count}与同一作者先前的话几乎相同，存下但只计一次。",
        "{count} nearly repeat the same author's earlier words: stored, counted once.",
    ),
    "masked": (
        "手机号、邮箱、证件号、银行卡号等个人信息在保存之前已用星号盖住；作者只以代号保存，不留昵称。",
        "Phone numbers, e-mail addresses, identity and card numbers are masked with asterisks before "
        "storage; authors are kept as pseudonyms, never by name.",
    ),
    "method": ("怎么算的，以及它不知道什么", "How it was computed, and what it cannot know"),
    "method_1": (
        "每条评论先拆成一句一个看法的片段，再由模型判断意图、主题和情感；说的是同一件事的片段归为一条需求，跨周沿用同一编号。",
        "Each comment is split into units of one opinion; models read intent, theme and sentiment; units "
        "about the same need form one item, which keeps its id from week to week.",
    ),
    "method_2": (
        "优先级是各因素的加权平均，换算成0到100分；点开一条可以看到每个因素的量值与得分。影响人数越近的算得越重，所以是折合数。",
        "Priority is the weighted mean of the factors on a scale of 0 to 100; each item shows them. Reach "
        "weighs recent people more, so it is a weighted number.",
    ),
    "method_3": (
        "名次后面的范围，是把任一因素的权重减半或加倍时名次的变动范围：范围宽的，先后不必计较。",
        "The range beside a rank is how far it moves when any one factor's weight is halved or doubled; "
        "where it is wide, the order matters little.",
    ),
    "method_4": (
        "人数按作者代号去重，没有作者信息的按评论计；次数按片段计。统计窗口为{window}，一周从周一到周日（{timezone}）。",
        "People are distinct pseudonyms, mentions are units. The window is {window}; weeks run Monday to "
        "Sunday ({timezone}).",
    ),
    "method_5": (
        "与上周相比，只有变化超出偶然波动（差值大于两数之和平方根的两倍）才写进三句话。",
        "A change on last week enters the three sentences only when it exceeds chance (more than twice the "
        "square root of the sum of both counts).",
    ),
    "limits": ("它不知道的", "What it cannot know"),
    "limit_1": (
        "写评论的人不等于全部用户，沉默的多数不在这里。",
        "Those who comment are not all users; the silent majority is not here.",
    ),
    "limit_2": (
        "模型会看错反话、错别字和少见的说法；请以原话为准。",
        "Models misread irony, typing errors and rare wordings; trust the words themselves.",
    ),
    "limit_3": (
        "它不知道修复的成本、商业价值和你们的计划，这些由人来定。",
        "It knows nothing of cost, business value or your plans; people decide those.",
    ),
    "limit_4": (
        "同时发生不等于因果：某版本后增多，不证明是该版本造成的。",
        "Coincidence is not cause: more reports after a release do not prove that it caused them.",
    ),
    "versions_used": ("所用版本", "Versions used"),
    "generated": ("由 feedback_mining 生成", "Made by feedback_mining"),
    "notice": ("请注意", "Please note"),
    # workbook
    "sheet_items": ("需求清单", "Backlog"),
    "sheet_evidence": ("证据", "Evidence"),
    "sheet_alerts": ("预警", "Alerts"),
    "sheet_campaigns": ("刷评与广告", "Campaigns"),
    "sheet_notes": ("说明", "Notes"),
    "note_name": ("项目", "Entry"),
    "note_value": ("内容", "Value"),
    "note_product": ("产品", "Product"),
    "note_week": ("周", "Week"),
    "note_read": ("读入行数", "Rows read"),
    "note_stored": ("存下", "Stored"),
    "note_replies": ("其中官方回复", "of these, the team's replies"),
    "note_campaigns": ("不计入的刷评与广告", "Campaign comments left out"),
}
