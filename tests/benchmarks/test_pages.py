"""docs/benchmarks.md and docs/tests/: complete, linked, and generated from the results that are committed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks import pages, results
from monitor.drift import TESTS

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")
ABOUT_THE_MACHINE = re.compile(r"(/home/|/root/|/work/|/tmp/|https?://|localhost)")


@pytest.mark.parametrize("page", pages.pages(), ids=lambda page: page.stem)
def test_the_generated_parts_are_what_the_results_give(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert pages.MARKERS.search(text)
    assert text == pages.filled(text), "run `python -m benchmarks docs`"


def test_every_drift_test_has_a_page_that_is_reached_from_the_benchmarks() -> None:
    reached = LINK.findall((pages.DOCS / "benchmarks.md").read_text(encoding="utf-8"))

    assert {page.stem for page in (pages.DOCS / "tests").glob("*.md")} == {test.name for test in TESTS}
    assert {f"tests/{test.name}.md" for test in TESTS} <= set(reached)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_a_page_says_what_it_is_when_nothing_drifts_and_when_not_to_use_it(test) -> None:
    text = (pages.DOCS / "tests" / f"{test.name}.md").read_text(encoding="utf-8")

    for section in ("## Definition", "## Without drift", "## When not to use it", "## Default", "## Measured"):
        assert section in text
    assert f"<!-- generated: default-{test.name} -->" in text
    assert f"<!-- generated: test-{test.name} -->" in text


@pytest.mark.parametrize("page", pages.pages(), ids=lambda page: page.stem)
def test_links_lead_to_files(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("path", sorted(results.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_results_are_known_benchmarks_and_name_no_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert json.loads(text)["name"] == path.stem
    assert path.stem in pages.RENDER
    assert not ABOUT_THE_MACHINE.search(text)


def test_a_stale_table_is_brought_up_to_date(tmp_path: Path) -> None:
    body = {"ways": [{"way": "compare", "checks": 10, "bytes_per_check": 3.0, "rise_mb": 0.5}]}
    results.save("memory", {**body, "environment": results.environment()}, "short", tmp_path)
    stale = "before\n<!-- generated: memory -->\nold\n<!-- end -->\nafter\n"

    fresh = pages.filled(stale, tmp_path)

    assert "| compare | 10 | 3 | 0.50 |" in fresh
    assert "old" not in fresh
    assert fresh.startswith("before\n")
    assert fresh.endswith("after\n")
    assert pages.filled(fresh, tmp_path) == fresh
