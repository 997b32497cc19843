"""What mails say, and that nothing that is printed in them can be more than text."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notify.post_office import part

from cws_filedrop.notify import letters
from cws_filedrop.notify.addresses import NamedAddress
from cws_filedrop.notify.envelope import message_id, seal
from cws_filedrop.notify.letters import Letter, write

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENDER = NamedAddress("Shipments", "ship@example.com")
TEMPLATES = Path(letters.__file__).parent / "templates"
PROBLEM = {"line": 3, "column": "order-id", "code": "O02", "message": "Not complete.", "remedy": "Type it anew."}
VALUES: dict[str, dict[str, Any]] = {
    "upload": {
        "file": "a.txt",
        "upload_id": "20261122-120000-abcd",
        "arrived": "2026-11-22 12:00:00 UTC",
        "headline": "2 lines rejected",
        "counts": [("queued", 1234), ("rejected", 2)],
        "heading": "What to look at",
        "problems": [PROBLEM, {**PROBLEM, "line": 0, "column": "", "remedy": ""}],
        "more": 7,
        "next": "The result follows.",
        "files": ["a.20261122-120000-abcd.receipt.txt"],
        "base_url": "https://drop.example.com/",
    },
    "digest": {
        "seller": "anna",
        "since": "2026-11-21 07:00",
        "until": "2026-11-22 07:00",
        "time_zone": "Europe/Berlin",
        "files": [{"name": "a.txt", "id": "20261122-120000-abcd", "state": "done", "counts": "confirmed 3"}],
        "more": 0,
        "unconfirmed": [{"order_id": "1-2-3", "upload_id": "u", "line": 2, "code": "A-18028", "message": "Unknown."}],
        "unconfirmed_more": True,
        "base_url": "",
    },
    "operators": {
        "events": [{"at": "2026-11-22 12:00 UTC", "what": "feed 3 is stopped"}],
        "subject_line": "feed 3 is stopped",
        "base_url": "",
    },
    "buyer": {
        "order_id": "026-1520163-6049104",
        "name": "Bob",
        "items": [{"name": "A red hat", "quantity": 2}],
        "carrier": "UPS",
        "tracking": "1Z",
        "day": "2026-11-22",
    },
    "access": {
        "seller": "anna",
        "changes": [{"at": "2026-11-22 12:00 UTC", "what": "API token 3 was made"}],
        "base_url": "https://drop.example.com/",
    },
    "trial": {"host": "post.example"},
}
NAMES = sorted(path.stem for path in TEMPLATES.glob("*.txt"))


def with_everywhere(value: Any, text: str) -> Any:
    """The same values, with every text in them another one."""
    if isinstance(value, str):
        return text
    if isinstance(value, dict):
        return {name: with_everywhere(one, text) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [with_everywhere(one, text) for one in value]
    return value


def test_every_template_has_both_parts_and_values_here() -> None:
    assert sorted(VALUES) == NAMES
    assert sorted(path.stem for path in TEMPLATES.glob("*.html")) == sorted([*NAMES, "frame"])


def test_a_file_s_mail_says_what_to_look_at_and_where() -> None:
    made = write("upload", VALUES["upload"])
    assert made.subject == "a.txt: 2 lines rejected"
    assert made.text.splitlines() == [
        "a.txt: 2 lines rejected",
        "",
        "Upload   20261122-120000-abcd",
        "Arrived  2026-11-22 12:00:00 UTC",
        "",
        "Lines by verdict",
        "  1,234 queued",
        "  2 rejected",
        "",
        "What to look at",
        "  - line 3, order-id: O02 Not complete. Type it anew.",
        "  - O02 Not complete.",
        "  And 7 more.",
        "",
        "The result follows.",
        "",
        "In your outbox:",
        "  a.20261122-120000-abcd.receipt.txt",
        "",
        "https://drop.example.com/",
    ]
    for words in ("line 3, order-id: <b>O02</b> Not complete. Type it anew.", "1,234", "And 7 more."):
        assert words in made.html
    assert '<a href="https://drop.example.com/">' in made.html


def test_a_digest_lists_files_and_what_was_refused() -> None:
    made = write("digest", VALUES["digest"])
    assert made.subject == "anna: 1 file until 2026-11-22 07:00"
    assert "  - a.txt (20261122-120000-abcd): done; confirmed 3\n" in made.text
    assert "  - 1-2-3 (upload u, line 2): A-18028 Unknown.\n  And more: see STATUS.txt.\n" in made.text
    assert "No file arrived." in write("digest", VALUES["digest"] | {"files": []}).text


def test_a_buyer_s_mail_names_what_was_shipped() -> None:
    made = write("buyer", VALUES["buyer"])
    assert made.subject == "Your order 026-1520163-6049104 has been shipped"
    assert made.text.startswith("Hello Bob,\n\nthese items of your order 026-1520163-6049104 have been shipped:\n")
    assert "  - 2 x A red hat\n\nCarrier          UPS\nTracking number  1Z\nShipped on       2026-11-22\n" in made.text
    bare = write("buyer", VALUES["buyer"] | {"name": "", "items": [], "carrier": "", "tracking": ""})
    assert bare.text.startswith("your order 026-1520163-6049104 has been shipped.\n\nShipped on       2026-11-22\n")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_is_no_html(name: str) -> None:
    made = write(name, with_everywhere(VALUES[name], '<script>alert("&amp;")</script>'))
    assert "<script" not in made.html
    assert "&lt;script&gt;" in made.html
    assert '<script>alert("&amp;")</script>' in made.text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
def test_no_value_can_begin_a_header_or_a_line(name: str, newline: str) -> None:
    values = with_everywhere(VALUES[name], f"x{newline}Bcc: eve@example.com{newline}{newline}hello")
    made = write(name, values)
    plain = write(name, with_everywhere(VALUES[name], "x Bcc: eve@example.com hello"))
    assert made == plain
    sealed = seal(made, key="k", sender=SENDER, recipient="anna@example.com", written_at=NOW)
    message = email.message_from_bytes(sealed.body, policy=email.policy.default)
    assert message["Bcc"] is None
    assert sorted(set(message.keys())) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )


@given(text=st.text())
def test_whatever_a_file_is_called_the_headers_are_ours(text: str) -> None:
    made = write("upload", with_everywhere(VALUES["upload"], text))
    body = seal(made, key="k", sender=SENDER, recipient="anna@example.com", written_at=NOW).body
    head, _, _ = body.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert names == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"MIME-Version", b"Content-Type"
    ]  # fmt: skip
    assert body.isascii()


def test_a_long_subject_is_cut() -> None:
    made = write("trial", {"host": "x"})
    assert len(made.subject) < letters.LONGEST_SUBJECT
    long = write("upload", VALUES["upload"] | {"file": "x" * 500})
    assert len(long.subject) == letters.LONGEST_SUBJECT
    assert long.subject.endswith("…")


def test_a_value_that_is_missing_is_a_mistake_and_no_gap() -> None:
    with pytest.raises(jinja2.UndefinedError, match="host"):
        write("trial", {})


def test_a_message_is_ascii_and_says_the_same_in_both_parts() -> None:
    letter = Letter("Größe: 例", "Grüße\n.\n..dots\n" + "x" * 2000 + "\n", "<p>Grüße</p>")
    sealed = seal(
        letter, key="k", sender=NamedAddress("Bücher", "ship@bücher.example"), recipient="a@x.com", written_at=NOW
    )
    assert sealed.body.isascii()
    assert max(map(len, sealed.body.split(b"\r\n"))) <= 998
    assert (sealed.sender, sealed.recipient) == ("ship@xn--bcher-kva.example", "a@x.com")
    message = email.message_from_bytes(sealed.body, policy=email.policy.default)
    assert message["Subject"] == "Größe: 例"
    assert message["From"] == "Bücher <ship@xn--bcher-kva.example>"
    assert message["To"] == "a@x.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert part(message, "plain") == letter.text  # type: ignore[arg-type]
    assert part(message, "html").strip() == letter.html  # type: ignore[arg-type]


def test_the_identity_of_a_mail_is_that_of_its_key() -> None:
    letter = Letter("s", "t\n", "<p>t</p>")
    once, again = (
        seal(letter, key="k", sender=SENDER, recipient="a@x.com", written_at=NOW).body.split(b"Message-ID: ")[1]
        for _ in range(2)
    )
    assert once.split(b"\r\n")[0] == again.split(b"\r\n")[0] == message_id("k", "ship@example.com").encode()
    assert message_id("k", "ship@example.com") != message_id("l", "ship@example.com")
