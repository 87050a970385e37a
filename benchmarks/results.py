"""Results on disk: numbers, versions and the processor's model, nothing that names a machine or a path."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np

FOLDER = Path(__file__).parent / "results"
PACKAGES = ("xdrift", "numpy", "scipy", "numba", "pandas", "evidently", "xgboost-cpu", "lightgbm")
DIGITS = 5
Form = Literal["smoke", "short", "full"]
"""`full` makes the published tables, `short` is `make bench`, `smoke` is for the tests of the benchmarks."""


def environment() -> dict[str, Any]:
    """What the numbers were measured with."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return {
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "versions": versions,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def engine_digest() -> str:
    """First 12 digits of the hash of the drift engine's code: comments, docstrings and layout left out."""
    from monitor import drift

    digest = hashlib.sha256()
    for path in sorted(Path(str(drift.__file__)).parent.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()[:12]


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def save(name: str, body: dict[str, Any], form: Form, folder: Path = FOLDER) -> bool:
    """Write `name`.json. A short form never replaces a full one: returns False then."""
    held = load(name, folder)
    if form == "short" and held is not None and held["form"] == "full":
        return False
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(dump({"name": name, "form": form, "engine": engine_digest(), **body}))
    return True


def load(name: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """The result, or None when there is none yet."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def dump(value: Any) -> str:
    return json.dumps(_plain(value), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """JSON types, floats of few digits, undefined numbers None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return value
