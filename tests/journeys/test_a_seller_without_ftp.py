"""A seller's day in a real browser, with the real service behind it: no FTP program anywhere."""

from __future__ import annotations

import base64
from pathlib import Path

from running import PASSWORD, Running, amazon_file, order_ids, rows
from web.browsing import Visit
from web.browsing import running as browsing

DROP = """
([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name));
  const zone = document.querySelector("[data-drop]");
  for (const kind of ["dragenter", "dragover", "drop"])
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}
"""


def test_a_file_is_dropped_answered_and_its_result_downloaded(service: Running) -> None:
    service.add_seller("berta", "--marketplace", "A1PA6795UKMFR9")
    with browsing() as browser:
        visit = Visit(browser, service.pages, accept_downloads=True)
        visit.login("Berta", PASSWORD, kind="Seller")
        page = visit.page
        page.wait_for_url("**/my")
        page.locator("[data-pulse]", has_text="live").wait_for()
        page.evaluate("window.untouched = true")

        content = base64.b64encode(amazon_file(order_ids(4, start=40))).decode()
        page.evaluate(DROP, ["today.txt", content])
        page.get_by_text("today.txt is safe here, as upload").wait_for()
        row = page.locator("#last tr", has_text="today.txt")
        row.get_by_text("4 confirmed").wait_for()
        assert page.evaluate("window.untouched") is True, "nothing was reloaded"

        row.get_by_role("link", name="today.txt").click()
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Every line with its verdict").click()
        result = rows(Path(waiting.value.path()).read_bytes())
        assert [line["verdict"] for line in result] == ["confirmed"] * 4

        page.get_by_role("link", name="Orders").click()
        page.get_by_role("link", name=order_ids(1, start=40)[0]).click()
        page.locator("#history").get_by_text("shipped").first.wait_for()

        page.get_by_role("link", name="API tokens").click()
        page.get_by_label("What for").fill("warehouse")
        page.get_by_role("button", name="Make it").click()
        assert page.locator("#fresh").inner_text().startswith("cwsfd_")

        page.get_by_role("link", name="Settings").click()
        page.get_by_label("Addresses").fill("orders@example.com")
        page.get_by_role("button", name="Keep").click()
        page.get_by_text("Kept.").wait_for()

        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")
        visit.close()


def test_a_spreadsheet_is_refused_in_words_at_once(service: Running) -> None:
    seller = service.new_seller()
    with browsing() as browser:
        visit = Visit(browser, service.pages)
        visit.login(seller, PASSWORD, kind="Seller")
        visit.page.wait_for_url("**/my")
        visit.page.evaluate(DROP, ["book.xlsx", base64.b64encode(b"PK\x03\x04 no zip at all").decode()])
        visit.page.locator("[data-sending] .notice.bad").wait_for()
        visit.troubles = [one for one in visit.troubles if "422" not in one]  # Chromium says so itself
        visit.close()
