"""Mail addresses: what is one, what is none and why, and how it is sent."""

from __future__ import annotations

import pytest

from cws_filedrop.notify.addresses import BadAddress, NamedAddress, address, addresses, named, wire


@pytest.mark.parametrize(
    "text",
    ["anna@example.com", "anna.b+shop@mail.example.co.uk", "o'neil@example.com", "a@localhost", "x_y@EXAMPLE.com"],
)
def test_what_is_one_stays_as_it_is(text: str) -> None:
    assert address(f"  {text} ") == text
    assert wire(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("anna", "there is no @"),
        ("", "there is no @"),
        ("@example.com", "cannot stand before the @"),
        ("anna@", "there is no domain"),
        ("anna..b@example.com", "cannot stand before the @"),
        ("anna b@example.com", "a blank or a control character"),
        ("anna@example.com\r\nBcc: eve@example.com", "a blank or a control character"),
        ("anna@exam\nple.com", "a blank or a control character"),
        ("anna@example..com", "there is no domain"),
        ("anna@-example.com", "there is no domain"),
        ("anna@[192.0.2.1]", "there is no domain"),
        ('"anna"@example.com', "cannot stand before the @"),
        ("änna@example.com", "letters that many mail servers do not take"),
        (f"{'a' * 65}@example.com", "cannot stand before the @"),
        (f"a@{'b' * 64}.com", "there is no domain"),
        (f"a@{'.'.join(['b' * 60] * 5)}", "longer than 254"),
        ("anna@\u2028.com", "a blank or a control character"),
    ],
)
def test_what_is_none_is_said_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(BadAddress) as caught:
        address(text)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),  # not strasse.example, which is someone else's
        ("anna@例え.jp", "anna@xn--r8jz45g.jp"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
    ],
)
def test_an_international_domain_is_sent_in_ascii(text: str, sent: str) -> None:
    assert address(text) == text
    assert wire(text) == sent


def test_several_have_commas_or_semicolons_between_them() -> None:
    assert addresses("a@x.com, b@x.com;a@x.com,") == ("a@x.com", "b@x.com")
    assert addresses(" ") == ()
    with pytest.raises(BadAddress, match="'nobody' is no mail address"):
        addresses("a@x.com, nobody")


def test_a_name_may_stand_before_it() -> None:
    assert named("Shipments of Anna <ship@example.com>") == NamedAddress("Shipments of Anna", "ship@example.com")
    assert named('"Anna, Inc." <ship@example.com>') == NamedAddress("Anna, Inc.", "ship@example.com")
    assert named("ship@example.com") == NamedAddress("", "ship@example.com")
    with pytest.raises(BadAddress, match="control character in the name"):
        named("Anna\r\nBcc: eve@example.com <ship@example.com>")
    with pytest.raises(BadAddress):
        named("Anna <ship@example.com> <eve@example.com>")
