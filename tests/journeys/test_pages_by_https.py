"""The pages by HTTPS and behind a proxy; and what is said when they cannot be served."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from running import PASSWORD, Running

from cws_filedrop.gate import certificates


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """One for this machine."""
    path = tmp_path / "pages.pem"
    made = certificates.self_signed(certificates.host_names("localhost,127.0.0.1"), now=datetime.now(UTC))
    path.write_bytes(made)
    return path


def test_by_https_cookies_are_for_https_alone_and_a_proxy_that_is_believed_says_who_asks(
    tmp_path: Path, certificate: Path
) -> None:
    service = Running(
        tmp_path, WEB__ENABLED=True, WEB__CERTIFICATE=certificate, WEB__PROXIES="127.0.0.1", SFTP__ENABLED=False
    )
    service.add_seller("anna")
    service.start()
    assert service.pages.startswith("https://")
    trusted = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(base_url=service.pages, verify=trusted, headers={"X-Forwarded-For": "192.0.2.99"}) as client:
        page = client.get("/login")
        assert page.headers["strict-transport-security"].startswith("max-age=")
        answer = client.post("/login", data={"name": "anna", "password": PASSWORD, "kind": "seller"})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-cws_session=")
        assert "; Secure" in cookie
        assert client.get("/my").status_code == 200
    assert service.stop() == 0
    trail = json.loads(service.command("audit", "--seller", "anna", "--json").stdout)["entries"]
    assert [(one["event"], one["door"], one["address"]) for one in trail] == [("login", "http", "192.0.2.99")]


def test_a_port_that_is_taken_and_a_certificate_that_is_none_are_said_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = Running(tmp_path, WEB__ENABLED=True, WEB__PORT=port, SFTP__ENABLED=False)
        service.add_seller("anna")
        done = service.program("serve")
    assert (done.returncode, f"[web] port: cannot listen on 127.0.0.1:{port}" in done.stderr) == (2, True)
    service = Running(tmp_path, WEB__ENABLED=True, WEB__CERTIFICATE=tmp_path / "none.pem", SFTP__ENABLED=False)
    done = service.program("serve")
    assert (done.returncode, "[web] certificate:" in done.stderr) == (2, True)
