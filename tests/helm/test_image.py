"""The Containerfile and the compose stack: no container runs here, so everything that can be checked without one is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from monitor import __version__
from monitor.cli import main
from monitor.config.environment import overrides
from monitor.grafana.provisioning import PASSWORD, files
from tests.servers import binary

from .conftest import ROOT, run, tool

IMAGE = ROOT / "helm" / "image" / "Containerfile"
COMPOSE = ROOT / "helm" / "compose" / "compose.yaml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def instructions() -> list[tuple[str, str]]:
    """(word, rest) of every instruction, lines joined and comments left out."""
    lines = [line for line in IMAGE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in joined.splitlines() if line]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(place for place, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def environment() -> dict[str, str]:
    (text,) = [rest for word, rest in last_stage() if word == "ENV"]
    return dict(pair.split("=", 1) for pair in text.split())


# the image


def test_hadolint_finds_nothing() -> None:
    ran = run([tool("hadolint"), "--failure-threshold", "style", IMAGE])

    assert ran.code == 0, ran.out
    assert ran.out == ""


def test_it_runs_as_a_numbered_user_and_not_as_root() -> None:
    stage = last_stage()

    assert [rest for word, rest in stage if word == "USER"] == ["10001:10001"]
    after = [word for word, _ in stage[[word for word, _ in stage].index("USER") :]]
    assert "RUN" not in after
    assert "COPY" not in after
    assert ("ENTRYPOINT", '["tini", "--", "xdrift"]') in stage
    assert main([*json.loads(dict(stage)["CMD"]), "--help"]) == 0


def test_its_version_and_extras_are_those_of_the_project() -> None:
    given = dict(rest.split("=", 1) for word, rest in instructions() if word == "ARG")

    assert given["VERSION"] == __version__
    assert set(given["EXTRAS"].split(",")) <= set(PROJECT["project"]["optional-dependencies"]) - {"dev", "demo"}
    assert given["PACKAGES"].strip('"') in PROJECT["project"]["optional-dependencies"]["demo"]
    python = given["PYTHON"].partition("-")[0]
    assert f">={python}" == PROJECT["project"]["requires-python"]


def test_what_the_wheel_is_made_of_is_copied_and_let_through() -> None:
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    sources = {name for names in copied for name in names}
    let_through = IMAGE.with_name("Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()

    needed = {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    needed |= set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert sources == needed
    assert all((ROOT / name).exists() for name in sources)
    assert {line[1:] for line in let_through if line.startswith("!")} == needed
    assert let_through.index("*") < let_through.index("!monitor")


def test_xdrift_accepts_its_environment_and_nothing_in_it_is_secret() -> None:
    environ = environment()

    found, mistakes = overrides(environ)
    assert mistakes == []
    assert {override.variable for override in found.values()} == {"XDRIFT_SERVER__HOST"}
    named = [rest.split("=")[0] for word, rest in instructions() if word in ("ARG", "ENV")] + list(environ)
    assert not [name for name in named if re.search(r"pass|secret|token|key", name, re.I)]
    assert environ["NUMBA_CACHE_DIR"].startswith("/var/cache/xdrift/")


class _Livez(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_asks_livez(status: int, healthy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = [rest for word, rest in last_stage() if word == "HEALTHCHECK"]
    program, *words = json.loads(check.partition("CMD ")[2])
    assert program == "python"
    monkeypatch.setattr(_Livez, "status", status)
    with HTTPServer(("127.0.0.1", 0), _Livez) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        environ = {**os.environ, "XDRIFT_SERVER__PORT": str(server.server_port)}
        ran = subprocess.run([sys.executable, *words], env=environ, capture_output=True, timeout=30)
        server.shutdown()

    assert (ran.returncode == 0) is healthy


# the stack


def stack() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


def test_docker_compose_accepts_the_stack() -> None:
    ran = run([tool("docker-compose"), "--file", COMPOSE, "config", "--format", "json"])

    assert ran.code == 0, ran.err
    assert set(json.loads(ran.out)["services"]) == {
        "postgres", "rules", "demo", "reader", "xdrift", "prometheus", "alertmanager", "grafana",
    }  # fmt: skip


def test_docker_compose_would_refuse_a_misspelt_key(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE.read_text(encoding="utf-8").replace("depends_on:", "depends-on:"))

    assert run([tool("docker-compose"), "--file", tmp_path / "compose.yaml", "config", "--quiet"]).code != 0


def test_everything_that_is_mounted_is_there() -> None:
    seen = 0
    for name, service in stack()["services"].items():
        for volume in service.get("volumes", ()):
            source, target, *_ = volume.split(":")
            assert target.startswith("/"), name
            if source.startswith("."):
                seen += 1
                assert (COMPOSE.parent / source).exists(), f"{name}: {source}"
            else:
                assert source in stack()["volumes"], f"{name}: {source}"
    assert seen >= 4
    build = stack()["x-xdrift"]["build"]
    context = (COMPOSE.parent / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).resolve() == IMAGE


def test_nothing_is_reachable_but_from_this_machine() -> None:
    services = stack()["services"]

    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert stack()["networks"]["inside"] == {"internal": True}
    assert services["postgres"]["networks"] == ["inside"]  # it asks nobody for a password
    assert "ports" not in services["postgres"]
    assert "privileged" not in str(services)


def test_images_are_named_by_version() -> None:
    images = [service["image"] for service in stack()["services"].values()]

    assert all(re.search(r":(demo|v?\d[\w.-]*)$", image) for image in images), images


@pytest.mark.parametrize("name", ["rules", "demo", "reader", "xdrift"])
def test_xdrift_accepts_the_commands_and_the_environment(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    service = stack()["services"][name]

    assert main([*service["command"], "--help"]) == 0
    assert overrides(service["environment"])[1] == []
    assert "Usage: xdrift" in capsys.readouterr().out


def test_a_command_that_does_not_exist_would_be_seen() -> None:
    assert main(["demo", "--resent", "--help"]) == 2


@pytest.mark.promtool
def test_prometheus_accepts_its_configuration_with_the_rules_that_the_stack_makes(tmp_path: Path) -> None:
    (folder,) = [word for word in stack()["services"]["rules"]["command"] if word.startswith("--output=")]
    words = [word for word in stack()["services"]["rules"]["command"] if word != folder]
    assert main([*words, f"--output={tmp_path}"]) == 0
    text = (COMPOSE.parent / "prometheus.yml").read_text(encoding="utf-8")
    there = folder.removeprefix("--output=")
    assert f"[{there}/rules.yaml]" in text
    (tmp_path / "prometheus.yml").write_text(text.replace(there, str(tmp_path)))

    ran = run([binary("promtool"), "check", "config", tmp_path / "prometheus.yml"])

    assert ran.code == 0, ran.out + ran.err
    assert "http://127.0.0.1:3000/d/xdrift-oncall" in (tmp_path / "rules.yaml").read_text()
    jobs = [job["job_name"] for job in yaml.safe_load(text)["scrape_configs"]]
    assert "xdrift" in jobs


@pytest.mark.promtool
def test_alertmanager_accepts_the_file_that_it_is_given() -> None:
    (source,) = [
        volume.split(":")[0]
        for volume in stack()["services"]["alertmanager"]["volumes"]
        if volume.endswith("/alertmanager.yml:ro")
    ]

    assert run([binary("amtool"), "check-config", COMPOSE.parent / source]).code == 0


def test_grafana_reads_what_is_written_for_it() -> None:
    """`helm/copy-files` writes it again."""
    folder = COMPOSE.parent / "grafana"
    written = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.yaml")}

    assert written == files(
        "http://prometheus:9090", "postgresql://xdrift_reader@postgres:5432/xdrift?sslmode=disable"
    ), "run helm/copy-files"
    grafana = stack()["services"]["grafana"]
    (provider,) = yaml.safe_load(written["dashboards/xdrift.yaml"])["providers"]
    (mount,) = [volume.split(":")[1] for volume in grafana["volumes"] if "dashboards/json" in volume]
    assert mount == f"{provider['options']['path']}/xdrift"
    assert PASSWORD in grafana["environment"]
    role = yaml.safe_load(written["datasources/xdrift.yaml"])["datasources"][1]["user"]
    assert stack()["services"]["reader"]["command"] == ["db", "reader", role]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == mount
    assert (ROOT / "dashboards" / "json" / home.name).exists()
