"""Pages walked in a real Chromium: every link, the console, requests, accessibility, layout, keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import urldefrag, urljoin

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

FLAGS = ["--disable-gpu", "--disable-quic", "--disable-sync", "--disable-background-networking", "--no-first-run"]
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""Of axe-core; wcag22aa holds the size of what is tapped."""
COLOURS = ("color-contrast",)
"""What another colour scheme can change."""
GRAVE = ("serious", "critical")
SLACK = 2.0
"""Pixels that texts may overlap or be cut by: rounding, and the slant of italics."""
Scheme = Literal["light", "dark"]

_LAYOUT = """
(slack) => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} wide in ${root.clientWidth}`);
  const shown = (element) => element.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && !element.closest(".visually-hidden, .skip, noscript, option, script, style")
    && getComputedStyle(element.closest("thead") || element).clipPath === "none";
  const scroller = (element) => element.closest(".scroll, pre");
  // The box around a text that is turned is mostly empty.
  const turned = (element) => /rotate\\((?!0[,)])/.test(element.closest("text")?.getAttribute("transform") || "");
  const stuck = (element) => getComputedStyle(element.closest("th, td") || element).position === "sticky";
  const cut = ({overflowX, textOverflow}) => ["hidden", "clip"].includes(overflowX) || textOverflow === "ellipsis";
  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement, words = node.data.trim();
    if (!words || !shown(element)) continue;
    if (cut(getComputedStyle(element)) && element.scrollWidth > element.clientWidth + slack) {
      found.push(`"${words}" is cut off`);
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1 || turned(element)) continue;
      if (element.closest("svg") && words.length < 2) continue;  // a mark, not a text
      boxes.push({node, element, box, text: words.slice(0, 40)});
      if (!scroller(element) && (box.right > root.clientWidth + slack || box.left < -slack)) {
        found.push(`"${words}" ends at ${Math.round(box.right)} of ${root.clientWidth}`);
      }
    }
  }
  boxes.sort((a, b) => a.box.top - b.box.top);
  boxes.forEach((one, i) => {
    for (let j = i + 1; j < boxes.length && boxes[j].box.top < one.box.bottom; j++) {
      const other = boxes[j];
      if (other.node === one.node || scroller(one.element) !== scroller(other.element)) continue;
      if (stuck(one.element) || stuck(other.element)) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      // Line boxes are taller than what is drawn in them.
      if (wide > slack && high > 0.35 * Math.min(one.box.height, other.box.height)) {
        found.push(`"${one.text}" and "${other.text}" overlap by ${wide.toFixed()} x ${high.toFixed()}`);
      }
    }
  });
  return [...new Set(found)].slice(0, 20);
}
"""
_REACHABLE = """
() => [...document.querySelectorAll("a[href], button, select, input, textarea, summary, [tabindex]")]
  .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({visibilityProperty: true})).length
"""
_FOCUSED = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const style = getComputedStyle(at);
  window.__seen = window.__seen || new Set();
  const again = window.__seen.has(at);
  window.__seen.add(at);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  return {again, ring, name: at.outerHTML.slice(0, 90)};
}
"""


@dataclass(slots=True)
class Seen:
    """What went wrong on one page, in words; nothing when it is as it should be."""

    url: str
    width: int
    scheme: Scheme
    problems: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or a skip that says how to get it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


def look(
    browser: Browser,
    url: str,
    *,
    width: int,
    scheme: Scheme = "light",
    height: int = 900,
    rules: Sequence[str] = RULES,
) -> Seen:
    """Load a page and hold it against everything that is asked of one."""
    with _page(browser, width=width, height=height, scheme=scheme) as (page, seen):
        seen.url = url
        page.goto(url, wait_until="networkidle")
        seen.problems += page.evaluate(_LAYOUT, SLACK)
        found = Axe().run(page, options={"runOnly": list(rules), "resultTypes": ["violations"]}).response
        for violation in found["violations"]:
            if violation["impact"] in GRAVE:
                where = "; ".join(node["html"][:120] for node in violation["nodes"][:3])
                seen.problems.append(f"axe {violation['id']} ({len(violation['nodes'])}): {where}")
    return seen


def tab_through(browser: Browser, url: str, *, width: int = 1280) -> list[str]:
    """Everything that can be acted on gets the focus by Tab, visibly, once per round."""
    with _page(browser, width=width, height=900, scheme="light") as (page, _):
        page.goto(url, wait_until="networkidle")
        expected, reached, problems = page.evaluate(_REACHABLE), 0, []
        for _ in range(expected + 1):
            page.keyboard.press("Tab")
            at = page.evaluate(_FOCUSED)
            if at is None or at["again"]:
                break
            reached += 1
            if not at["ring"]:
                problems.append(f"no ring around {at['name']}")
        if reached != expected:
            problems.append(f"Tab reaches {reached} of {expected}")
    return problems


@contextmanager
def _page(browser: Browser, *, width: int, height: int, scheme: Scheme) -> Iterator[tuple[Page, Seen]]:
    """A page of its own context, and what its console and network say."""
    seen = Seen("", width, scheme)
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=width < 600, reduced_motion="reduce"
    )

    def console(message: ConsoleMessage) -> None:
        # An error page is told of as well; whether it is one is the test's business.
        itself = message.location["url"] == seen.url and message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not itself:
            seen.problems.append(f"console {message.type}: {message.text[:200]}")

    def failed(request: Request) -> None:
        seen.problems.append(f"request failed: {request.url}: {request.failure}")

    def answered(response: Response) -> None:
        if response.status >= 400 and response.url != seen.url:
            seen.problems.append(f"{response.status}: {response.url}")

    page = context.new_page()
    page.on("console", console)
    page.on("pageerror", lambda error: seen.problems.append(f"page error: {error}"))
    page.on("requestfailed", failed)
    page.on("response", answered)
    try:
        yield page, seen
    finally:
        context.close()


def crawl(start: str, *, wanted: Callable[[str], bool] = lambda _: True) -> dict[str, tuple[int, str]]:
    """Every wanted address of this server that its pages link to, from `start` on: status and kind of content."""
    origin = "/".join(start.split("/")[:3])
    waiting, seen = [start], {}
    with httpx.Client(trust_env=False, timeout=60, follow_redirects=True) as client:
        while waiting:
            url = waiting.pop()
            if url in seen:
                continue
            answer = client.get(url)
            kind = answer.headers.get("content-type", "").partition(";")[0]
            seen[url] = answer.status_code, kind
            if kind == "text/html":
                found, anchors = links(answer.text, url)
                waiting += [link for link in found if link.startswith(origin) and wanted(link)]
                for anchor in anchors:
                    seen[f"{url}#{anchor}"] = (200 if f'id="{anchor}"' in answer.text else 404), "anchor"
    return seen


def links(html: str, base: str) -> tuple[list[str], list[str]]:
    """(addresses a page links to or loads, absolute and without fragments; fragments of its own that it links to)."""
    parser = _Links()
    parser.feed(html)
    own = [link[1:] for link in parser.found if link.startswith("#") and len(link) > 1]
    return [urldefrag(urljoin(base, link)).url for link in parser.found if not link.startswith("#")], own


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        wanted = {"a": "href", "link": "href", "script": "src", "img": "src"}.get(tag)
        self.found += [value for name, value in attrs if name == wanted and value]


def told(seen: Sequence[Seen]) -> str:
    """All problems, one a line; empty when there is none."""
    return "\n".join(f"{one.width} {one.scheme} {one.url}: {problem}" for one in seen for problem in one.problems)
