"""Real-looking files in the encodings of their languages: letters are right, or said to be in doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from formats.real_words import ENCODINGS, LISTED
from formats.seller_files import read

LEAST_RIGHT = 0.8
HEADINGS = "order-id\tship-date\tcarrier-code\ttracking-number"
SIZES = (1, 1, 2, 2, 3, 4, 6, 9, 15, 25)  # lines of the twenty files, twice


def files(codec: str, count: int) -> Iterator[list[str]]:
    """The carriers of some files, file by file."""
    random = Random(codec)
    for number in range(count):
        language = ENCODINGS[codec][number % len(ENCODINGS[codec])]
        words = [word for word in LISTED[language] if encodable(word, codec)]
        chosen = random.choices(words, k=SIZES[number // 2 % len(SIZES)])
        yield [word if random.random() < 0.8 else "DHL" for word in chosen[:-1]] + chosen[-1:]


def encodable(word: str, codec: str) -> bool:
    try:
        return bool(word.encode(codec))
    except UnicodeEncodeError:
        return False


def outcome(codec: str, carriers: list[str]) -> Counter[str]:
    """How many lines were read right, were left in doubt, and were read wrong."""
    rows = [f"112-{at:07d}-1234567\t2026-11-26\t{one}\t1Z999AA10123456784" for at, one in enumerate(carriers)]
    found = read("\r\n".join([HEADINGS, *rows, ""]).encode(codec))
    counts: Counter[str] = Counter()
    for line, carrier in enumerate(carriers, 2):
        right = line in found.lines and found.lines[line][2] == carrier
        counts["right" if right else "doubtful" if line in found.odd else f"{carrier}: {found.lines[line][2]}"] += 1
    return counts


@pytest.mark.parametrize("codec", ENCODINGS)
def test_letters_are_right_or_honestly_doubtful(codec: str) -> None:
    total: Counter[str] = Counter()
    for carriers in files(codec, 20):
        total += outcome(codec, carriers)
    print(codec, dict(total))
    assert set(total) <= {"right", "doubtful"}
    assert total["right"] >= LEAST_RIGHT * total.total()


@pytest.mark.long
@pytest.mark.parametrize("codec", ENCODINGS)
def test_of_many_files_none_is_read_wrong(codec: str) -> None:
    total: Counter[str] = Counter()
    for carriers in files(codec, 600):
        total += outcome(codec, carriers)
    print(codec, dict(total))
    assert set(total) <= {"right", "doubtful"}
