"""What a dashboard says, apart from what Grafana adds; the note that tells what we pushed; what differs between two.

The note stands at the end of the dashboard's description. Grafana keeps a description through everything: its editor
drops keys it does not know, `meta` is its own, tags are for people, and the list of versions differs between releases.
Where Grafana changes what it is given (a release may migrate dashboards as it saves or reads them), the note holds a
second digest of what was kept, so that its own changes are not taken for somebody's edit.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

OF_THE_SERVER = ("id", "version", "iteration")
"""Top-level keys that Grafana sets."""
_NOTE = re.compile(r"\s*\(xdrift push ([0-9a-f]{16})(?:, kept as ([0-9a-f]{16}))?\)")


class Note(NamedTuple):
    """Digests of what was pushed last and of what Grafana kept of it."""

    pushed: str
    kept: str


def content(dashboard: Mapping[str, Any]) -> dict[str, Any]:
    """A dashboard without what the server sets and without our note."""
    found = {key: value for key, value in dashboard.items() if key not in OF_THE_SERVER}
    if isinstance(found.get("description"), str):
        found["description"] = _NOTE.sub("", found["description"]).rstrip()
    return found


def digest(dashboard: Mapping[str, Any]) -> str:
    """The first 16 hex digits of sha256 over the content in canonical JSON."""
    return hashlib.sha256(_canonical(content(dashboard)).encode()).hexdigest()[:16]


def note(dashboard: Mapping[str, Any]) -> Note | None:
    """What we wrote into it when we pushed it; None when we did not, or somebody removed it."""
    found = _NOTE.search(str(dashboard.get("description") or ""))
    return None if found is None else Note(found[1], found[2] or found[1])


def with_note(dashboard: Mapping[str, Any], told: Note) -> dict[str, Any]:
    """The content with a note."""
    found = content(dashboard)
    kept = "" if told.kept == told.pushed else f", kept as {told.kept}"
    found["description"] = f"{found.get('description') or ''}\n\n(xdrift push {told.pushed}{kept})".lstrip()
    return found


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs, a line per panel, variable or key, as in `~ panel Coverage (targets, title)`."""
    old, new = content(before), content(after)
    keys = sorted({*old, *new} - {"panels", "templating"})
    lines = [f"~ {key}" for key in keys if _canonical(old.get(key)) != _canonical(new.get(key))]
    lines += _changed("variable", _variables(old), _variables(new))
    return lines + _changed("panel", _panels(old), _panels(new))


def unified(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The same as a unified diff of indented JSON."""
    old, new = (
        json.dumps(content(one), indent=2, sort_keys=True, ensure_ascii=False).splitlines() for one in (before, after)
    )
    return "\n".join(difflib.unified_diff(old, new, "in Grafana", "to be pushed", lineterm=""))


def _changed(what: str, old: Mapping[Any, dict[str, Any]], new: Mapping[Any, dict[str, Any]]) -> list[str]:
    """A line for each that was added, removed or changed."""
    lines = []
    for key in [*old, *(key for key in new if key not in old)]:
        was, becomes = old.get(key), new.get(key)
        if was is None or becomes is None:
            lines.append(f"{'+' if was is None else '-'} {what} {_title(becomes or was or {})}")
        elif _canonical(was) != _canonical(becomes):
            keys = sorted(key for key in {*was, *becomes} if _canonical(was.get(key)) != _canonical(becomes.get(key)))
            lines.append(f"~ {what} {_title(becomes)} ({', '.join(keys)})")
    return lines


def _variables(dashboard: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every variable by its name."""
    return {str(one.get("name")): one for one in (dashboard.get("templating") or {}).get("list") or ()}


def _panels(dashboard: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Every panel by its id, those folded into rows included."""
    found = {}
    for panel in dashboard.get("panels") or ():
        inner = panel.get("panels") or ()
        found[panel.get("id", 0)] = {key: value for key, value in panel.items() if key != "panels"}
        found |= {one.get("id", 0): one for one in inner}
    return found


def _title(part: Mapping[str, Any]) -> str:
    return str(part.get("title") or part.get("name") or part.get("id"))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
