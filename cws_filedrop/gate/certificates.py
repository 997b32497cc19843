"""Certificates of our own making, for doors that were given none: one file with key and certificate in it.

Knows no sockets and no clock. One file, so that key and certificate change together, by one rename.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import re
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cws_filedrop import private
from cws_filedrop.drop import disk
from cws_filedrop.errors import ConfigError

VALID: Final = dt.timedelta(days=825)  # the longest that Apple's clients accept
RENEW_BEFORE: Final = dt.timedelta(days=45)
_SLOW_CLOCKS: Final = dt.timedelta(days=1)  # a client's clock may be behind ours
_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")
_LONGEST_COMMON_NAME: Final = 64

HostName: TypeAlias = x509.DNSName | x509.IPAddress


def keep_self_signed(path: Path, names: str, *, now: dt.datetime) -> bool:
    """Make `path`, or make it anew when it nears its end or lacks a name; was that needed?

    `names` are host names and addresses, with commas or blanks between them.
    Raises: ConfigError for a name that cannot be one, or a folder that cannot be written.
    """
    wanted = host_names(names)
    if _will_do(path, wanted, now):
        return False
    try:
        path.parent.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        disk.replace_private(path, self_signed(wanted, now=now))
    except OSError as error:
        raise ConfigError(f"[tls] no certificate can be made in {path.parent}: {error.strerror}") from error
    return True


def host_names(text: str) -> list[HostName]:
    """The names a certificate is for: those given, then those of this machine to itself. Raises: ConfigError."""
    given = [name for name in re.split(r"[\s,]+", text) if name]
    return [_host_name(name) for name in dict.fromkeys((*given, *_ALWAYS))]


def _host_name(name: str) -> HostName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    try:
        return x509.DNSName(name.lower().encode("idna").decode("ascii"))
    except (UnicodeError, ValueError) as error:
        raise ConfigError(f"[tls] names: {name!r} is not a host name such as ftp.example.com") from error


def self_signed(names: list[HostName], *, now: dt.datetime) -> bytes:
    """A new P-256 key and a certificate for it, as PEM: a leaf that signs nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(names[0].value)[:_LONGEST_COMMON_NAME])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLOW_CLOCKS)
        .not_valid_after(now - _SLOW_CLOCKS + VALID)
    )
    certificate = _extended(builder, names, key.public_key()).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _extended(
    builder: x509.CertificateBuilder, names: list[HostName], key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    usage = {use: use == "digital_signature" for use in _KEY_USES}
    return (
        builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
    )


_KEY_USES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def seen_by_clients(path: Path) -> tuple[str, dt.datetime]:
    """Of the first certificate in a PEM file: its SHA-256 as clients show it, `AB:CD:…`, and its end.

    Raises: OSError, ValueError.
    """
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper(), certificate.not_valid_after_utc


def _will_do(path: Path, wanted: list[HostName], now: dt.datetime) -> bool:
    try:
        pem = path.read_bytes()
        certificate = x509.load_pem_x509_certificates(pem)[0]
        key = serialization.load_pem_private_key(pem, None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    lasts = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE
    return lasts and key.public_key() == certificate.public_key() and set(wanted) <= set(names)
