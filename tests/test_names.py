"""The catalogue of metrics keeps Prometheus' conventions and agrees with the records it is filled from."""

from __future__ import annotations

import shutil
import subprocess
from typing import get_args

import pytest

from monitor import errors, names
from monitor.settings import MonitorSettings
from monitor.types import VIEWS, Level, Verdict


def test_words_of_the_records_are_words_of_the_labels():
    assert get_args(Verdict) == names.VERDICTS
    assert names.VIEW_VALUES == VIEWS
    assert len(names.LEVEL_NAMES) == len(get_args(Level))
    assert get_args(MonitorSettings.model_fields["tier"].annotation) == names.TIERS


def test_every_error_of_a_check_has_a_failure_reason():
    family = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.XdriftError)]

    assert {each.reason for each in family} - {"publish"} <= set(names.FAILURE_REASONS)


def test_closed_sets_have_no_word_twice():
    for words in (
        names.FAILURE_REASONS, names.UNKNOWN_REASONS, names.SKIP_REASONS, names.STAGES, names.SCORE_TESTS, names.SLOS,
        names.UNEXPLAINED_REASONS, names.ERROR_REASONS, names.EXPLANATION_SOURCES, names.QUARANTINE_REASONS,
        names.PRIVACY_KINDS,
    ):  # fmt: skip
        assert len(set(words)) == len(words)


@pytest.mark.parametrize("name", names.METRICS)
def test_a_metric_keeps_the_conventions(name):
    metric = names.METRICS[name]

    assert name.startswith("xdrift_")
    assert name.endswith("_total") == (metric.kind == "counter")
    assert ":" not in name
    assert not {"type", "owner", "service", "env"} & set(metric.labels)
    assert metric.help.endswith(".")
    if "monitor" in metric.labels:
        assert metric.labels[:2] == ("monitor", "model")


def test_every_durable_total_is_a_counter_with_that_label():
    for name, label in names.COUNTERS.items():
        assert names.METRICS[name].kind == "counter"
        assert names.METRICS[name].labels[2:] == ((label[0],) if label else ())

    assert {name for name, metric in names.METRICS.items() if metric.kind == "counter"} == set(names.COUNTERS)


@pytest.mark.promtool
def test_promtool_has_no_complaint():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; apt-get install prometheus")
    lines = []
    for name, metric in names.METRICS.items():
        labels = ",".join(f'{label}="x"' for label in metric.labels)
        bucket = ",".join([*filter(None, [labels]), 'le="+Inf"'])
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"]
        if metric.kind == "histogram":
            lines += [
                f"{name}_bucket{{{bucket}}} 1",
                f"{name}_sum{{{labels}}} 1",
                f"{name}_count{{{labels}}} 1",
            ]
        else:
            lines.append(f"{name}{{{labels}}} 1")
    found = subprocess.run(
        [promtool, "check", "metrics"], input="\n".join([*lines, ""]), capture_output=True, text=True, timeout=60
    )

    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_every_reason_for_setting_a_line_aside_has_its_meaning() -> None:
    assert tuple(names.QUARANTINE_MEANINGS) == names.QUARANTINE_REASONS
