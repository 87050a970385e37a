"""`xdrift serve` whose heartbeat stops while a file named `stuck` lies beside the configuration."""

from __future__ import annotations

import sys
from pathlib import Path

from monitor import config, daemon, logs
from monitor.daemon.jobs import Jobs
from monitor.store import Store

beat = Jobs.heartbeat


def heartbeat(jobs: Jobs) -> None:
    if not Path("stuck").exists():
        beat(jobs)


if __name__ == "__main__":
    Jobs.heartbeat = heartbeat  # type: ignore[method-assign]
    logs.configure()
    settings = config.load(Path(sys.argv[1]), {})
    with Store.open(settings.store.url) as store:
        sys.exit(daemon.serve(settings, store))
