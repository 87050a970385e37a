from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

FEATURES = ("plain", 'say "so"', "a.b", "$x[0]", "it's", "ü\\")


def saved(store, make, number=0, monitor="credit", **more):
    return make.save(store, make.check(number, monitor, **more))


def test_a_prediction_is_found_in_every_check_that_kept_it_latest_first(store, make):
    for number in (1, 3, 2):
        saved(store, make, number, rows=(make.attribution(0), make.attribution(1, row_id=f"only-{number}")))

    found = store.kept_predictions("p-0")

    assert [one.check.planned_at for one in found] == [make.slot(3), make.slot(2), make.slot(1)]
    assert found[0].row == make.attribution(0)
    assert [one.check.id for one in store.kept_predictions("only-2")] == [found[1].check.id]
    assert store.kept_predictions("never") == []


def test_the_check_comes_without_its_parts(store, make):
    made = saved(store, make, rows=(make.attribution(0),))

    found = store.kept_predictions("p-0")[0].check

    assert found == replace(made, findings=(), contributions=(), profiles=(), rows=())


def test_monitor_and_check_narrow_the_search(store, make):
    make.register(store, "fraud")
    first = saved(store, make, 0, rows=(make.attribution(0),))
    saved(store, make, 1, rows=(make.attribution(0),))
    saved(store, make, 0, "fraud", rows=(make.attribution(0),))

    assert {one.check.monitor for one in store.kept_predictions("p-0")} == {"credit", "fraud"}
    assert {one.check.monitor for one in store.kept_predictions("p-0", monitor="fraud")} == {"fraud"}
    assert [one.check.id for one in store.kept_predictions("p-0", check_id=first.id)] == [first.id]
    assert store.kept_predictions("p-0", monitor="fraud", check_id=first.id) == []


def test_a_row_that_is_sampled_and_flagged_is_told_once_as_sampled(store, make):
    saved(store, make, rows=(make.attribution(0), make.attribution(0, kind="priority", time=None)))

    assert [one.row.kind for one in store.kept_predictions("p-0")] == ["sample"]


@pytest.mark.parametrize("name", ["a/b", "x y#2", "' OR 1=1 --", "é\x00", '"', "%", "2024-01-01T00:00:00Z#7"])
def test_any_text_can_be_an_id(store, make, name):
    saved(store, make, rows=(make.attribution(0, row_id=name), make.attribution(1)))

    assert [one.row.values for one in store.kept_predictions(name)] == [make.attribution(0).values]


def test_rows_are_cut_by_their_prediction(store, make):
    rows = tuple(make.attribution(i, prediction=value) for i, value in enumerate((0.1, 0.5, None, 0.9, 0.4)))
    made = saved(store, make, rows=rows)

    assert [row.row_id for row in store.kept_rows(made.id, below=0.5, limit=9)] == ["p-0", "p-4"]
    assert [row.row_id for row in store.kept_rows(made.id, at_least=0.5, limit=9)] == ["p-1", "p-3"]
    assert [row.row_id for row in store.kept_rows(made.id, limit=2)] == ["p-0", "p-1"]


@pytest.mark.parametrize("feature", FEATURES)
def test_examples_are_the_rows_with_the_largest_attributions(store, make, feature):
    sizes = (0.5, -3.0, 1e-9, 2.0, 0.0)
    rows = tuple(
        make.attribution(i, values={name: (size if name == feature else 9.0) for name in FEATURES})
        for i, size in enumerate(sizes)
    )
    made = saved(store, make, rows=rows)

    assert [row.row_id for row in store.examples(made.id, feature, limit=3)] == ["p-1", "p-3", "p-0"]
    assert store.examples(made.id, "absent", limit=3) == []


def test_an_example_that_is_sampled_and_flagged_is_told_once(store, make):
    made = saved(store, make, rows=(make.attribution(0), make.attribution(0, kind="priority"), make.attribution(1)))

    assert [row.row_id for row in store.examples(made.id, "age", limit=5)] == ["p-1", "p-0"]


def test_profiles_are_those_of_the_checks_reference_and_window(store, make):
    reference = make.reference()
    store.save_reference(reference, activate=True)
    own = make.profile(kind="input", side="traffic")
    made = saved(store, make, reference_id=reference.id, profiles=(make.profile(), own))

    assert store.input_profiles(made) == (reference.input_profiles[0], own)
    assert store.input_profiles(replace(made, reference_id=None)) == (own,)


def test_classes_and_decision_come_back_as_they_were_saved(store, make):
    two = {"no": (0.5, -1.25), "yes": (-0.5, float("inf"))}
    decision = {"threshold": 0.0, "probability": 0.5, "classes": False, "reason": None, "left_out": ["name"]}
    nearest = {"row_id": "p-9", "distance": 0.25, "prediction": 1.5, "differs": ["age"], "holdout": False}
    made = saved(store, make, decision=decision, rows=(make.attribution(0, classes=two, nearest_other=nearest),))

    assert store.check(made.id) == made
    assert store.kept_predictions("p-0")[0].row.classes == two


def test_looking_for_a_prediction_reads_no_other_rows(store, make):
    for number in range(12):
        saved(store, make, number, rows=tuple(make.attribution(i, row_id=f"p-{number}-{i}") for i in range(50)))
    asked = []

    def listen(connection, cursor, statement, parameters, *rest):
        asked.append((statement, parameters))

    engine = store._database.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        store.kept_predictions("p-7-7")
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    statement, parameters = next(one for one in asked if "row_id" in one[0])
    with store._database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE attributions")
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # fifty rows are not worth an index otherwise
        explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = str(connection.exec_driver_sql(f"{explain} {statement}", parameters).fetchall())
    assert "ix_attributions_row_id" in plan
