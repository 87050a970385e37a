"""Every case passes promtool; a rule that is altered makes one fail."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from alerts.cases import CASES
from alerts.cases.model import Case
from alerts.equivalents import EQUIVALENT
from alerts.generate import LINKS
from alerts.mutants import mutants
from alerts.mutate import survivors
from alerts.promtool import run
from alerts.render import prometheus

ALERTS = Path(__file__).parents[2] / "alerts"
RULES = prometheus(LINKS)
pytestmark = [
    pytest.mark.promtool,
    pytest.mark.skipif(
        shutil.which("promtool") is None, reason="promtool is not installed; apt-get install prometheus"
    ),
]


@pytest.mark.parametrize("case", [case for topic in CASES.values() for case in topic], ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path) -> None:
    assert run(case, RULES, tmp_path) == ""


def test_promtool_accepts_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", "rules.yaml"], cwd=ALERTS, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {sum(len(group['rules']) for group in RULES['groups'])} rules found" in done.stdout


NEWER = os.environ.get("XDRIFT_PROMTOOL3", "")
"""A promtool of Prometheus 3, where `.ci/newer-prometheus FOLDER` fetched one."""
prometheus_3 = pytest.mark.skipif(not NEWER, reason="XDRIFT_PROMTOOL3 names no promtool: .ci/newer-prometheus FOLDER")


@prometheus_3
def test_prometheus_3_accepts_the_rules() -> None:
    version = subprocess.run([NEWER, "--version"], capture_output=True, text=True)
    done = subprocess.run([NEWER, "check", "rules", "rules.yaml"], cwd=ALERTS, capture_output=True, text=True)

    assert " version 3." in version.stdout
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@prometheus_3
@pytest.mark.parametrize("case", [case for topic in CASES.values() for case in topic], ids=lambda case: case.name)
def test_case_in_prometheus_3(case: Case, tmp_path: Path) -> None:
    assert run(case, RULES, tmp_path, promtool=NEWER) == ""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("path", sorted((ALERTS / "tests").iterdir()), ids=lambda path: path.name)
def test_the_committed_tests_pass_on_the_whole_rule_file(path: Path) -> None:
    done = subprocess.run(["promtool", "test", "rules", path.name], cwd=path.parent, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_case_that_expects_the_contrary_fails(tmp_path: Path) -> None:
    case = CASES["drift"][0]
    contrary = Case(name="contrary", series=case.series, quiet=case.fires[:1])

    assert "FAILED" in run(contrary, RULES, tmp_path)


CHEAP = (
    "ExplanationChecksFailing",
    "ExplanationDriftSevere",
    "ExplanationMigrationInProgress",
)


def test_a_sample_of_altered_rules_is_caught() -> None:
    """The whole run is `python -m alerts.mutate`."""
    chosen = [mutant for mutant in mutants(RULES) if mutant.rule in CHEAP][::4]

    assert len(chosen) >= 10
    assert [f"{mutant.rule}: {mutant.what}" for mutant in survivors(chosen, RULES)] == []


def test_what_is_listed_as_no_alteration_is_still_a_mutant() -> None:
    assert set(EQUIVALENT) <= {(mutant.where, mutant.what) for mutant in mutants(RULES)}


def test_mutants_alter_thresholds_operators_labels_windows_and_waits() -> None:
    found = list(mutants(RULES))

    assert len({(mutant.rule, mutant.index, mutant.field, str(mutant.value)) for mutant in found}) == len(found)
    assert all(mutant.apply(RULES) != RULES for mutant in found[::50])
    assert {mutant.field for mutant in found} == {"expr", "for", "keep_firing_for", "labels"}
    assert {mutant.rule for mutant in found} >= {
        rule.get("alert") or rule["record"] for group in RULES["groups"] for rule in group["rules"]
    } - {"slo:current_burn_rate:ratio"}
