"""The few calls of Grafana's HTTP API that xdrift makes, through grafana-client, with errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from monitor.errors import PublishError
from monitor.settings import GrafanaSettings

_Answer = TypeVar("_Answer")
_SAID = 200
"""Characters of Grafana's own words that an error repeats."""
_NEXT = {
    401: (
        "a token that this Grafana knows",
        "put the token of a service account with role Editor into XDRIFT_GRAFANA__TOKEN or the file of --token-file",
    ),
    403: ("a service account that may do this", "give the service account role Editor, or Editor of this folder"),
    404: ("Grafana's API", "give the address as a browser shows it, with its path, as in https://host/grafana"),
}
"""Status of an answer to what was expected instead and what to do."""


class ConflictError(PublishError):
    """Somebody else wrote since we read."""


class Grafana:
    """One Grafana server. Every method raises PublishError when it does not do what it was asked for."""

    def __init__(self, settings: GrafanaSettings) -> None:
        from grafana_client import GrafanaApi

        parts = urlsplit(settings.url)
        path = parts.path.strip("/")
        host = parts.netloc.rpartition("@")[2]
        self.url = f"{parts.scheme}://{host}{'/' + path if path else ''}"
        """Without user and password."""
        login = (parts.username, parts.password or "") if parts.username else None
        self._timeout = settings.timeout
        self._api: Any = GrafanaApi(
            settings.token or login,
            host=host,
            url_path_prefix=f"{path}/" if path else "",
            protocol=parts.scheme,
            timeout=settings.timeout.total_seconds(),
            user_agent="xdrift",
        )
        # A redirect would turn a POST into a GET, or carry the token to where nobody meant it to go.
        self._api.client.s.max_redirects = 0

    def version(self) -> str:
        """Of the server; `unknown` where it does not say. Needs no token."""
        told = self._call("reach Grafana", self._api.health.check)
        if not isinstance(told, Mapping) or "database" not in told:
            raise self._not_grafana("reach Grafana", "an answer that is not Grafana's")
        return str(told.get("version") or "unknown")

    def folders(self) -> list[dict[str, Any]]:
        """Of the top level, each with uid and title."""
        return self._list("list folders", self._api.folder.get_all_folders)

    def create_folder(self, title: str, uid: str) -> dict[str, Any]:
        return self._object("create a folder", lambda: self._api.folder.create_folder(title, uid))

    def data_sources(self) -> list[dict[str, Any]]:
        """Each with uid, name, type and isDefault."""
        try:
            return self._list("list data sources", self._api.datasource.list_datasources)
        except PublishError as error:
            if _status(error) != 403:
                raise
        # Only administrators may list them; what the pages need to show them is there for everybody.
        told = self._object("list data sources", lambda: self._api.client.GET("/frontend/settings"))
        found = told.get("datasources")
        return [{"name": name, **each} for name, each in found.items()] if isinstance(found, Mapping) else []

    def dashboard(self, uid: str) -> dict[str, Any] | None:
        """Content under `dashboard`, what Grafana knows of it under `meta`; None when there is none."""
        try:
            return self._object("read a dashboard", lambda: self._api.dashboard.get_dashboard(uid))
        except PublishError as error:
            if _status(error) == 404:
                return None
            raise

    def save_dashboard(self, content: Mapping[str, Any], *, folder_uid: str, message: str) -> dict[str, Any]:
        """Raises ConflictError when `version` in the content is not the present one."""
        body = {"dashboard": dict(content), "folderUid": folder_uid, "message": message, "overwrite": False}
        return self._object("save a dashboard", lambda: self._api.dashboard.update_dashboard(body))

    def annotations(self, tag: str) -> list[dict[str, Any]]:
        """Those of the whole organisation with this tag, whenever they are."""
        return self._list(
            "find annotations",
            lambda: self._api.annotations.get_annotation(tags=[tag], ann_type="annotation", limit=10),
        )

    def annotate(self, annotation: Mapping[str, Any]) -> None:
        """Create one, from {time, time_end, tags, text}; times are milliseconds since 1970, time_end may be None."""
        body = {"time": annotation["time"], "tags": list(annotation["tags"]), "text": annotation["text"]}
        if annotation["time_end"] is not None:
            body["timeEnd"] = annotation["time_end"]
        self._object("create an annotation", lambda: self._api.client.POST("/annotations", json=body))

    def end_annotation(self, number: int, time_end: int) -> None:
        """Move the end of a region."""
        body = {"timeEnd": time_end}
        path = f"/annotations/{number}"
        self._object("change an annotation", lambda: self._api.client.PATCH(path, json=body))

    def _list(self, doing: str, call: Callable[[], Any]) -> list[dict[str, Any]]:
        told = self._call(doing, call)
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise self._not_grafana(doing, "an answer that is not Grafana's")
        return told

    def _object(self, doing: str, call: Callable[[], Any]) -> dict[str, Any]:
        told = self._call(doing, call)
        if not isinstance(told, dict):
            raise self._not_grafana(doing, "an answer that is not Grafana's")
        return told

    def _call(self, doing: str, call: Callable[[], _Answer]) -> _Answer:
        from grafana_client.client import GrafanaException
        from requests import exceptions

        try:
            return call()
        except GrafanaException as error:
            raise self._refused(doing, int(error.status_code), error.response) from error
        except exceptions.Timeout as error:
            seconds = f"{self._timeout.total_seconds():g} s"
            hint = "look whether Grafana is busy or a proxy holds the request; grafana.timeout is how long we wait"
            raise self._failed(doing, f"no answer within {seconds}", "an answer", hint) from error
        except exceptions.SSLError as error:
            hint = "name the file of your certificate authority in the variable REQUESTS_CA_BUNDLE"
            raise self._failed(doing, "a certificate that is not trusted", "a trusted one", hint) from error
        except exceptions.TooManyRedirects as error:
            target = error.response.headers.get("Location", "") if error.response is not None else ""
            raise self._not_grafana(doing, f"a redirect to {target.partition('?')[0] or 'elsewhere'}") from error
        except exceptions.ConnectionError as error:
            hint = "look at the address, and whether Grafana runs"
            raise self._failed(doing, _reason(error), "a server that answers", hint) from error
        except (exceptions.RequestException, ValueError) as error:  # ValueError: an answer that is not JSON
            raise self._not_grafana(doing, f"{type(error).__name__}") from error

    def _refused(self, doing: str, status: int, answer: Any) -> PublishError:
        words = answer.get("message") if isinstance(answer, Mapping) else None
        seen = f"answer {status}" + (f": {str(words)[:_SAID]}" if words else "")
        if status in (409, 412):
            conflict = isinstance(answer, Mapping) and answer.get("status") == "version-mismatch"
            kind = ConflictError if conflict or status == 409 else PublishError
            hint = "run the same command again; if it stays, rename or remove what stands there under this name"
            return kind(f"{doing} at {self.url}", seen=seen, expected="nothing else under this name", hint=hint)
        if status >= 500:
            return self._failed(doing, seen, "an answer 2xx", "look at Grafana's log, then try again")
        expected, hint = _NEXT.get(status, ("an answer 2xx", "look at Grafana's log"))
        return self._failed(doing, seen, expected, hint)

    def _not_grafana(self, doing: str, seen: str) -> PublishError:
        return self._failed(doing, seen, *_NEXT[404])

    def _failed(self, doing: str, seen: str, expected: str, hint: str) -> PublishError:
        return PublishError(f"could not {doing} at {self.url}", seen=seen, expected=expected, hint=hint)


def _status(error: PublishError) -> int | None:
    """Of the answer that the error came from; None when there was none."""
    return getattr(error.__cause__, "status_code", None)


def _reason(error: BaseException) -> str:
    """What the operating system said, under what libraries put around it."""
    last: BaseException = error
    known: BaseException | None = error
    while known is not None:
        if isinstance(known, OSError) and known.strerror:
            return f"no connection: {known.strerror}"
        inner = [one for one in known.args if isinstance(one, BaseException)]
        last, known = known, inner[0] if inner else getattr(known, "reason", None) or known.__context__
    return f"no connection: {type(last).__name__}"
