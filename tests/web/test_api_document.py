"""The OpenAPI document is the truth: whatever schemathesis makes of it, no answer is undocumented, and none fails."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from pipeline.shop import ITEM, ORDER, Shop
from schemathesis import checks
from web.api_kit import GOOD, Site, site_on

CHECKS = [
    checks.not_a_server_error,
    schemathesis.specs.openapi.checks.status_code_conformance,
    schemathesis.specs.openapi.checks.content_type_conformance,
    schemathesis.specs.openapi.checks.response_headers_conformance,
    schemathesis.specs.openapi.checks.response_schema_conformance,
]
