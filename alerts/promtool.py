"""Run cases with promtool, each against the rules that it needs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from alerts.cases.model import Case
from alerts.generate import promtool_file
from alerts.restrict import needed, restricted, words

THRIFTY = {"GOGC": "800", "GOMAXPROCS": "1"}
"""promtool lives for a second: let it hold garbage, and leave the other cores alone. Saves a quarter of the time."""


def wanted(case: Case) -> set[str]:
    """Rules that a case says something about."""
    return case.alerts() | words(case.expressions())


def prepare(case: Case, document: dict[str, Any], folder: Path, name: str = "case") -> set[str]:
    """Write the case as `name`.json for a rules.json beside it; the rules that belong there."""
    names = needed(document, wanted(case))
    order = [group["name"] for group in restricted(document, names)["groups"]]
    # JSON is YAML, and much faster to write.
    (folder / f"{name}.json").write_text(json.dumps(promtool_file([case], "rules.json", order)), encoding="utf-8")
    return names


def judge(rules: dict[str, Any], folder: Path, name: str = "case", *, promtool: str = "promtool") -> str:
    """What promtool has to say of a prepared case on these rules: empty when it passes."""
    (folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    done = subprocess.run(  # noqa: S603  the words are ours
        [promtool, "test", "rules", f"{name}.json"],
        cwd=folder, env=os.environ | THRIFTY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


def run(case: Case, document: dict[str, Any], folder: Path, *, promtool: str = "promtool") -> str:
    """What promtool has to say of one case: empty when it passes."""
    names = prepare(case, document, folder)
    return judge(restricted(document, names), folder, promtool=promtool)
