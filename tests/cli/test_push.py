"""Runs from cron: metrics in a real Pushgateway, replaced as a whole, deleted on request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import free_port, get, pushgateway

from .conftest import Xdrift
from .test_check import DRIFTED, QUIET

ONE = 'instance="",job="xdrift",model="late-flights",monitor="late-flights"'


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pushgateway(tmp_path_factory.mktemp("gateway")) as url:
        yield url


def samples(gateway: str) -> dict[str, float]:
    lines = get(f"{gateway}/metrics").splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if line.startswith("xdrift_")]
    return {name: float(value) for name, value in pairs}


def test_a_pushed_check_shows_its_level_and_totals_that_go_on_growing(
    in_service: Path, xdrift: Xdrift, gateway: str
) -> None:
    first = xdrift("check", "--at", QUIET, "--push", gateway)
    quiet = samples(gateway)
    second = xdrift("check", "--at", DRIFTED, "--push", gateway)
    drifted = samples(gateway)

    assert (first.code, second.code) == (0, 1)
    assert [found[f"xdrift_checks_total{{{ONE}}}"] for found in (quiet, drifted)] == [1, 2]
    assert [found[f'xdrift_drift_level{{{ONE},view="traffic"}}'] for found in (quiet, drifted)] == [0, 2]
    assert not any(name.startswith("xdrift_collector_") for name in drifted)


def test_what_the_store_knows_can_be_pushed_again_and_deleted(in_service: Path, xdrift: Xdrift, gateway: str) -> None:
    xdrift("check", "--at", QUIET)

    assert xdrift("push", gateway, "--json").json == {"pushed": ["late-flights"]}
    assert f"xdrift_checks_total{{{ONE}}}" in samples(gateway)
    assert xdrift("push", gateway, "--delete", "late-flights").out == "deleted late-flights\n"
    assert samples(gateway) == {}


def test_a_misspelt_monitor_is_not_deleted_and_gets_the_nearest(in_service: Path, xdrift: Xdrift, gateway: str) -> None:
    xdrift("check", "--at", QUIET, "--push", gateway)

    ran = xdrift("push", gateway, "--delete", "late-flights", "--delete", "late-fligths")

    assert (ran.code, ran.out) == (2, "")
    assert "seen:     late-fligths" in ran.err
    assert "did you mean late-flights?" in ran.err
    assert f"xdrift_checks_total{{{ONE}}}" in samples(gateway), "nothing is deleted before every name is looked at"


def test_a_monitor_that_left_the_configuration_is_deleted(in_service: Path, xdrift: Xdrift, gateway: str) -> None:
    xdrift("check", "--at", QUIET, "--push", gateway)
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(text.replace("name: late-flights", "name: early-birds"))

    ran = xdrift("push", gateway, "--delete", "late-flights")

    assert (ran.code, ran.out) == (0, "deleted late-flights\n")
    assert samples(gateway) == {}


def test_a_gateway_that_does_not_answer_exits_3_and_loses_nothing(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("check", "--at", QUIET, "--push", f"http://user:secret@127.0.0.1:{free_port()}")

    assert ran.code == 3
    assert "does not answer" in ran.err
    assert "secret" not in ran.out + ran.err
    assert xdrift("check", "--at", QUIET, "--json").json["checks"][0]["state"] == "finished"


@pytest.mark.parametrize("url", ["ftp://gateway", "http://gateway:abc", "gateway", "user:word@gateway/path"])
def test_an_address_that_is_none_is_refused_before_anything_is_done(in_service: Path, xdrift: Xdrift, url: str) -> None:
    pushed, checked = xdrift("push", url), xdrift("check", "--at", QUIET, "--push", url, "--exit-zero")

    for ran in (pushed, checked):
        assert ran.code == 2
        assert "expected: http://HOST:PORT" in ran.err
        assert "next:" in ran.err
    assert checked.out == ""
    assert xdrift("check", "--at", QUIET, "--json").json["checks"][0]["state"] == "done", "no slot was used up"
