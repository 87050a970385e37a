"""Dashboards brought into Grafana: written only where something changes, edits made there kept unless forced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from monitor.errors import PublishError
from monitor.grafana.client import ConflictError, Grafana
from monitor.grafana.content import Note, content, differences, digest, note, unified, with_note
from monitor.grafana.sources import Source, choose, pointed

State = Literal["created", "updated", "unchanged", "edited", "provisioned"]
"""`edited`, `provisioned`: left alone; somebody changed it in Grafana, or Grafana loads it from a file."""
_MESSAGE = "xdrift dashboards push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was, or in a dry run would be, done with one dashboard."""

    uid: str
    title: str
    state: State
    url: str
    differs: tuple[str, ...]
    """A line per panel or key in which Grafana's differs from ours; empty when nothing does, or it is new."""
    diff: str
    """The same as a unified diff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What one push did, or in a dry run would do."""

    grafana: str
    version: str
    folder: str
    folder_created: bool
    sources: tuple[Source, ...]
    dashboards: tuple[Outcome, ...]

    @property
    def left_alone(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.dashboards if one.state in ("edited", "provisioned"))


def push(
    grafana: Grafana, documents: Sequence[Mapping[str, Any]], *, folder: str, dry_run: bool = False, force: bool = False
) -> Pushed:
    """Bring dashboards into Grafana. A second push of the same ones writes nothing.

    A dashboard that was moved to another folder in Grafana stays there.

    Args:
        folder: title of a folder at the top, made when there is none.
        force: overwrite what was edited in Grafana.

    Raises PublishError: Grafana cannot be reached or refuses; it has no Prometheus data source; somebody saves the
    same dashboard at the same time, twice in a row.
    """
    version = grafana.version()
    folder_uid = _folder(grafana, folder)
    sources = choose(grafana.data_sources(), grafana.url)
    created = folder_uid is None
    if created and not dry_run:
        folder_uid = _create_folder(grafana, folder)
    wanted = [pointed(document, sources) for document in documents]
    outcomes = [_one(grafana, one, folder_uid or "", dry_run=dry_run, force=force) for one in wanted]
    return Pushed(
        grafana=grafana.url,
        version=version,
        folder=folder,
        folder_created=created,
        sources=sources,
        dashboards=tuple(outcomes),
    )


def _folder(grafana: Grafana, title: str) -> str | None:
    """Ours under whatever title it has now, else the one of this title."""
    found = {str(one["uid"]): str(one.get("title")) for one in grafana.folders() if one.get("uid")}
    ours = _folder_uid(title)
    return ours if ours in found else next((uid for uid, name in found.items() if name == title), None)


def _folder_uid(title: str) -> str:
    """Follows from the title, so that two pushes at once make one folder."""
    return f"xdrift-{hashlib.sha256(title.encode()).hexdigest()[:12]}"


def _create_folder(grafana: Grafana, title: str) -> str:
    try:
        return str(grafana.create_folder(title, _folder_uid(title))["uid"])
    except PublishError:
        # Another push may have made it since we looked.
        made = _folder(grafana, title)
        if made is None:
            raise
        return made


def _one(grafana: Grafana, document: dict[str, Any], folder_uid: str, *, dry_run: bool, force: bool) -> Outcome:
    uid = str(document["uid"])
    found = grafana.dashboard(uid)
    outcome = _decide(grafana, document, found, force=force)
    if dry_run or outcome.state not in ("created", "updated"):
        return outcome
    try:
        _save(grafana, document, found, folder_uid)
    except ConflictError:
        # Somebody saved it since we read it: look at what stands there now, once.
        found = grafana.dashboard(uid)
        outcome = _decide(grafana, document, found, force=force)
        if outcome.state in ("created", "updated"):
            _save(grafana, document, found, folder_uid)
    return outcome


def _decide(grafana: Grafana, document: dict[str, Any], found: Mapping[str, Any] | None, *, force: bool) -> Outcome:
    current: Mapping[str, Any] = found["dashboard"] if found else {}
    meta: Mapping[str, Any] = (found or {}).get("meta") or {}
    told = note(current)
    ours, theirs = digest(document), digest(current)
    state: State
    if found is None:
        state = "created"
    elif theirs == ours or (told is not None and told == Note(pushed=ours, kept=theirs)):
        state = "unchanged"
    elif meta.get("provisioned"):
        state = "provisioned"
    elif force or (told is not None and told.kept == theirs):
        state = "updated"
    else:
        state = "edited"
    differs = found is not None and state != "unchanged"
    return Outcome(
        uid=str(document["uid"]),
        title=str(document.get("title")),
        state=state,
        url=f"{grafana.url}/d/{document['uid']}",
        differs=tuple(differences(current, document)) if differs else (),
        diff=unified(current, document) if differs else "",
    )


def _save(grafana: Grafana, document: dict[str, Any], found: Mapping[str, Any] | None, folder_uid: str) -> None:
    """Write it with a note of what was pushed and, where Grafana kept something else, of that as well."""
    pushed = digest(document)
    where = folder_uid if found is None else str((found.get("meta") or {}).get("folderUid") or "")
    version = 0 if found is None else found["dashboard"].get("version", 0)
    _write(grafana, document, Note(pushed, pushed), version=version, folder_uid=where)
    kept = grafana.dashboard(str(document["uid"]))
    if kept is None or digest(kept["dashboard"]) == pushed:
        return
    told = Note(pushed, digest(kept["dashboard"]))
    try:
        _write(grafana, content(kept["dashboard"]), told, version=kept["dashboard"].get("version", 0), folder_uid=where)
    except ConflictError:
        return  # edited a moment after we wrote: the next push finds that edit and keeps it


def _write(grafana: Grafana, document: Mapping[str, Any], told: Note, *, version: int, folder_uid: str) -> None:
    body = {**with_note(document, told), "id": None, "version": version}
    grafana.save_dashboard(body, folder_uid=folder_uid, message=_MESSAGE)
