"""The package data: what `schemas` hands out, and that its three files say the same."""

from __future__ import annotations

import pytest
from lxml import etree

from cws_filedrop import schemas

XS = {"xs": "http://www.w3.org/2001/XMLSchema"}


def test_the_carrier_list_is_377_distinct_codes_in_amazons_order() -> None:
    codes = schemas.carrier_codes()
    assert len(codes) == len(set(codes)) == 377
    assert (codes[0], codes[-1]) == ("UPS", "Upsilon")
    assert {"R+L", "GO!", "PARCEL2GO.COM", "nacex".upper(), "Nacex", "Other"} <= set(codes)


def test_the_schema_allows_exactly_the_carrier_list() -> None:
    tree = etree.fromstring(schemas.read(schemas.ORDER_FULFILLMENT))
    values = tree.xpath("//xs:simpleType[@name='carrier-code']//xs:enumeration/@value", namespaces=XS)
    assert sorted(values) == sorted(schemas.carrier_codes())


def test_both_schemas_share_their_named_types() -> None:
    """A type of one name means one thing: what differs by purpose has a name of its own."""
    names = (schemas.ORDER_FULFILLMENT, schemas.PROCESSING_REPORT)
    types = [
        {
            node.get("name"): b"".join(etree.tostring(node, method="c14n").split())
            for node in etree.fromstring(schemas.read(name)).xpath("xs:simpleType", namespaces=XS)
        }
        for name in names
    ]
    shared = set(types[0]) & set(types[1]) - {"message-type"}
    assert shared >= {"text", "number", "amazon-order-id", "order-item-code"}
    assert all(types[0][name] == types[1][name] for name in shared)


def test_a_file_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(FileNotFoundError):
        schemas.read("nothing.xsd")
