"""Every file fits the schemas made from Grafana's own packages (`.ci/grafana-schema FOLDER`)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import dashboards
from dashboards.preview.run import panels

VERSIONS = ("10.4", "11.6", "13")
OF_PROMETHEUS = ("expr", "step", "titleFormat", "textFormat", "useValueForTime")
"""Every data source adds its own fields to an annotation; schemas of dashboards know those of none."""


@pytest.fixture(scope="module")
def schemas() -> Path:
    folder = os.environ.get("XDRIFT_GRAFANA_SCHEMA")
    if not folder:
        pytest.skip("no schemas of Grafana: run .ci/grafana-schema FOLDER, then set XDRIFT_GRAFANA_SCHEMA=FOLDER")
    return Path(folder)


def dashboard_schema(schemas: Path, version: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((schemas / f"dashboard-{version}.json").read_text())
    return found


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """Without the fields of OF_PROMETHEUS."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for annotation in copy["annotations"]["list"]:
        for name in OF_PROMETHEUS:
            annotation.pop(name, None)
    return copy


def mistakes(document: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    found = jsonschema.validators.validator_for(schema)(schema).iter_errors(document)
    return [f"{'/'.join(str(part) for part in one.absolute_path)}: {_deepest(one)}" for one in found]


def _deepest(error: jsonschema.ValidationError) -> str:
    inner = jsonschema.exceptions.best_match(error.context or []) if error.context else None
    return (error if inner is None else inner).message[:300]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", dashboards.NAMES)
def test_a_dashboard_fits_the_schema_of_every_version_that_must_load_it(schemas: Path, name: str, version: str) -> None:
    schema = dashboard_schema(schemas, version)

    assert mistakes(plain(dashboards.load(name)), schema) == []


@pytest.mark.parametrize("name", dashboards.NAMES)
def test_options_of_every_panel_fit_the_schema_of_its_kind(schemas: Path, name: str) -> None:
    found = []
    for panel in panels(dashboards.load(name)):
        schema = json.loads((schemas / f"panel-{panel['type']}.json").read_text())
        for part, given in (("Options", panel["options"]), ("FieldConfig", panel["fieldConfig"]["defaults"]["custom"])):
            if part in schema["definitions"]:
                narrow = {"$ref": f"#/definitions/{part}", "definitions": _optional(schema["definitions"])}
                found += [f"{panel['title']}: {part} {line}" for line in mistakes(given, narrow)]
            else:
                assert not given, f"{panel['title']}: panels of kind {panel['type']} have no {part}"

    assert found == []


def _optional(definitions: dict[str, Any]) -> dict[str, Any]:
    """Grafana fills in what is left out of the options of a panel."""
    return {name: {key: value for key, value in one.items() if key != "required"} for name, one in definitions.items()}


def test_a_misspelt_key_and_a_wrong_word_are_found(schemas: Path) -> None:
    schema = dashboard_schema(schemas, "11.6")
    misspelt = plain(dashboards.load("exec")) | {"schemaVersionn": 41}
    wrong = plain(dashboards.load("exec"))
    panels(wrong)[0]["fieldConfig"]["defaults"]["thresholds"]["mode"] = "relative"

    assert mistakes(misspelt, schema)
    assert mistakes(wrong, schema)
