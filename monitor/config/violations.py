"""What pydantic found wrong, in words that name the key, the value seen and the value expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from monitor import cron
from monitor.config.document import Document, Keys, Mistake
from monitor.config.environment import Override
from monitor.config.locations import in_memory, without_secrets
from monitor.settings import SampleSettings, Settings

_EXPECTED = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "string_type": "text",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "too_short": "at least one entry",
    "value_error": "another value",
}
_SLUG = "1 to 63 lower-case letters, digits and hyphens, neither first nor last a hyphen"
_SEEN_LENGTH = 80
_SECRETS = ("password", "token", "hash_key")
"""Keys whose values no message repeats; of a `url` only what holds no password."""
_SECTIONS = ("model_type", "dict_type", "tuple_type")
"""What stands where a section belongs may be the secret that belongs into it."""


def from_pydantic(
    errors: Iterable[ErrorDetails], document: Document, data: Any, overridden: Mapping[Keys, Override]
) -> Iterator[Mistake]:
    """One mistake per key: a value that may be of several types gives pydantic one error for each."""
    by_key: dict[Keys, list[ErrorDetails]] = {}
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # a list whose entries are all wrong counts as empty
        by_key.setdefault(_keys(error, data), []).append(error)
    for keys, found in by_key.items():
        if keys in overridden:
            variable = overridden[keys].variable
            text = _describe(keys, found, secret=variable.endswith("_FILE") or keys[-1] in _SECRETS)
            yield Mistake(0, f"environment: {variable}: {text}")
        else:
            yield document.at(keys, _describe(keys, found, secret=keys[-1] in _SECRETS if keys else False))


def beyond_types(document: Document, data: Mapping[str, Any]) -> Iterator[Mistake]:
    """Mistakes that no type tells, looked for in whatever the file says, right or wrong elsewhere."""
    monitors = data.get("monitors")
    first: dict[str, int] = {}
    for index, monitor in enumerate(monitors if isinstance(monitors, list) else ()):
        keys: Keys = ("monitors", index)
        if not isinstance(monitor, dict):
            continue
        name = monitor.get("name")
        if isinstance(name, str):
            if name in first:
                line = document.line(("monitors", first[name], "name"))
                yield document.at((*keys, "name"), f"two monitors are named {name!r}, the first in line {line}")
            first.setdefault(name, index)
        yield from _schedule_mistakes(document, keys, monitor.get("schedule"))
        yield from _sample_mistakes(document, keys, monitor.get("sample"))
    store = data.get("store")
    if isinstance(store, dict) and isinstance(store.get("url"), str) and in_memory(store["url"]):
        seen = without_secrets(store["url"])
        text = f"seen {seen!r}; expected a file or a server, since checks run in processes of their own"
        yield document.at(("store", "url"), text)


def _schedule_mistakes(document: Document, keys: Keys, schedule: Any) -> Iterator[Mistake]:
    text = schedule.get("cron") if isinstance(schedule, dict) else None
    if isinstance(text, str):
        try:
            cron.read_cron(text)
        except ValueError as error:
            yield document.at((*keys, "schedule", "cron"), str(error))


def _sample_mistakes(document: Document, keys: Keys, sample: Any) -> Iterator[Mistake]:
    if not isinstance(sample, dict):
        return
    default = SampleSettings()
    rows, least = sample.get("rows", default.rows), sample.get("min_rows", default.min_rows)
    if isinstance(rows, int) and isinstance(least, int) and rows < least:
        text = f"{rows} rows are drawn but min_rows is {least}: every check would be unknown; expected rows >= min_rows"
        yield document.at((*keys, "sample", "rows" if "rows" in sample else "min_rows"), text)


def _keys(error: ErrorDetails, data: Any) -> Keys:
    """The error's place without what pydantic appends for the members of a union."""
    kept: list[str | int] = []
    for part in error["loc"]:
        inside = (isinstance(data, dict) and part in data) or (isinstance(data, list) and isinstance(part, int))
        if inside:
            data = data[part]
        elif error["type"] != "missing":
            break
        kept.append(part)
    return tuple(kept)


def _describe(keys: Keys, errors: list[ErrorDetails], *, secret: bool = False) -> str:
    first = errors[0]
    kind, value = first["type"], first["input"]
    if kind == "extra_forbidden":
        return f"unknown key{_suggestion(keys)}"
    if kind == "missing":
        return "missing, but required"
    if kind == "value_error" and not secret:
        return first["msg"].removeprefix("Value error, ")
    expected = " or ".join(dict.fromkeys(_expected(keys, error) for error in errors))
    if kind == "string_too_short" and secret:
        return f"too short; expected {expected}"
    if kind == "string_type" and isinstance(value, int | float):
        expected += "; put it in quotes"
    seen = "what the file says" if secret else _kind(value) if kind in _SECTIONS else _shown(keys, value)
    return f"seen {seen}; expected {expected}"


def _expected(keys: Keys, error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        return _SLUG if keys[-1] == "name" else f"text that matches {error['ctx']['pattern']}"
    if error["type"] == "string_too_short":
        least = error["ctx"]["min_length"]
        return "some text" if least == 1 else f"at least {least} characters"
    if error["type"] == "literal_error":
        return str(error["ctx"]["expected"])
    found = _EXPECTED.get(error["type"])
    if found is None:
        found = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        # pydantic says "greater than 0", which wants a noun.
        found = f"a number {found}" if found.startswith(("greater", "less")) else found
    return found


def _shown(keys: Keys, value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return _kind(value)
    if keys and keys[-1] == "url":
        if not isinstance(value, str):
            return _kind(value)
        value = without_secrets(value)
    text = repr(value)
    return text if len(text) <= _SEEN_LENGTH else f"{text[:_SEEN_LENGTH]}..."


def _kind(value: Any) -> str:
    """A value without what it says."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "text" if isinstance(value, str) else "true or false" if isinstance(value, bool) else "a number"


def _suggestion(keys: Keys) -> str:
    """The nearest key at this place, or the place where this key belongs."""
    *parent, key = keys
    trail = _models(parent)
    if not trail:
        return ""
    here = trail[-1].model_fields
    for name, field in here.items():
        below = _record(field.annotation)
        if below is not None and str(key) in below.model_fields:
            return f"; it belongs under {name}"
    nearest = get_close_matches(str(key), here, n=1)
    if nearest:
        return f"; did you mean {nearest[0]}?"
    for above in reversed(trail[:-1]):
        if str(key) in above.model_fields:
            return f"; it belongs to {above.__name__.removesuffix('Settings').lower() or 'the top level'}, not here"
    return f"; expected one of {', '.join(here)}"


def _models(keys: Iterable[str | int]) -> list[type[BaseModel]]:
    """The records on the way down to these keys; empty where the way leaves the records."""
    trail: list[type[BaseModel]] = [Settings]
    for key in keys:
        if isinstance(key, int):
            continue
        field = trail[-1].model_fields.get(key)
        below = _record(field.annotation) if field else None
        if below is None:
            return []
        trail.append(below)
    return trail


def _record(annotation: Any) -> type[BaseModel] | None:
    """The record behind a field's type, also inside tuple[...]."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
