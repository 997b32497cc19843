"""Which groups keys are exchanged by, where Python can name them and where it cannot."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest
from transports.authority import Authority
from transports.tls_kit import trusting

from cws_filedrop.transports.ftp.tls import offer_only


class OlderContext(ssl.SSLContext):
    """Python 3.11.2's: it knows the curves of ECDSA only."""

    def set_ecdh_curve(self, name: str) -> None:
        raise ssl.SSLError(129, f"[EC: UNKNOWN_GROUP] unknown group {name}")


def server(kind: type[ssl.SSLContext], group: str, folder: Path) -> ssl.SSLContext:
    """A server's context that was asked to offer that group only."""
    context = kind(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority("our own").issue(folder, "localhost"))
    offer_only(group, context)
    return context


def client(group: str) -> ssl.SSLContext:
    """A client's context that knows that group only."""
    context = trusting(ssl.TLSVersion.TLSv1_3)
    context.set_ecdh_curve(group)
    return context


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """Without a network. Raises: ssl.SSLError when they have nothing in common."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname="localhost"), server.wrap_bio(up, down, server_side=True)]
    for end in ends * 3:  # more turns than a handshake has flights
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    assert [end.version() for end in ends] == ["TLSv1.3", "TLSv1.3"]


def test_only_the_named_group_is_offered(tmp_path: Path) -> None:
    only = server(ssl.SSLContext, "prime256v1", tmp_path)
    shake_hands(only, client("prime256v1"))
    with pytest.raises(ssl.SSLError, match=r"NO_SUITABLE_KEY_SHARE|HANDSHAKE_FAILURE"):
        shake_hands(only, client("secp384r1"))


@pytest.mark.parametrize("group", ["prime256v1", "secp384r1"])
def test_a_group_that_python_cannot_name_leaves_the_library_its_own(tmp_path: Path, group: str) -> None:
    shake_hands(server(OlderContext, "X25519", tmp_path), client(group))
