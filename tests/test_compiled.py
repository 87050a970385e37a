"""Kernels are kept on disk where that is possible, and work where it is not."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from monitor.compiled import kernel

SOURCE = """
def total(values):
    added = 0.0
    for value in values:
        added += value
    return added
"""


def test_a_function_without_a_file_is_compiled_all_the_same() -> None:
    """numba can keep nothing on disk for it, as in a container that cannot write."""
    names: dict[str, object] = {}
    exec(compile(SOURCE, "<nowhere>", "exec"), names)
    assert kernel(names["total"])(np.arange(5.0)) == 10.0  # type: ignore[type-var,operator]


def test_what_is_not_a_number_stays_so() -> None:
    """No fast-math: a NaN that a kernel meets is seen, not optimised away."""
    names: dict[str, object] = {}
    exec(compile(SOURCE, "<nowhere>", "exec"), names)
    assert np.isnan(kernel(names["total"])(np.array([1.0, np.nan])))  # type: ignore[type-var,operator]


def test_machine_code_is_kept_where_it_is_told_to(tmp_path: Path) -> None:
    module = tmp_path / "kept.py"
    module.write_text(textwrap.dedent("from monitor.compiled import kernel\n@kernel\n") + SOURCE.lstrip())
    program = "import numpy, kept; kept.total(numpy.arange(3.0)); print(sum(kept.total.stats.cache_hits.values()))"
    hits = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"},
        )
        hits.append(int(done.stdout))
    assert hits == [0, 1]
    assert any((tmp_path / "cache").rglob("*.nbi"))


@pytest.mark.parametrize("command", ["--help", "check --help", "drill --list"])
def test_commands_that_explain_nothing_load_no_compiler(command: str) -> None:
    program = (
        f"import sys; sys.argv = ['xdrift', *{command.split()!r}]\nfrom monitor.cli import main\n"
        + textwrap.dedent(
            """
        try:
            main()
        except SystemExit:
            pass
        print('numba' in sys.modules, file=sys.stderr)
        """
        )
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("False")
