"""Reading files: all series of a log side by side, each from where it was left, in bounded batches."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator, Sequence
from itertools import groupby

from monitor.errors import SourceError
from monitor.sources.explanation_log.finding import find, in_order
from monitor.sources.explanation_log.gathering import Gathering, Lines, Positions
from monitor.sources.explanation_log.identity import Known, Place, gone, recognise
from monitor.sources.explanation_log.links import left_behind
from monitor.sources.explanation_log.rewritten import Identify, identifying
from monitor.sources.explanation_log.series import Series, read_last_of

_AT_ONCE = 64
"""Series read side by side; each may hold a file open."""


def read_files(location: str, positions: Positions, *, record_id: str) -> Generator[Lines]:
    """Batches of what was written since `positions`, up to the end as it was when reading began.

    Series are read side by side, the one least far on first, so that a log of several writers comes roughly in the
    order of time also when much of it has to be made up for. A file that cannot be read does not keep the others
    back: the error comes after everything else was given out. `record_id`: key of the id, by which a file that was
    rewritten is known again.

    Raises:
        SourceError: there is no such file, or one may not be read.
    """
    found = find(location)
    if not found and positions.get("files"):
        # A folder that lost all its files is sooner an unmounted one than an empty one. Forgetting how far they were
        # read would count them again when they come back.
        raise SourceError(
            f"explanation log {location}",
            seen="no file",
            expected=f"some of the {len(positions['files'])} files read before",
            hint="mount the folder again; the place in every file is kept",
        )
    saved = [Place.of(one) for one in positions.get("files", ())]
    known, absent = recognise(in_order([*found, *left_behind(found, saved)]), saved)
    identify = identifying(record_id)
    rewritten = _rewritten(known, absent, identify)
    problems = [file.problem for file in found if file.problem is not None]
    gathering = Gathering(notes=rewritten)
    # A file that could not be looked at may be any of those that were not found.
    kept, lost = (absent, []) if problems else gone(absent)
    _tell_lost(lost, gathering)
    places = [*(one.place for one in known), *kept]

    def reached() -> Positions:
        return {"files": [place.saved() for place in places if place.head_size]}

    all_series = [
        Series(list(files), gathering, identify) for _, files in groupby(known, key=lambda one: one.file.series)
    ]
    for first in range(0, len(all_series), _AT_ONCE):
        for _ in _side_by_side(all_series[first : first + _AT_ONCE], problems):
            if gathering.full:
                yield gathering.take(reached())
    yield gathering.take(reached(), last=not problems)
    if problems:
        raise problems[0]


def _rewritten(known: Sequence[Known], absent: list[Place], identify: Identify) -> list[str]:
    """New files that are old ones with other content take over their places; what a person should know of them."""
    notes = []
    for one in known:
        if one.place.head_size or not one.file.head:
            continue
        for place in [place for place in absent if place.name == one.file.path.name and place.last]:
            line = read_last_of(one.file, place, identify)
            if line is not None:
                absent.remove(place)
                one.place = place
                notes.append(place.rewritten(one.file, line, identify))
                break
    return notes


def _side_by_side(chosen: Sequence[Series], problems: list[SourceError]) -> Iterator[None]:
    """Read block by block, always from the series of which the smallest share has been read."""
    waiting = [(0.0, number, one.read()) for number, one in enumerate(chosen)]
    while waiting:
        _, number, blocks = heapq.heappop(waiting)
        try:
            share = next(blocks)
        except StopIteration:
            pass
        except SourceError as error:
            problems.append(error)
        else:
            heapq.heappush(waiting, (share, number, blocks))
        yield


def _tell_lost(lost: Sequence[Place], gathering: Gathering) -> None:
    """Files that went away with lines unread: counted once each, as torn, since their end never came."""
    for place in lost:
        unread = place.end - place.offset
        if unread > 0:
            gathering.refuse(place.name, place.offset, unread, "torn")
            gathering.notes.append(f"{place.name} is gone, {unread} bytes of it from byte {place.offset} on unread")
        elif place.cut:
            gathering.notes.append(f"{place.name} is gone; it ended in the middle when it was last read")
        elif place.link:
            gathering.notes.append(
                f"{place.target}, to which {place.link} led, is not found any more; what was written to it behind byte "
                f"{place.offset} is not counted"
            )
