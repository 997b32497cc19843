"""Documents and reports cut down to some messages, for readers who must not see other orders.

What is left of a document of ours is byte for byte what was sent; what is left of a report is written anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from lxml import etree

MESSAGE: Final = re.compile(rb"<Message><MessageID>([0-9]+)</MessageID>.*?</Message>\n?", re.DOTALL)
ABOUT_ALL: Final = "0"  # the message id of results that are about the document as a whole


def document(body: bytes, messages: Collection[int]) -> bytes:
    """A document of ours with only these messages. We wrote it, so a pattern is enough and no byte is changed."""
    return MESSAGE.sub(lambda match: match[0] if int(match[1]) in messages else b"", body)


def report(body: bytes, messages: Collection[int]) -> bytes | None:
    """A report with only the results about these messages and the document as a whole; None if it is not XML."""
    reader = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(body, reader)
    except (etree.XMLSyntaxError, ValueError):
        return None
    wanted = {ABOUT_ALL, *map(str, messages)}
    for node in [node for node in root.iter() if isinstance(node.tag, str) and _name(node) == "Result"]:
        about = next((child.text or "" for child in node if _name(child) == "MessageID"), "")
        parent = node.getparent()
        if about.strip() not in wanted and parent is not None:
            parent.remove(node)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _name(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2]
