"""The keys by which clients recognise this machine: made at the first start and kept for ever.

Knows no protocol beyond the form of the key files (OpenSSH's).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cws_filedrop import log, private
from cws_filedrop.drop import disk
from cws_filedrop.errors import ConfigError

_LOG = log.get(__name__)
_RSA_BITS: Final = 3072
_Key: TypeAlias = Ed25519PrivateKey | RSAPrivateKey


def _make_rsa() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


# The preferred kind comes first.
_KINDS: Final[dict[str, tuple[Callable[[], _Key], type[paramiko.PKey]]]] = {
    "ssh_host_ed25519_key": (Ed25519PrivateKey.generate, paramiko.Ed25519Key),
    "ssh_host_rsa_key": (_make_rsa, paramiko.RSAKey),
}


def host_keys(directory: Path) -> list[paramiko.PKey]:
    """The keys kept in that directory; those that are missing are made. Raises: ConfigError."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=private.FOLDER)
        return [_key(directory / name, make, kind) for name, (make, kind) in _KINDS.items()]
    except OSError as error:
        raise ConfigError(f"{directory}: the SFTP door cannot keep its host keys there: {error.strerror}") from error


def fingerprints(directory: Path) -> list[tuple[str, str]]:
    """Kind and fingerprint of each key kept there, as clients show them; none before the first start."""
    prints = []
    for path in sorted(directory.glob("ssh_host_*_key")):
        try:
            key = paramiko.PKey.from_path(path)
        except (OSError, ValueError, paramiko.SSHException):
            continue
        prints.append((key.get_name(), key.fingerprint))
    return prints


def _key(path: Path, make: Callable[[], _Key], kind: type[paramiko.PKey]) -> paramiko.PKey:
    if not path.exists():
        disk.replace_private(path, make().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        _LOG.info("sftp.host_key_made", path=str(path))
    os.chmod(path, private.FILE)
    try:
        return kind.from_private_key_file(str(path))
    except (paramiko.SSHException, ValueError) as error:
        raise ConfigError(
            f"{path} is not a host key in OpenSSH's form: put the right file there, or move it away to have a new one "
            "made (clients will then ask their users whether they trust it)"
        ) from error
