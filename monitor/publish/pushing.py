"""One-shot mode: what a scrape would show of one monitor, put into a Pushgateway."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit

from prometheus_client import CollectorRegistry, Metric, delete_from_gateway, disable_created_metrics, push_to_gateway
from prometheus_client.exposition import default_handler
from prometheus_client.registry import Collector

from monitor.errors import PublishError
from monitor.publish.collector import SnapshotCollector
from monitor.types import ReferenceSummary, Snapshot

JOB = "xdrift"
TIMEOUT = 10.0
"""Seconds."""

Handler = Callable[[str, str, float | None, list[tuple[str, str]], bytes], Callable[[], None]]


def push(
    url: str, snapshot: Snapshot, name: str, *, references: Sequence[ReferenceSummary] = (), features: int = 20
) -> None:
    """Replace the group {job="xdrift", monitor=name} of a Pushgateway by what the store knows now.

    Totals are durable, so a push replaces them by larger ones and no count is lost between two pushes. Replacing the
    whole group (PUT) lets series go that are no longer true, which adding (POST) would keep for ever.

    Raises PublishError: no such monitor in the store, no answer within 10 s, refused.
    """
    mine = tuple(status for status in snapshot.monitors if status.name == name)
    if not mine:
        raise PublishError(
            f"monitor {name!r} cannot be pushed", seen="not in the store", expected="a registered monitor",
            hint=f"run `xdrift check {name}` first",
        )  # fmt: skip
    counters = tuple(counter for counter in snapshot.counters if counter.labels["monitor"] == name)
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=False)
    told = replace(snapshot, monitors=mine, counters=counters)
    registry.register(
        _WithoutCollector(
            SnapshotCollector(
                lambda: told, references=lambda: references, features_per_monitor=features,
                clock=lambda: told.taken_at,
            )
        )
    )  # fmt: skip
    gateway, handler = _gateway(url)
    with _telling(url):
        push_to_gateway(
            gateway, job=JOB, registry=registry, grouping_key={"monitor": name}, timeout=TIMEOUT, handler=handler
        )


def forget(url: str, name: str) -> None:
    """Delete the group of one monitor: a Pushgateway repeats the last push for ever. Raises PublishError."""
    gateway, handler = _gateway(url)
    with _telling(url):
        delete_from_gateway(gateway, job=JOB, grouping_key={"monitor": name}, timeout=TIMEOUT, handler=handler)


class _WithoutCollector(Collector):
    """All but what describes the reading of a store by a daemon: a one-shot run has none."""

    def __init__(self, inner: SnapshotCollector) -> None:
        self._inner = inner

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        return (one for one in self._inner.collect() if not one.name.startswith("xdrift_collector_"))


def _gateway(url: str) -> tuple[str, Handler]:
    """The address without credentials, and how to talk to it. Raises PublishError for anything but http and https."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PublishError(
            "address of the Pushgateway", seen=_shown(url), expected="http://HOST:PORT or https://HOST:PORT"
        )
    place = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    address = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
    if parts.username is None:
        return address, default_handler
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    header = ("Authorization", f"Basic {base64.b64encode(secret.encode()).decode()}")

    def authorised(
        url: str, method: str, timeout: float | None, headers: list[tuple[str, str]], data: bytes
    ) -> Callable[[], None]:
        return default_handler(url, method, timeout, [*headers, header], data)

    return address, authorised


@contextmanager
def _telling(url: str) -> Iterator[None]:
    """Network errors become PublishError."""
    try:
        yield
    except HTTPError as error:
        raise PublishError(
            f"Pushgateway {_shown(url)} refused", seen=f"HTTP {error.code}: {error.reason}",
            expected="HTTP 200 or 202",
            hint="check user and password" if error.code in (401, 403) else "look at the Pushgateway's own log",
        ) from error  # fmt: skip
    except OSError as error:  # URLError is one
        raise PublishError(
            f"Pushgateway {_shown(url)} does not answer", seen=getattr(error, "reason", error),
            expected=f"an answer within {TIMEOUT:g} s", hint="check the address; what was checked is in the store",
        ) from error  # fmt: skip


def _shown(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
