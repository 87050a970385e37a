"""What identifies a configuration, and what editors read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitor import config
from monitor.settings import Settings

ROOT = Path(__file__).parents[2]
GOOD = Path(__file__).with_name("good.yaml").read_text(encoding="utf-8")

Load = Callable[..., Settings]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return config.json_schema()


def test_equal_configurations_have_equal_digests(load: Load) -> None:
    assert config.digest(load().monitors[0]) == config.digest(load(GOOD + "# a comment\n").monitors[0])


def test_any_setting_changes_the_digest(load: Load) -> None:
    assert config.digest(load().monitors[0]) != config.digest(load(GOOD.replace("7d", "8d")).monitors[0])


def test_a_new_password_does_not_change_the_digest(load: Load) -> None:
    assert config.digest(load().monitors[0]) == config.digest(load(DB_PASSWORD="another").monitors[0])


def test_a_default_that_is_written_down_does_not_change_the_digest(load: Load) -> None:
    assert config.digest(load().monitors[0]) == config.digest(load(GOOD + "      catch_up: 12\n").monitors[0])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://u:p@h:5432/d", "postgresql+psycopg://u:***@h:5432/d"),
        ("postgresql://u:a@b@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("sqlite:////srv/x.db", "sqlite:////srv/x.db"),
        ("snowflake://u:p@acc/db?private_key=abc&role=r", "snowflake://u:***@acc/db?private_key=***&role=r"),
        ("x://h/d?Password=a&sslmode=require", "x://h/d?Password=***&sslmode=require"),
    ],
)
def test_secrets_are_taken_out_of_urls(url: str, shown: str) -> None:
    assert config.without_secrets(url) == shown


@given(st.text(st.characters(codec="ascii", exclude_characters="/?# @"), min_size=8))
def test_no_password_survives(password: str) -> None:
    assert password not in config.without_secrets(f"postgresql://u:{password}@h/d").replace("postgresql", "")


def test_the_committed_schema_is_current() -> None:
    committed = (ROOT / "docs/config.schema.json").read_text(encoding="utf-8")
    printed = subprocess.run(
        [sys.executable, "-m", "monitor.config"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert committed == printed.stdout, "run: python -m monitor.config > docs/config.schema.json"


def test_the_schema_is_a_schema_and_accepts_a_good_file(schema: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    validator(schema).validate(yaml.safe_load(GOOD))


def test_the_schema_refuses_an_unknown_key(schema: dict[str, Any]) -> None:
    bad = yaml.safe_load(GOOD.replace("path: models", "pth: models"))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(bad))


def test_every_default_in_the_schema_is_one_that_the_schema_accepts(schema: dict[str, Any]) -> None:
    definitions = {"Settings": schema, **schema["$defs"]}
    for name, definition in definitions.items():
        for key, told in definition.get("properties", {}).items():
            if told.get("default") is not None:
                rule = {**told, "$defs": schema["$defs"]}
                errors = list(jsonschema.Draft202012Validator(rule).iter_errors(told["default"]))
                assert not errors, f"{name}.{key}: {errors[0].message}"


def test_every_key_in_the_schema_of_a_monitor_is_described_or_speaks_for_itself(schema: dict[str, Any]) -> None:
    described = json.dumps(schema["$defs"]["ScheduleSettings"]["properties"])
    assert "aligned to the Unix epoch" in described
