"""Public keys as people paste them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cws_filedrop.credentials import public_keys


def line(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, comment: str = "") -> str:
    text = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{text} {comment}".rstrip()


ED25519 = line(ed25519.Ed25519PrivateKey.generate(), "anna@office")
RSA = line(rsa.generate_private_key(65537, 2048))


@pytest.mark.parametrize(
    "text",
    [ED25519, RSA, line(ec.generate_private_key(ec.SECP256R1()), "a b")],
    ids=["ed25519", "RSA", "ECDSA"],
)
def test_usual_keys_are_taken(text: str) -> None:
    found = public_keys.parse(f"  {text}\r\n")
    assert f"{found.text} {found.comment}".rstrip() == text


def test_the_fingerprint_is_the_one_that_ssh_keygen_shows(tmp_path: Path) -> None:
    if which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    path = tmp_path / "key.pub"
    path.write_text(ED25519)
    shown = subprocess.run(["ssh-keygen", "-lf", str(path)], capture_output=True, text=True, check=True).stdout
    assert public_keys.parse(ED25519).fingerprint in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no public key found"),
        ("hello", "no public key found"),
        ("ssh-dss AAAAB3NzaC1kc3M=", "no public key found"),
        ("ssh-ed25519", "without their text"),
        ('command="sh" ' + ED25519, "options before a key"),
        (ED25519[:40], "damaged"),
        ("ssh-ed25519 " + RSA.split()[1], "damaged"),
        (line(rsa.generate_private_key(65537, 1024)), "1024 bits is too short"),
        (ED25519 + "\u202e", "cannot be seen"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "private key"),
    ],
    ids=["empty", "words", "DSA", "no text", "options", "cut", "of another kind", "short RSA", "turning", "private"],
)
def test_others_are_refused_with_what_to_do(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        public_keys.parse(text)


def test_a_file_may_have_several_and_remarks() -> None:
    found = public_keys.parse_file(f"# office\n{ED25519}\n\n{RSA}\n")
    assert [one.comment for one in found] == ["anna@office", ""]


def test_the_line_that_is_wrong_is_named() -> None:
    with pytest.raises(ValueError, match="line 2"):
        public_keys.parse_file(f"{ED25519}\nnonsense\n")


def test_a_private_key_file_is_refused_as_such() -> None:
    with pytest.raises(ValueError, match="private key"):
        public_keys.parse_file("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
