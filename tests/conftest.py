from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite expected outputs and the README's tables")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Is the expected output to be rewritten?"""
    return bool(request.config.getoption("--update-golden"))
