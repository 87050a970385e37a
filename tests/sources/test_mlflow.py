"""MLflow models: unwrapped to what is inside, trusted only where code would run."""

from __future__ import annotations

import gc
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ModelError
from monitor.settings import ModelSettings
from monitor.sources import load_model
from monitor.sources.mlflow_models import directory_digest, without_credentials

Training = tuple[pd.DataFrame, pd.Series]


@pytest.fixture(scope="session")
def saved(training: Training, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """One folder per flavour, written by MLflow itself, whose own warnings are not our subject."""
    import mlflow
    import mlflow.catboost
    import mlflow.lightgbm
    import mlflow.pyfunc
    import mlflow.sklearn
    import mlflow.xgboost
    from sklearn.linear_model import LogisticRegression

    folder, (rows, target) = tmp_path_factory.mktemp("mlflow"), training

    def xgboost(path: str) -> None:
        import xgboost

        mlflow.xgboost.save_model(xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(rows, target), path, **plain)

    def lightgbm(path: str) -> None:
        import lightgbm

        data = lightgbm.Dataset(rows, target)
        model = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 3)
        mlflow.lightgbm.save_model(model, path, **plain)

    def catboost(path: str) -> None:
        import catboost

        model = catboost.CatBoostClassifier(iterations=2, verbose=False, allow_writing_files=False, thread_count=1)
        mlflow.catboost.save_model(model.fit(rows, target), path, **plain)

    def skops(path: str) -> None:
        mlflow.sklearn.save_model(LogisticRegression().fit(rows, target), path, serialization_format="skops", **plain)

    def pickled(path: str) -> None:
        model = LogisticRegression().fit(rows, target)
        mlflow.sklearn.save_model(model, path, serialization_format="cloudpickle", **plain)

    def pyfunc(path: str) -> None:
        class Sum(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
            def predict(self, context: Any, model_input: pd.DataFrame) -> Any:
                return model_input.to_numpy().sum(axis=1)

        signature = mlflow.models.infer_signature(rows)
        mlflow.pyfunc.save_model(path, python_model=Sum(), signature=signature, **plain)

    plain: dict[str, Any] = {"pip_requirements": []}
    writers = {"xgboost": xgboost, "lightgbm": lightgbm, "catboost": catboost, "skops": skops, "pickled": pickled,
               "pyfunc": pyfunc}  # fmt: skip

    def save(flavour: str) -> Path:
        path = folder / flavour
        if not path.exists():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                writers[flavour](str(path))
        return path

    return save


@pytest.mark.parametrize(
    ("flavour", "family", "form"),
    [
        ("xgboost", "xgboost", "mlflow-xgboost-ubj"),
        ("lightgbm", "lightgbm", "mlflow-lightgbm-txt"),
        ("catboost", "catboost", "mlflow-catboost-cbm"),
        ("skops", "sklearn", "mlflow-skops"),
    ],
)
def test_a_native_flavour_is_opened_by_our_own_loader_without_trust(
    saved: Callable[[str], Path], flavour: str, family: str, form: str
) -> None:
    loaded = load_model(ModelSettings(uri=str(saved(flavour))))
    assert (loaded.family, loaded.format, loaded.feature_names) == (family, form, ("income", "age"))
    assert load_model(ModelSettings(uri=saved(flavour).as_uri())).digest == loaded.digest


@pytest.mark.parametrize("flavour", ["pickled", "pyfunc"])
def test_a_model_that_runs_code_needs_trust_and_the_digest_of_its_folder(
    saved: Callable[[str], Path], flavour: str
) -> None:
    uri, digest = str(saved(flavour)), directory_digest(saved(flavour))
    for more in ({}, {"trust": True}, {"sha256": digest}):
        with pytest.raises(ModelError, match=rf"runs code.*model.sha256(: {digest}| is there)"):
            load_model(ModelSettings(uri=uri, **more))
    with pytest.raises(ModelError, match=r"not the file that model\.sha256 names"):
        load_model(ModelSettings(uri=uri, trust=True, sha256="0" * 64))
    loaded = load_model(ModelSettings(uri=uri, trust=True, sha256=digest))
    assert loaded.digest == digest
    assert loaded.feature_names == ("income", "age")


def test_a_pyfunc_model_is_a_function_of_rows(saved: Callable[[str], Path], training: Training) -> None:
    path = saved("pyfunc")
    loaded = load_model(ModelSettings(uri=str(path), trust=True, sha256=directory_digest(path)))
    assert (loaded.family, loaded.format) == ("callable", "mlflow-pyfunc")
    np.testing.assert_allclose(loaded.native(training[0]), training[0].sum(axis=1))


def test_the_digest_of_a_folder_sees_names_and_contents_only(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "code").mkdir(parents=True)
        (tmp_path / name / "MLmodel").write_text("flavors: {}")
        (tmp_path / name / "code" / "a.py").write_text("1")
    (tmp_path / "two" / "registered_model_meta").write_text("model_version: 3")
    first = directory_digest(tmp_path / "one")
    assert directory_digest(tmp_path / "two") == first
    (tmp_path / "two" / "code" / "a.py").write_text("2")
    assert directory_digest(tmp_path / "two") != first
    (tmp_path / "one" / "code" / "a.py").rename(tmp_path / "one" / "code" / "b.py")
    assert directory_digest(tmp_path / "one") != first


def test_a_model_file_outside_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"learner": {}}')
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {xgboost: {data: ../secret.json}}")
    with pytest.raises(ModelError, match="runs code"):
        load_model(ModelSettings(uri=str(tmp_path / "model")))


@pytest.mark.parametrize("content", [None, "flavors: [", "just text"])
def test_a_folder_without_a_readable_mlmodel_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "MLmodel").write_text(content)
    with pytest.raises(ModelError, match="MLmodel"):
        load_model(ModelSettings(uri=str(tmp_path)))


def test_credentials_in_a_uri_are_not_part_of_the_location() -> None:
    assert without_credentials("https://user:secret@host/api/model?token=x") == "https://host/api/model"
    assert without_credentials("models:/credit@champion") == "models:/credit@champion"


@pytest.fixture
def registry(
    saved: Callable[[str], Path], training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A registry with one version of one model; yields the run that logged it."""
    import mlflow
    import xgboost

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "store").as_uri())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with mlflow.start_run() as run:
            mlflow.xgboost.log_model(
                xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(*training),
                name="model",
                registered_model_name="credit",
                pip_requirements=[],
            )
            mlflow.log_artifacts(str(saved("pyfunc")), "sum")
        mlflow.MlflowClient().set_registered_model_alias("credit", "champion", 1)
    yield run.info.run_id
    mlflow.set_tracking_uri(before)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_registry_uri_resolves_to_the_model_and_its_version_and_leaves_no_copy_behind(
    registry: str, saved: Callable[[str], Path], training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    alias = load_model(ModelSettings(uri="models:/credit@champion"))
    number = load_model(ModelSettings(uri="models:/credit/1"))
    by_run = load_model(ModelSettings(uri=f"runs:/{registry}/model"))
    assert alias.digest == number.digest == by_run.digest
    assert (alias.version, number.version, by_run.version) == ("1", "1", by_run.digest[:12])
    assert alias.location == "models:/credit@champion"
    assert load_model(ModelSettings(uri="models:/credit@champion", version="blue")).version == "blue"
    digest = directory_digest(saved("pyfunc"))
    function = load_model(ModelSettings(uri=f"runs:/{registry}/sum", trust=True, sha256=digest))
    np.testing.assert_allclose(function.native(training[0]), training[0].sum(axis=1))
    assert list((tmp_path / "temporary").glob("xdrift-model-*"))
    del function
    gc.collect()
    with pytest.raises(ModelError, match=r"models:/credit@nobody cannot be fetched.*MLFLOW_TRACKING_URI"):
        load_model(ModelSettings(uri="models:/credit@nobody"))
    assert not list((tmp_path / "temporary").glob("xdrift-model-*"))
