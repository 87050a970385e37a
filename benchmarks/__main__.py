"""`python -m benchmarks`: one command each, described in docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import pages, results
from benchmarks.real import DATA
from benchmarks.results import Form

Options = argparse.Namespace


def _speed(form: Form, options: Options) -> dict[str, Any]:
    from benchmarks.speed import measure_speed

    return measure_speed(form, peers=options.peers)


def _false_alarms(form: Form, options: Options) -> dict[str, Any]:
    from benchmarks.false_alarms import measure

    return measure(form, jobs=options.jobs, peers=options.peers)


def _power(form: Form, options: Options) -> dict[str, Any]:
    from benchmarks.power import measure_power

    held = results.load("power") if options.without else None
    return measure_power(form, jobs=options.jobs, peers=options.peers, without=options.without, held=held)


def _cause(form: Form, options: Options) -> dict[str, Any]:
    from benchmarks.cause import measure

    return measure(form, jobs=options.jobs)


def _real(form: Form, options: Options) -> dict[str, Any]:
    from benchmarks.real import SHORT, measure_stories

    return measure_stories(data=options.data, only=() if form == "full" else SHORT)


def _memory(form: Form, _options: Options) -> dict[str, Any]:
    from benchmarks.memory import measure_memory

    return measure_memory(form)


def _explain(form: Form, options: Options) -> dict[str, Any]:
    from benchmarks.explain import measure_explain

    return measure_explain(form, peers=options.peers)


def _month(form: Form, options: Options) -> dict[str, Any]:
    from benchmarks.month import measure

    return measure(form, jobs=options.jobs)


def _telemetry(form: Form, options: Options) -> dict[str, Any]:
    from benchmarks.telemetry import measure_telemetry

    return measure_telemetry(form, url=options.url)


def _writer(form: Form, _options: Options) -> dict[str, Any]:
    from benchmarks.writer import measure_writer

    return measure_writer(form)


def _reports(form: Form, _options: Options) -> dict[str, Any]:
    from benchmarks.reports import measure_reports

    return measure_reports(form)


BENCHMARKS: Mapping[str, Callable[[Form, Options], dict[str, Any]]] = {
    "speed": _speed,
    "false-alarms": _false_alarms,
    "power": _power,
    "cause": _cause,
    "real": _real,
    "memory": _memory,
    "explain": _explain,
    "month": _month,
    "telemetry": _telemetry,
    "writer": _writer,
    "reports": _reports,
}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks", description="Measurements of xdrift beside its peers.")
    made.add_argument(
        "what",
        nargs="?",
        default="all",
        choices=[*BENCHMARKS, "all", "peers", "docs"],
        help="one benchmark, all of them, `peers` to install the peers, `docs` to refresh the tables",
    )
    made.add_argument("--full", action="store_true", help="the form that the published tables are made of")
    made.add_argument("--peers", action="store_true", help="ask the peers that have environments of their own as well")
    made.add_argument("--without", nargs="*", default=[], metavar="PEER", help="environments not asked (power only)")
    made.add_argument("--jobs", type=int, default=2, help="processes for trials (default 2)")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    made.add_argument("--data", type=Path, default=DATA, help="folder of the real sets")
    made.add_argument("--url", help="an empty database to write to instead of a SQLite file (telemetry only)")
    return made


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.what == "peers":
        return _install()
    if options.what != "docs":
        names = list(BENCHMARKS) if options.what == "all" else [options.what]
        measured = dict(_measured(names, options))
        if options.json:
            options.json.write_text(results.dump(measured))
    for page in pages.write():
        print(f"docs/{page.relative_to(pages.DOCS)} refreshed")
    return 0


def _measured(names: list[str], options: Options) -> Iterator[tuple[str, dict[str, Any]]]:
    form: Form = "full" if options.full else "short"
    for name in names:
        start = time.perf_counter()
        found = {"environment": results.environment(), **BENCHMARKS[name](form, options)}
        print(f"\n## {name} ({form} form, {time.perf_counter() - start:.0f} s)\n\n{pages.RENDER[name](found)}")
        if not results.save(name, found, form):
            print(f"\nbenchmarks/results/{name}.json holds a full form and stays as it is")
        yield name, {"form": form, **found}


def _install() -> int:
    from benchmarks.peers.environments import ENVIRONMENTS, build

    failed = 0
    for environment in ENVIRONMENTS:
        reason = build(environment)
        failed += reason is not None
        print(f"{environment.name}: {reason or 'installed'}", file=sys.stderr if reason else sys.stdout)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
