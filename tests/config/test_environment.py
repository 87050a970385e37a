"""Environment variables beside the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import config
from monitor.config.environment import literal_passwords, secret_files
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


GRAFANA = "grafana: {url: 'https://grafana.example.org', token: '${GRAFANA_TOKEN}'}\nmonitors:"


def with_grafana(text: str = GRAFANA) -> str:
    from .conftest import GOOD

    return GOOD.replace("monitors:", text, 1)


def test_sections_that_may_be_absent_are_overridden_and_made(load: Load, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("glsa_s3cret\n", encoding="utf-8")
    found = load(XDRIFT_GRAFANA__URL="https://grafana.example.org", XDRIFT_GRAFANA__TOKEN_FILE=str(secret)).grafana
    assert found is not None
    assert (found.url, found.token, found.annotate) == ("https://grafana.example.org", "glsa_s3cret", True)

    nothing = load(with_grafana("grafana: null\nmonitors:"), XDRIFT_GRAFANA__URL="https://g.example.org").grafana
    assert nothing is not None


def test_a_token_without_an_address_is_a_mistake(violations: Violations) -> None:
    assert any("grafana.url: missing, but required" in one for one in violations(XDRIFT_GRAFANA__TOKEN="glsa_s3cret"))


def test_tokens_and_passwords_may_stand_in_variables(load: Load) -> None:
    mail = "{host: mail, sender: a@b.c, recipients: [d@e.f], user: xdrift, password: '${MAIL_PASSWORD}'}"
    text = with_grafana(GRAFANA.replace("monitors:", f"reports: {{directory: r, mail: {mail}}}\nmonitors:"))
    found = load(text, GRAFANA_TOKEN="glsa_s3cret", MAIL_PASSWORD="p@ss/w:rd%")
    assert found.grafana is not None
    assert found.reports is not None
    assert found.reports.mail is not None
    assert (found.grafana.token, found.reports.mail.password) == ("glsa_s3cret", "p@ss/w:rd%")


def test_a_token_is_repeated_by_no_message(violations: Violations) -> None:
    found = violations(with_grafana(GRAFANA.replace("'${GRAFANA_TOKEN}'", "[glsa_s3cret]")))
    assert any("grafana.token: seen what the file says; expected" in one for one in found)
    assert "s3cret" not in " ".join(found)


def test_files_that_hold_secrets_are_known_by_variable() -> None:
    environ = {
        "XDRIFT_STORE__URL_FILE": "/run/store",
        "CHAT_FILE": "/run/chat",
        "OPEN_FILE": "/run/open",
        "OPEN": "given itself, so the file is not read",
        "OTHER_FILE": "/run/other",
        "XDRIFT_GRAFANA__TOKEN_FILE": "",
    }

    found = secret_files(
        "channels: [{url: https://a/${CHAT}}, {url: https://b/${OPEN}}, {url: https://${GONE}}]", environ
    )

    assert found == {"XDRIFT_STORE__URL_FILE": "/run/store", "CHAT_FILE": "/run/chat"}


def test_lines_with_a_password_in_a_url_are_found() -> None:
    lines = [
        "store: {url: 'postgresql://ada:s3cret@host/name'}",
        "a: postgresql://ada:${PASSWORD}@host/name",
        "b: postgresql://ada@host/name",
        "c: https://host:8080/path  # as in postgresql://ada:s3cret@host",
        "d: postgresql://ada:half${PASSWORD}@host/name",
    ]

    assert literal_passwords("\n".join(lines)) == [1, 5]
