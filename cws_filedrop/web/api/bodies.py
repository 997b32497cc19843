"""The file in a request: the body itself, or a field of a form; read as it arrives, never held in memory whole.

What else a form holds may be no larger than any form of ours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from cws_filedrop.web.api.problems import Problem

BLOCK_BYTES: Final = 1_048_576
FIELDS_BYTES: Final = 32_768


@dataclass
class _Form:
    """What a parser has met: the first file, how many there are, other fields, and whether the form came to its end."""

    name: str | None = None
    found: bytearray = field(default_factory=bytearray)
    ended: bool = False
    files: int = 0
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    fields: dict[str, bytearray] = field(default_factory=dict)
    _in_file: bool = False
    _field: bytearray = field(default_factory=bytearray)
    _spent: int = 0  # bytes of all but the file

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._collect(self._header, data[start:end]),
                "on_header_value": lambda data, start, end: self._collect(self._value, data[start:end]),
                "on_header_end": self._keep_header,
                "on_headers_finished": self._begin,
                "on_part_data": self._take,
                "on_end": self._end,
            },
        )

    def _collect(self, into: bytearray, data: bytes) -> None:
        self._spent += len(data)
        if self._spent > FIELDS_BYTES:
            raise Problem(413, "The form holds much besides a file; nothing was taken")
        into += data

    def _keep_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _begin(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"filename")
        self._in_file = name is not None and not self.files
        self._field = self.fields.setdefault(options.get(b"name", b"").decode("utf-8", "replace"), bytearray())
        if name is not None:
            self.files += 1
            self.name = name.decode("utf-8", "replace") if self._in_file else self.name

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.found.extend(data[start:end])
        elif self.files < 2:
            self._collect(self._field, data[start:end])

    def _end(self) -> None:
        self.ended = True


class Body:
    """The file that a request carries. `name` is the form's, known with the first block; None: there is none."""

    def __init__(self, request: Request) -> None:
        self._request = request
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        self._boundary = options.get(b"boundary", b"") if kind == b"multipart/form-data" else None
        self.name: str | None = None
        self._fields: dict[str, bytearray] = {}

    def field(self, name: str) -> str:
        """A form's field that has come by now; "" without."""
        return self._fields.get(name, b"").decode("utf-8", "replace")

    async def blocks(self) -> AsyncIterator[bytes]:
        """The file's bytes, in blocks that are worth a write; the first comes when the name is known, and may be empty.

        Raises: Problem when the request is not whole, or holds no file or several.
        """
        chunks = self._of_form() if self._boundary is not None else self._of_body()
        waiting, first = bytearray(), True
        async for chunk in chunks:
            waiting += chunk
            if first or len(waiting) >= BLOCK_BYTES:
                yield bytes(waiting)
                waiting.clear()
                first = False
        if first or waiting:
            yield bytes(waiting)

    async def _of_body(self) -> AsyncIterator[bytes]:
        size, announced = 0, self._request.headers.get("content-length", "")
        async for chunk in self._request.stream():
            size += len(chunk)
            if chunk:
                yield chunk
        # A connection that breaks is no end of the file: what is short of its announced length is not whole.
        if announced.isdecimal() and int(announced) != size:
            raise Problem(400, f"{size} bytes arrived of {announced}; nothing was taken")

    async def _of_form(self) -> AsyncIterator[bytes]:
        form = _Form()
        self._fields = form.fields
        try:
            parser = form.parser(self._boundary or b"")
            async for chunk in self._request.stream():
                parser.write(chunk)
                if form.files > 1:
                    raise Problem(400, "The form holds several files; send one at a time")
                if form.name is not None and form.found:
                    self.name = form.name
                    yield bytes(form.found)
                    form.found.clear()
        except (FormParserError, ValueError) as error:
            raise Problem(400, f"The form cannot be read: {error}") from error
        if not form.ended:  # without the closing boundary nobody can say that the file is whole
            raise Problem(400, "The form was cut off; nothing was taken")
        if form.name is None:
            raise Problem(400, "The form holds no file; send it as a field with a file name")
        self.name = form.name
