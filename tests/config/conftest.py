"""A configuration file to break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import config
from monitor.errors import ConfigError
from monitor.settings import Settings

GOOD = Path(__file__).with_name("good.yaml").read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """write(text) -> path of the configuration file."""

    def written(text: str) -> Path:
        path = tmp_path / "xdrift.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def load(write: Callable[[str], Path]) -> Callable[..., Settings]:
    """load(text, **environ) -> settings; DB_PASSWORD is set."""
    return lambda text=GOOD, **environ: config.load(write(text), {"DB_PASSWORD": "pw", **environ})


@pytest.fixture
def violations(load: Callable[..., Settings]) -> Callable[..., list[str]]:
    """violations(text, **environ) -> mistakes without the folder of the file."""

    def found(text: str = GOOD, **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, **environ)
        return [line.rpartition("/xdrift.yaml:")[2] for line in caught.value.violations]

    return found
