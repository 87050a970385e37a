"""Environment variables beside the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import config
from monitor.settings import Settings

Load = Callable[..., Settings]
Violations = Callable[..., list[str]]


def test_variables_override_the_file(load: Load) -> None:
    found = load(XDRIFT_MAX_CHECKS="7", XDRIFT_SERVER__PORT="9999", XDRIFT_STORE__RETENTION__ROWS="2w")
    assert found.max_checks == 7
    assert found.server.port == 9999
    assert found.store.retention.rows.days == 14


def test_a_database_in_the_environment_replaces_that_of_the_file(load: Load) -> None:
    url = "postgresql+psycopg://u:p@h/d"
    assert load(XDRIFT_STORE__URL=url).store.url == url


def test_a_secret_is_read_from_the_file_that_is_named(load: Load, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql+psycopg://u:p@h/d\n", encoding="utf-8")
    assert load(XDRIFT_STORE__URL_FILE=str(secret)).store.url == "postgresql+psycopg://u:p@h/d"


def test_a_secret_file_that_is_not_there_is_a_mistake(violations: Violations) -> None:
    (found,) = violations(XDRIFT_STORE__URL_FILE="/nowhere")
    expected = "seen '/nowhere': No such file or directory; expected a readable text file"
    assert found == f"environment: XDRIFT_STORE__URL_FILE: {expected}"


def test_a_variable_and_its_file_at_once_are_a_mistake(violations: Violations, tmp_path: Path) -> None:
    (found,) = violations(XDRIFT_MAX_CHECKS="2", XDRIFT_MAX_CHECKS_FILE=str(tmp_path / "x"))
    assert found == "environment: XDRIFT_MAX_CHECKS_FILE: XDRIFT_MAX_CHECKS is set as well; expected one of the two"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("XDRIFT_STORE_URL", "XDRIFT_STORE__URL"),
        ("XDRIFT_SERVER__PROT", "XDRIFT_SERVER__PORT"),
        ("XDRIFT_SERVR__PORT", "XDRIFT_SERVER__PORT"),
        ("XDRIFT_CONFG", "XDRIFT_CONFIG"),
        ("XDRIFT_STORE__URL_FIL", "XDRIFT_STORE__URL_FILE"),
    ],
)
def test_an_unknown_variable_is_told_with_the_nearest(violations: Violations, name: str, nearest: str) -> None:
    assert violations(**{name: "x"}) == [f"environment: {name}: unknown variable; did you mean {nearest}?"]


def test_a_wrong_value_is_told_under_the_name_of_the_variable(violations: Violations) -> None:
    (found,) = violations(XDRIFT_SERVER__PORT="99999")
    assert found.startswith("environment: XDRIFT_SERVER__PORT: seen '99999'; expected a number less than")


def test_variables_that_kubernetes_makes_for_a_service_of_our_name_are_ignored(load: Load) -> None:
    load(
        XDRIFT_SERVICE_HOST="10.0.0.1",
        XDRIFT_SERVICE_PORT="9464",
        XDRIFT_SERVICE_PORT_HTTP="9464",
        XDRIFT_PORT="tcp://10.0.0.1:9464",
        XDRIFT_PORT_9464_TCP="tcp://10.0.0.1:9464",
        XDRIFT_PORT_9464_TCP_ADDR="10.0.0.1",
        XDRIFT_POSTGRES_SERVICE_HOST="10.0.0.2",
        XDRIFT_POSTGRES_PORT_5432_TCP_PROTO="tcp",
    )


def test_empty_variables_count_as_absent(load: Load) -> None:
    assert load(XDRIFT_MAX_CHECKS="", XDRIFT_STORE__URL_FILE="").max_checks == 3


def test_a_password_from_the_environment_may_hold_any_character(load: Load) -> None:
    url = load(DB_PASSWORD="p@ss/w:rd%").monitor("credit").predictions.url
    assert url == "postgresql+psycopg://reader:p%40ss%2Fw%3Ard%25@db/prod"


def test_a_password_may_come_from_a_file(write: Callable[[str], Path], load: Load, tmp_path: Path) -> None:
    load()
    (tmp_path / "pw").write_text("s3cret\n", encoding="utf-8")
    found = config.load(tmp_path / "xdrift.yaml", {"DB_PASSWORD_FILE": str(tmp_path / "pw")})
    assert "reader:s3cret@db" in str(found.monitor("credit").predictions.url)


def test_a_whole_url_from_the_environment_is_taken_as_it_is(write: Callable[[str], Path]) -> None:
    text = Path(write("").parent / "xdrift.yaml")
    text.write_text(
        "monitors: [{name: a, owner: o, model: {path: m.json}, holdout: {path: h.csv}, "
        "predictions: {url: '${WAREHOUSE}', table: t}, schedule: {every: 1d}}]",
        encoding="utf-8",
    )
    found = config.load(text, {"WAREHOUSE": "postgresql+psycopg://u:p%40@h/d"})
    assert found.monitor("a").predictions.url == "postgresql+psycopg://u:p%40@h/d"


def test_the_file_is_the_one_given_else_the_one_in_the_environment_else_the_usual_one() -> None:
    assert config.locate({"XDRIFT_CONFIG": "b.yaml"}, Path("a.yaml")) == Path("a.yaml")
    assert config.locate({"XDRIFT_CONFIG": "b.yaml"}) == Path("b.yaml")
    assert config.locate({}) == Path("xdrift.yaml")
