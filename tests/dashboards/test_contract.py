"""Dashboards speak of what exists: metrics, rules, views, pages, each other. An alert leads to predictions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml

import dashboards
from dashboards.preview.run import panels
from dashboards.snippets import ORDER
from monitor import names
from monitor.store.views import VIEWS
from tests.dashboards.queries import PROMQL, SQL, Asked, selectors

ROOT = Path(__file__).parents[2]
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "alerts" / "rules.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
RECORDS = {rule["record"] for rule in RULES if "record" in rule}
FOREIGN = {"ALERTS", "up"}
"""Prometheus' own."""
DOCUMENTS = {name: dashboards.load(name) for name in dashboards.NAMES}


def exported(series: str) -> bool:
    for suffix in ("", "_bucket", "_sum", "_count"):
        found = names.METRICS.get(series.removesuffix(suffix) if suffix else series)
        if found and (not suffix or found.kind == "histogram"):
            return True
    return False


def links(board: str) -> list[tuple[int, str, str]]:
    """(panel, what is clicked, address) of every data link."""
    found = []
    for panel in panels(DOCUMENTS[board]):
        config = panel["fieldConfig"]
        found += [(panel["id"], "", one["url"]) for one in config["defaults"].get("links") or []]
        for override in config.get("overrides", []):
            for prop in override["properties"]:
                if prop["id"] == "links":
                    found += [(panel["id"], override["matcher"]["options"], one["url"]) for one in prop["value"]]
    return found


LINKS = [(board, *one) for board in dashboards.NAMES for one in links(board)]


@pytest.mark.parametrize("one", PROMQL, ids=str)
def test_every_series_is_exported_or_recorded(one: Asked) -> None:
    for series, _ in selectors(promql_parser.parse(one.text)):
        assert exported(series) or series in RECORDS | FOREIGN, series


@pytest.mark.parametrize("one", PROMQL, ids=str)
def test_every_label_is_one_of_its_series(one: Asked) -> None:
    labels = {label for metric in names.METRICS.values() for label in metric.labels}
    for found in re.finditer(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", one.text):
        assert found[1] in labels | {"job", "alertname", "alertstate", "severity", "le"}, found[1]


@pytest.mark.parametrize("one", SQL, ids=str)
def test_every_row_comes_from_a_view_that_exists(one: Asked) -> None:
    ours = set(re.findall(r"\bWITH\s+(\w+)|\b(\w+)\s+AS\s+\(", one.text))
    named = {name for pair in ours for name in pair if name}
    read = set(re.findall(r"\b(?:FROM|JOIN)\s+(?!LATERAL\b)(\w+)\b(?!\s*\()", one.text))

    assert read - named
    assert read - named <= VIEWS.keys(), read - named - VIEWS.keys()


def test_every_view_is_used_or_kept_for_a_reason() -> None:
    kept = {"grafana_latency_daily": "months of latency, where Prometheus keeps fifteen days: for panels of one's own"}
    used = {name for one in SQL for name in VIEWS if re.search(rf"\b{name}\b", one.text)}

    assert VIEWS.keys() - used == kept.keys()


@pytest.mark.parametrize(("board", "panel", "what", "url"), LINKS)
def test_a_click_leads_to_a_dashboard_or_page_that_exists(board: str, panel: int, what: str, url: str) -> None:
    if url.startswith("/d/"):
        assert re.match(r"/d/([\w-]+)\?", url)[1] in dashboards.UIDS.values()  # type: ignore[index]
        carried = re.findall(r"var-(\w+)=|\$\{(\w+):queryparam\}", url)
        assert [one or other for one, other in carried] == list(ORDER)
        assert "${__url_time_range}" in url
        return
    path = url.removeprefix("${daemon:raw}")
    assert path != url
    assert re.match(r"/(monitors|checks|predictions)/\$\{__data\.fields\.\w+:percentencode\}", path)


@pytest.mark.parametrize(("board", "panel", "what", "url"), LINKS)
def test_a_click_knows_the_fields_it_takes_along(board: str, panel: int, what: str, url: str) -> None:
    (target, *_) = next(one for one in panels(DOCUMENTS[board]) if one["id"] == panel)["targets"]
    asked = target.get("rawSql") or target["expr"]
    for name in re.findall(r"__data\.fields\.(\w+)", url):
        assert re.search(rf"\b{name}\b", asked), f"{name} is in no answer of panel {panel}"


def leads(board: str, field: str, to: str) -> bool:
    return any(what == field and to in url for where, _, what, url in LINKS if where == board)


def test_from_an_alert_to_example_predictions_nobody_types_anything() -> None:
    addresses = {rule["annotations"]["dashboard_url"] for rule in RULES if "alert" in rule}
    first = {address.split("/d/")[1].split("?")[0] for address in addresses}

    assert first == {"xdrift-oncall"}
    assert all("var-monitor={{ $labels.monitor }}" in one for one in addresses if "?" in one)
    assert leads("oncall", "alertname", "/d/xdrift-debug")
    assert leads("oncall", "monitor", "var-check=${__data.fields.check_id")
    assert leads("debug", "time", "var-check=${__data.fields.check_id")
    assert leads("debug", "feature", "var-feature=${__data.fields.feature")
    assert leads("debug", "row_id", "var-prediction=${__data.fields.row_id")
    assert leads("debug", "row_id", "${daemon:raw}/predictions/")


def test_no_click_leads_to_a_row_that_may_be_one_of_the_holdout() -> None:
    """Rows of the holdout are kept by no check: their page would be a 404. The panel says which ones they are."""
    (panel,) = (one for one in panels(DOCUMENTS["debug"]) if "grafana_counterfactuals" in str(one.get("targets")))

    assert not [url for _, _, _, url in LINKS if "nearest_row_id" in url]
    assert "nearest_is_holdout THEN 'the holdout'" in panel["targets"][0]["rawSql"]


def test_without_a_click_the_check_feature_and_prediction_are_chosen() -> None:
    for board in dashboards.NAMES:
        chosen = {one["name"]: one for one in DOCUMENTS[board]["templating"]["list"]}
        for name in ("check", "feature", "prediction"):
            assert chosen[name]["current"]["value"] == "auto"


def test_text_panels_say_what_to_do_without_postgresql_and_link_to_the_daemon() -> None:
    for board, document in DOCUMENTS.items():
        texts = [panel["options"]["content"] for panel in panels(document) if panel["type"] == "text"]
        assert any("SQLite" in text and "${daemon:raw}/" in text for text in texts), board


def test_the_address_of_the_daemon_is_put_in() -> None:
    document = dashboards.load("oncall", daemon_url="https://xdrift.internal/")
    (constant,) = (one for one in document["templating"]["list"] if one["name"] == "daemon")

    assert constant["query"] == constant["current"]["value"] == "https://xdrift.internal"
    assert "https://xdrift.internal" not in dashboards.text("oncall")


def test_an_unknown_dashboard_is_refused() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        dashboards.load("nonsense")


@pytest.mark.parametrize("name", dashboards.NAMES)
def test_a_dashboard_fits_into_a_config_map(name: str) -> None:
    """`kubectl apply` keeps a copy in an annotation, of at most 256 KiB."""
    smallest = json.dumps(dashboards.load(name), separators=(",", ":"))

    assert len(smallest.encode()) < 200 * 1024


def test_no_value_of_an_input_can_be_reached() -> None:
    """Views are all that a reader sees: none of them reads the inputs, the text of an error, or where lines stand."""
    for name, select in VIEWS.items():
        words = set(re.findall(r"\b\w+\.(\w+)", select))
        assert not words & {"inputs", "quantiles", "minimum", "maximum", "positions", "message", "digests"}, name
        assert not re.search(r"\b(c|checks)\.error\b", select), name


def test_a_view_gives_no_star() -> None:
    """Columns are a contract: one that is added to a table must not appear by itself."""
    for name, select in VIEWS.items():
        outer = select.strip().split("FROM")[0]
        assert "*" not in outer.replace("count(*)", ""), name
