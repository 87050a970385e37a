"""What is committed is what the tables make."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import dashboards
from dashboards import page
from dashboards.generate import BOARDS, files
from dashboards.model import Board

FOLDER = Path(dashboards.__file__).parent / "json"


@pytest.mark.parametrize("name", dashboards.NAMES)
def test_the_committed_file_is_the_generated_one(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == files()[f"{name}.json"], (
        "run `python -m dashboards` and commit what it writes"
    )


def test_nothing_else_lies_beside_them() -> None:
    assert {path.name for path in FOLDER.iterdir()} == files().keys()


def test_the_page_lists_every_panel() -> None:
    written = page.PAGE.read_text(encoding="utf-8")

    assert page.page(written) == written, "run `python -m dashboards` and commit what it writes"


REQUIRED = {
    "exec": {"explanation coverage", "privacy incidents", "explanation cost", "high-level drift trends"},
    "oncall": {
        "recent explanation errors", "p95 explanation latency", "failing explain jobs",
        "queries that most lack explanations",
    },
    "debug": {
        "per-prediction attribution vectors", "feature distributions", "counterfactual examples",
        "side by side offline against runtime explanations", "top offending inputs", "top offending features",
        "baselines and trend lines",
    },
}  # fmt: skip
"""What was asked for; each is the answer of a panel at least."""


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_requirement_has_a_panel(board: Board) -> None:
    assert REQUIRED[board.name] <= {panel.answers for panel in board.panels}


def test_reading_a_dashboard_needs_no_generator() -> None:
    """The wheel is installed without the SDK."""
    code = (
        "import sys; sys.modules['grafana_foundation_sdk'] = None; import dashboards;"
        "print(sorted(dashboards.load(name)['uid'] for name in dashboards.NAMES))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == str(sorted(dashboards.UIDS.values()))
