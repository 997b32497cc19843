"""rclone compares before it sends and looks again afterwards; whatever it then removes of its own has arrived."""

from __future__ import annotations

from pathlib import Path

import pytest
from journeys.client_programs import Rclone
from journeys.clients import FTP, FTPS, IMPLICIT, SFTP
from running import Running, amazon_file, order_ids, spooled, wait_for

FILES = 12


def arrived(service: Running, seller: str) -> set[bytes]:
    """What was taken from that seller, whole."""
    return {content for claim, content in spooled(service.data) if claim["seller"] == seller}


@pytest.mark.parametrize("way", [FTP, FTPS, IMPLICIT, SFTP])
def test_a_folder_is_moved_and_then_another_that_looks_the_same(service: Running, tmp_path: Path, way: str) -> None:
    seller = service.new_seller()
    rclone = Rclone(service, seller, way, tmp_path)
    contents: set[bytes] = set()
    for turn in range(2):  # the same names and sizes, at once
        source = tmp_path / f"source{turn}"
        source.mkdir()
        for number in range(FILES):
            content = amazon_file(order_ids(2, start=1000 * turn + 10 * number), date="2026-11-20")
            (source / f"{number}.txt").write_bytes(content)
            contents.add(content)
        said = rclone.said("rclone", "move", "--transfers", "4", source, "drop:/inbox")
        assert "ERROR" not in said
        assert list(source.iterdir()) == []
    assert len(contents) == 2 * FILES
    wait_for(lambda: arrived(service, seller) == contents, what="all files")
