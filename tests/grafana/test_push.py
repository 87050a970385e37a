"""Dashboards in Grafana: written when they differ, kept when somebody edited them, never twice for nothing."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

import dashboards
from monitor.errors import PublishError
from monitor.grafana.content import content, digest, note

from .fake import ADMIN, VIEWER, FakeGrafana


def states(done: Any) -> dict[str, str]:
    return {one.uid: one.state for one in done.dashboards}


def test_a_first_push_makes_folder_and_dashboard_and_points_them_at_the_data_sources(grafana, pushed, board):
    done = pushed()

    assert (done.version, done.folder_created, states(done)) == ("11.6.0", True, {"xdrift-debug": "created"})
    assert [(one.kind, one.name, one.uid) for one in done.sources] == [
        ("Prometheus", "Prometheus", "p1"),
        ("PostgreSQL", "store", "g1"),
    ]
    held = grafana.dashboards["xdrift-debug"]
    assert grafana.folders[held["folder"]] == "xdrift"
    variables = held["dashboard"]["templating"]["list"]
    assert [one.get("current", {}).get("value") for one in variables] == ["p1", "g1", None]
    assert held["dashboard"]["description"].startswith("Why?\n\n(xdrift push ")
    assert held["dashboard"]["panels"] == board["panels"]


def test_a_second_push_writes_nothing(grafana, pushed):
    pushed()
    grafana.requests.clear()

    done = pushed()

    assert (states(done), done.folder_created, grafana.writes) == ({"xdrift-debug": "unchanged"}, False, [])


@pytest.mark.parametrize("token", [ADMIN, "glsa_editor"])
def test_the_shipped_dashboards_are_pushed_once(grafana, pushed, token):
    documents = [dashboards.load(name, daemon_url="https://xdrift.internal") for name in dashboards.NAMES]

    first = pushed(*documents, token=token)
    grafana.requests.clear()
    second = pushed(*documents, token=token)

    assert set(states(first)) == {"xdrift-exec", "xdrift-oncall", "xdrift-debug"}
    assert set(states(first).values()) == {"created"}
    assert set(states(second).values()) == {"unchanged"}
    assert grafana.writes == []


def test_what_changed_in_ours_is_written_over_what_nobody_edited(grafana, pushed, board):
    pushed()
    board["panels"][0]["title"] = "Drift level"
    board["panels"][1]["panels"].append({"id": 4, "type": "table", "title": "Findings"})
    board["refresh"] = "1m"
    del board["templating"]["list"][2]

    (outcome,) = pushed().dashboards

    assert outcome.state == "updated"
    assert outcome.differs == ("~ refresh", "- variable daemon", "~ panel Drift level (title)", "+ panel Findings")
    assert '+      "title": "Drift level"' in outcome.diff
    assert "xdrift push" not in outcome.diff
    assert grafana.dashboards["xdrift-debug"]["dashboard"]["refresh"] == "1m"
    assert states(pushed()) == {"xdrift-debug": "unchanged"}


@pytest.mark.parametrize(
    "edit",
    [
        {"title": "Ours now"},
        {"description": "Somebody wrote something else."},
        {"panels": []},
        {"templating": {"list": []}},
        {"timezone": "utc"},
    ],
)
def test_an_edit_made_in_grafana_is_kept(grafana, pushed, board, edit):
    pushed()
    grafana.edit("xdrift-debug", **edit)
    before = copy.deepcopy(grafana.dashboards)
    board["refresh"] = "1m"

    done = pushed()

    assert (states(done), [one.uid for one in done.left_alone]) == ({"xdrift-debug": "edited"}, ["xdrift-debug"])
    assert done.dashboards[0].differs
    assert grafana.dashboards == before


def test_an_edit_beside_the_note_is_found_although_ours_did_not_change(grafana, pushed):
    pushed()
    told = grafana.dashboards["xdrift-debug"]["dashboard"]["description"]
    grafana.edit("xdrift-debug", description=f"Mine. {told}")
    assert states(pushed()) == {"xdrift-debug": "edited"}


def test_force_overwrites_an_edit_and_nothing_else(grafana, pushed, board):
    other = {**board, "uid": "xdrift-exec", "title": "Exec"}
    pushed(board, other)
    grafana.edit("xdrift-debug", title="Ours now")
    grafana.requests.clear()

    done = pushed(board, other, force=True)

    assert states(done) == {"xdrift-debug": "updated", "xdrift-exec": "unchanged"}
    assert [one.body["dashboard"]["uid"] for one in grafana.writes] == ["xdrift-debug"]
    assert grafana.dashboards["xdrift-debug"]["dashboard"]["title"] == "Debug"
    assert states(pushed(board, other)) == {"xdrift-debug": "unchanged", "xdrift-exec": "unchanged"}


def test_a_dashboard_that_xdrift_did_not_push_is_left_alone(grafana, pushed, board):
    grafana.folders["f"] = "xdrift"
    mine = {"uid": "xdrift-debug", "title": "Mine"}
    grafana.dashboards["xdrift-debug"] = {"id": 7, "version": 3, "folder": "f", "dashboard": mine}
    assert states(pushed()) == {"xdrift-debug": "edited"}
    assert grafana.writes == []


def test_a_dashboard_from_a_file_is_left_alone_even_with_force(grafana, pushed, board):
    pushed()
    grafana.dashboards["xdrift-debug"]["provisioned"] = True
    assert states(pushed()) == {"xdrift-debug": "unchanged"}
    board["refresh"] = "1m"
    grafana.requests.clear()
    assert states(pushed(force=True)) == {"xdrift-debug": "provisioned"}
    assert grafana.writes == []


def migrated(given: dict[str, Any]) -> dict[str, Any]:
    """As newer releases do when they save: another schema version, defaults written out."""
    return {**copy.deepcopy(given), "schemaVersion": 42, "preload": False, "links": given.get("links") or []}


def test_what_grafana_itself_changes_is_no_edit(grafana, pushed, board):
    grafana.migrate = migrated
    pushed()
    grafana.requests.clear()

    assert (states(pushed()), grafana.writes) == ({"xdrift-debug": "unchanged"}, [])
    found = note(grafana.dashboards["xdrift-debug"]["dashboard"])
    assert found is not None
    assert found.kept != found.pushed
    board["refresh"] = "1m"
    assert states(pushed()) == {"xdrift-debug": "updated"}
    assert states(pushed()) == {"xdrift-debug": "unchanged"}
    grafana.edit("xdrift-debug", refresh="5m")
    assert states(pushed()) == {"xdrift-debug": "edited"}


def test_a_dashboard_that_was_moved_stays_where_it_is(grafana, pushed, board):
    pushed()
    grafana.folders["team"] = "Team risk"
    grafana.dashboards["xdrift-debug"]["folder"] = "team"
    board["refresh"] = "1m"

    assert states(pushed()) == {"xdrift-debug": "updated"}
    assert grafana.dashboards["xdrift-debug"]["folder"] == "team"


def test_a_folder_of_that_title_is_used_and_ours_is_found_under_another_title(grafana, pushed, board):
    grafana.folders["theirs"] = "Risk"
    pushed(folder="Risk")
    assert (grafana.dashboards["xdrift-debug"]["folder"], list(grafana.folders)) == ("theirs", ["theirs"])

    other = {**board, "uid": "xdrift-exec", "title": "Exec"}
    pushed(other)
    (ours,) = set(grafana.folders) - {"theirs"}
    grafana.folders[ours] = "Renamed"
    third = {**board, "uid": "xdrift-oncall", "title": "On call"}
    pushed(third)
    assert (grafana.dashboards["xdrift-oncall"]["folder"], len(grafana.folders)) == (ours, 2)


def test_a_dry_run_writes_nothing_and_tells_what_a_push_would(grafana, pushed, board):
    done = pushed(dry_run=True)
    assert (states(done), done.folder_created, grafana.writes) == ({"xdrift-debug": "created"}, True, [])

    pushed()
    board["panels"].pop(0)
    grafana.requests.clear()
    done = pushed(dry_run=True)

    assert (states(done), grafana.writes) == ({"xdrift-debug": "updated"}, [])
    assert done.dashboards[0].differs == ("- panel Level",)
    grafana.edit("xdrift-debug", title="Ours now")
    assert states(pushed(dry_run=True)) == {"xdrift-debug": "edited"}
    assert states(pushed(dry_run=True, force=True)) == {"xdrift-debug": "updated"}


def test_an_edit_in_the_very_moment_of_the_push_is_kept(grafana, pushed, board):
    pushed()
    board["refresh"] = "1m"
    grafana.before_save = lambda: grafana.edit("xdrift-debug", title="Just now")

    assert states(pushed()) == {"xdrift-debug": "edited"}
    assert grafana.dashboards["xdrift-debug"]["dashboard"]["title"] == "Just now"


def test_with_force_a_conflict_is_tried_once_more(grafana, pushed, board):
    pushed()
    board["refresh"] = "1m"
    grafana.before_save = lambda: grafana.edit("xdrift-debug", title="Just now")

    assert states(pushed(force=True)) == {"xdrift-debug": "updated"}
    assert grafana.dashboards["xdrift-debug"]["dashboard"]["title"] == "Debug"


def test_two_pushes_at_once_leave_one_dashboard_and_the_later_one_finds_it_unchanged(grafana, pushed, board):
    grafana.before_save = pushed

    assert states(pushed()) == {"xdrift-debug": "unchanged"}
    assert (grafana.dashboards["xdrift-debug"]["version"], len(grafana.folders)) == (1, 1)


def test_a_conflict_that_stays_is_an_error_with_what_to_do(grafana, pushed, board):
    pushed()
    board["refresh"] = "1m"
    grafana.fail(412, method="POST", path="/dashboards")
    with pytest.raises(PublishError) as caught:
        pushed()
    assert str(caught.value.seen).startswith("answer 412")
    assert "again" in str(caught.value.hint)


def test_another_dashboard_of_that_name_is_an_error_with_grafanas_own_words(grafana, pushed, board):
    pushed()
    twin = {**board, "uid": "xdrift-twin"}
    with pytest.raises(PublishError, match="same name in the folder already exists"):
        pushed(twin)


@pytest.mark.parametrize(
    ("sources", "chosen"),
    [
        ([("b", "prometheus", False), ("a", "prometheus", False)], "a"),
        ([("b", "prometheus", True), ("a", "prometheus", False)], "b"),
        ([("a", "loki", True), ("b", "prometheus", False)], "b"),
    ],
)
def test_of_several_the_default_is_used_else_the_first_by_name(grafana, pushed, sources, chosen):
    grafana.data_sources = [
        {"uid": f"uid-{name}", "name": name, "type": kind, "isDefault": default} for name, kind, default in sources
    ]
    done = pushed()
    assert [(one.kind, one.uid) for one in done.sources] == [("Prometheus", f"uid-{chosen}")]
    variables = grafana.dashboards["xdrift-debug"]["dashboard"]["templating"]["list"]
    assert variables[0]["current"] == {"selected": False, "text": chosen, "value": f"uid-{chosen}"}
    assert "current" not in variables[1]


@pytest.mark.parametrize(("kinds", "seen"), [([], "no data source"), (["loki"], "data sources of loki")])
def test_without_prometheus_nothing_is_written(grafana, pushed, kinds, seen):
    grafana.data_sources = [{"uid": kind, "name": kind, "type": kind, "isDefault": False} for kind in kinds]
    with pytest.raises(PublishError) as caught:
        pushed()
    assert (caught.value.seen, grafana.writes) == (seen, [])


@pytest.mark.parametrize(
    ("token", "seen"),
    [
        (None, "answer 401: Unauthorized"),
        ("glsa_wrong", "answer 401: Invalid API key"),
        (VIEWER, "answer 403: You'll need additional permissions to perform this action."),
    ],
)
def test_a_token_that_may_not_is_told_apart_and_never_shown(grafana, pushed, token, seen):
    with pytest.raises(PublishError) as caught:
        pushed(token=token)
    assert caught.value.seen == seen
    assert "Editor" in str(caught.value.hint)
    assert "glsa" not in str(caught.value)


@pytest.mark.parametrize(
    ("what", "seen", "hint"),
    [
        (500, "answer 500: told to answer 500", "Grafana's log"),
        (503, "answer 503: told to answer 503", "Grafana's log"),
        ("close", "no connection: RemoteDisconnected", "whether Grafana runs"),
        ("hang", "no answer within 1 s", "grafana.timeout"),
        ("html", "an answer that is not Grafana's", "https://host/grafana"),
        ("redirect", "a redirect to https://login.example.org/", "https://host/grafana"),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/folders", "/dashboards/db"])
def test_a_server_that_fails_is_an_error_with_what_to_do(grafana, pushed, what, seen, hint, path):
    grafana.fail(what, path=path)
    started = time.monotonic()
    with pytest.raises(PublishError) as caught:
        pushed()
    assert time.monotonic() - started < 5
    assert caught.value.seen == seen
    assert hint in str(caught.value.hint)


def test_a_host_where_nobody_listens_is_an_error_with_what_to_do(pushed):
    with pytest.raises(PublishError) as caught:
        pushed(url="http://127.0.0.1:1")
    assert caught.value.seen == "no connection: Connection refused"
    with pytest.raises(PublishError, match="no connection"):
        pushed(url="http://nowhere.invalid")


def test_a_server_that_speaks_no_tls_is_an_error(grafana, pushed):
    with pytest.raises(PublishError, match="certificate"):
        pushed(url=grafana.url.replace("http:", "https:"))


def test_an_address_with_a_path_and_a_login_is_taken_as_meant(grafana, connect):
    client = connect(url=f"{grafana.url.replace('://', '://admin:s3cret@')}/sub/path/")
    assert client.url == f"{grafana.url}/sub/path"
    with pytest.raises(PublishError, match="404"):
        client.version()
    assert grafana.requests[-1].path == "/sub/path/api/health"


def test_digests_leave_out_what_the_server_sets_and_see_everything_else(board):
    same = {**board, "id": 7, "version": 12, "iteration": 3, "description": "Why?\n\n(xdrift push 0123456789abcdef)"}
    assert digest(same) == digest(board)
    assert content(same)["description"] == "Why?"
    for key in set(board) - {"id"}:
        assert digest({**board, key: "other"}) != digest(board), key


def test_the_fake_refuses_what_grafana_refuses(grafana: FakeGrafana, connect, board):
    client = connect()
    with pytest.raises(PublishError, match="Folder not found"):
        client.save_dashboard(board, folder_uid="nowhere", message="")
    with pytest.raises(PublishError, match="title cannot be empty"):
        client.save_dashboard({**board, "title": ""}, folder_uid="", message="")
    with pytest.raises(PublishError, match="answer 500"):
        client.annotate({"time": 1, "time_end": None, "tags": ["xdrift:" + "x" * 101], "text": "too long"})
