"""What stands before pages and API, spoken to by bare sockets: bodies that are not wanted are not read."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from web.site import Site, site_on

from cws_filedrop.gate import certificates
from cws_filedrop.gate.sources import among, source_of
from cws_filedrop.store.database import moment
from cws_filedrop.store.sellers import tokens

MIB = 1_048_576
API = "/api/v1/hooks"


def connected(site: Site) -> socket.socket:
    url = httpx.URL(site.url)
    return socket.create_connection((url.host, url.port or 0), timeout=60)


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    given = (f"{method} {path} HTTP/1.1", "Host: drop.example", *lines, "", "")
    return "\r\n".join(given).encode()


def all_of(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    heard = b""
    try:
        while more := connection.recv(65_536):
            heard += more
    except ConnectionResetError:
        pass
    return heard


def answer(site: Site, sent: bytes) -> tuple[int, bytes]:
    """The answer to what is sent, and no byte more; the server closes."""
    with closing(connected(site)) as connection:
        connection.sendall(sent)
        heard = all_of(connection)
    return int(heard.split(b" ", 2)[1]), heard


def alive(site: Site) -> bool:
    return httpx.get(f"{site.url}/healthz", timeout=60).status_code == 200


def is_open(connection: socket.socket) -> bool:
    """Has the server not closed it? Asked without waiting."""
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def token_of(site: Site) -> str:
    made = tokens.add(site.context.db, 1, "", now=site.clock())
    assert made is not None
    return made[1]


# Before the first byte of the body.


@pytest.mark.parametrize("length", [f"Content-Length: {60 * 1024}", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    ("path", "lines", "status"),
    [
        (API, (), 401),
        (API, ("Authorization: Bearer cwsfd_guessed",), 401),
        (API, ("Authorization: Basic YTpi",), 401),
        ("/api/v1/uploads", (), 401),
        ("/api/v1/ops/alarms", (), 401),
        ("/my/upload", (), 303),
        ("/my/upload", ("Cookie: cws_session=guessed",), 303),
        ("/login", ("Origin: https://elsewhere.example",), 403),
        ("/login", ("Sec-Fetch-Site: cross-site",), 403),
    ],
)
def test_a_body_of_nobody_known_is_not_waited_for(
    site: Site, path: str, lines: tuple[str, ...], status: int, length: str
) -> None:
    assert answer(site, head(path, length, *lines))[0] == status


@pytest.mark.parametrize("path", ["/login", API, "/my/upload"])
def test_a_body_that_is_announced_too_large_is_not_waited_for(site: Site, path: str) -> None:
    lines = ("Content-Type: multipart/form-data; boundary=x", f"Content-Length: {2_000 * MIB}")
    status, heard = answer(site, head(path, *lines))
    assert (status, b"connection: close" in heard.lower()) == (413, True)


def test_a_banned_address_is_told_before_it_has_sent_its_guess(site: Site) -> None:
    for _ in range(15):
        site.guard.failed(("anna", "127.0.0.1"))
    status, heard = answer(site, head("/login", "Content-Length: 40"))
    assert (status, b"Too many wrong passwords came from your address" in heard) == (403, True)


def test_a_known_seller_works_on_from_a_banned_address(site: Site) -> None:
    anna = site.seller()
    for _ in range(15):
        site.guard.failed(("ben", "127.0.0.1"))
    assert anna.post("/logout").status_code == 303


# Received bytes.


def test_bytes_are_counted_as_they_come_whatever_was_announced(site: Site) -> None:
    sent = head("/login", "Transfer-Encoding: chunked", "Content-Type: multipart/form-data; boundary=x")
    status, _ = answer(site, sent + chunk(b"x" * 40_000) * 3)  # and the body is not over
    assert status == 413


def test_a_form_besides_its_file_is_small_even_of_a_known_seller(site: Site) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + b"y" * MIB
    lines = ("Transfer-Encoding: chunked", "Content-Type: multipart/form-data; boundary=x")
    status, _ = answer(site, head("/api/v1/uploads", f"Authorization: Bearer {token_of(site)}", *lines) + chunk(part))
    assert status == 413


def test_an_upload_is_cut_off_at_its_limit(site: Site) -> None:
    limit = site.context.settings.limits.upload_bytes
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    lines = ("Transfer-Encoding: chunked", "Content-Type: multipart/form-data; boundary=x", "Connection: close")
    sent = head("/api/v1/uploads", f"Authorization: Bearer {token_of(site)}", *lines)
    with closing(connected(site)) as connection:
        connection.sendall(sent + chunk(part))
        try:
            for _ in range(0, limit + 2 * MIB, MIB):
                connection.sendall(chunk(b"y" * MIB))
        except OSError:  # it was closed while we sent
            pass
        assert b" 413 " in all_of(connection)[:20]
    assert list((site.context.spool.root / "handed").iterdir()) == []


def test_the_forms_own_token_may_come_after_the_file_and_is_asked_all_the_same(site: Site) -> None:
    anna = site.seller()
    file = (
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\norder-id\tstatus\n1\tshipped\n\r\n'
    )
    for token, status in ((anna.csrf, 303), ("guessed", 403), ("", 403)):
        field = f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n--x--\r\n'
        given = anna._client.post(
            "/my/upload", content=file + field, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert given.status_code == status
    assert len(site.arrived) == 1


# The header.


def test_two_lengths_end_the_connection(site: Site) -> None:
    lines = ("Content-Length: 5", "Transfer-Encoding: chunked")
    smuggled = head("/healthz", method="GET")
    status, heard = answer(site, head("/login", *lines) + b"0\r\n\r\n" + smuggled)
    assert (status, heard.count(b"HTTP/1.1 ")) == (400, 1)


def test_only_its_own_names_are_answered_if_they_are_set(tmp_path: Path) -> None:
    with site_on(tmp_path, hosts="drop.example [::1]") as site:
        for host, status in (
            ("drop.example", 200),
            ("DROP.example:8080", 200),
            ("[::1]:80", 200),
            ("evil.example", 421),
        ):
            assert httpx.get(f"{site.url}/login", headers={"Host": host}).status_code == status
        assert alive(site)  # probes ask by address


# Connections and deadlines.


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path, header_seconds=0.3, body_seconds=0.3) as site:
        yield site


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: "])
def test_a_header_that_does_not_come_ends_the_connection(hasty: Site, sent: bytes) -> None:
    with closing(connected(hasty)) as connection:
        connection.sendall(sent)
        assert all_of(connection) == b""


def test_the_next_header_has_its_time_too(hasty: Site) -> None:
    with closing(connected(hasty)) as connection:
        connection.sendall(head("/healthz", method="GET"))
        assert b"200" in connection.recv(65_536)
        connection.sendall(b"GET /he")
        assert b"HTTP" not in all_of(connection)


def test_a_body_that_does_not_come_is_refused(hasty: Site) -> None:
    assert answer(hasty, head("/login", "Content-Length: 100") + b"name=")[0] == 408
    bearer = f"Authorization: Bearer {token_of(hasty)}"
    assert answer(hasty, head("/api/v1/uploads", bearer, "Content-Length: 100") + b"order-id")[0] == 408
    assert hasty.arrived == []


def test_silent_connections_make_room_for_others(tmp_path: Path) -> None:
    with site_on(tmp_path, max_connections=40, max_connections_per_address=20) as site, ExitStack() as all_open:
        silent = [all_open.enter_context(closing(connected(site))) for _ in range(200)]
        slow = [all_open.enter_context(closing(connected(site))) for _ in range(30)]
        for one in slow:
            try:
                one.sendall(head("/login", "Content-Length: 100"))
            except OSError:  # closed already
                continue
        assert alive(site)
        assert sum(is_open(one) for one in [*silent, *slow]) < 40


def test_who_is_served_is_not_closed_for_others(tmp_path: Path) -> None:
    with site_on(tmp_path, max_connections_per_address=4) as site, ExitStack() as all_open:
        anna = site.seller()
        with anna._client.stream("GET", "/live") as live:
            for _ in range(20):
                all_open.enter_context(closing(connected(site)))
            assert alive(site)
            assert not live.is_closed
            assert next(live.iter_raw())


def test_a_handshake_has_its_time(tmp_path: Path) -> None:
    certificate = tmp_path / "own.pem"
    certificates.keep_self_signed(certificate, "localhost", now=moment("2026-11-22T00:00:00.000000Z"))
    with site_on(tmp_path / "site", certificate=str(certificate), handshake_seconds=0.3) as site:
        with closing(connected(site)) as silent:
            assert all_of(silent) == b""
        with closing(connected(site)) as plain:
            plain.sendall(head("/healthz", method="GET"))
            assert b"HTTP" not in all_of(plain)
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        answered = httpx.get(site.url.replace("http:", "https:") + "/login", verify=trusting)
        assert (answered.status_code, "strict-transport-security" in answered.headers) == (200, True)


# Monitoring.


def test_metrics_may_need_a_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("for-prometheus\n")
    with site_on(tmp_path / "site", monitoring_token=f"file:{tmp_path / 'token'}") as site:
        for given, status in (("", 404), ("Bearer guessed", 404), ("Bearer for-prometheus", 200)):
            assert httpx.get(f"{site.url}/metrics", headers={"Authorization": given}).status_code == status
        assert alive(site)


def test_metrics_may_have_a_port_of_their_own(tmp_path: Path) -> None:
    with site_on(tmp_path, monitoring_port=1) as site:  # another than that of the pages
        assert httpx.get(f"{site.url}/metrics").status_code == 404


def test_strangers_are_not_told_of_metrics(tmp_path: Path) -> None:
    with site_on(tmp_path, proxies="127.0.0.1") as site:
        for client, status in (("203.0.113.9", 404), ("192.168.7.7", 200), ("2001:db8::1", 404)):
            given = httpx.get(f"{site.url}/metrics", headers={"X-Forwarded-For": client})
            assert given.status_code == status


def test_a_source_is_what_one_subscriber_has() -> None:
    assert source_of("203.0.113.9") == source_of("::ffff:203.0.113.9") == "203.0.113.9"
    assert source_of("2001:db8:0:1::7") == source_of("2001:db8:0:1:ffff::1%eth0") == "2001:db8:0:1::/64"
    assert source_of("unknown") == "unknown"
    near = among("127.0.0.0/8 2001:db8::/32 proxy.example")
    assert near("127.0.0.1")
    assert near("2001:db8:0:1::/64")
    assert not near("2001:db9::1")
    assert not near("proxy.example")
