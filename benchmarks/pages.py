"""The generated parts of docs/: between two markers stands what the results give, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import explain_tables, results, tables
from monitor.drift import TESTS, DriftTest
from monitor.settings import DriftSettings

DOCS = Path(__file__).parents[1] / "docs"
MARKERS = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

RENDER: Mapping[str, Callable[[Any], str]] = {
    "speed": tables.speed,
    "false-alarms": tables.false_alarms,
    "power": tables.power,
    "cause": tables.cause,
    "real": tables.real,
    "memory": tables.memory,
    "explain": explain_tables.explain,
    "telemetry": tables.telemetry,
    "writer": tables.writer,
    "month": tables.month,
    "reports": tables.reports,
}


def pages() -> list[Path]:
    """Every page with generated parts."""
    return [DOCS / "benchmarks.md", DOCS / "engines.md", *(DOCS / "tests" / f"{test.name}.md" for test in TESTS)]


def part(name: str, folder: Path = results.FOLDER) -> str:
    """What belongs between the markers of `name`: a benchmark, `engines`, or `test-` or `default-` and a drift test."""
    kind, _, test = name.partition("-")
    if kind == "default":
        return default(next(one for one in TESTS if one.name == test))
    if kind == "test":
        return tables.of_test(test, results.load("false-alarms", folder), results.load("power", folder))
    benchmark, render = ("explain", explain_tables.engines) if name == "engines" else (name, RENDER[name])
    found = results.load(benchmark, folder)
    if found is None:
        return f"Not measured yet: `python -m benchmarks {benchmark} --full`."
    return f"{render(found)}\n\n{tables.measured_with(found)}"


def default(test: DriftTest) -> str:
    """What the settings say of a test when nobody changed them."""
    if test.floor is None:
        return f"Reported in {test.unit}; not judged, so it has no threshold."
    settings = DriftSettings()
    low, high = (getattr(settings, name) for name in test.floor)
    return (
        f"Judged, in {test.unit}. Effect floors `{test.floor[0]}` {low:g} and `{test.floor[1]}` {high:g}; adjusted "
        f"p-value at most {settings.alpha_warning:g} for level 1 and {settings.alpha_severe:g} for level 2. "
        "The threshold is the floor, or what chance and natural variation explain, whichever is larger."
    )


def filled(text: str, folder: Path = results.FOLDER) -> str:
    """The page with all its generated parts as the results give them."""
    return MARKERS.sub(lambda match: f"{match[1]}\n{part(match['name'], folder)}\n\n{match[3]}", text)


def write(folder: Path = results.FOLDER) -> list[Path]:
    """Bring all pages up to date; returns those that changed."""
    changed = []
    for page in pages():
        before = page.read_text(encoding="utf-8")
        after = filled(before, folder)
        if after != before:
            page.write_text(after, encoding="utf-8")
            changed.append(page)
    return changed
