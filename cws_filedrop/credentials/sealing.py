"""Values that are kept encrypted: AES-256-GCM, by keys in a file of their own, outside the database.

    sealed:1:<which key>:<base64 of nonce, text and tag>

The file has a key a line, the newest first: with it values are sealed, with any of them opened. It is made when a value
is sealed for the first time, and read again whenever it has changed, so that every process uses a new key at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cws_filedrop import private
from cws_filedrop.errors import ConfigError

MARK: Final = "sealed:1:"
KEY_LETTERS: Final = 8
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_HEADER: Final = """\
# cws_filedrop: the keys with which values in its database are encrypted, the newest first. Without them second factors,
# web hooks and buyers' data are lost: keep a copy, but not beside copies of the database.
"""


def is_sealed(text: str) -> bool:
    """Is that a sealed value?"""
    return text.startswith(MARK)


class Sealing:
    """Seals and opens values. May be used from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read_at: tuple[int, int, int] | None = None
        self._keys: dict[str, AESGCM] = {}

    def seal(self, text: str, what: str) -> str:
        """The text, encrypted; `what` says what it is, and has to be the same when it is opened."""
        name, key = next(iter(self._current(make=True).items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return f"{MARK}{name}:{base64.b64encode(nonce + key.encrypt(nonce, text.encode(), what.encode())).decode()}"

    def open(self, sealed: str, what: str) -> str:
        """The text again. Raises: ConfigError when its key is not there, or the value is not what was sealed."""
        name, _, packed = sealed.removeprefix(MARK).partition(":")
        key = self._current(make=False).get(name)
        if key is None:
            raise self.missing(name)
        try:
            raw = base64.b64decode(packed, validate=True)
            return key.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], what.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise ConfigError(f"an encrypted value ({what}) in the database was changed; it cannot be read") from error

    def names(self) -> list[str]:
        """Which keys there are, the newest first."""
        return list(self._current(make=False))

    def missing(self, name: str) -> ConfigError:
        """That a key is not there."""
        return ConfigError(
            f"[database] key_file: values in the database are encrypted with the key {name}, which is not in"
            f" {self.path}; put the file back as it was"
        )

    def add_key(self) -> None:
        """Have a new key seal what is sealed from now on; the others open what they sealed."""
        with self._lock:
            _write(self.path, [secrets.token_bytes(_KEY_BYTES), *_read(self.path)])

    def drop_all_but(self, wanted: set[str]) -> None:
        """Remove the keys that are not wanted; the newest stays."""
        with self._lock:
            keys = _read(self.path)
            _write(self.path, [key for place, key in enumerate(keys) if place == 0 or _name(key) in wanted])

    def _current(self, *, make: bool) -> dict[str, AESGCM]:
        with self._lock:
            if make and not self.path.exists():
                _make(self.path)
            seen = _seen(self.path)
            if seen != self._read_at:
                self._keys = {_name(key): AESGCM(key) for key in _read(self.path)}
                self._read_at = seen
            return self._keys


def _name(key: bytes) -> str:
    return hashlib.sha256(b"cws_filedrop key " + key).hexdigest()[:KEY_LETTERS]


def _seen(path: Path) -> tuple[int, int, int] | None:
    with suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
    return None


def _read(path: Path) -> list[bytes]:
    """The keys of a file, none when it is not there. Raises: ConfigError."""
    try:
        lines = [line for line in path.read_text(encoding="ascii").split("\n") if line and not line.startswith("#")]
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ConfigError(f"[database] key_file: {path} cannot be read: {error}") from error
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise ConfigError(f"[database] key_file: {path} holds no keys of ours")
    return keys


def _make(path: Path) -> None:
    """A file with one key; if another process makes it at the same moment, that one's."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        _put(beside, [secrets.token_bytes(_KEY_BYTES)])
        with suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
        _sync(path.parent)
    except OSError as error:
        raise ConfigError(f"[database] key_file: {path} cannot be made: {error.strerror}") from error


def _write(path: Path, keys: list[bytes]) -> None:
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        _put(beside, keys)
        beside.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise ConfigError(f"[database] key_file: {path} cannot be written: {error.strerror}") from error


def _put(path: Path, keys: list[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, private.FILE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(_HEADER + "".join(f"{base64.b64encode(key).decode()}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
