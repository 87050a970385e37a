"""Reports in a real browser: nothing fetched, nothing wrong on the console, usable on a telephone, readable by all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.reports import render
from tests.reports.records import NOW, WEEK, activation, budget, check, facts, feature, monitor, settings, unjudged
from tests.reports.test_render import wide

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A monitor of many features, and a fleet in every state."""
    from monitor.reports.build import fleet_report

    folder = tmp_path_factory.mktemp("reports")
    fleet, one = wide(40)
    names = ("quiet-one", "severe-one", "blind-one", "idle-one")
    lines = (check(0, "quiet-one"), check(0, "severe-one", level=2), unjudged(0, monitor="blind-one"))
    found = facts(
        *lines, monitors=tuple(monitor(name) for name in names), features=(feature(0, monitor="severe-one"),),
        activations=(activation(WEEK.start, monitor="severe-one"),),
        budgets={"severe-one": (budget("drift", -2.0),)},
    )  # fmt: skip
    every = fleet_report(settings(*names), found, {}, week=WEEK, now=NOW, version="0")
    (folder / "monitor.html").write_text(render.monitor_html(one, fleet), encoding="utf-8")
    (folder / "fleet.html").write_text(render.fleet_html(every), encoding="utf-8")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("width", [360, 1200, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_have_no_serious_finding(browser: Any, pages: list[Path], width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for path in pages:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page, told = context.new_page(), []
        page.on("console", lambda message, told=told: told.append(message.text))
        page.on("request", lambda request, told=told, path=path: None if request.url == path.as_uri()
                else told.append(request.url))  # fmt: skip
        page.goto(path.as_uri())

        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["impact"]) for one in found if one["impact"] in ("serious", "critical")] == []
        assert told == []
        context.close()
