"""One-shot mode: what a scrape would show of one monitor, put into a Pushgateway."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request

from prometheus_client import CollectorRegistry, Metric, delete_from_gateway, disable_created_metrics, push_to_gateway
from prometheus_client.registry import Collector

from monitor.deadline import Deadline, ask
from monitor.errors import ConfigError, PublishError
from monitor.publish.collector import SnapshotCollector
from monitor.settings import over_http
from monitor.types import ReferenceSummary, Snapshot

JOB = "xdrift"
TIMEOUT = 10.0
"""Seconds for one push, however slowly the gateway talks."""
_SAID = 80
"""Characters that an error repeats of an answer that is none."""

Handler = Callable[[str, str, float | None, list[tuple[str, str]], bytes], Callable[[], None]]


def push(
    url: str, snapshot: Snapshot, name: str, *, references: Sequence[ReferenceSummary] = (), features: int = 20
) -> None:
    """Replace the group {job="xdrift", monitor=name} of a Pushgateway by what the store knows now.

    Totals are durable, so a push replaces them by larger ones and no count is lost between two pushes. Replacing the
    whole group (PUT) lets series go that are no longer true, which adding (POST) would keep for ever.

    Raises ConfigError for an address that cannot be one, PublishError: no such monitor in the store, no answer within
    10 s, refused, an answer that is not HTTP.
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
    push_to_gateway(
        gateway, job=JOB, registry=registry, grouping_key={"monitor": name}, timeout=TIMEOUT, handler=handler
    )


def forget(url: str, name: str) -> None:
    """Delete the group of one monitor: a Pushgateway repeats the last push for ever. Raises what `push` does."""
    gateway, handler = _gateway(url)
    delete_from_gateway(gateway, job=JOB, grouping_key={"monitor": name}, timeout=TIMEOUT, handler=handler)


class _WithoutCollector(Collector):
    """All but what describes the reading of a store by a daemon: a one-shot run has none."""

    def __init__(self, inner: SnapshotCollector) -> None:
        self._inner = inner

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        return (one for one in self._inner.collect() if not one.name.startswith("xdrift_collector_"))


def checked(url: str) -> str:
    """The address as given. Raises ConfigError for one that cannot be a Pushgateway's."""
    _gateway(url)
    return url


def _gateway(url: str) -> tuple[str, Handler]:
    """The address without credentials, and how to talk to it. Raises ConfigError for anything but http and https.

    HOST:PORT and names with a dot need no scheme; a bare word is another argument in the wrong place.
    """
    full, shown = _full(url), _shown(url)
    try:
        if "://" not in url and not {".", ":"} & set(url.partition("/")[0].rpartition("@")[2]):
            raise ValueError("a word")
        parts = urlsplit(over_http(full))
        parts.path.encode("ascii")  # as it is sent
    except ValueError:
        raise ConfigError(
            "the address of the Pushgateway", seen=shown, expected="http://HOST:PORT or https://HOST:PORT",
            hint="correct it; in user, password and path write special characters percent-encoded, as %2F for /",
        ) from None  # fmt: skip
    address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    login: dict[str, str] = {}
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"

    def handler(
        url: str, method: str, timeout: float | None, headers: list[tuple[str, str]], data: bytes
    ) -> Callable[[], None]:
        request = Request(url, data=data, headers={**dict(headers), **login}, method=method)  # noqa: S310 - looked at

        def send() -> None:
            with _telling(shown):
                ask(request, Deadline(TIMEOUT if timeout is None else timeout))

        return send

    return address, handler


@contextmanager
def _telling(gateway: str) -> Iterator[None]:
    """Network errors become PublishError, which names the gateway."""
    try:
        yield
    except HTTPError as error:
        error.close()
        raise PublishError(
            f"Pushgateway {gateway} refused", seen=f"HTTP {error.code}: {error.reason}",
            expected="HTTP 200 or 202",
            hint="check user and password" if error.code in (401, 403) else "look at the Pushgateway's own log",
        ) from error  # fmt: skip
    except OSError as error:  # URLError is one, and a hang-up
        raise PublishError(
            f"Pushgateway {gateway} does not answer", seen=getattr(error, "reason", error),
            expected=f"an answer within {TIMEOUT:g} s", hint="check the address; what was checked is in the store",
        ) from error  # fmt: skip
    except (http.client.HTTPException, ValueError) as error:  # ValueError: the name of a proxy that cannot be one
        raise PublishError(
            f"Pushgateway {gateway} gives no answer in HTTP", seen=repr(str(error)[:_SAID]),
            expected="HTTP 200 or 202", hint="look what listens at this host and port",
        ) from error  # fmt: skip


def _full(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def _shown(url: str) -> str:
    """Without user and password, also where it is no address; without what a terminal would act on."""
    scheme, _, rest = _full(url).partition("://")
    shown = f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
    return "".join(sign if sign.isprintable() else "?" for sign in shown)
