"""Public keys as sellers have them: a line of an authorized_keys or .pub file. Text in, checked value out."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

KINDS: Final = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
SHORTEST_RSA_BITS: Final = 2048
PRIVATE: Final = "PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key: its kind and base64 text, what follows them, and the fingerprint that `ssh-keygen -l` shows."""

    text: str
    comment: str
    fingerprint: str


def parse(line: str) -> SshKey:
    """The key of a line such as `ssh-ed25519 AAAA… anna@office`.

    Raises: ValueError with what is wrong and what to do.
    """
    if PRIVATE in line:
        raise ValueError("this is a private key: it must never leave its owner; give the .pub file beside it")
    words = line.split()
    if not line.replace("\t", " ").strip().isprintable():
        raise ValueError("there is a character in it that cannot be seen; leave the comment out, or type it again")
    place = next((at for at, word in enumerate(words) if word in KINDS), None)
    if place is None:
        raise ValueError(f"no public key found; a line begins with one of {', '.join(KINDS)} (ssh-keygen -t ed25519)")
    if place or len(words) < 2:
        raise ValueError("options before a key, and keys without their text, are not taken; give kind, key and comment")
    text = " ".join(words[:2])
    _check(text)
    digest = hashlib.sha256(base64.b64decode(words[1])).digest()
    return SshKey(text, " ".join(words[2:]), f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}")


def parse_file(content: str) -> list[SshKey]:
    """The keys of an authorized_keys file, one a line; blank lines and # lines are passed over.

    Raises: ValueError that names the line.
    """
    if PRIVATE in content:
        return [parse(content)]
    found = []
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(parse(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return found


def _check(text: str) -> None:
    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the key is damaged ({error}); copy the whole line of the .pub file") from error
    if isinstance(key, RSAPublicKey) and key.key_size < SHORTEST_RSA_BITS:
        raise ValueError(f"an RSA key of {key.key_size} bits is too short; make one with ssh-keygen -t ed25519")
