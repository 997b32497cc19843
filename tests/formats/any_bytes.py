"""Bytes that nobody sends by mistake: few in transfer, many in memory."""

from __future__ import annotations

from typing import Final

HEADINGS: Final = b"order-id\tship-date\tcarrier-code\ttracking-number\n"
GOOD: Final = b"112-1234567-1234567\t2026-11-26\tUPS\t1Z999AA10123456784\n"
LONG: Final = 1_000_000


def inputs(size: int) -> dict[str, bytes]:
    """Files of about `size` bytes."""
    body: dict[str, bytes] = {
        "line ends": b"\n" * size,
        "line ends of Windows": b"\r\n" * (size // 2),
        "line ends of old Macs": b"\r" * size,
        "separators": (b"\t" * 99 + b"\n") * (size // 100),
        "only separators": b"\t" * min(size, LONG) + b"\n",
        "commas": (b"," * 9 + b"\n") * (size // 10),
        "blanks": (b" " * 9 + b"\n") * (size // 10),
        "one letter in a line": b"x\n" * (size // 2),
        "a quote in a line": b'"\n' * (size // 2),
        "quotes": b'"' * min(size, LONG) + b"\n",
        "quoted quotes": b'"",""\n' * (size // 6),
        "one line": b"x" * size,
        "lines of a million": (b"x" * (LONG - 1) + b"\n") * max(1, size // LONG),
        "many columns": (b"x\t" * (LONG // 2) + b"\n") * max(1, size // LONG),
        "short lines": b"112-1\tx\tx\tx\n" * (size // 12),
        "bytes of a single kind": b"\xe9" * min(size, LONG) + b"\n",
        "letters of an old encoding": b"M\xfcller\tGr\xf6\xdfe\tx\t\xe9\n" * (size // 17),
        "replacement characters": b"\xef\xbf\xbd\tx\tx\tx\n" * (size // 10),
        "zeros": b"\0\n" * (size // 2),
    }
    files = {name: HEADINGS + GOOD + more for name, more in body.items()}
    files |= {f"{name} first": more + HEADINGS + GOOD for name, more in body.items()}
    files["headings without end"] = b"\t".join([b"order-id", b"status", *[b"x"] * (size // 2)])[:LONG] + b"\n" + GOOD
    files["different headings without end"] = (
        b"order-id\tstatus\t" + b"\t".join(b"%d" % at for at in range(100_000)) + b"\n"
    )
    return files
