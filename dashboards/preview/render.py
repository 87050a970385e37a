"""Draw a dashboard with real data in headless Chromium."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dashboards.preview.run import Servers, frames

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
_STYLE = """
body { margin: 8px; background: #f4f5f5; color: #24292e; font: 12px Inter, "DejaVu Sans", sans-serif; }
#root { padding: 8px; }
.panel { position: absolute; background: #fff; border: 1px solid #e4e7eb; border-radius: 2px; padding: 6px 8px;
         box-sizing: border-box; overflow: hidden; }
.row { position: absolute; font-weight: 600; font-size: 15px; padding-top: 8px; }
.title { font-weight: 600; height: 24px; }
.nothing { color: #8e8e8e; text-align: center; padding-top: 40px; }
ul { list-style: none; padding: 0; margin: 0; }
button { border: 0; background: none; }
"""
_PAGE = """<!doctype html><meta charset="utf-8"><style>{style}</style><link rel="stylesheet" href="bundle.css">
<div id="root"></div><script>window.BOARD = {board}</script><script src="bundle.js"></script>"""


def board(
    document: Mapping[str, Any], servers: Servers, wanted: Sequence[int] = (), width: int = 1600
) -> dict[str, Any]:
    """What app.jsx draws: panels (all, or the wanted ones moved together) with the answers to their queries."""
    shown = [
        {"panel": panel, "frames": frames(panel, document, servers) if panel.get("targets") else []}
        for panel in document["panels"]
        if not wanted or panel["id"] in wanted
    ]
    if wanted:
        _together([one["panel"] for one in shown])
    times = {"from": servers.around.start.timestamp() * 1000, "to": servers.around.end.timestamp() * 1000}
    return {"panels": shown, "range": times, "width": width}


def _together(panels: list[dict[str, Any]]) -> None:
    """Lines of panels, one below the other, without what was left out between them."""
    x = y = height = 0
    for panel in panels:
        place = panel["gridPos"]
        if x + place["w"] > 24:
            x, y, height = 0, y + height, 0
        place["x"], place["y"] = x, y
        x, height = x + place["w"], max(height, place["h"])


def bundle(folder: Path) -> None:
    """Build app.jsx with the packages below `folder` (`npm install` of package.json there)."""
    for name in ("app.jsx", "plots.jsx"):
        (folder / name).write_bytes((HERE / name).read_bytes())
    command = [
        "node_modules/.bin/esbuild",
        "app.jsx",
        "--bundle",
        "--outfile=bundle.js",
        "--loader:.js=jsx",
        "--loader:.ttf=empty",
    ]
    flags = ['--define:process.env.NODE_ENV="production"', "--define:global=window", "--log-level=error", "--minify"]
    subprocess.run([*command, *flags], cwd=folder, check=True)  # noqa: S603  our own words


def draw(drawn: Mapping[str, Any], folder: Path, output: Path) -> list[str]:
    """A PNG of all panels. Returns what could not be drawn."""
    from playwright.sync_api import sync_playwright

    page_file = folder / "index.html"
    content = json.dumps(drawn).replace("</", "<\\/")
    page_file.write_text(_PAGE.format(style=_STYLE, board=content), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        page = browser.new_page(viewport={"width": int(drawn["width"]) + 16, "height": 900})
        failed: list[str] = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(page_file.as_uri())
        page.wait_for_function("window.DONE === true", timeout=60_000)
        failed += page.evaluate("window.FAILED")
        page.screenshot(path=str(output), full_page=True)
        browser.close()
    return failed
