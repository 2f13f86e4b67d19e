from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_mining.sources.privacy import mask_personal_data, pseudonym


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("退款请打我电话13800138000谢谢", "13800138000"),
        ("电话 138-0013-8000 或", "138-0013-8000"),
        ("call +86 138 0013 8000", "+86 138 0013 8000"),
        ("手机１３８００１３８０００", "１３８００１３８０００"),
        ("座机010-62345678转12", "010-62345678转12"),
        ("身份证11010519491231002X没通过", "11010519491231002X"),
        ("卡号6222021234567890123被扣了", "6222021234567890123"),
        ("卡号6222 0212 3456 7890 123", "6222 0212 3456 7890 123"),
        ("发邮件到zhang.san_01@mail.example.com.cn吧", "zhang.san_01@mail.example.com.cn"),
        ("QQ 12345678", "12345678"),
        ("QQ号：1234567", "1234567"),
        ("加扣扣群998877665", "998877665"),
        ("微信号：abc123", "abc123"),
        ("微信是wx_id-2020", "wx_id-2020"),
        ("加v:zuqiu39x看球", "zuqiu39x"),
        ("有事微信lily5201", "lily5201"),
        ("寄到建设路18号3栋2单元501室", "建设路18号3栋2单元501室"),
        ("阳光小区3栋2单元501", "阳光小区3栋2单元501"),
        ("来自IP 10.0.0.8 的登录", "10.0.0.8"),
        ("异地登录 112.65.48.12 不是我", "112.65.48.12"),
    ],
)
def test_personal_data_is_masked_in_place(text: str, secret: str) -> None:
    masked = mask_personal_data(text)
    start = text.index(secret)
    end = start + len(secret)
    assert len(masked) == len(text)
    assert set(masked[start:end]) == {"*"}
    assert masked[end:] == text[end:]


@pytest.mark.parametrize(
    "text",
    [
        "升级到 5.4.36.120 后闪退",
        "iOS 17.2.0.1 打不开",
        "2019-10-05 09:06:26 下单，等了 3 天",
        "型号KFR-72LW/BP3DN1Y-YA100",
        "微信登录不了",
        "微信 iPhone11 上收不到通知",
        "QQ音乐播不了",
        "买了 1999 元的净化器2代",
        "线路2号机坏了",
        "第 12345 次了",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert mask_personal_data(text) == text


@given(st.text(alphabet="1389 -@.QqVv微信号路小区栋xX0ab\n：", max_size=60))
def test_masking_keeps_length_and_changes_only_to_stars(text: str) -> None:
    masked = mask_personal_data(text)
    assert len(masked) == len(text)
    assert all(after in (before, "*") for before, after in zip(text, masked, strict=True))


@pytest.mark.parametrize("piece", ["a", "1", "1 ", "路1", "加v", "1.", "微信", "小区1", "a-", "里", "12号"])
def test_long_texts_take_no_quadratic_time(piece: str) -> None:
    text = "1" + piece * (20_000 // len(piece))
    started = time.perf_counter()
    assert len(mask_personal_data(text)) == len(text)
    assert time.perf_counter() - started < 2


def test_pseudonyms_are_stable_per_key_and_hide_the_name() -> None:
    assert pseudonym("小明", b"k1") == pseudonym(" 小明 ", b"k1")
    assert pseudonym("小明", b"k1") != pseudonym("小明", b"k2")
    assert pseudonym("小明", b"k1") != pseudonym("小红", b"k1")
    assert len(pseudonym("小明", b"k1")) == 14
    assert "小明" not in pseudonym("小明", b"k1")
