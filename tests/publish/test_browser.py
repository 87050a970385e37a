"""The pages in a real Chromium: charts drawn, nothing refused, nothing asked of another host."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import Serve, Served
from .test_pages import EVIL, evil_fleet, latest

pytestmark = pytest.mark.chromium

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom",
)  # fmt: skip


class Visit:
    """One page load: the document after scripts ran, console lines, and every address that the page asked for."""

    def __init__(self, url: str, home: Path) -> None:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        if chromium is None:
            pytest.skip("Chromium is not installed; apt-get install chromium")
        log = home / "net.json"
        command = [chromium, *FLAGS, f"--user-data-dir={home / 'profile'}", f"--log-net-log={log}", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        self.document = done.stdout
        self.console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        self.requests = list(_asked(log.read_text(), url))


def _asked(log: str, page: str) -> list[str]:
    """Addresses asked for by the page's own origin (the browser's own errands are not the page's)."""
    # Chromium may be ended before it closes the log: the events that are there are whole lines.
    origin = "/".join(page.split("/")[:3])
    asked = []
    for line in log.splitlines():
        if '"initiator"' in line and '"url"' in line:
            event = json.loads(line.rstrip().rstrip(",").removesuffix("]}"))["params"]
            if event["initiator"] == origin:
                asked.append(event["url"])
    return asked


@pytest.fixture(scope="module")
def severe(site: Served, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    return Visit(f"{site.url}/checks/{latest(site.reader, 'fraud-prod')}", tmp_path_factory.mktemp("chromium"))


def test_all_three_charts_are_drawn(severe: Visit) -> None:
    for chart in ("chart-parts", "chart-heatmap", "chart-distribution"):
        drawn = severe.document.split(f'id="{chart}"')[1].split("</section>")[0]
        assert '<svg class="main-svg"' in drawn, chart
    assert severe.document.count('class="point"') >= 15 * 2, "the bars of the parts"
    assert "data:image/png;base64," in severe.document, "the cells of the heatmap"


def test_the_console_stays_empty(severe: Visit) -> None:
    assert severe.console == []


def test_every_request_of_the_page_goes_to_this_server(severe: Visit, site: Served) -> None:
    assert any("plotly.min.js" in url for url in severe.requests), "the log saw the page's requests"
    assert [url for url in severe.requests if not url.startswith((site.url, "data:"))] == []


def test_the_top_mover_is_chosen_first_and_every_feature_can_be(severe: Visit) -> None:
    options = re.findall(r"<option[^>]*>([^<]*)</option>", severe.document)
    assert (options[0], len(options)) == ("merchant_risk", 20)


def test_every_features_row_can_be_opened_with_the_keyboard(severe: Visit) -> None:
    assert len(re.findall(r'<button type="button" class="expand"[^>]*aria-expanded="false"', severe.document)) == 20


@pytest.mark.parametrize("monitor", ["credit-limit", "forecast-weekly", None])
def test_the_other_pages_load_without_complaint(site: Served, tmp_path: Path, monitor: str | None) -> None:
    path = "/" if monitor is None else f"/checks/{latest(site.reader, monitor)}"
    assert Visit(site.url + path, tmp_path).console == []


def test_markup_in_a_feature_name_is_drawn_as_text(serve: Serve, tmp_path: Path) -> None:
    reader = evil_fleet()
    with serve(reader) as served:
        visit = Visit(f"{served.url}/checks/{latest(reader, 'fraud-prod')}", tmp_path)
    assert visit.console == []
    assert "<img" not in visit.document
    drawn = visit.document.split('id="chart-parts"')[1].split("</section>")[0]
    assert ">&lt;b&gt;x&lt;/b&gt;&lt;script&gt;" in drawn, "the label shows the name as it is"
    options = visit.document.split('id="distribution-feature"')[1].split("</select>")[0]
    assert EVIL.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in options
