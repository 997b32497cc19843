"""Every sample file has its expected answers; `--update-golden` rewrites them."""

from __future__ import annotations

import contextlib
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from cws_filedrop.cli.offline.check import examined
from cws_filedrop.convert import Conversion, convert
from cws_filedrop.errors import FileRejected
from cws_filedrop.feeds.schema import validate
from cws_filedrop.formats import known_profiles
from cws_filedrop.model import JudgementContext
from cws_filedrop.reported import book
from cws_filedrop.rules.book import LookUp
from cws_filedrop.rules.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_files"
EXPECTED = SAMPLES / "expected"
AMAZON = ROOT.parent / "shared" / "reference" / "amazon" / "xsd" / "minimal-envelope.xsd"
CONTEXT = JudgementContext(datetime(2026, 11, 22, 12, tzinfo=UTC))
FILES = sorted(
    path
    for path in SAMPLES.rglob("*")
    if path.is_file() and EXPECTED not in path.parents and path.name not in ("README.md", "order-book.txt")
)
# Limits, completeness, history: shown by tests of their own.
NOT_IN_A_FILE = {"F05", "F07", "F08", "F09", "F11", "F12", "F13", "O07", "O08", "O09", "S03", "T05"}


def book_of(path: Path) -> LookUp | None:
    """The order book beside a sample, if there is one."""
    beside = path.with_name("order-book.txt")
    if not beside.exists():
        return None
    with beside.open("rb") as source:
        found = book(source, file_name=beside.name, context=CONTEXT)
    return lambda _names: found


def context_of(path: Path) -> JudgementContext:
    """What a sample is judged by; one in profiles/ by the known profile of its name, too."""
    own = (known_profiles.known(path.stem),) if path.parent.name == "profiles" else ()
    return replace(CONTEXT, profiles=own)


def answers(path: Path, out: Path) -> dict[str, bytes]:
    """What check and convert say of a sample, by file name."""
    given = context_of(path)
    checked = examined(path, given, book_of(path))
    found = {"check.json": json.dumps(checked, indent=1, ensure_ascii=False).encode() + b"\n"}
    with path.open("rb") as source, contextlib.suppress(FileRejected):
        convert(source, out, file_name=path.name, how=Conversion("MERCHANT", given, look_up=book_of(path)))
    return found | {made.name: made.read_bytes() for made in sorted(out.iterdir())}


def packed(name: str, content: bytes) -> tuple[str, bytes]:
    """Large answers are kept packed."""
    return (name, content) if len(content) < 50_000 else (f"{name}.gz", gzip.compress(content, 9, mtime=0))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_answers_are_as_expected(path: Path, tmp_path: Path, update_golden: bool) -> None:
    folder = EXPECTED / path.relative_to(SAMPLES)
    found = dict(packed(name, content) for name, content in answers(path, tmp_path / "out").items())
    if update_golden:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in found.items():
            (folder / name).write_bytes(content)
    expected = {kept.name: kept.read_bytes() for kept in folder.iterdir()}
    assert {name: _plain(name, content) for name, content in found.items()} == {
        name: _plain(name, content) for name, content in expected.items()
    }


def _plain(name: str, content: bytes) -> bytes:
    return gzip.decompress(content) if name.endswith(".gz") else content


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_line_has_one_verdict(path: Path) -> None:
    folder = EXPECTED / path.relative_to(SAMPLES)
    kept = next(folder.glob("check.json*"))
    found = json.loads(_plain(kept.name, kept.read_bytes()))
    assert sum(found["summary"].values()) == found["line_count"]


def test_every_code_has_a_sample() -> None:
    shown: set[str] = set()
    for path in FILES:
        found = examined(path, context_of(path), book_of(path))
        shown |= {issue["code"] for issue in found["file_issues"]}
        shown |= {issue["code"] for line in found["lines"] for issue in line["issues"]}
    assert set(CATALOGUE) - shown == NOT_IN_A_FILE


def feeds() -> list[Path]:
    return sorted(EXPECTED.rglob("feed-*.xml*"))


def test_there_are_feeds() -> None:
    assert len(feeds()) > 25


@pytest.mark.parametrize("path", feeds(), ids=lambda path: path.parent.name)
def test_feeds_satisfy_our_schema_and_amazons(path: Path) -> None:
    body = _plain(path.name, path.read_bytes())
    validate(body)
    if AMAZON.exists():
        schema = etree.XMLSchema(etree.parse(str(AMAZON)))
        schema.assertValid(etree.fromstring(body))
