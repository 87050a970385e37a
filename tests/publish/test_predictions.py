from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from monitor.publish.explanation import NOT_CAUSES, About, explanation
from monitor.publish.logged import Logged, logged_words
from monitor.publish.phrases import number, signed, value_text
from monitor.publish.prediction_view import adds_up_words
from monitor.publish.predictions import explain_kept
from monitor.settings import ServerSettings
from monitor.types import AttributionRow, Check

from .conftest import Serve, Served
from .fleet import DECISION, INPUT_PROFILES, NOW, MemoryReader, fleet
from .test_browser import Visit
from .test_pages import EVIL, Page, evil_fleet, latest

ODD = "tx%2F7%20%C3%A4"
"""An id with a slash, a space and an umlaut, in an address."""


def newest(reader: MemoryReader) -> Check:
    check = reader.check(latest(reader, "fraud-prod"))
    assert check is not None
    return check


def api(site: Served, path: str) -> Any:
    answer = site.get(f"/api/v1/predictions/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_prediction_is_told_as_the_latest_check_kept_it_with_all_checks_that_did(site: Served) -> None:
    body = api(site, "tx-3")
    check = newest(site.reader)

    assert body["check"]["id"] == check.id
    assert [one["id"] for one in body["kept_by"]] == [one.id for one in site.reader.checks("fraud-prod", limit=2)], (
        "the day before kept a row of this id as well"
    )
    row = next(one for one in check.rows if one.row_id == "tx-3")
    assert body["prediction"] == row.prediction
    assert {one["name"]: one["attribution"] for one in body["features"]} == row.values
    assert {one["column"]: one["value"] for one in body["features"]} == row.inputs


def test_a_check_can_be_named(site: Served) -> None:
    before = site.reader.checks("fraud-prod", limit=2)[1]

    assert api(site, f"tx-3?check={before.id}")["check"]["id"] == before.id
    assert api(site, "tx-3?monitor=fraud-prod")["monitor"] == "fraud-prod"


def test_the_waterfall_goes_from_the_base_value_to_the_prediction(site: Served) -> None:
    for row in newest(site.reader).rows:
        found = site.reader.kept_predictions(row.row_id)
        shown = explain_kept(site.reader, found)
        assert shown.steps[-1].end == row.prediction
        assert math.isclose(math.fsum(step.value for step in shown.steps[:-1]), row.prediction or 0.0, rel_tol=1e-12)
        assert shown.adds_up


def test_an_id_may_hold_anything_an_address_can_quote(site: Served) -> None:
    assert api(site, ODD)["row_id"] == "tx/7 ä"
    assert site.get(f"/predictions/{ODD}").status_code == 200


def test_counterparts_are_real_rows_with_another_decision_nearest_first(site: Served) -> None:
    rows = {row.row_id: row for row in newest(site.reader).rows}
    for row in rows.values():
        body = api(site, f"{row.row_id.replace('/', '%2F')}?monitor=fraud-prod")
        found = body["counterparts"]
        assert len(found) == 3
        assert [one["distance"] for one in found] == sorted(one["distance"] for one in found)
        for one in found:
            other = rows[one["row_id"]]
            assert ((other.prediction or 0) >= 0) != ((row.prediction or 0) >= 0)
            for pair in one["values"]:
                assert (pair["here"], pair["there"]) == (row.inputs[pair["column"]], other.inputs[pair["column"]])
                assert pair["here"] != pair["there"]
            assert "pin_retries" not in one["differs"], "kept back"
        assert body["counterparts_are"] == NOT_CAUSES


def test_the_page_says_that_counterparts_are_no_causes_and_which_columns_are_kept_back(site: Served) -> None:
    text = " ".join(Page(site.get("/predictions/tx-3").text).text.split())

    assert NOT_CAUSES in text
    assert "Columns kept back count neither way: pin_retries." in text
    assert "pin_retries[redacted]" in text


def test_the_page_shows_what_the_api_tells(site: Served) -> None:
    body, html = api(site, "tx-3"), site.get("/predictions/tx-3").text
    page = Page(html)
    text = " ".join(page.text.split())
    side = "at or above" if body["prediction"] >= 0 else "below"

    assert f"Probability {number(body['probability'])}, {side} 0.5" in text
    assert "logged attributions differ from the recomputed ones" in text
    for feature in body["features"]:
        assert f"{feature['name']}{value_text(feature['value'])}" in text
        assert feature["standing"]["words"] in text
    for one in body["counterparts"]:
        assert f"/predictions/{quote(one['row_id'])}?monitor=" in html
        assert f"probability {number(one['probability'])}, {one['outcome']} · distance" in text
        assert (one["probability"] >= 0.5) == (one["outcome"] == "at or above 0.5")
        assert one["probability"] == pytest.approx(1 / (1 + math.exp(-one["prediction"])))
    assert f'href="/checks/{body["check"]["id"]}"' in html
    assert json.loads(page.data)["steps"][-1]["end"] == body["prediction"]


def test_a_gap_is_told_as_a_share_of_the_recomputed_attributions() -> None:
    logged = Logged(features=4, gap=0.6, tolerance=0.05, agrees=False, unknown=())

    assert logged_words(logged) == (
        "4 logged attributions differ from the recomputed ones by 60% of the total size of the recomputed ones, beyond "
        "the tolerance of 5.0%."
    )
    nothing = dataclasses.replace(logged, gap=math.inf)
    assert logged_words(nothing).startswith("4 logged attributions differ from the recomputed ones, which are all 0, ")


def test_logged_attributions_stand_beside_the_recomputed_ones(site: Served) -> None:
    logged = api(site, "tx-3")["logged"]
    row = next(row for row in newest(site.reader).rows if row.row_id == "tx-3")
    gap = 0.5 * abs(row.values["amount"]) / sum(map(abs, row.values.values()))

    assert logged["gap"] == pytest.approx(gap)
    assert logged["agrees"] == (gap <= 0.05)
    assert logged["tolerance"] == 0.05
    assert api(site, "tx-4")["logged"] is None


def test_a_check_shows_the_rows_in_which_its_top_mover_counts_most(site: Served) -> None:
    check = newest(site.reader)
    html = site.get(f"/checks/{check.id}").text
    block = html.split('id="examples"')[1].split("</section>")[0]
    links = [link for link in Page(block).links() if "/predictions/" in link]
    rows = sorted(check.rows, key=lambda row: -abs(row.values["merchant_risk"]))[:10]

    assert len(links) == 10
    for link, row in zip(links, rows, strict=True):
        answer = site.get(link)
        assert answer.status_code == 200
        assert row.row_id in answer.text
        assert check.id in link


def test_a_check_without_kept_rows_has_no_list_of_them(site: Served) -> None:
    assert 'id="examples"' not in site.get(f"/checks/{latest(site.reader, 'forecast-weekly')}").text


@pytest.mark.parametrize("path", ["/predictions/nobody", "/api/v1/predictions/nobody", "/predictions/"])
def test_an_id_that_nobody_kept_says_what_to_do(site: Served, path: str) -> None:
    answer = site.get(path)

    assert answer.status_code == 404
    if "nobody" in path:
        assert "xdrift explain nobody" in answer.text
        assert "store.retention.rows" in answer.text


def test_a_check_or_monitor_that_did_not_keep_it_is_named(site: Served) -> None:
    other = latest(site.reader, "forecast-weekly")

    assert f"kept by check {other}" in site.get(f"/api/v1/predictions/tx-3?check={other}").json()["error"]
    assert "for monitor credit-limit" in site.get("/api/v1/predictions/tx-3?monitor=credit-limit").json()["error"]


def test_an_id_of_several_monitors_asks_which(serve: Serve) -> None:
    reader = fleet()
    with serve(two_monitors(reader)) as served:
        answer = served.get("/api/v1/predictions/tx-3")
        assert answer.status_code == 300
        assert answer.json()["monitors"] == ["fraud-prod", "forecast-weekly"], "the latest check first"
        assert "?monitor=" in answer.json()["next"]
        links = [link for link in Page(served.get("/predictions/tx-3").text).links() if "/predictions/" in link]
        assert len(links) == 2
        assert [served.get(link).status_code for link in links] == [200, 200]


def two_monitors(reader: MemoryReader) -> MemoryReader:
    """The quiet monitor keeps the same rows."""
    rows = newest(reader).rows
    last = reader.check(latest(reader, "forecast-weekly"))
    assert last is not None
    reader._checks[last.id] = dataclasses.replace(last, rows=rows)
    return reader


def test_single_predictions_are_served_only_where_that_is_wanted(serve: Serve) -> None:
    with serve(fleet(), server=ServerSettings(predictions=False)) as served:
        for path in ("/predictions/tx-3", "/api/v1/predictions/tx-3"):
            answer = served.get(path)
            assert answer.status_code == 404
            assert "server.predictions is false" in answer.text
            assert "tx-3" not in answer.text
        check = served.get(f"/checks/{latest(served.reader, 'fraud-prod')}")
        assert check.status_code == 200
        assert "tx-3" not in check.text
        assert "/predictions/" not in check.text


def test_a_store_that_is_away_is_said(serve: Serve) -> None:
    with serve(fleet()) as served:
        served.reader.broken = True
        assert served.get("/predictions/tx-3").status_code == 503
        assert served.get("/api/v1/predictions/tx-3").json()["next"] == "start the database"


def test_markup_in_names_and_values_stays_text(serve: Serve) -> None:
    reader = evil_fleet()
    check = newest(reader)
    rows = tuple(
        dataclasses.replace(row, row_id=f"{EVIL}{i}", inputs={**row.inputs, EVIL: EVIL}, segments={EVIL: EVIL})
        for i, row in enumerate(check.rows)
    )
    reader._checks[check.id] = dataclasses.replace(check, rows=rows)
    with serve(reader) as served:
        link = next(link for link in Page(served.get(f"/checks/{check.id}").text).links() if "/predictions/" in link)
        page = Page(served.get(link).text)
    assert page.text.count("<script>alert(1)") >= 5
    assert not [attrs for tag, attrs in page.tags if tag == "img" or "onerror" in attrs]
    assert not [attrs for tag, attrs in page.tags if tag == "script" and not attrs]
    assert "</" not in page.data


def test_no_inline_script_or_style(site: Served) -> None:
    for tag, attrs in Page(site.get("/predictions/tx-3").text).tags:
        assert tag != "style"
        assert not [name for name in attrs if name == "style" or name.startswith("on")]
        assert tag != "script" or "src" in attrs or attrs.get("type") == "application/json"


def about(**decision: Any) -> About:
    return About(
        monitor="m", model_version="1", model_digest=None, explainer=None, decision={**DECISION, **decision},
        tolerance=None, check=None,
    )  # fmt: skip


def row(**more: Any) -> AttributionRow:
    given: dict[str, Any] = {
        "row_id": "r", "kind": "sample", "time": NOW, "prediction": 1.0, "logged_prediction": None, "base_value": 0.25,
        "values": {"amount": 0.5, "channel": 0.25}, "inputs": {"amount": 1.0, "channel": "pos"},
    }  # fmt: skip
    return AttributionRow(**{**given, **more})


def test_without_a_decision_the_reason_is_said() -> None:
    reason = "the model is no classifier: set predictions.threshold to the value that decides"
    shown = explanation(
        row(),
        about(threshold=None, probability=None, reason=reason),
        profiles=INPUT_PROFILES,
        candidates=(),
        kept_by=(),
    )

    assert (shown.no_decision, shown.no_counterpart, shown.counterparts) == (reason, reason, ())


def test_a_holdout_row_is_named_without_values_where_the_check_kept_none() -> None:
    told = {"row_id": "h-1", "distance": 0.5, "prediction": -1.0, "differs": ["amount"], "holdout": True}
    shown = explanation(
        row(nearest_other=told), about(), profiles=INPUT_PROFILES, candidates=[row(row_id="x")], kept_by=()
    )

    (other,) = shown.counterparts
    assert (other.row_id, other.holdout, other.differs, other.values) == ("h-1", True, ("amount",), ())
    assert shown.looked_among == "the holdout"


def test_a_column_that_is_kept_back_shows_no_distribution_of_an_older_reference() -> None:
    shown = explanation(row(), about(left_out=["amount"]), profiles=INPUT_PROFILES, candidates=(), kept_by=())

    assert [one["feature"] for one in shown.distributions] == ["channel"]
    assert {one.name: one.standing.words for one in shown.features}["amount"] == "kept back"


def test_of_several_classes_the_one_decided_for_is_explained() -> None:
    made = row(
        prediction=0.5, base_value=0.0, classes={"a": (0.0, 0.5), "b": (1.0, 3.0)},
        values={"amount[a]": 0.5, "amount[b]": 1.5, "channel[a]": 0.0, "channel[b]": 0.5},
    )  # fmt: skip
    other = dataclasses.replace(made, row_id="o", classes={"a": (0.0, 9.0), "b": (1.0, 3.0)}, inputs={"amount": 2.0})
    shown = explanation(
        made, about(threshold=None, probability=None, classes=True), profiles=INPUT_PROFILES, candidates=[made, other],
        kept_by=(),
    )  # fmt: skip

    assert (shown.explained_class, shown.outcome) == ("b", "class b")
    assert [(step.label, step.value) for step in shown.steps] == [
        ("base value", 1.0), ("amount[b]", 1.5), ("channel[b]", 0.5), ("prediction", 3.0)
    ]  # fmt: skip
    assert [(one.row_id, one.outcome) for one in shown.counterparts] == [("o", "class a")]


@pytest.mark.parametrize(
    ("prediction", "words"),
    [
        (1.0, "Base value and attributions add up to the prediction exactly."),
        (1.0 + 1e-9, "Base value and attributions add up to the prediction, but for rounding."),
        (1.5, "Base value and attributions miss the prediction by 0.500: a step of its own shows it."),
        (None, "There is no prediction to add up to."),
    ],
)
def test_how_well_it_adds_up_is_said(prediction: float | None, words: str) -> None:
    shown = explanation(row(prediction=prediction), about(), profiles=(), candidates=(), kept_by=())

    assert adds_up_words(shown) == words
    assert [step.kind for step in shown.shown_steps].count("gap") == (prediction == 1.5)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "missing"), (True, "True"), (3, "3"), (3.0, "3"), (-1234567.0, "−1,234,567"), (0.1234567, "0.123457"),
     (1e300, "1e+300"), ("", ""), ("x", "x"), (2**70, "1.18059e+21")],
)  # fmt: skip
def test_values_read_as_they_are_stored(value: Any, text: str) -> None:
    assert value_text(value) == text


def test_contributions_always_have_a_sign() -> None:
    assert [signed(one) for one in (0.5, -0.5, 0.0, None)] == ["+0.500", "−0.500", "0", "–"]


@pytest.fixture(scope="module")
def visit(site: Served, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    return Visit(f"{site.url}/predictions/tx-3", tmp_path_factory.mktemp("chromium"))


@pytest.mark.chromium
def test_both_charts_are_drawn_without_complaint_and_from_here(visit: Visit, site: Served) -> None:
    for chart in ("chart-waterfall", "chart-distribution"):
        drawn = visit.document.split(f'id="{chart}"')[1].split("</section>")[0]
        assert '<svg class="main-svg"' in drawn, chart
    assert visit.document.split('id="chart-waterfall"')[1].split("</section>")[0].count('class="point"') >= 12
    assert visit.console == []
    assert [url for url in visit.requests if not url.startswith((site.url, "data:"))] == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = next(
        (path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser")) if path.exists()), None
    )
    if chromium is None:
        pytest.skip("Chromium is not installed; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.mark.chromium
@pytest.mark.parametrize("width", [360, 1920])
def test_the_page_fits_its_screen_and_has_no_serious_finding_of_axe(browser: Any, site: Served, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 900}, bypass_csp=True)
    page.goto(f"{site.url}/predictions/tx-3")
    page.wait_for_selector("#chart-distribution svg")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.select_option("#distribution-feature", label="channel")
    assert "(other)" in page.text_content("#chart-distribution")
    found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    page.close()
