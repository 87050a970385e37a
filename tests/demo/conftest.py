"""The wheel, installed into an environment of its own, and the demo that it ran there: once for all workers."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run see."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "demo"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _once(shared: Path, name: str, make: Callable[[Path], None]) -> Path:
    """What `make` leaves in a folder of this name; whoever comes second waits for it."""
    folder = shared / name
    with _alone(shared / f"{name}.lock"):
        if not (folder / "done").exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            (folder / "done").touch()
    return folder


def run(*command: str | Path, timeout: float, **more: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def uv() -> Path:
    found = Path(sys.executable).with_name("uv")
    if not found.exists():
        if os.environ.get("XDRIFT_TEST_NOTHING_SKIPS"):
            pytest.fail("uv is not installed")
        pytest.skip("uv is not installed beside Python; make test installs it")
    return found


@pytest.fixture(scope="session")
def wheel(shared: Path, uv: Path) -> Path:
    """The wheel as it would be published."""

    def build(folder: Path) -> None:
        run(uv, "build", "--wheel", "--no-progress", "--out-dir", folder, ROOT, timeout=300)

    (found,) = _once(shared, "wheel", build).glob("*.whl")
    return found


@pytest.fixture(scope="session")
def xdrift(shared: Path, uv: Path, wheel: Path) -> Path:
    """The command `xdrift` of an environment that holds the wheel, what it asks for, and nothing else."""

    def install(folder: Path) -> None:
        # The versions that are tested here: they are at hand, and the demo is the same to the last digit.
        known = (f"{one.name}=={one.version}" for one in metadata.distributions() if one.name != "xdrift")
        (folder / "constraints.txt").write_text("\n".join(known))
        run(uv, "venv", "--no-progress", "--python", sys.executable, folder / "env", timeout=120)
        run(
            uv, "pip", "install", "--no-progress", "--python", folder / "env/bin/python",
            "--constraints", folder / "constraints.txt", f"xdrift[demo] @ {wheel.as_uri()}", timeout=600,
        )  # fmt: skip

    return _once(shared, "installed", install) / "env/bin/xdrift"


@dataclass(frozen=True, slots=True)
class Demo:
    """What one whole run of the demo printed, and the directory it left."""

    document: dict[str, Any]
    directory: Path

    @property
    def weeks(self) -> list[dict[str, Any]]:
        return list(self.document["weeks"])


@pytest.fixture(scope="session")
def demo(shared: Path, xdrift: Path) -> Demo:
    def replay(folder: Path) -> None:
        # From elsewhere and without the settings of the shell: nothing of the source tree may help.
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDRIFT"))}
        command = [xdrift, "demo", "--no-serve", "--json", "--directory", folder / "world"]
        (folder / "document.json").write_text(run(*command, timeout=1500, cwd=folder, env=environ))

    folder = _once(shared, "replayed", replay)
    return Demo(json.loads((folder / "document.json").read_text()), folder / "world")
