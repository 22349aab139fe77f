"""Addresses: every kind, every password, and no password in anything that is shown."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream.capture import SourceKind, parse_source

NASTY = [
    "p@ss#1&x",
    "a b",
    "100%",
    "%41%zz",
    "co:lon",
    "sl/ash",
    "wh?at",
    "ünï©ode-漢字",
    "'\"`$(x)",
]


@pytest.mark.parametrize(
    ("given_url", "kind", "address"),
    [
        ("rtsp://10.0.0.5/stream1", SourceKind.RTSP, "rtsp://10.0.0.5/stream1"),
        ("RTSPS://cam:322/a?b=c", SourceKind.RTSP, "rtsps://cam:322/a?b=c"),
        ("http://cam/video.mjpg", SourceKind.HTTP, "http://cam/video.mjpg"),
        ("https://[fe80::1]:8443/v", SourceKind.HTTP, "https://[fe80::1]:8443/v"),
        ("rtsp://cam/two words", SourceKind.RTSP, "rtsp://cam/two%20words"),
        ("rtsp://kamera.köln/x", SourceKind.RTSP, "rtsp://kamera.xn--kln-sna/x"),
        ("file:///videos/a%20b.mp4", SourceKind.FILE, "/videos/a b.mp4"),
        ("file:clip.mp4", SourceKind.FILE, "clip.mp4"),
        ("videos/50% off.mp4", SourceKind.FILE, "videos/50% off.mp4"),
        ("C:\\clips\\a.mp4", SourceKind.FILE, "C:\\clips\\a.mp4"),
        ("/dev/video2", SourceKind.DEVICE, "/dev/video2"),
        ("/dev/v4l/by-id/usb-cam", SourceKind.DEVICE, "/dev/v4l/by-id/usb-cam"),
        ("usb:1", SourceKind.DEVICE, "/dev/video1"),
        ("0", SourceKind.DEVICE, "/dev/video0"),
        (" test: ", SourceKind.TEST, "test:640x480@10"),
        ("test:1280x720@12.5", SourceKind.TEST, "test:1280x720@12.5"),
        ("test:@5", SourceKind.TEST, "test:640x480@5"),
    ],
)
def test_every_kind_of_address_is_understood(
    given_url: str, kind: SourceKind, address: str
) -> None:
    source = parse_source(given_url)
    assert (source.kind, source.address) == (kind, address)
    assert source.live == (kind is not SourceKind.FILE)


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("", "rtsp://10.0.0.5/stream1"),
        ("rstp://10.0.0.5/x", "write rtsp://"),
        ("htp://cam/x", "write http://"),
        ("gopher://cam/x", "rtsp://, rtsps://"),
        ("rtsp:cam/x", "rtsp://host/path"),
        ("rtsp:///x", "host is missing"),
        ("rtsp://cam:99999/x", "host:port"),
        ("rtsp://a b/x", "host:port"),
        ("10.0.0.5/stream1", "write rtsp:// or http://"),
        ("admin:secret@10.0.0.5:554/x", "write rtsp:// or http://"),
        ("test:3x3", "test:1280x720@10"),
        ("test:1280x720@1000", "test:1280x720@10"),
        ("usb:left", "usb:0"),
        ("http://cam/v?user={username}", "write CAMERA_USERNAME"),
        ("http://cam/v?pwd={password}", "write CAMERA_PASSWORD"),
        ("http://cam/v?pwd={pass}", "write {username} or {password}"),
        ("http://cam/v?pwd={Password}", "write {username} or {password}"),
        ("file://", "file:///"),
        ("rtsp://cam/x\r\nEvil: 1", "line break"),
    ],
)
def test_an_unusable_address_says_what_to_write(address: str, advice: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        parse_source(address)
    assert advice in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("password", NASTY)
def test_a_separate_password_may_hold_any_character(password: str) -> None:
    source = parse_source("rtsp://cam:554/s?x=1", "ad@min", password)
    parts = urlsplit(source.address)
    assert (parts.hostname, parts.port, parts.path, parts.query) == ("cam", 554, "/s", "x=1")
    assert unquote(parts.username or "") == "ad@min"
    assert unquote(parts.password or "") == password


@pytest.mark.parametrize("password", ["p@ss#1&x", "100%", "sl/ash", "wh?at", "a:b", "ü"])
def test_a_password_in_the_address_may_stand_as_it_is(password: str) -> None:
    source = parse_source(f"rtsp://admin:{password}@cam/stream@1")
    assert unquote(urlsplit(source.address).password or "") == password
    assert source.display == "rtsp://cam/stream@1"


def test_a_password_in_the_address_may_be_percent_encoded() -> None:
    source = parse_source("rtsp://admin:p%40ss%231%26x@cam/s")
    assert urlsplit(source.address).password == "p%40ss%231%26x"
    assert "p@ss#1&x" in source.secrets


def test_separate_credentials_outrank_those_in_the_address() -> None:
    parts = urlsplit(parse_source("rtsp://a:b@cam/s", "c", "d").address)
    assert (parts.username, parts.password) == ("c", "d")
    parts = urlsplit(parse_source("rtsp://a:b@cam/s", None, "d").address)
    assert (parts.username, parts.password) == ("a", "d")


def test_an_at_sign_in_the_path_is_no_login() -> None:
    assert parse_source("rtsp://cam:554/user@home").address == "rtsp://cam:554/user@home"
    assert parse_source("http://cam?mail=a@b").address == "http://cam?mail=a@b"


def test_a_password_needs_a_user_name() -> None:
    with pytest.raises(ValueError, match="CAMERA_USERNAME"):
        parse_source("rtsp://cam/s", None, "secret")


def test_credentials_longer_than_ffmpegs_buffer_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 127") as caught:
        parse_source("rtsp://cam/s", "user", "#" * 60)
    assert "#" not in str(caught.value)
    parse_source("http://cam/s", "user", "#" * 60)


@pytest.mark.parametrize(
    "address",
    [
        "http://cam/cgi/video?user=admin&pwd=tlJwpbo6&fps=5",
        "rtsp://cam/user=admin&password=tlJwpbo6&channel=1.sdp",
        "http://cam/v?auth=tlJwpbo6#x",
        "http://cam/livestream.cgi?loginuse=admin&loginpas=tlJwpbo6&streamid=10",
        "http://cam/v?authbasic=tlJwpbo6",
        "rtsp://cam/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream",
    ],
)
def test_credentials_in_path_or_query_are_not_shown(address: str) -> None:
    source = parse_source(address)
    assert source.address == address
    assert "tlJwpbo6" not in source.display + repr(source)
    assert "tlJwpbo6" not in source.redactor(f"cannot open {address}")


@pytest.mark.parametrize("password", [*NASTY, "{username}", "a"])
def test_a_placeholder_stands_for_a_login_that_may_hold_any_character(password: str) -> None:
    source = parse_source(
        "rtsp://cam:554/user={username}&password={password}&channel=1", "ad&min", password
    )
    encoded = quote(password, safe="")
    assert source.address == f"rtsp://cam:554/user=ad%26min&password={encoded}&channel=1"
    assert source.display == "rtsp://cam:554/user=***&password=***&channel=1"
    shown = f"{source!r} {source.redactor(f'cannot open {source.address}: refused')}"
    assert f"={encoded}" not in shown
    assert "refused" in shown


def test_a_placeholder_that_is_no_field_of_a_query_is_not_shown_either() -> None:
    source = parse_source("http://cam/live/{username}/{password}/ch0", "admin", "a")
    assert source.address == "http://cam/live/admin/a/ch0"
    assert source.display == "http://cam/live/{username}/{password}/ch0"
    assert source.redactor(source.address) == "http://cam***"


def test_a_password_alone_is_enough_for_a_placeholder_and_an_empty_one_is_one() -> None:
    assert parse_source("http://cam/v?t={password}", None, "x").address == "http://cam/v?t=x"
    xmeye = parse_source("rtsp://cam/user={username}&password={password}", "admin", "")
    assert xmeye.address == "rtsp://cam/user=admin&password="


def test_other_braces_in_a_path_are_left_alone() -> None:
    address = "rtsp://recorder/{0B5CE8F1-2A4D-4A8E}/1"
    assert parse_source(address).address == address
    assert parse_source("rtsp://admin:{x}@cam/1").display == "rtsp://cam/1"


SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=20).map(
    lambda text: f"§{text}§"
)


@given(username=SECRETS, password=SECRETS)
def test_no_credentials_in_what_is_shown(username: str, password: str) -> None:
    source = parse_source("http://cam:80/s", username, password)
    shown = f"{source!r} {source} {source.display} {source.redactor(source.address)}"
    for secret in (username, password, quote(username, safe=""), quote(password, safe="")):
        assert secret not in shown
    parts = urlsplit(source.address)
    assert unquote(parts.password or "") == password


@given(st.text(max_size=80))
def test_any_text_is_understood_or_refused_with_a_sentence(text: str) -> None:
    complaint = "write"
    try:
        parse_source(text)
    except ValueError as error:
        complaint = str(error)
    assert "write" in complaint
