"""Every page as people meet it: on a phone and on a wide screen, in the dark, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.browser import COLOURS, chromium, crawl, look, tab_through, told

from .conftest import Served
from .test_pages import latest

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(600)]
PHONE, WIDE = 360, 1920


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


KINDS = {
    "fleet": lambda site: "/",
    "monitor": lambda site: "/monitors/fraud-prod",
    "severe": lambda site: f"/checks/{latest(site.reader, 'fraud-prod')}",
    "quiet": lambda site: f"/checks/{latest(site.reader, 'forecast-weekly')}",
    "unknown": lambda site: f"/checks/{latest(site.reader, 'credit-limit')}",
    "prediction": lambda site: "/predictions/tx-3",
    "nothing": lambda site: "/checks/none",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_whole_on_a_phone(browser: Browser, site: Served, kind: str) -> None:
    assert told([look(browser, site.url + KINDS[kind](site), width=PHONE)]) == ""


@pytest.mark.parametrize("kind", ["fleet", "monitor", "severe", "prediction"])
def test_a_page_is_whole_on_a_wide_screen_in_the_dark(browser: Browser, site: Served, kind: str) -> None:
    assert told([look(browser, site.url + KINDS[kind](site), width=WIDE, scheme="dark", rules=COLOURS)]) == ""


@pytest.mark.parametrize("kind", ["fleet", "severe", "prediction"])
def test_everything_on_a_page_is_reached_by_the_keyboard_and_seen_to_be(
    browser: Browser, site: Served, kind: str
) -> None:
    assert tab_through(browser, site.url + KINDS[kind](site)) == []


BAD = """<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>bad</title>
<link rel="icon" href="data:,"></head><body><main><h1>Bad</h1>
<p style="position:relative">First words<span style="position:absolute;left:0;top:3px">Other words</span></p>
<p style="width:40px;overflow:hidden;white-space:nowrap">cut off somewhere</p>
<p style="color:#ccc">pale words</p><img src="/absent.png" alt=""><div style="width:900px">wide</div>
<button style="outline:none">ringless</button><a href="/nowhere">a link</a></main>
<script>console.error("loud")</script></body></html>"""


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with one fault of each kind."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "bad.html").write_text(BAD)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/bad.html"
        server.shutdown()


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="module")
def walked(browser: Browser, bad: str) -> str:
    return "\n".join([told([look(browser, bad, width=PHONE)]), *tab_through(browser, bad)])


@pytest.mark.parametrize(
    "fault",
    [
        "the page is 9", "overlap by", '"cut off somewhere" is cut off', "axe color-contrast", "404: ", "error: loud",
        "no ring around <button",
    ],
)  # fmt: skip
def test_the_walk_sees_each_fault(walked: str, fault: str) -> None:
    assert fault in walked


def test_a_link_that_leads_nowhere_is_seen(bad: str) -> None:
    assert [answer for url, answer in crawl(bad).items() if url.endswith("/nowhere")] == [(404, "text/html")]
