"""The demo as a newcomer runs it: one command, the whole year, then pages and metrics."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from monitor import config as configuration
from monitor.demo.incidents import INCIDENTS, LEAK, MAINTENANCE, OUTAGE, REFERENCE_END, WEEK, YEAR_END, YEAR_START
from monitor.reports.make import make_weekly
from monitor.reports.weeks import Week
from monitor.store import Store
from tests.browser import chromium, crawl, links, look, told

from .conftest import Demo

pytestmark = pytest.mark.timeout(2400)  # a good minute on an idle machine; the whole year runs once


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.kind)
def test_the_demo_names_each_incident_in_each_of_its_weeks(demo: Demo, incident: Any) -> None:
    weeks = [week for week in demo.weeks if week["truth"] == incident.truth]
    assert len(weeks) == (incident.end - incident.start) / WEEK
    assert {week["verdict"] for week in weeks} <= set(incident.right)
    assert {week["level"] for week in weeks} == {2}


def test_the_demo_is_quiet_on_every_week_of_the_reference_period(demo: Demo) -> None:
    weeks = [week for week in demo.weeks if week["week"] < f"{REFERENCE_END:%Y-%m-%d}"]
    assert len(weeks) == 13
    assert {(week["verdict"], week["level"]) for week in weeks} == {("none", 0)}


def test_most_ordinary_weeks_of_the_year_are_quiet(demo: Demo) -> None:
    levels = demo.document["ordinary_weeks_at_level"]
    assert levels["0"] >= 0.7 * demo.document["ordinary_weeks"]


def test_sentences_say_what_was_done(demo: Demo) -> None:
    first = {incident.kind: next(w for w in demo.weeks if w["truth"] == incident.truth) for incident in INCIDENTS}
    assert "silent retrain" in first["retrain"]["sentence"]
    assert "dep_delay looks converted, a factor of 60" in first["unit"]["sentence"]
    assert "engine tree-compiled -> tree-interventional" in first["explainer"]["sentence"]


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.kind)
def test_the_weekly_review_of_an_incident_says_which_week_what_why_and_what_to_decide(
    demo: Demo, incident: Any, tmp_path: Path
) -> None:
    told = {
        "retrain": ("model", "without a new version label", "roll_back"),
        "unit": ("pipeline", "dep_delay looks converted", "fix_pipeline"),
        "explainer": ("explainer", "engine tree-compiled -> tree-interventional", "put_back_explainer"),
    }
    verdict, why, action = told[incident.kind]
    settings = configuration.load(demo.directory / "xdrift.yaml", {})
    first = Week.of(incident.start)
    with Store.open(settings.store.url) as store:
        written = make_weekly(settings, store, week=first, now=YEAR_END, directory=tmp_path)

    (one,) = written.report.monitors
    page = next(path for path in written.files if path.suffix == ".html" and path.parent.name == "monitors")
    assert one.state == "severe"
    assert why in one.headline
    assert "had been quiet" in " ".join(one.story)
    assert action in [each.action for each in one.decisions]
    assert (one.episodes[0].span, one.trend[-1].verdict) == (str(first), verdict)
    assert len(one.swarms) == 0  # the points are drawn, not kept
    assert 50_000 < page.stat().st_size < 2_000_000


def test_every_week_of_the_year_has_its_check(demo: Demo) -> None:
    assert len(demo.weeks) == (YEAR_END - YEAR_START) / WEEK == 52
    assert all(week["rows"] == 1000 for week in demo.weeks)


def test_the_whole_explanation_log_was_polled_and_about_one_in_a_hundred_predictions_lacks_an_explanation(
    demo: Demo,
) -> None:
    totals = _totals(demo.directory)
    lines = sum(path.read_bytes().count(b"\n") for path in (demo.directory / "explanations").iterdir())
    assert totals["xdrift_telemetry_records_total"] == lines > 100_000
    assert 0.985 < totals["xdrift_predictions_explained_total"] / lines < 0.995
    assert totals["xdrift_privacy_incidents_total"] == 1
    assert not totals["xdrift_telemetry_quarantined_total"]


def test_logged_attributions_agree_but_for_the_stale_cache_of_the_retrained_weeks(demo: Demo) -> None:
    with Store.open(f"sqlite:///{demo.directory}/xdrift.db") as store:
        served = {
            week["truth"]: (store.check(week["check_id"]) or pytest.fail("no check")).served for week in demo.weeks
        }
    retrain, _, explainer = (served[incident.truth] for incident in INCIDENTS)
    assert retrain["stale"] == retrain["beyond"] > 50
    assert explainer["rows"] == 0
    assert explainer["approximate"] > 200
    assert all(one["beyond"] == 0 < one["rows"] for truth, one in served.items() if not (truth or "").startswith("INJ"))


def test_the_records_of_a_week_have_the_times_of_that_week(demo: Demo) -> None:
    with Store.open(f"sqlite:///{demo.directory}/xdrift.db") as store:
        for week in demo.weeks:
            check = store.check(week["check_id"])
            assert check is not None
            assert check.planned_at <= check.started_at <= check.planned_at + timedelta(minutes=5)
        maintenance = store.maintenances("late-arrivals")
    assert [(one.start, one.until) for one in maintenance] == [MAINTENANCE]


def _totals(directory: Path) -> dict[str, float]:
    """Totals of the store by name, added up over their labels."""
    totals: dict[str, float] = {}
    with Store.open(f"sqlite:///{directory}/xdrift.db") as store:
        for counter in store.snapshot(YEAR_END).counters:
            totals[counter.name] = totals.get(counter.name, 0.0) + counter.value
    return totals


@pytest.fixture(scope="module")
def served(demo: Demo) -> Iterator[str]:
    """Address of the daemon over the demo's year; it must stop when told."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Beside the demo's own configuration: another worker may serve the same directory.
    config = demo.directory / f"served-{port}.yaml"
    config.write_text((demo.directory / "xdrift.yaml").read_text().replace("port: 9464", f"port: {port}"))
    code = (
        "from pathlib import Path; from monitor.demo import data, replay, serve_demo; import sys; "
        "path = Path(sys.argv[1]); serve_demo(replay.read_config(path), data.World(path.parent), quiet=True)"
    )
    server = subprocess.Popen([sys.executable, "-c", code, str(config)], stdout=subprocess.DEVNULL)
    try:
        _get(f"http://127.0.0.1:{port}/metrics")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0


def _check(demo: Demo, kind: str) -> str:
    """Path of the page of the first week of an incident."""
    truth = next(incident.truth for incident in INCIDENTS if incident.kind == kind)
    return "/checks/" + next(week["check_id"] for week in demo.weeks if week["truth"] == truth)


def test_the_served_demo_answers_pages_and_clean_metrics(demo: Demo, served: str) -> None:
    metrics = _get(f"{served}/metrics")
    assert 'xdrift_verdict{model="New York late arrivals",monitor="late-arrivals",verdict="none"} 1.0' in metrics
    _promtool(metrics)
    assert "dep_delay looks converted" in _get(served + _check(demo, "unit"))
    assert "late-arrivals" in _get(served)


@pytest.mark.chromium
def test_every_link_of_the_demos_pages_leads_somewhere(demo: Demo, served: str) -> None:
    """Of predictions, those that one check names: each names others, thousands in the end."""
    with urlopen(served + _check(demo, "unit"), timeout=30) as answer:
        named, _ = links(answer.read().decode(), served)
    found = crawl(f"{served}/", wanted=lambda url: "/predictions/" not in url or url in named)
    assert len([url for url in found if f"{served}/checks/" in url]) >= len(demo.weeks)
    assert len([url for url in found if f"{served}/predictions/" in url]) >= 5
    assert {url: answer for url, answer in found.items() if answer[0] != 200} == {}


@pytest.mark.chromium
def test_the_demos_pages_are_whole_and_accessible_on_a_phone_and_a_wide_screen(demo: Demo, served: str) -> None:
    with urlopen(served + _check(demo, "unit"), timeout=30) as answer:
        prediction = next(url for url in links(answer.read().decode(), served)[0] if "/predictions/" in url)
    checks = [served + _check(demo, incident.kind) for incident in INCIDENTS]
    with chromium() as browser:
        seen = [
            look(browser, url, width=width, scheme=scheme)
            for url in (f"{served}/", f"{served}/monitors/late-arrivals", *checks, prediction)
            for width, scheme in ((360, "light"), (1920, "dark"))
        ]
    assert told(seen) == ""


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
    assert YEAR_END - timedelta(days=1) <= LEAK < OUTAGE[0] < OUTAGE[1] <= YEAR_END  # where "the last week" shows them


def test_without_its_extra_the_demo_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor.demo import data
    from monitor.errors import ConfigError

    monkeypatch.setattr(data, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'xdrift\[demo\]'"):
        data.flights()
