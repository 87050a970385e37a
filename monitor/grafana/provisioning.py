"""Files that Grafana reads when it starts: where dashboards lie, and which data sources they use."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from monitor.errors import ConfigError

DASHBOARDS = "/var/lib/grafana/dashboards"
"""Where Grafana finds the folder `xdrift` with the dashboards, unless told otherwise."""
PASSWORD = "READER_PASSWORD"  # noqa: S105 - the name of a variable
"""Variable in Grafana's environment that holds the password of the role that reads the store's views."""
SCRAPE_INTERVAL = "15s"
"""How often Prometheus scrapes the daemon: rates over less than four times this would have holes."""
_HEADER = "# Written by `xdrift dashboards render --provider`.\n"
_NEED_TLS = "require"


def files(prometheus_url: str, postgres_url: str | None = None, *, dashboards: str = DASHBOARDS) -> dict[str, str]:
    """Path under Grafana's provisioning folder to the text of a file.

    Dashboards are not to be edited in Grafana (`allowUiUpdates: false`): a file has no place for an edit. Folders are
    those below `dashboards`, so that the dashboards in `<dashboards>/xdrift` come into the folder xdrift. No password
    is ever written: Grafana takes it from the variable READER_PASSWORD.

    Args:
        postgres_url: as in postgresql://xdrift_reader@db.internal:5432/xdrift?sslmode=verify-full; sslmode is require
            unless the address says otherwise.

    Raises ConfigError for an address that is no such address.
    """
    sources = [_prometheus(prometheus_url)]
    if postgres_url is not None:
        sources.append(_postgres(postgres_url))
    provider = {
        "name": "xdrift",
        "type": "file",
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": dashboards, "foldersFromFilesStructure": True},
    }
    return {
        "dashboards/xdrift.yaml": _yaml({"apiVersion": 1, "providers": [provider]}),
        "datasources/xdrift.yaml": _yaml({"apiVersion": 1, "datasources": sources}),
    }


def _prometheus(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong("Prometheus", _bare(url), "http://prometheus:9090")
    return {
        "name": "Prometheus",
        "uid": "xdrift-prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": _literal(_bare(url)),
        "isDefault": True,
        "jsonData": {"httpMethod": "POST", "timeInterval": SCRAPE_INTERVAL},
    }


def _postgres(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    database = unquote(parts.path.strip("/"))
    if parts.scheme.partition("+")[0] not in ("postgresql", "postgres") or not (parts.hostname and database):
        raise _wrong("PostgreSQL", _bare(url), "postgresql://xdrift_reader@db.internal:5432/xdrift")
    return {
        "name": "xdrift store",
        "uid": "xdrift-postgres",
        "type": "grafana-postgresql-datasource",
        "access": "proxy",
        "url": _literal(f"{parts.hostname}:{parts.port or 5432}"),
        "user": _literal(unquote(parts.username or "xdrift_reader")),
        "jsonData": {
            "database": _literal(database),
            "sslmode": parse_qs(parts.query).get("sslmode", [_NEED_TLS])[0],
            "maxOpenConns": 10,
        },
        "secureJsonData": {"password": f"${{{PASSWORD}}}"},
    }


def _bare(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _literal(text: str) -> str:
    """Grafana puts variables in place of $NAME; a dollar that is meant stands twice."""
    return text.replace("$", "$$")


def _yaml(document: dict[str, Any]) -> str:
    import yaml

    return _HEADER + yaml.safe_dump(document, sort_keys=False, width=120)


def _wrong(what: str, seen: str, example: str) -> ConfigError:
    return ConfigError(f"address of {what} for Grafana", seen=seen, expected=f"one like {example}")
