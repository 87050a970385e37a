"""Files that Grafana reads when it starts."""

from __future__ import annotations

import pytest
import yaml

from monitor.errors import ConfigError
from monitor.grafana.provisioning import PASSWORD, files
from monitor.grafana.sources import choose

PROMETHEUS = "http://prometheus:9090"
STORE = "postgresql+psycopg://xdrift_reader:s3cret@db.internal:6543/xdrift?sslmode=verify-full"


def test_the_provider_takes_folders_from_files_and_lets_nobody_edit_them() -> None:
    (provider,) = yaml.safe_load(files(PROMETHEUS)["dashboards/xdrift.yaml"])["providers"]
    assert (provider["allowUiUpdates"], provider["options"]["foldersFromFilesStructure"]) == (False, True)
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert "folder" not in provider, "Grafana refuses a folder beside foldersFromFilesStructure"


def test_data_sources_are_those_that_the_dashboards_look_for() -> None:
    found = yaml.safe_load(files(PROMETHEUS, STORE)["datasources/xdrift.yaml"])["datasources"]
    prometheus, postgres = found
    assert (prometheus["type"], prometheus["url"], prometheus["isDefault"]) == ("prometheus", PROMETHEUS, True)
    assert (postgres["url"], postgres["user"]) == ("db.internal:6543", "xdrift_reader")
    assert postgres["jsonData"]["database"] == "xdrift"
    assert postgres["jsonData"]["sslmode"] == "verify-full"
    assert [one.uid for one in choose(found, "here")] == ["xdrift-prometheus", "xdrift-postgres"]


def test_no_password_is_written_only_the_name_of_its_variable() -> None:
    text = "".join(files("http://u:s3cret@prometheus:9090", STORE).values())
    assert "s3cret" not in text
    assert f"password: ${{{PASSWORD}}}" in text


def test_without_a_store_on_postgresql_there_is_one_data_source() -> None:
    assert len(yaml.safe_load(files(PROMETHEUS)["datasources/xdrift.yaml"])["datasources"]) == 1


def test_a_dollar_is_not_taken_for_a_variable() -> None:
    found = yaml.safe_load(files(PROMETHEUS, "postgresql://re$der@db/x$drift")["datasources/xdrift.yaml"])
    postgres = found["datasources"][1]
    assert (postgres["user"], postgres["jsonData"]["database"]) == ("re$$der", "x$$drift")
    assert (postgres["url"], postgres["jsonData"]["sslmode"]) == ("db:5432", "require")


@pytest.mark.parametrize(
    ("prometheus", "postgres"),
    [("prometheus:9090", None), (PROMETHEUS, "sqlite:///xdrift.db"), (PROMETHEUS, "postgresql://db.internal")],
)
def test_an_address_that_is_none_is_refused(prometheus: str, postgres: str | None) -> None:
    with pytest.raises(ConfigError, match="for Grafana"):
        files(prometheus, postgres)
