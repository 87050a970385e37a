from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from monitor import __version__
from monitor.cli import main

from .conftest import Xdrift

HEAVY = {
    "alembic",
    "fastapi",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "pydantic",
    "rich",
    "scipy",
    "shap",
    "sqlalchemy",
}


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, json; from monitor.cli import main; code = main(['--help']); "
        "sys.stderr.write(json.dumps([code, [name.split('.')[0] for name in sys.modules]]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    exit_code, modules = json.loads(ran.stderr)
    assert exit_code == 0
    assert HEAVY.isdisjoint(modules)


def test_help_takes_little_processor_time() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "monitor", "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    # Measured 0.25 s. Processor time, because the clock on the wall counts whoever else is at work.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.6


def test_the_version_is_printed(xdrift: Xdrift) -> None:
    assert xdrift("--version").out == f"xdrift {__version__}\n"


def test_the_module_is_the_command(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-m", "monitor", "check"], capture_output=True, text=True, cwd=tmp_path)

    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "xdrift.yaml" in ran.stderr
    assert "xdrift init" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("words", [(), ("db",), ("reference",)])
def test_a_command_without_its_words_shows_help_and_exits_2(xdrift: Xdrift, words: tuple[str, ...]) -> None:
    ran = xdrift(*words)

    assert ran.code == 2
    assert "Commands:" in ran.err


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["chek"], "xdrift chek --json"),
        (["check", "--att", "x"], "xdrift check --att x --json"),
        (["reference", "create", "m"], "xdrift reference create m --json"),
        ([], "xdrift --json"),
    ],
)
def test_a_wrong_command_line_is_json_too(xdrift: Xdrift, words: list[str], seen: str) -> None:
    ran = xdrift(*words, "--json")

    assert ran.code == 2
    assert ran.error["seen"] == seen
    assert ran.error["next"].endswith("--help lists every option")


def test_an_unexpected_error_is_one_line_with_how_to_report_it(
    newcomer: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: Path) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("monitor.sources.read_matrix", broken)

    ran = xdrift("compare", "january.parquet", "february.parquet")

    assert ran.code == 3
    assert "ZeroDivisionError: a defect" in ran.err
    assert "`xdrift --debug compare january.parquet february.parquet`" in ran.err
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback_of_an_unexpected_error(
    newcomer: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: Path) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("monitor.sources.read_matrix", broken)

    assert "Traceback" in xdrift("--debug", "compare", "january.parquet", "february.parquet").err


def test_debug_shows_no_traceback_of_an_error_that_explains_itself(newcomer: Path, xdrift: Xdrift) -> None:
    ran = xdrift("--debug", "compare", "january.parquet", "absent.parquet")

    assert ran.code == 3
    assert "Traceback" not in ran.err


def test_nothing_is_coloured_in_a_pipe(newcomer: Path, xdrift: Xdrift) -> None:
    ran = xdrift("compare", "january.parquet", "shifted.parquet")

    assert ran.code == 1
    assert "\x1b" not in ran.out + ran.err
    assert all(line == line.rstrip() for line in ran.out.splitlines())


def test_colours_can_be_asked_for(newcomer: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert "\x1b[" in xdrift("compare", "january.parquet", "shifted.parquet").out


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_output_fits_any_terminal_of_80_columns_or_more(
    newcomer: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    out = xdrift("compare", "january.parquet", "shifted.parquet").out

    assert max(map(len, out.splitlines())) <= max(80, columns)
    moved = [line for line in out.splitlines() if line.startswith("severe")]
    assert [len(re.findall(r"[>≤] \d", line)) for line in moved] == [3, 3]


def test_main_takes_its_words_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["xdrift", "--version"])

    assert main() == 0
    assert capsys.readouterr().out.startswith("xdrift ")
