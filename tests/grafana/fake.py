"""A Grafana of our own on loopback: it keeps state, refuses what Grafana refuses, and fails when a test asks it to.

What it does follows Grafana's documented HTTP API (10.4 to 13), for the calls that xdrift makes and no others: anything
else is answered with 404, as by the real one.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

EDITOR, VIEWER, ADMIN = "glsa_editor", "glsa_viewer", "glsa_admin"
_ROLES = {EDITOR: "Editor", VIEWER: "Viewer", ADMIN: "Admin"}
_TAG_PART = 100
"""Characters of either half of a tag that Grafana's tables hold."""


class Refusal(Exception):  # noqa: N818 - an answer, not an error
    def __init__(self, code: int, message: str, **more: Any) -> None:
        self.code, self.body = code, {"message": message, **more}


@dataclass
class Request:
    method: str
    path: str
    body: Any


@dataclass
class Fault:
    """What happens instead of an answer: a status, `hang`, `close`, `html`, `redirect`. `lose` and `stall` act
    first, then close or hang."""

    what: int | str
    method: str
    path: str
    times: int


@dataclass
class FakeGrafana:
    """What it holds, what came in, and how it is to behave."""

    url: str = ""
    folders: dict[str, str] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    data_sources: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"uid": "p1", "name": "Prometheus", "type": "prometheus", "isDefault": True},
            {"uid": "g1", "name": "store", "type": "grafana-postgresql-datasource", "isDefault": False},
        ]
    )
    annotations: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    migrate: Callable[[dict[str, Any]], dict[str, Any]] = copy.deepcopy
    """What it makes of a dashboard that it is given, as newer ones do."""
    before_save: Callable[[], None] | None = None
    """Called once, just before the next dashboard is saved: another editor."""
    version: str = "11.6.0"
    _faults: list[Fault] = field(default_factory=list)
    _released: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def fail(self, what: int | str, *, method: str = "", path: str = "", times: int = 1_000_000) -> None:
        """Let the next requests that fit fail."""
        self._faults.append(Fault(what, method, path, times))

    def recover(self) -> None:
        self._faults.clear()

    @property
    def writes(self) -> list[Request]:
        return [one for one in self.requests if one.method != "GET"]

    def edit(self, uid: str, **changes: Any) -> None:
        """Somebody saves a dashboard in the browser."""
        with self._lock:
            held = self.dashboards[uid]
            held["dashboard"] |= copy.deepcopy(changes)
            held["version"] += 1

    def fault(self, method: str, path: str) -> int | str | None:
        with self._lock:
            for one in self._faults:
                if one.times and one.method in ("", method) and path.startswith(f"/api{one.path}"):
                    one.times -= 1
                    return one.what
        return None

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, token: str | None) -> Any:
        """The body of an answer 200. Raises Refusal."""
        if (method, path) == ("GET", "/api/health"):
            return {"database": "ok", "version": self.version, "commit": "0"}
        role = _ROLES.get(token or "")
        if role is None:
            raise Refusal(401, "Invalid API key" if token else "Unauthorized")
        if (method, path) == ("POST", "/api/dashboards/db") and self.before_save is not None:
            first, self.before_save = self.before_save, None
            first()
        with self._lock:
            return self._route(method, path.removeprefix("/api"), query, body, role)

    def _route(self, method: str, path: str, query: dict[str, list[str]], body: Any, role: str) -> Any:
        if method != "GET" and role == "Viewer":
            raise Refusal(403, "You'll need additional permissions to perform this action.")
        match (method, path.strip("/").split("/")):
            case "GET", ["folders"]:
                return [{"uid": uid, "title": title} for uid, title in self.folders.items()]
            case "POST", ["folders"]:
                return self._make_folder(body)
            case "GET", ["datasources"]:
                if role != "Admin":
                    raise Refusal(403, "You'll need additional permissions to perform this action.")
                return self.data_sources
            case "GET", ["frontend", "settings"]:
                found = {one["name"]: {k: v for k, v in one.items() if k != "name"} for one in self.data_sources}
                return {"buildInfo": {"version": self.version}, "datasources": found}
            case "GET", ["dashboards", "uid", uid]:
                return self._dashboard(uid)
            case "POST", ["dashboards", "db"]:
                return self._save(body)
            case "GET", ["annotations"]:
                return self._find(query)
            case "POST", ["annotations"]:
                return self._annotate(body)
            case "PATCH", ["annotations", number]:
                return self._patch(int(number), body)
        raise Refusal(404, "Not found")

    def _make_folder(self, body: dict[str, Any]) -> dict[str, Any]:
        if not body.get("title"):
            raise Refusal(400, "folder title cannot be empty")
        if body.get("uid") in self.folders:
            raise Refusal(412, "a folder with that uid already exists", status="name-exists")
        if body["title"] in self.folders.values():
            raise Refusal(409, "a folder with the same name already exists in the current location")
        uid = body.get("uid") or f"f{len(self.folders)}"
        self.folders[uid] = body["title"]
        return {"uid": uid, "title": body["title"], "version": 1}

    def _dashboard(self, uid: str) -> dict[str, Any]:
        held = self.dashboards.get(uid)
        if held is None:
            raise Refusal(404, "Dashboard not found")
        content = {**copy.deepcopy(held["dashboard"]), "id": held["id"], "version": held["version"]}
        meta = {"folderUid": held["folder"], "version": held["version"], "provisioned": held.get("provisioned", False)}
        return {"meta": meta, "dashboard": content}

    def _save(self, body: dict[str, Any]) -> dict[str, Any]:
        given, folder = body["dashboard"], body.get("folderUid") or ""
        if not str(given.get("title") or "").strip():
            raise Refusal(400, "Dashboard title cannot be empty", status="empty-name")
        if folder and folder not in self.folders:
            raise Refusal(404, "Folder not found")
        held = self.dashboards.get(given["uid"])
        if held is not None and held.get("provisioned"):
            raise Refusal(400, "Cannot save provisioned dashboard")
        overwrite = body.get("overwrite", False)
        if held is not None and not overwrite and given.get("version") != held["version"]:
            raise Refusal(412, "The dashboard has been changed by someone else", status="version-mismatch")
        for uid, other in self.dashboards.items():
            if uid != given["uid"] and (other["dashboard"]["title"], other["folder"]) == (given["title"], folder):
                raise Refusal(412, "A dashboard with the same name in the folder already exists", status="name-exists")
        number = held["id"] if held else len(self.dashboards) + 1
        version = held["version"] + 1 if held else 1
        content = {key: value for key, value in self.migrate(given).items() if key not in ("id", "version")}
        self.dashboards[given["uid"]] = {
            "id": number, "version": version, "folder": folder, "dashboard": copy.deepcopy(content),
            "message": body.get("message"),
        }  # fmt: skip
        return {"id": number, "uid": given["uid"], "url": f"/d/{given['uid']}", "status": "success", "version": version}

    def _find(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        wanted = set(query.get("tags", []))
        found = [one for one in self.annotations if wanted <= set(one["tags"])]
        return copy.deepcopy(found[::-1][: int(query.get("limit", ["100"])[0])])

    def _annotate(self, body: dict[str, Any]) -> dict[str, Any]:
        if not body.get("text"):
            raise Refusal(400, "Failed to save annotation", error="text field should not be empty")
        for tag in body.get("tags", []):
            if any(len(half) > _TAG_PART for half in tag.split(":", 1)):
                raise Refusal(500, "Failed to save annotation")
        number = len(self.annotations) + 1
        made = {"id": number, "time": body["time"], "timeEnd": body.get("timeEnd") or body["time"]}
        self.annotations.append({**made, "tags": body.get("tags", []), "text": body["text"]})
        return {"message": "Annotation added", "id": number}

    def _patch(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        for one in self.annotations:
            if one["id"] == number:
                one |= {key: value for key, value in body.items() if value is not None}
                return {"message": "Annotation patched"}
        raise Refusal(404, "Could not find annotation to update")


class _Handler(BaseHTTPRequestHandler):
    grafana: FakeGrafana
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # in one piece: head and body apart cost 40 ms of delayed acknowledgement

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - names of http.server

    def _handle(self) -> None:
        grafana, parts = self.grafana, urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(data) if data else None
        grafana.requests.append(Request(self.command, self.path, body))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        fault = grafana.fault(self.command, parts.path)
        if fault in ("hang", "close"):
            if fault == "hang":
                grafana._released.wait(30)
            self.close_connection = True
            return
        if isinstance(fault, str) and fault not in ("lose", "stall"):
            self._odd(fault)
            return
        if isinstance(fault, int):
            self._send(fault, {"message": f"told to answer {fault}"})
            return
        try:
            answer = grafana.answer(self.command, parts.path, parse_qs(parts.query), body, token)
        except Refusal as refusal:
            self._send(refusal.code, refusal.body)
            return
        if fault in ("lose", "stall"):
            if fault == "stall":
                grafana._released.wait(30)
            self.close_connection = True
            return
        self._send(200, answer)

    def _odd(self, fault: str) -> None:
        text = b"<html>Sign in</html>"
        self.send_response(302 if fault == "redirect" else 200)
        if fault == "redirect":
            self.send_header("Location", "https://login.example.org/?next=secret")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            return  # whoever asked has gone

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def running() -> Iterator[FakeGrafana]:
    grafana = FakeGrafana()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"grafana": grafana}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    grafana.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield grafana
    finally:
        grafana._released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
