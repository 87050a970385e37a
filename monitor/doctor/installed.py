"""What is installed here, and who can read the secrets."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from monitor.config.environment import literal_passwords, secret_files
from monitor.doctor.finding import Finding, shared

_UNSHIPPED = "dev"
"""The extra whose libraries no check uses."""


def examine(file: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """`file` and `environ`: what the settings were read from."""
    yield libraries()
    yield _secrets(file, environ)


def libraries() -> Finding:
    """Installed libraries against the ranges that this version was tested with."""
    try:
        wanted = list(_requirements())
    except metadata.PackageNotFoundError:
        return shared(
            "libraries", "unknown", "xdrift runs without being installed", step="install it: pip install xdrift"
        )
    good, other, missing = 0, [], []
    for one, optional in wanted:
        try:
            version = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            missing += [] if optional else [one.name]
            continue
        if one.specifier.contains(version, prereleases=True):
            good += 1
        else:
            other.append(f"{one.name} {version} (tested: {one.specifier})")
    if missing:
        step = "install xdrift again: pip install xdrift"
        return shared("libraries", "failed", f"not installed: {', '.join(missing)}", step=step)
    if other:
        return shared(
            "libraries", "warn", f"outside the tested range: {', '.join(dict.fromkeys(other))}",
            step="install versions in the range, or run `xdrift drill` and trust verdicts less",
        )  # fmt: skip
    return shared("libraries", "ok", f"{good} in their tested ranges")


def _requirements() -> Iterator[tuple[Requirement, bool]]:
    """Each library that this version names, and whether it may be absent. Raises PackageNotFoundError."""
    extras = [name for name in metadata.metadata("xdrift").get_all("Provides-Extra") or () if name != _UNSHIPPED]
    for line in metadata.requires("xdrift") or ():
        one = Requirement(line)
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            yield one, False
        elif any(one.marker.evaluate({"extra": name}) for name in extras):
            yield one, True


def _secrets(file: Path, environ: Mapping[str, str]) -> Finding:
    """Configuration was read already, so every secret can be read by us; by whom else?"""
    text = file.read_text(encoding="utf-8-sig")
    files = secret_files(text, environ)
    open_to_all = [f"{path} ({name})" for name, path in files.items() if _world_readable(Path(path))]
    lines = literal_passwords(text)
    if lines and _world_readable(file):
        open_to_all.append(f"{file}, line {', '.join(map(str, lines))} (a password in a URL)")
    if open_to_all:
        return shared(
            "secrets", "warn", f"everybody on this machine can read {', '.join(open_to_all)}",
            expected="files that only their owner and group can read; ${NAME} in place of passwords",
            step="chmod o-r FILE; in Kubernetes defaultMode: 0440 of the volume",
        )  # fmt: skip
    count = f"{len(files)} file{'s' * (len(files) != 1)}" if files else "none in files"
    return shared("secrets", "ok", f"{count}{', readable by us and not by everybody' if files else ''}")


def _world_readable(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IROTH)
