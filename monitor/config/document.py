"""YAML with the line of every value. Reading is that of YAML 1.2, as editors do: `no`, `12:30` and dates are text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from monitor.errors import ConfigError

Keys = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top."""


class Mistake(NamedTuple):
    """One thing wrong with the configuration. Sorted by line; what comes from the environment is first."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A configuration file, read but not yet understood."""

    file: str
    data: dict[str, Any]
    lines: Mapping[Keys, int]
    """Line of every key and list item, from 1."""
    mistakes: tuple[Mistake, ...]

    def line(self, keys: Keys) -> int:
        """The line of these keys or, where they are absent, of what they would stand in."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)

    def at(self, keys: Keys, text: str) -> Mistake:
        """A mistake at these keys: `file:line: monitors[0].model.path: text`."""
        line = self.line(keys)
        return Mistake(line, f"{self.file}:{line}: {dotted(keys)}: {text}" if keys else f"{self.file}: {text}")


def dotted(keys: Keys) -> str:
    """`monitors[0].model.path`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def read(path: Path) -> Document:
    """Raises ConfigError when the file cannot be read, is not YAML, is empty or is not a mapping."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        hint = "write one with `xdrift init`, or name another with --config" if not path.exists() else None
        raise ConfigError(
            f"configuration file {path}", seen=error.strerror, expected="a readable YAML file", hint=hint
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"configuration file {path}", seen=f"byte {error.object[error.start]:#04x} at {error.start}",
            expected="text in UTF-8", hint="save the file as UTF-8",
        ) from error  # fmt: skip
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise ConfigError(
                f"configuration file {path}", seen="nothing but comments", expected="a list of monitors",
                hint="write a starter with `xdrift init`",
            )  # fmt: skip
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(
                f"{path}:{node.start_mark.line + 1}",
                seen="a list" if isinstance(node, yaml.SequenceNode) else "text",
                expected="a mapping with the key monitors",
                hint="write a starter with `xdrift init`, or name another file with --config",
            )
        walk = _Walk(loader, str(path))
        data = walk.mapping(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ConfigError(
            f"{where} is not YAML", seen=_problem(error), expected="`key: value` lines and `- item` lists",
            hint=_hint(error) or f"look at line {mark.line + 1} and the one before it" if mark else None,
        ) from error  # fmt: skip
    except yaml.YAMLError as error:
        raise ConfigError(
            f"configuration file {path} is not YAML", seen=str(error).splitlines()[0],
            expected="text without control characters", hint="write the file again in an editor",
        ) from error  # fmt: skip
    return Document(file=str(path), data=data, lines=walk.lines, mistakes=tuple(walk.mistakes))


def _problem(error: yaml.MarkedYAMLError) -> str:
    """In PyYAML's words, without what the file says: an alias or a tag may be a secret that lacks its quotes."""
    return re.sub(r"(alias|tag|handle|anchor) '.*'", r"\1", error.problem or "an unreadable place")


def _hint(error: yaml.MarkedYAMLError) -> str | None:
    problem = error.problem or ""
    if "\\t" in problem:
        return "indent with spaces; YAML allows no tabs"
    if "alias" in (error.context or "") or "alias" in problem:
        return "put a value that starts with * in quotes, as in cron: '* * * * *'"
    if "cannot start any token" in problem or "mapping values are not allowed" in problem:
        return "put the value in quotes"
    return None


class _Loader(yaml.SafeLoader):
    """PyYAML speaks YAML 1.1; these are the plain scalars that YAML 1.2 gives a type."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name


for _tag, _pattern, _first in (
    ("merge", r"<<", "<"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), [*_first, ""])


class _Walk:
    """From YAML nodes to plain values, noting lines, refusing repeated keys."""

    def __init__(self, loader: _Loader, file: str) -> None:
        self.lines: dict[Keys, int] = {}
        self.mistakes: list[Mistake] = []
        self._loader, self._file = loader, file
        self._open: list[yaml.Node] = []
        self._flat: set[int] = set()

    def mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        if id(node) not in self._flat:
            self._refuse_repeated(node, keys)
            self._loader.flatten_mapping(node)
            self._flat.add(id(node))
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            self.lines[(*keys, key)] = key_node.start_mark.line + 1
            found[key] = self._value(value_node, (*keys, key))
        return found

    def _value(self, node: yaml.Node, keys: Keys) -> Any:
        if node in self._open:
            self._note(node, keys, "contains itself; expected an alias to something outside")
            return None
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, keys)
            if isinstance(node, yaml.SequenceNode):
                for position, item in enumerate(node.value):
                    self.lines[(*keys, position)] = item.start_mark.line + 1
                return [self._value(item, (*keys, position)) for position, item in enumerate(node.value)]
            return self._loader.construct_object(node)
        finally:
            self._open.pop()

    def _refuse_repeated(self, node: yaml.MappingNode, keys: Keys) -> None:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in seen and key != "<<":
                self._note(key_node, (*keys, key), f"given twice, first in line {seen[key]}; expected once")
            seen.setdefault(key, line)

    def _note(self, node: yaml.Node, keys: Keys, text: str) -> None:
        line = node.start_mark.line + 1
        self.mistakes.append(Mistake(line, f"{self._file}:{line}: {dotted(keys)}: {text}"))
