"""What is published: everything that runs, and nothing that only we need."""

from __future__ import annotations

import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from .conftest import ROOT, run

pytestmark = pytest.mark.timeout(1200)
NEEDED = (
    "monitor/publish/templates", "monitor/publish/static", "monitor/reports/templates", "monitor/store/migrations",
    "alerts/runbooks", "dashboards/json",
)  # fmt: skip
"""Folders of which every file goes along."""
KINDS = {".py", ".html", ".md", ".txt", ".css", ".js", ".svg", ".json", ".yaml", ".yml", ".mako"}


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_template_asset_migration_rule_and_dashboard(names: set[str]) -> None:
    source = {
        str(path.relative_to(ROOT))
        for folder in NEEDED
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert len(source) > 60
    assert source - names == set()
    assert {"alerts/rules.yaml", "alerts/alertmanager.example.yml"} <= names


def test_the_wheel_holds_nothing_but_packages_and_their_data(names: set[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {"monitor", "alerts", "dashboards"}
    assert {Path(name).suffix for name in names} <= KINDS
    assert [name for name in names if name.startswith(("alerts/tests/", "dashboards/preview/"))] == []


def test_the_command_of_the_wheel_works_without_the_source(xdrift: Path, tmp_path: Path) -> None:
    assert run(xdrift, "--version", timeout=120, cwd=tmp_path).startswith("xdrift ")
    # The environment has no model library but the demo's, and no tool of ours.
    listed = run(
        xdrift.with_name("python"), "-c", "import monitor, sys; print(monitor.__file__)", timeout=60, cwd=tmp_path
    )
    assert str(xdrift.parents[1]) in listed
    absent = subprocess.run([xdrift.with_name("python"), "-c", "import pytest"], capture_output=True, cwd=tmp_path)
    assert absent.returncode == 1
