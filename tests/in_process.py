"""A command of ours in the process of the tests: the same entry point, without the half second of an interpreter."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from cws_filedrop.cli import main

WIDTH = {"COLUMNS": "80", "LINES": "25"}  # as on no terminal, whatever the tests themselves run on
_ONE_AT_A_TIME = threading.RLock()  # since arguments, streams and environment are the process's


def run(words: Sequence[str], environment: Mapping[str, str], *, given: str = "") -> subprocess.CompletedProcess[str]:
    """What the command says, and its exit code."""
    code: object = 0
    with _ONE_AT_A_TIME, _environment({**WIDTH, **environment}), _umask(), _streams(words, given) as (out, err):
        try:
            main.run()
        except SystemExit as ended:
            code = ended.code
    assert code is None or isinstance(code, int)
    return subprocess.CompletedProcess(list(words), code or 0, _text(out), _text(err))


@contextlib.contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _umask() -> Iterator[None]:
    """Commands set it for the whole process; tests after them make files as before."""
    before = os.umask(0o022)
    os.umask(before)
    try:
        yield
    finally:
        os.umask(before)


class _OfThisThread(io.TextIOWrapper):
    """Takes what the command writes; what other threads write, such as a client's log, goes where it went before."""

    def __init__(self, buffer: io.BytesIO, others: TextIO) -> None:
        super().__init__(buffer, encoding="utf-8", write_through=True)
        self._thread, self._others = threading.get_ident(), others

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread:
            return self._others.write(text)
        return super().write(text)


@contextlib.contextmanager
def _streams(words: Sequence[str], given: str) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    out, err = io.BytesIO(), io.BytesIO()
    before = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["cws-filedrop", *words], io.TextIOWrapper(io.BytesIO(given.encode()))
    to_out, to_err = _OfThisThread(out, sys.stdout), _OfThisThread(err, sys.stderr)
    try:
        with contextlib.redirect_stdout(to_out), contextlib.redirect_stderr(to_err):
            yield out, err
    finally:
        sys.argv, sys.stdin = before
        for one in (to_out, to_err):
            one.detach()  # what was written stays when the wrapper goes


def _text(stream: io.BytesIO) -> str:
    return stream.getvalue().decode()
