"""One environment per peer, so that each runs beside the versions it was made for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".envs"


@dataclass(frozen=True, slots=True)
class Environment:
    """What is installed for one peer."""

    name: str
    requirements: tuple[str, ...]
    reason: str
    """Why the companions are pinned; empty where nothing is."""


ENVIRONMENTS: tuple[Environment, ...] = (
    Environment("scipy", ("scipy==1.17.1", "numpy==2.4.6"), ""),
    Environment("evidently", ("evidently==0.7.23", "pandas<3.1"), "fails at import with pandas 3.1"),
    Environment("alibi-detect", ("alibi-detect==0.13.0",), ""),
    Environment("nannyml", ("nannyml==0.13.1", "statsmodels", "pandas<3"), "uses statsmodels without asking for it"),
    Environment("shap-monitor", ("shap-monitor==0.0.12",), ""),
    Environment("shiftshap", ("shiftshap==0.2.0",), ""),
    Environment("skshift", ("skshift==0.1.5", "shap", "pandas<3", "scikit-learn"), "names no requirements at all"),
    Environment("swift-monitoring", ("swift-monitoring==0.2.0", "xgboost-cpu>=2.1,<4"), "XGBoost is its extra"),
    Environment(
        "fasttreeshap",
        (
            "fasttreeshap-fixed==0.1.5",
            *("slicer", "numba", "tqdm", "cloudpickle"),
            *("scikit-learn==1.9.1", "xgboost==3.2.0", "lightgbm==4.7.0", "pandas<3.1"),
        ),
        "imports four packages it does not ask for; it reads pickled models, so their libraries are those of this run",
    ),
)


def interpreter(environment: Environment) -> Path:
    return FOLDER / environment.name / "bin" / "python"


def missing(environment: Environment) -> str | None:
    """Why the peer cannot be asked; None when it can."""
    if interpreter(environment).exists():
        return None
    failed = FOLDER / f"{environment.name}.failed"
    return failed.read_text() if failed.exists() else "not installed: run `python -m benchmarks peers` first"


def build(environment: Environment) -> str | None:
    """Make the environment with uv, or with venv and pip where uv is absent. Returns the reason when it fails."""
    target = FOLDER / environment.name
    FOLDER.mkdir(exist_ok=True)
    failed = FOLDER / f"{environment.name}.failed"
    failed.unlink(missing_ok=True)
    uv = _uv()
    make = (
        [uv, "venv", "--quiet", "--python", sys.executable, str(target)]
        if uv
        else [sys.executable, "-m", "venv", str(target)]
    )
    pip = [uv, "pip", "install", "--quiet", "--python"] if uv else []
    python = str(interpreter(environment))
    install = [*pip, python] if uv else [python, "-m", "pip", "install", "--quiet"]
    if target.exists():
        shutil.rmtree(target)
    for command in (make, [*install, *environment.requirements]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(target, ignore_errors=True)
            reason = f"could not be installed: {_last_line(done.stderr)}"
            failed.write_text(reason)
            return reason
    return None


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"
