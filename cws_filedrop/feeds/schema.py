"""Validates documents against our own XSDs. The only module that knows how to set up lxml; opens no file or socket.

All schemas are compiled while the module is imported, since the import lock admits one thread: libxml2 fails now and
then when two threads compile their first schema at the same time. A compiled schema is only read afterwards, and every
check has its own parser and validation context, so threads share it. Only a schema's error log is common to all its
users; the words for a fault therefore come from a second copy, lent to one thread at a time.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from queue import SimpleQueue
from typing import Any, Final, cast

from lxml import etree

from cws_filedrop.errors import Impossible

FAULT_CHARACTERS: Final = 300  # libxml2 lists every value an enumeration allows


class DocumentKind(StrEnum):
    """The kind of a document; its value is the schema that the document is validated against."""

    ORDER_FULFILLMENT = "order_fulfillment.xsd"
    ORDER_ACKNOWLEDGEMENT = "order_acknowledgement.xsd"
    PROCESSING_REPORT = "processing_report.xsd"


def _compiled(kind: DocumentKind) -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(files("cws_filedrop.schemas").joinpath(kind).read_bytes()))


def _lendable(kind: DocumentKind) -> SimpleQueue[etree.XMLSchema]:
    queue: SimpleQueue[etree.XMLSchema] = SimpleQueue()
    queue.put(_compiled(kind))
    return queue


SCHEMAS: Final = {kind: _compiled(kind) for kind in DocumentKind}
TELLING: Final = {kind: _lendable(kind) for kind in DocumentKind}


def validate(document: bytes, kind: DocumentKind = DocumentKind.ORDER_FULFILLMENT) -> None:
    """Let a valid document pass. May be called by several threads, which run in parallel within lxml.

    Raises: Impossible, naming line, element and value of the first fault, when the document is ill-formed or breaks
    the schema.
    """
    words = fault(document, kind)
    if words is not None:
        raise Impossible(f"{kind.name.lower()} document fails our schema: {words}")


def fault(document: bytes, kind: DocumentKind) -> str | None:
    """The first thing wrong with a document ("line 7: Element 'Quantity': ... '0' ..."), or None when it is valid."""
    try:
        tree = etree.fromstring(document, _parser())
        if tree.getroottree().docinfo.internalDTD is not None:
            return "line 1: a document type declaration is not allowed"
        return None if SCHEMAS[kind](tree) else _first_fault(tree, kind)
    except (etree.XMLSyntaxError, ValueError) as error:
        return _sentence(getattr(error, "lineno", None) or 1, str(getattr(error, "msg", None) or error))


def _parser() -> etree.XMLParser:
    """A parser that fetches nothing, expands no entity and keeps libxml2's limits on depth and size."""
    return etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, collect_ids=False)


def _first_fault(tree: etree._Element, kind: DocumentKind) -> str:
    schema = TELLING[kind].get()
    try:
        schema(tree)
        entry: Any = next(iter(cast(Any, schema.error_log)))
        return _sentence(entry.line, f"{entry.message} ({entry.path})")
    finally:
        TELLING[kind].put(schema)


def _sentence(line: int, message: str) -> str:
    words = " ".join(message.split())
    if len(words) > FAULT_CHARACTERS:
        words = words[:FAULT_CHARACTERS] + " …"
    return f"line {line}: {words}"
