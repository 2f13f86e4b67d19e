"""Tell advertising from opinion by its words: somewhere to go, and something to gain there.

Either alone is ordinary (users of a bank write about lotteries, users of a forum give addresses); the two
together, or one of them disguised against filters, are an advertisement.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from feedback_mining.records import Analysis, Intent, Sentiment
from feedback_mining.text.clean import foreign_regions, normalise

_LONG = 60  # letters from which two promises of money are no longer a passing remark
_FILLER = 200  # letters from which a text may be padding, whose words mean nothing

# These see the text without spaces, signs and emoji, which spammers break words up with. Masked numbers
# and names are runs of *, which `normalise` cuts to three.
_CONTACT = re.compile(
    r"(?:加|➕|联系|咨询|关注|搜索?|添加|找)(?:我|客服|老师)?的?(?:q群?|qq群?|扣扣|企鹅|v信?|vx|wx|微信?|薇信?|威信|裙)号?"
    r"(?:是|为)?(?:[a-z0-9]{5,}|\*{3,})"
    r"|(?:微信|薇信|威信|vx|为信|v信|微)号?(?:是|为|加)?(?:[a-z][a-z0-9_]{4,}|\d{5,}|\*{3,})"
    r"|(?:微信|微|为信|v)?公众[号浩]?(?:是|为|叫)?(?:搜索?)?(?:[a-z0-9]{4,})"
    r"|(?:关注|关)(?:v|微|为|薇)?信?公众号"
    r"|(?:看|点)我?(?:的)?(?:昵称|头像|主页|名字)(?:就能|就可以|加|进|免费|联系)"
    r"|(?:微|薇|徽|威|(?<![a-z])v|扣扣|(?<![a-z])q群?)(?:信|芯|x)*号?[a-z]{2,}[a-z0-9零]*[0-9零]{2,}号?"
    r"|(?:戳|私我?|入职找|找(?:她|他|上级|导师)|群?口令|滴滴我?|进群|➕|加)[a-z]{2,}[a-z0-9零]*[0-9零]{2,}号?"
    r"|(?:电话|咨询|联系|热线)(?:电话|微信)*(?:1[3-9]\d{9}|\*{3,})"
)
_STORE_HINT = re.compile(
    r"(?:appstore|应用商店|苹果商店|商店)搜索?(?:下载)?[【《〖\[「]|搜索?下载?[【〖「][^】〗」]{2,12}[】〗」]"
    r"|首页搜索?\D{0,3}(?:\d{6,}|\*{3,})|公众\W{0,2}号\W{0,3}[〖【(「]"
)
_CODE = re.compile(
    r"(?:我的?|填写?|输入?|使用)(?:邀请|推荐|推广|优惠|兑换)(?:码|号|口令)(?:是|为)?[a-z0-9]{4,}"
    r"|(?:邀请|推荐|推广)码(?:是|为)?[a-z0-9]{4,}"
)
_SITE = re.compile(
    r"(?:[a-z0-9]{3,}|\d{3,})点(?:com|cn|cc|net)|(?:网址|官网|站)[a-z0-9]{3,}(?:com|cn|cc|net)"
)
_ADDRESS = re.compile(r"\burl\b|[a-z0-9]{2,}\s*[.。·• ]\s*(?:com|cc|net|vip|top|xyz)\b")

_OFFERS = {
    "gambling": re.compile(
        r"博彩|菠菜|彩票网|彩票平台|彩票游戏|玩彩票|彩票就来|世界波|招代理|采票|彩漂|首存|投注|投助|下注|娱乐城|余乐场|娱乐场|赌场|百家乐|时时彩|六合彩|北京赛车|"
        r"牌室|麻将包间|斗地主.{0,4}(?:麻将|捕鱼)|上分.{0,3}下分|炮炮|充\d+[得送]|首[充冲]送|红包雨|注册领|"
        r"老虎机|老唬机|佬唬|捕鱼|补鱼|捕于|其牌|棋牌|真人荷官|返水|洗码|送彩金|洪包|注册送|存\d+送|体育竞技|现金网|幸运之神|电子竞猜"
    ),
    "adult": re.compile(
        r"外围|伴游|约炮|裸聊|一夜情|学生妹|群p|上门服务.{0,6}(?:微|加|电)|看片|成人(?:视频|直播)|激情直播"
    ),
    "earning": re.compile(
        r"赚[钱銭零佣]|赚到?零花|兼职|[日周月]赚\d|[日周月]入(?:过?万|\d)|0投资|淘金|每[天日](?:轻松|能|可以|可|都能)*(?:得|赚|挣|收入)?\d{2,}(?:多|块|元|$)"
        r"|每[天日].{0,4}轻松|收入\d+左右|一个奖励\d+|任务每个|每个[任壬]务|提现.{0,6}到账|刷单|刷排名|刷了排名|零投资|一部手?机就能|"
        r"做任?务?单|佣金|日日?结|一单一结|时薪|躺赚|打字员|点赞员|手工活|副业|"
        r"不需要任?何?费用|不收取任何费用|不要你任何费用|完全免费"
    ),
    "finance": re.compile(
        r"信用卡代还|代还信用卡|专业养卡|提额|黑户|征信.{0,4}(?:花|黑|无视)|秒下款|秒批|下款|年化收益?百?分?之?[\d一二三四五六七八九十]|理财平台|"
        r"无抵押|当天放款|不上征信|先息后本|额度翻倍|网贷|贷款.{0,8}利息|三分钟到账|白户|"
        r"高收益|炒股|荐股|股票群|配资|稳赚|返利|返现|领.{0,3}红包|红包.{0,8}领"
    ),
    "goods": re.compile(
        r"海淘|代购|直邮|一手货源|厂家直销|包邮免税|货到付款|店铺名|宝搜索|淘宝搜|省钱优选|内部优惠券|优惠券群|免费领|刷粉|涨粉|开票|代开发票|代写|代练|外挂购买"
    ),
}
_BONUS = re.compile(r"送\d{2,}元|每[天日](?:获得|得到|赚|挣)")
_GRIEVANCE = re.compile(
    r"骗|投诉|举报|维权|曝光|没人[理管]|不回复?|不理|不到账|不了|无法|没法|闪退|垃圾|差评|退款|退钱|崩溃|卡死|怎么办|为什么|希望|建议"
)
_ENCLOSED = re.compile(r"[①-⓿❶-➓㊀-㊉🄀-🅿]{3,}|(?:[0-9]️?⃣){2,}")
_BROKEN = re.compile(r"(?:(?<![a-z])[a-z]\s){4,}|(?:[一-鿿][\s.．·•|]{1,2}){5,}")


@lru_cache(maxsize=65536)
def advertised(text: str) -> str | None:
    """What the text advertises: gambling, adult, earning, finance, goods, other; None if it does not.

    Where several fit, the first in this order that the text names most often.
    """
    for start, end in reversed(foreign_regions(text)):
        text = text[:start] + " " + text[end:]
    plain = normalise(text)
    bare = "".join(c for c in plain if c.isalnum() or c == "*")
    offers = {name: len(set(pattern.findall(bare))) for name, pattern in _OFFERS.items()}
    address = bool(_SITE.search(bare) or _ADDRESS.search(plain))
    contact = len(_CONTACT.findall(bare))
    hint = bool(_STORE_HINT.search(plain) or _CODE.search(bare))
    disguised = bool(_ENCLOSED.search(text) or _BROKEN.search(text))
    if len(bare) <= _FILLER and not disguised and _GRIEVANCE.search(bare):
        return None  # who was cheated names the cheat's address too
    places = address + (contact > 0) + (contact > 2) + hint + disguised  # repeating it says enough
    if (
        (any(offers.values()) and places)
        or places >= 2
        or (contact and len(bare) > _FILLER)
        or offers["gambling"] >= 3
        or (offers["gambling"] >= 1 and _BONUS.search(bare))
        or offers["adult"] >= 3
        or (offers["earning"] + offers["gambling"] >= 2 and len(bare) >= _LONG)
    ):
        kind = max(offers, key=lambda name: offers[name])
        return kind if offers[kind] else "other"
    return None


def is_advertising(text: str) -> bool:
    """Whether the text invites to something that is not the product."""
    return advertised(text) is not None


def without_opinions(analysis: Analysis) -> Analysis:
    """What is left of an analysis when the text turns out to be advertising."""
    units = tuple(
        replace(u, intent=Intent.OTHER, theme="general", sentiment=Sentiment.NEUTRAL, specific=False)
        for u in analysis.units
    )
    return replace(analysis, units=units, signals=())
