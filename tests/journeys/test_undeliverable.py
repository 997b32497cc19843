"""An outbox that cannot be written for a while: answers come as soon as it can, and those of others come at once."""

from __future__ import annotations

import json

from running import Running, amazon_file, order_ids, rows, wait_for


def test_answers_come_when_the_outbox_can_be_written_again(service: Running) -> None:
    stuck, other = service.new_seller(), service.new_seller()
    for seller in (stuck, other):
        service.ftp(seller).quit()
    outbox = service.home(stuck) / "outbox"
    outbox.rmdir()
    outbox.write_text("not a folder")
    for number, seller in enumerate((stuck, other)):
        content = amazon_file(order_ids(2, start=700 + 2 * number), date="2026-11-20")
        (service.home(seller) / "inbox" / "a.txt").write_bytes(content)
    wait_for(lambda: any(name.endswith(".result.txt") for name in service.outbox(other)), what="the other's result")

    def state() -> str:
        listed = json.loads(service.command("upload", "list", "--seller", stuck, "--json").stdout)["uploads"]
        return str(listed[0]["state"]) if listed else ""

    wait_for(lambda: state() == "done", what="Amazon's answer")
    outbox.unlink()
    outbox.mkdir()
    wait_for(lambda: len(service.outbox(stuck)) == 2, what="receipt and result")
    result = next(name for name in service.outbox(stuck) if name.endswith(".result.txt"))
    assert [row["verdict"] for row in rows((outbox / result).read_bytes())] == ["confirmed", "confirmed"]
