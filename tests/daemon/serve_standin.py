"""`xdrift serve` with a stand-in for the pipeline: python serve_standin.py CONFIG PERFORM GRACE_SECONDS."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from monitor import config, daemon, logs
from monitor.errors import XdriftError
from monitor.store import Store


def main(path: str, perform: str, grace: str) -> int:
    logs.configure()
    settings = config.load(Path(path), os.environ)
    try:
        with Store.open(settings.store.url) as store:
            return daemon.serve(settings, store, perform=perform, grace=timedelta(seconds=float(grace)))
    except XdriftError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
