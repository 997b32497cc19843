"""A call of a web hook against a real HTTP server: signed, to nowhere it should not go, and never followed on."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from hook_receiver import receiver

from cws_filedrop.gate import certificates
from cws_filedrop.notify import calling, reaching, signing
from cws_filedrop.notify.calling import CallResult, CallRules, HookMessage
from cws_filedrop.settings import HookSettings

HERE = CallRules(allow_http=True, allow_private=True, timeout_seconds=20)
MESSAGE = HookMessage("msg_1", b'{"type": "hook.test"}')


def tell(url: str, rules: CallRules = HERE, *, secret: str = "") -> CallResult:
    return asyncio.run(calling.tell(url, MESSAGE, secret=secret or signing.new_secret(), rules=rules))


def test_the_specifications_own_example() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = signing.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_it_is_signed_and_says_what_it_is() -> None:
    secret = signing.new_secret()
    with receiver() as there:
        assert tell(f"{there.url}/in?a=b", secret=secret) == CallResult(True, "200 thanks")
    (told,) = there.told
    assert told.is_signed_with(secret)
    assert not told.is_signed_with(signing.new_secret())
    assert (told.path, told.body, told.id) == ("/in?a=b", MESSAGE.body, "msg_1")
    assert told.headers["host"] == there.url.removeprefix("http://")
    assert told.headers["content-type"] == "application/json"


@pytest.mark.parametrize("state", [301, 302, 307, 308])
def test_no_redirect_is_followed(state: int) -> None:
    with receiver() as there:
        there.answers = [state]
        assert tell(there.url) == CallResult(False, f"{state}: redirects are not followed")
    assert len(there.told) == 1


def test_nothing_is_kept_of_a_long_answer_but_its_beginning() -> None:
    with receiver() as there:
        there.words = b"x" * 1_000_000
        told = tell(there.url)
    assert told.taken
    assert len(told.answer) == 200


def test_who_does_not_answer_is_left() -> None:
    with receiver() as there:
        there.answers = [0]
        told = tell(there.url, CallRules(allow_http=True, allow_private=True, timeout_seconds=0.3))
        there.closing.set()
    assert told == CallResult(False, "no answer within 0.3 seconds")


def test_a_receiver_that_is_gone_says_so() -> None:
    with receiver() as there:
        there.answers = [410]
        assert tell(there.url).gone


def test_nobody_listens() -> None:
    with receiver() as there:
        pass
    told = tell(there.url)
    assert not told.taken
    assert "ConnectError" in told.answer


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"])
def test_this_machine_is_not_called(host: str) -> None:
    with receiver() as there:
        port = there.url.rpartition(":")[2]
        told = tell(f"http://{host}:{port}", CallRules(allow_http=True))
    assert not told.taken
    assert told.answer.endswith(("is not in the public Internet", "is not known"))
    assert there.told == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::6810:84e5", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.53", False),
        ("169.254.169.254", False),
        ("172.16.5.5", False),
        ("192.168.1.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::a00:1", False),
        ("::7f00:1", False),
        ("::808:808", False),
        ("::ffff:0:7f00:1", False),
        ("::ffff:0:808:808", False),
        ("2002:7f00:1::1", False),
        ("2002:808:808::1", False),
        ("2002:a00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("64:ff9b:1::808:808", False),
        ("2606:4700::5efe:a00:1", False),
        ("2606:4700::200:5efe:a00:1", False),
        ("192.88.99.1", False),
        ("100:0:0:1::1", False),
        ("2001:20::1", False),
        ("3fff::1", False),
        ("5f00::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert reaching.is_public(address) is public


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@example.com/",
        "https://example.com/\n",
        "example.com",
        "https://" + "a" * 1000,
        "",
    ],
)
def test_what_is_no_address_of_a_hook(text: str) -> None:
    with pytest.raises(reaching.Unreachable):
        reaching.checked(text, allow_http=False)


@pytest.mark.parametrize(
    ("ports", "called"),
    [("80 443 8443", [443, 8443]), ("8443", [8443]), ("", [443, 8443, 22, 6379]), ("443,22", [443, 22]), ("https", [])],
)
def test_which_ports_are_called(ports: str, called: list[int]) -> None:
    rules = HookSettings(ports=ports)
    may = []
    for port in (443, 8443, 22, 6379):
        with contextlib.suppress(reaching.Unreachable):
            reaching.checked(f"https://example.com:{port}/", allow_http=False, ports=rules.called_ports)
            may.append(port)
    assert may == called
    assert replace(rules, allow_private=True).called_ports == frozenset(), "those of one's own network are one's own"


def test_an_address_that_may_be_called() -> None:
    found = reaching.checked("https://example.com:8443/a?b=c#d", allow_http=False)
    assert found == httpx.URL("https://example.com:8443/a?b=c")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "whsec_!!!!", "whsec_" + "A" * 100])
def test_what_is_no_secret(secret: str) -> None:
    with pytest.raises(ValueError, match="a secret of a web hook") as told:
        signing.key_of(secret)
    assert secret in ("", "whsec_") or secret not in str(told.value)


def test_a_certificate_of_nobody_is_not_believed(tmp_path: Path) -> None:
    """The connection goes to an address, and is believed for the name alone."""
    certificate = tmp_path / "own.pem"
    certificates.keep_self_signed(certificate, "localhost", now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        told = tell(f"https://localhost:{server.server_port}/")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not told.taken
    assert "CERTIFICATE_VERIFY_FAILED" in told.answer
    assert asked[0] == "localhost"
