"""`python -m dashboards.preview BOARD ...`: a picture of a dashboard on real servers. See docs/dashboards.md."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

import dashboards
from dashboards.preview import render
from dashboards.preview.grafana import Around, Value
from dashboards.preview.run import Servers


def main() -> int:
    given = _arguments().parse_args()
    end = datetime.fromisoformat(given.to) if given.to else datetime.now(UTC)
    around = Around(start=end - timedelta(hours=given.hours), end=end, step=given.step)
    connection = psycopg.connect(given.postgres, autocommit=True)

    def rows(query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        found = connection.execute(query.encode())
        return [column.name for column in found.description or ()], found.fetchall()

    chosen: dict[str, Value] = {}
    for name, _, value in (one.partition("=") for one in given.set):
        chosen[name] = (value,) if name == "monitor" else value
    servers = Servers(prometheus=given.prometheus, rows=rows, chosen=chosen, around=around)
    wanted = [int(one) for one in given.panels.split(",")] if given.panels else []
    drawn = render.board(dashboards.load(given.board), servers, wanted, given.width)
    render.bundle(given.ui)
    failed = render.draw(drawn, given.ui, given.output)
    sys.stdout.write("".join(f"{line}\n" for line in [*failed, f"wrote {given.output}"]))
    return 1 if failed else 0


def _arguments() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m dashboards.preview", description=__doc__)
    made.add_argument("board", choices=dashboards.NAMES)
    made.add_argument("--ui", type=Path, required=True, help="folder with package.json installed by npm")
    made.add_argument("--prometheus", required=True, help="http://HOST:PORT")
    made.add_argument("--postgres", required=True, help="postgresql://USER@HOST:PORT/DATABASE")
    made.add_argument("--output", type=Path, required=True, help="the PNG")
    made.add_argument("--to", help="end of the time range, ISO with a zone; now when absent")
    made.add_argument("--hours", type=float, default=24.0, help="length of the time range")
    made.add_argument("--step", type=int, default=60, help="seconds between two points of Prometheus")
    made.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="choose a variable's value")
    made.add_argument("--panels", help="ids, with commas; all when absent")
    made.add_argument("--width", type=int, default=1600)
    return made


if __name__ == "__main__":
    sys.exit(main())
