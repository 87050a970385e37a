from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from monitor.cli import explaining_view, main
from monitor.pipeline import one
from monitor.publish.predictions import explain_kept, explanation_record
from monitor.store import Store

from .conftest import Xdrift, settle

SLOT = "2024-03-04T00:00Z"
KEPT, OLDER = "6000", "5000"
"""In the window of SLOT; in the week before it, which no check looked at."""


@pytest.fixture(scope="module")
def looked(watched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after one check."""
    folder = tmp_path_factory.mktemp("looked") / "flights"
    shutil.copytree(watched, folder)
    with pytest.MonkeyPatch.context() as patch:
        settle(patch, folder)
        assert main(["check", "late-flights", "--at", SLOT, "--json"]) == 1
    return folder


@pytest.fixture
def checked(looked: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """To be read only."""
    settle(monkeypatch, looked)
    return looked


@pytest.fixture
def own(looked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that a test may change."""
    folder = tmp_path / "flights"
    shutil.copytree(looked, folder)
    settle(monkeypatch, folder)
    return folder


def second_monitor(folder: Path, **predictions: object) -> None:
    """A challenger on the same traffic."""
    path = folder / "xdrift.yaml"
    settings = yaml.safe_load(path.read_text())
    (first,) = settings["monitors"]
    columns = {**first["predictions"]["columns"], **predictions}
    second = {**first, "name": "challenger", "predictions": {**first["predictions"], "columns": columns}}
    path.write_text(yaml.safe_dump({**settings, "monitors": [first, second]}))


def test_a_kept_prediction_is_shown_as_the_page_and_the_api_show_it(checked: Path, xdrift: Xdrift) -> None:
    ran = xdrift("explain", KEPT, "--json")
    with Store.open(f"sqlite:///{checked / 'xdrift.db'}") as store:
        kept = store.kept_predictions(KEPT)
        expected = json.loads(json.dumps(explanation_record(explain_kept(store, kept))))

    assert ran.code == 0
    assert ran.json == expected
    assert ran.json["check"]["id"] == kept[0].check.id
    assert len(ran.json["counterparts"]) == 3


def test_people_read_the_same(checked: Path, xdrift: Xdrift) -> None:
    body, out = xdrift("explain", KEPT, "--json").json, xdrift("explain", KEPT).out

    assert f"Kept by check {body['check']['id']}" in out
    for feature in body["features"]:
        assert feature["standing"]["words"] in out
    for other in body["counterparts"]:
        assert f"\n{other['row_id']}: probability" in out
    assert "not causes" in out
    assert max(map(len, out.splitlines())) <= 100


def test_a_prediction_that_no_check_kept_is_explained_now(checked: Path, xdrift: Xdrift) -> None:
    ran = xdrift("explain", OLDER)
    body = xdrift("explain", OLDER, "--json").json

    assert ran.code == 0
    assert "Explained now with the model in force, not kept by a check." in ran.out
    assert (body["check"], body["kept_by"]) == (None, [])
    assert body["steps"][-1]["end"] == body["prediction"]
    with Store.open(f"sqlite:///{checked / 'xdrift.db'}") as store:
        assert store.kept_predictions(OLDER) == [], "nothing is stored"


def test_a_spinner_is_all_that_a_terminal_gets_beside_the_result(checked: Path, xdrift: Xdrift) -> None:
    assert xdrift("explain", OLDER, "--json").err == ""


def test_an_id_that_is_nowhere_says_where_was_looked(checked: Path, xdrift: Xdrift) -> None:
    ran = xdrift("explain", "nobody", "--json")

    assert ran.code == 2
    assert ran.error["error"] == "there is no prediction 'nobody'"
    assert "late-flights from 2024-02-05 09:30 to 2024-03-11 09:30 UTC" in ran.error["seen"]
    assert "column flight_id" in ran.error["expected"]
    assert "--since" in ran.error["next"]


def test_the_search_goes_as_far_back_as_it_is_told(checked: Path, xdrift: Xdrift) -> None:
    assert xdrift("explain", "30").code == 2
    assert xdrift("explain", "30", "--since", "2024-01-01T00:00Z", "--json").code == 0
    assert xdrift("explain", "30", "--since", "2024-01-01T00:00Z", "--until", "2024-01-01T06:00Z").code == 2


def test_a_span_that_ends_before_it_begins_is_refused(checked: Path, xdrift: Xdrift) -> None:
    ran = xdrift("explain", OLDER, "--since", "2024-03-01T00:00Z", "--until", "2024-03-01T00:00Z", "--json")

    assert (ran.code, ran.error["error"]) == (2, "--since is not before --until")


def test_a_check_that_did_not_keep_it_says_which_did(checked: Path, xdrift: Xdrift) -> None:
    with Store.open(f"sqlite:///{checked / 'xdrift.db'}") as store:
        (kept,) = store.kept_predictions(KEPT)

    known = xdrift("explain", OLDER, "--check", kept.check.id, "--json")
    assert (known.code, known.error["error"]) == (2, f"check {kept.check.id} kept no prediction '{OLDER}'")
    unknown = xdrift("explain", KEPT, "--check", "0123", "--json")
    assert (unknown.code, unknown.error["error"]) == (2, "there is no check 0123")
    assert kept.check.id in unknown.error["seen"]
    assert xdrift("explain", KEPT, "--check", kept.check.id, "--json").code == 0


def test_an_unknown_monitor_is_refused(checked: Path, xdrift: Xdrift) -> None:
    assert xdrift("explain", KEPT, "--monitor", "late-fligths", "--json").error["next"] == "did you mean late-flights?"


def test_an_id_that_several_monitors_kept_asks_which(own: Path, xdrift: Xdrift) -> None:
    second_monitor(own)
    assert xdrift("reference", "create", "challenger", "--author", "ada", "--reason", "trial", "--json").code == 0
    assert xdrift("check", "challenger", "--at", SLOT, "--json").code == 1

    ran = xdrift("explain", KEPT, "--json")

    assert ran.code == 2
    assert ran.error["error"] == f"several monitors have a prediction '{KEPT}'"
    assert "challenger, kept by check" in ran.error["seen"]
    assert "late-flights, kept by check" in ran.error["seen"]
    assert ran.error["next"] == "say which: --monitor challenger"
    assert xdrift("explain", KEPT, "--monitor", "challenger", "--json").json["monitor"] == "challenger"


def test_an_id_in_several_prediction_sources_asks_which(own: Path, xdrift: Xdrift) -> None:
    second_monitor(own)

    ran = xdrift("explain", OLDER, "--json")

    assert ran.code == 2
    assert "challenger, predicted 2024-02-18 14:40 UTC" in ran.error["seen"]
    assert xdrift("explain", OLDER, "--monitor", "late-flights", "--json").json["monitor"] == "late-flights"


def test_a_monitor_without_ids_is_passed_by_and_named(own: Path, xdrift: Xdrift) -> None:
    second_monitor(own, id=None)

    assert xdrift("explain", OLDER, "--json").json["monitor"] == "late-flights"
    assert "challenger names no column of ids" in xdrift("explain", "nobody", "--json").error["seen"]
    alone = xdrift("explain", "nobody", "--monitor", "challenger", "--json")
    assert (alone.code, alone.error["error"]) == (2, "predictions have no ids to look for")


def test_a_source_that_is_away_is_a_failure_and_no_missing_id(own: Path, xdrift: Xdrift) -> None:
    (own / "log.parquet").unlink()

    assert xdrift("explain", KEPT, "--json").code == 0, "what a check kept needs no source"
    assert xdrift("explain", OLDER, "--json").code == 3


def test_only_the_first_features_are_listed_and_the_rest_counted(
    checked: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explaining_view, "SHOWN_FEATURES", 2)

    assert "and 3 more; --json lists them all" in xdrift("explain", KEPT).out


def test_a_prediction_before_any_check_is_compared_with_the_holdout(in_service: Path, xdrift: Xdrift) -> None:
    out = xdrift("explain", OLDER).out

    assert "Nearest rows with another decision, of the holdout" in out
    assert "\nholdout row " in out


def test_checks_of_another_model_are_not_compared_with(
    checked: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "of the rows that check" in xdrift("explain", OLDER).out
    monkeypatch.setattr(one, "LOOKED_AT", 0)

    assert ", of the holdout" in xdrift("explain", OLDER).out


def test_an_id_that_repeats_and_another_model_version_are_said(own: Path, xdrift: Xdrift) -> None:
    log = pd.read_parquet(own / "log.parquet").assign(version="2019-04")
    twin = log[log.flight_id == int(OLDER)].assign(distance_km=1.0)
    pd.concat([log, twin]).to_parquet(own / "log.parquet", index=False)
    path = own / "xdrift.yaml"
    path.write_text(
        path.read_text().replace("id: flight_id\n        #", "id: flight_id\n        model_version: version\n        #")
    )

    body = xdrift("explain", OLDER, "--json").json

    assert body["notes"][0] == f"2 rows of that moment have {OLDER} in column flight_id; the first is shown"
    assert body["notes"][1].startswith("the log names model version 2019-04; this explains version ")
    assert "Note: the log names model version 2019-04" in " ".join(xdrift("explain", OLDER).out.split())
