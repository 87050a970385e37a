"""Real helm 3 and 4, hadolint and docker-compose, where `.ci/deployment-tools FOLDER` put them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "xdrift"
VALUES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
FOLDER = os.environ.get("XDRIFT_DEPLOYMENT_TOOLS", "")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def tool(name: str) -> str:
    found = Path(FOLDER, name)
    if not FOLDER or not found.is_file():
        pytest.skip("XDRIFT_DEPLOYMENT_TOOLS names no folder of tools: .ci/deployment-tools FOLDER")
    return str(found)


def run(command: list[str | Path], **options: Any) -> Ran:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Helm:
    """One version of helm, with nothing of this user's own settings."""

    version: int
    program: str
    home: str

    def __call__(self, *words: str | Path, values: str | None = None) -> Ran:
        environ = {"HELM_CONFIG_HOME": self.home, "HELM_CACHE_HOME": self.home, "HELM_DATA_HOME": self.home}
        given = [] if values is None else ["--values", "-"]
        return run([self.program, *words, *given], env=environ, input=values)

    def template(self, name: str, *words: str) -> str:
        """The manifests of one of the chart's own sets of values."""
        return _rendered(self, name, words)

    def objects(self, name: str, *words: str) -> list[dict[str, Any]]:
        return [one for one in yaml.safe_load_all(self.template(name, *words)) if one]


@cache
def _rendered(helm: Helm, name: str, words: tuple[str, ...]) -> str:
    file = CHART / "ci" / f"{name}-values.yaml"
    done = helm("template", "watch", CHART, "--namespace", "ml", "--values", file, *words)
    assert done.code == 0, done.err
    return done.out


@pytest.fixture(scope="session")
def helms(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Helm]:
    home = str(tmp_path_factory.mktemp("helm-home"))
    return cache(lambda version: Helm(version, tool(f"helm{version}"), home))


@pytest.fixture(params=[3, 4])
def helm(request: pytest.FixtureRequest, helms: Callable[[int], Helm]) -> Helm:
    return helms(request.param)


@pytest.fixture
def helm4(helms: Callable[[int], Helm]) -> Helm:
    return helms(4)


def one(objects: list[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    (found,) = [each for each in objects if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    return found


def pod_of(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The pod template of what runs: a Deployment or a CronJob."""
    for each in objects:
        if each["kind"] == "Deployment":
            return dict(each["spec"]["template"])
        if each["kind"] == "CronJob":
            return dict(each["spec"]["jobTemplate"]["spec"]["template"])
    raise AssertionError("nothing runs")
