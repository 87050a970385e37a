"""`xdrift demo`: a year of real flights, three incidents put in, and what xdrift says about each week."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.demo.data import World
    from monitor.settings import Settings

__all__ = ["run_demo", "serve_demo"]


def run_demo(
    directory: Path,
    *,
    serve: bool,
    as_json: bool,
    port: int = 9464,
    store: str | None = None,
    now: datetime | None = None,
) -> int:
    """Build the world in `directory`, replay the year, print the verdicts beside the truth, then serve.

    `store`: URL of the database, of which only what an earlier demo left is deleted; a file in the directory when
    None. `now`: the year ends with the last full week before it, and what is served goes on from there in real time;
    when None, the year is 2013 and the clock stands at its end.

    Returns 0 when all incidents were named and the reference weeks were quiet, else 1.

    Raises:
        ConfigError: the demo extra is not installed, the directory is not the demo's or cannot be written, or the
            store holds monitors that are not the demo's.
        PublishError: the port is taken.
        StoreError: the database does not answer.
    """
    from monitor.demo import data, explanations, incidents, replay, story
    from monitor.store import Store

    start = time.monotonic()
    data.package_folder()
    config = replay.read_config(replay.write_config(directory, port, store), store)
    if serve:
        config = replay.read_config(replay.write_config(directory, _free_port(config), store), store)
    world = data.World(directory, timedelta(0) if now is None else incidents.last_full_week(now))
    if store is None:
        # Every run starts from nothing: a store of an older demo would answer instead of this one.
        for old in directory.glob("xdrift.db*"):
            old.unlink()
    with _progress(quiet=as_json) as say, Store.open(config.store.url) as opened:
        replay.empty(opened)
        say("building the world: flights, model, logs", None)
        data.build(world)
        log = explanations.explanation_log(world)
        say("making the reference", None)
        checks = replay.run_year(
            config, world, log, opened, lambda done, total: say("replaying the weeks", (done, total))
        )
    listed = story.weeks(checks, world.shift)
    document = story.summary(listed, time.monotonic() - start)
    good = document["incidents_found"] == document["incidents"] and document["reference_weeks_quiet"]
    if as_json:
        json.dump(document, sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
    else:
        _print(story.view(listed, document))
        xdrift = story.words_for(sys.argv[0])
        sys.stdout.write(story.to_try(directory / "xdrift.yaml", replay.MONITOR, listed, xdrift=xdrift))
    sys.stdout.flush()
    if serve:
        serve_demo(config, None if now is not None else world, quiet=as_json)
    return 0 if good else 1


def _free_port(config: Settings) -> int:
    """The configured port, or a free one for port 0. Raises PublishError now rather than after a minute of replay."""
    from monitor.daemon.http import bind

    with closing(bind(config.server)) as listening:
        return int(listening.getsockname()[1])


def serve_demo(config: Settings, world: World | None, *, quiet: bool) -> None:
    """Pages and metrics until Ctrl-C, with the clock standing at the end of the world's year; in real time for None."""
    from monitor import daemon, runner
    from monitor.demo import replay
    from monitor.store import Store

    if not quiet:
        where = f"http://{config.server.host}:{config.server.port}"
        sys.stdout.write(f"\nPages on {where}/ and metrics on {where}/metrics until Ctrl-C.\n")
        sys.stdout.flush()
    with Store.open(config.store.url) as store:
        daemon.serve(config, store, clock=runner.now if world is None else replay.year_end(world))


def _print(view: Any) -> None:
    from rich.console import Console

    out = Console(highlight=False, markup=False, emoji=False)
    out.width = max(out.width, 80)
    out.print(view)


def _line(what: str, place: tuple[int, int] | None) -> None:
    sys.stderr.write(f"{what}{'' if place is None else f', {place[0]} of {place[1]}'}\n")
    sys.stderr.flush()


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str, tuple[int, int] | None], None]]:
    """A bar on stderr for people, a line for each stage and week in a pipe or file, nothing for machines."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    out = Console(stderr=True)
    if not quiet and not out.is_terminal:
        yield _line
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=quiet or not out.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=None)

        def say(what: str, place: tuple[int, int] | None) -> None:
            done, total = place or (0, None)
            bar.update(task, description=what, completed=done, total=total)

        yield say
