"""`xdrift serve` with a stand-in for the pipeline, as the body of a process."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from monitor import config, daemon, logs
from monitor.errors import XdriftError
from monitor.store import Store


def main(path: Path, perform: str, grace: timedelta, log: Connection) -> None:
    """Leaves with the exit code that the command would have."""
    os.dup2(log.fileno(), 2)
    log.close()
    logs.configure()
    settings = config.load(path, {})
    try:
        with Store.open(settings.store.url) as store:
            code = daemon.serve(settings, store, perform=f"standin:{perform}", grace=grace)
    except XdriftError as error:
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    sys.exit(code)
