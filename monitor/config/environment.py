"""What the environment says about the configuration: overrides, secrets in files, `${NAME}` in URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin
from urllib.parse import quote

from pydantic import BaseModel

from monitor.config.document import Keys, Mistake
from monitor.settings import Settings

PREFIX = "XDRIFT_"
CONFIG_VARIABLE = "XDRIFT_CONFIG"
"""Names the configuration file."""
_SERVICE_LINK = re.compile(r"(?:.+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT(?:_\d+_\w+)?)")
"""Kubernetes gives every pod such variables for every service, here one named xdrift or xdrift-something."""
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"://[^/?#@:\s]*:[^/?#@\s]+@")


class Override(NamedTuple):
    """A value that the environment puts in place of the file's."""

    variable: str
    value: str


def overrides(environ: Mapping[str, str]) -> tuple[dict[Keys, Override], list[Mistake]]:
    """Overrides by the keys they replace. An empty variable counts as absent, as compose files leave them."""
    known = {_variable(keys): keys for keys in _scalars(Settings, ())}
    found: dict[Keys, Override] = {}
    mistakes: list[Mistake] = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == CONFIG_VARIABLE or not environ[name]:
            continue
        target = name if name in known else name.removesuffix("_FILE")
        if target not in known:
            if not _is_service_link(name):
                mistakes.append(_environment_mistake(name, f"unknown variable{_nearest(name, known)}"))
        elif known[target] in found:
            mistakes.append(_environment_mistake(name, f"{target} is set as well; expected one of the two"))
        else:
            try:
                value = environ[name] if target == name else _content(environ[name])
            except ValueError as error:
                mistakes.append(_environment_mistake(name, str(error)))
            else:
                found[known[target]] = Override(name, value)
    return found, mistakes


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`text` with each ${NAME} replaced by the variable NAME, or by the content of the file that NAME_FILE names.

    Between `://` and the last `@` values are percent-encoded, so that a password may hold any character.
    Raises ValueError for a variable that is not set, or a file that cannot be read.
    """
    user_part = range(text.find("://"), text.rfind("@"))

    def replacement(match: re.Match[str]) -> str:
        value = _lookup(match[1], environ)
        return quote(value, safe="") if match.start() in user_part else value

    return _PLACEHOLDER.sub(replacement, text)


def secret_files(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Variable to path of every file that a secret is read from: overrides, and ${NAME} in a configuration's text."""
    named = {f"{name}_FILE" for name in _PLACEHOLDER.findall(text) if name not in environ}
    known = {name for name in environ if name.startswith(PREFIX) and name.endswith("_FILE")}
    return {name: environ[name] for name in sorted(named | known) if environ.get(name)}


def literal_passwords(text: str) -> list[int]:
    """Lines, from 1, in which a URL carries its password instead of ${NAME}."""
    lines = enumerate(text.splitlines(), 1)
    return [number for number, line in lines if _PASSWORD.search(_PLACEHOLDER.sub("", line.partition(" #")[0]))]


def _lookup(name: str, environ: Mapping[str, str]) -> str:
    if name in environ:
        return environ[name]
    if f"{name}_FILE" in environ:
        return _content(environ[f"{name}_FILE"])
    raise ValueError(f"${{{name}}} is not set; expected the environment variable {name} or {name}_FILE")


def _content(path: str) -> str:
    """The file's text without the line end that editors and `echo` leave. Raises ValueError."""
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ValueError(f"seen {path!r}: {reason}; expected a readable text file") from error


def _environment_mistake(name: str, text: str) -> Mistake:
    return Mistake(0, f"environment: {name}: {text}")


def _is_service_link(name: str) -> bool:
    return "__" not in name and _SERVICE_LINK.fullmatch(name.removeprefix(PREFIX)) is not None


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    match = get_close_matches(name, [*known, *(f"{one}_FILE" for one in known), CONFIG_VARIABLE], n=1)
    return f"; did you mean {match[0]}?" if match else f"; expected one of {', '.join(known)}"


def _variable(keys: Keys) -> str:
    return PREFIX + "__".join(str(key).upper() for key in keys)


def _scalars(model: type[BaseModel], keys: Keys) -> Iterator[Keys]:
    """Keys of every single value outside the list of monitors."""
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        if section is not None:
            yield from _scalars(section, (*keys, name))
        elif name != "monitors":
            yield (*keys, name)


def _section(annotation: Any) -> type[BaseModel] | None:
    """The record that stands under a key, also where it may be absent."""
    choices = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((one for one in choices if isinstance(one, type) and issubclass(one, BaseModel)), None)
