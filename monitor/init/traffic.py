"""Where predictions come from, as far as `xdrift init` was told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from monitor.errors import ConfigError, SourceError
from monitor.init.columns import DataFacts, Guess, inspect_data, inspect_table
from monitor.init.draft import Draft

PASSWORD_VARIABLE = "PREDICTIONS_PASSWORD"  # noqa: S105  a name, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The prediction source."""

    folder: Path
    """Where the configuration file will be: paths in it are relative to here."""
    given: str | None
    """File, folder, glob, or SQLAlchemy URL; None when nobody said."""
    table: str | None
    facts: DataFacts | None
    """Of the table, the file, or the first file of a folder or glob; None when there was nothing to look at."""
    trouble: str | None
    """Why a database could not be looked at."""
    fallback: DataFacts

    def relative(self, path: Path) -> str:
        """As the configuration file would name it: relative unless it is on quite another branch of the disk."""
        target, folder = Path(os.path.abspath(path)), Path(os.path.abspath(self.folder))  # noqa: PTH100  keeps links
        near = os.path.relpath(target, folder)
        return near if near.count("..") <= 2 else str(target)

    def source(self, draft: Draft) -> tuple[tuple[str, str], ...]:
        """Keys and values that name the source. A password never goes into the file."""
        assert self.given is not None
        if self.table is None:
            return (("path", self.relative(Path(self.given))),)
        url = self.given
        if password := urlsplit(url).password:
            url = url.replace(f":{password}@", f":${{{PASSWORD_VARIABLE}}}@", 1)
            draft.comment(
                f"The password was left out: set {PASSWORD_VARIABLE} in the environment, or {PASSWORD_VARIABLE}_FILE."
            )
        return (("url", url), ("table", self.table))

    def rows_per_day(self, time: Guess | None) -> float | None:
        """Rows looked at over the time they span; None without times or traffic."""
        facts = self.facts or (self.fallback if self.given is None else None)
        if facts is None or time is None or time.column.first is None or time.column.last is None:
            return None
        days = (time.column.last - time.column.first).total_seconds() / 86400
        return facts.n_looked_at / days if days > 0 else None


def find_traffic(given: str | None, table: str | None, *, data: DataFacts, folder: Path) -> Traffic:
    """Inspect the prediction source. Raises ConfigError for a URL without table or a path without file,
    SourceError for unreadable files."""
    is_url = given is not None and "://" in given
    if is_url != bool(table):
        raise ConfigError(
            "--predictions and --table",
            seen=f"--predictions {given}" + (f" --table {table}" if table else " without --table"),
            expected="a database URL with --table NAME, or a file, folder or glob without it",
            hint="as in --predictions postgresql+psycopg://host/shop --table predictions",
        )
    facts = trouble = None
    if given is not None and table:
        try:
            facts = inspect_table(given, table)
        except SourceError as error:
            # It may answer only where the daemon will run; the file then says that nobody looked.
            trouble = error.thing
    elif given is not None:
        facts = inspect_data(_first_file(given), option="--predictions")
    return Traffic(folder=folder, given=given, table=table, facts=facts, trouble=trouble, fallback=data)


def _first_file(given: str) -> Path:
    path = Path(given)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".parquet", ".pq", ".csv"))
    elif any(sign in given for sign in "*?["):
        anchor = Path(path.anchor)
        files = sorted(anchor.glob(str(path.relative_to(anchor)) if path.is_absolute() else given))
    else:
        files = [path]
    if not files:
        raise ConfigError(
            "--predictions names no file",
            seen=given,
            expected="a Parquet or CSV file, a folder with some, or a glob",
            hint="check the path; quote a glob so that the shell does not expand it",
        )
    return files[0]
