"""Run cases with promtool, each against the rules that it needs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from alerts.cases.model import Case
from alerts.generate import test_file
from alerts.restrict import needed, restricted, words


def wanted(case: Case) -> set[str]:
    """Rules that a case says something about."""
    return case.alerts() | words(case.expressions())


def run(case: Case, document: dict[str, Any], folder: Path, *, promtool: str = "promtool") -> str:
    """What promtool has to say of one case: empty when it passes. JSON is YAML, and much faster to write."""
    rules = restricted(document, needed(document, wanted(case)))
    (folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    order = [group["name"] for group in rules["groups"]]
    content = test_file([case], "rules.json", order)
    (folder / "case.json").write_text(json.dumps(content), encoding="utf-8")
    done = subprocess.run(  # noqa: S603  the words are ours
        [promtool, "test", "rules", "case.json"], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
