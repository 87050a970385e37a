"""One YAML file and the environment become `Settings`; every mistake is found at once and told with its line.

Variables override what stands outside `monitors`: XDRIFT_STORE__URL, XDRIFT_SERVER__PORT, XDRIFT_MAX_CHECKS; two
underscores go one level down. With _FILE appended the value is read from a file, the way secrets are mounted.
XDRIFT_CONFIG names the configuration file. `${NAME}` inside a `url`, a `hash_key`, a `token` or a `password` stands
for a variable or a secret file.

`python -m monitor.config` prints the JSON schema that docs/config.schema.json holds.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from monitor.config.document import Document, Keys, Mistake, read
from monitor.config.environment import CONFIG_VARIABLE, Override, expand, overrides
from monitor.config.locations import absolute_path, absolute_url, without_secrets
from monitor.config.violations import beyond_types, from_pydantic
from monitor.errors import ConfigError
from monitor.settings import MonitorSettings, Settings, StoreSettings, format_duration

DEFAULT_FILE = "xdrift.yaml"

__all__ = ["DEFAULT_FILE", "digest", "json_schema", "load", "locate", "without_secrets"]


def locate(environ: Mapping[str, str], given: Path | None = None) -> Path:
    """The configuration file: the one given, else the one XDRIFT_CONFIG names, else xdrift.yaml here."""
    return given or Path(environ.get(CONFIG_VARIABLE) or DEFAULT_FILE)


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Settings with absolute paths and filled-in secrets.

    Relative paths, and relative SQLite URLs, are relative to the folder of the configuration file.

    Raises ConfigError; `violations` lists every mistake, as `file:line: monitors[0].model.pth: unknown key; did you
    mean path?`, what comes from the environment first.
    """
    document = read(path)
    overridden, mistakes = overrides(environ)
    mistakes += document.mistakes
    data = copy.deepcopy(document.data)
    _override(data, overridden)
    mistakes += _expand_secrets(document, data, environ)
    _make_absolute(data, path.resolve().parent)
    found = list(beyond_types(document, data))
    settings = None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        # The record's own check of names has no line; `beyond_types` found the same with its line.
        details = [one for one in details if one["loc"] or not found]
        found += from_pydantic(details, document, data, overridden)
    mistakes += found
    if mistakes or settings is None:
        lines = tuple(dict.fromkeys(mistake.text for mistake in sorted(mistakes)))
        count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        raise ConfigError(f"configuration {path} has {count}", violations=lines)
    return settings


def digest(monitor: MonitorSettings) -> str:
    """sha256, in hexadecimal, over everything configured for one monitor but passwords."""
    told = monitor.model_dump(mode="json")
    for section in ("holdout", "predictions", "telemetry"):
        if told[section] is not None and told[section]["url"] is not None:
            told[section]["url"] = without_secrets(told[section]["url"])
    told["privacy"]["hash_key"] = None
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def json_schema() -> dict[str, Any]:
    """JSON schema of the configuration file, for editors that complete and check while one types."""
    schema = Settings.model_json_schema(schema_generator=_Schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "xdrift configuration"}


class _Schema(GenerateJsonSchema):
    """Defaults as the file would say them: pydantic's own are ISO 8601 durations, which the file does not accept."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json")
        return super().encode_default(dft)


def _override(data: dict[str, Any], overridden: Mapping[Keys, Override]) -> None:
    for (*sections, last), override in overridden.items():
        place: Any = data
        for section in sections:
            if isinstance(place, dict) and place.get(section) is None:
                place[section] = {}
            place = place[section] if isinstance(place, dict) else None
        if isinstance(place, dict):  # else the section is wrong in the file, and told
            place[str(last)] = override.value


def _sources(data: Mapping[str, Any]) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """Every section that may hold a `path` or a `url`, with its keys."""
    monitors = data.get("monitors")
    for index, monitor in enumerate(monitors if isinstance(monitors, list) else ()):
        for section in ("model", "holdout", "predictions", "telemetry"):
            if isinstance(monitor, dict) and isinstance(monitor.get(section), dict):
                yield ("monitors", index, section), monitor[section]
    if isinstance(data.get("store"), dict):
        yield ("store",), data["store"]


def _secrets(data: Mapping[str, Any]) -> Iterator[tuple[Keys, dict[str, Any], str]]:
    """Every value that may hold a secret: where it stands, its section and its key there."""
    for keys, section in _sources(data):
        yield keys, section, "url"
    for group, inner, key in (("monitors", "privacy", "hash_key"), ("channels", None, "url")):
        items = data.get(group)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            place: Any = item.get(inner) if inner and isinstance(item, dict) else item
            if isinstance(place, dict):
                yield ((group, index, inner) if inner else (group, index)), place, key
    for keys, key in ((("grafana",), "url"), (("grafana",), "token"), (("reports", "mail"), "password")):
        place = data
        for word in keys:
            place = place.get(word) if isinstance(place, dict) else None
        if isinstance(place, dict):
            yield keys, place, key


def _expand_secrets(document: Document, data: dict[str, Any], environ: Mapping[str, str]) -> list[Mistake]:
    mistakes = []
    for keys, section, key in _secrets(data):
        if isinstance(section.get(key), str):
            try:
                section[key] = expand(section[key], environ)
            except ValueError as error:
                mistakes.append(document.at((*keys, key), str(error)))
    return mistakes


def _make_absolute(data: dict[str, Any], folder: Path) -> None:
    if isinstance(data.setdefault("store", {}), dict):
        data["store"].setdefault("url", StoreSettings().url)
    for _, section in _sources(data):
        if isinstance(section.get("path"), str):
            section["path"] = absolute_path(section["path"], folder)
        if isinstance(section.get("url"), str):
            section["url"] = absolute_url(section["url"], folder)
    reports = data.get("reports")
    if isinstance(reports, dict) and isinstance(reports.get("directory"), str):
        reports["directory"] = absolute_path(reports["directory"], folder)
