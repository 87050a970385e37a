"""Files to which a symbolic link of the log led when they were read, and does not any more."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from monitor.sources.explanation_log.finding import Found, in_folder
from monitor.sources.explanation_log.identity import Place
from monitor.sources.explanation_log.rotation import Rotated, rotated


def left_behind(found: Sequence[Found], places: Iterable[Place]) -> list[Found]:
    """Such files, wherever in their folder they are, whose link is there still: older ones of its series, since their
    last lines may not have been read."""
    paths, inodes = {str(file.path) for file in found}, {file.stamp[0]: file for file in found}
    folders: dict[str, list[Found]] = {}
    behind = []
    for place in places:
        there = inodes.get(place.stamp[0])  # a new file may well have the inode of one that was deleted
        if not place.target or place.link not in paths or (there is not None and _same(place, there)):
            continue
        folder = os.path.dirname(place.target)  # noqa: PTH120 - texts, thousands of them
        if folder not in folders:
            folders[folder] = in_folder(folder)
        file = _recognised(place, [file for file in folders[folder] if file.stamp[0] not in inodes])
        if file is not None:
            inodes[file.stamp[0]] = file
            behind.append(_older(file, Path(place.link)))
    return behind


def _recognised(place: Place, files: list[Found]) -> Found | None:
    """The file, under its name or another, or what it was compressed to."""
    series = rotated(Path(place.target).name).series
    likely = [file for file in files if file.stamp[0] == place.stamp[0] or file.rotated.series == series]
    likely.sort(key=lambda file: file.stamp != place.stamp)
    return next((file for file in likely if _same(place, file)), None)


def _same(place: Place, file: Found) -> bool:
    return file.stamp == place.stamp or place.fits(file)


def _older(file: Found, link: Path) -> Found:
    changed = datetime.fromtimestamp(file.stamp[2] / 1e9, UTC).strftime("%Y%m%d%H%M%S")
    name = rotated(link.name)
    return replace(file, link=link, rotated=Rotated(name.series, (0, changed, 0), file.gzipped))
