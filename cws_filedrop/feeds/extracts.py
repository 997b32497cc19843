"""Documents and reports without the messages of others, for somebody whom those are no business of.

What is left of a document of ours are the very bytes that were sent; what is left of a report is written anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from lxml import etree

MESSAGE: Final = re.compile(rb"<Message><MessageID>([0-9]+)</MessageID>.*?</Message>\n?", re.DOTALL)
ABOUT_ALL: Final = "0"  # what Amazon says of the document as a whole


def document(body: bytes, messages: Collection[int]) -> bytes:
    """A document of ours with these messages alone."""
    return MESSAGE.sub(lambda found: found[0] if int(found[1]) in messages else b"", body)


def report(body: bytes, messages: Collection[int]) -> bytes | None:
    """A report with what it says of these messages and of the document as a whole; None for one that is no XML."""
    reader = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(body, reader)
    except (etree.XMLSyntaxError, ValueError):
        return None
    wanted = {ABOUT_ALL, *map(str, messages)}
    for node in [one for one in root.iter() if isinstance(one.tag, str) and _name(one) == "Result"]:
        about = next((child.text or "" for child in node if _name(child) == "MessageID"), "")
        parent = node.getparent()
        if about.strip() not in wanted and parent is not None:
            parent.remove(node)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _name(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2]
