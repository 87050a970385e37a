"""Every family through a real file, and every way a model file can be wrong."""

from __future__ import annotations

import functools
import hashlib
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ConfigError, ModelError
from monitor.settings import ModelSettings
from monitor.sources import load_model
from monitor.types import LoadedModel

Training = tuple[pd.DataFrame, pd.Series]
NAMES = ("income", "age")


def xgboost_model(training: Training) -> Any:
    import xgboost

    return xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(*training)


def lightgbm_model(training: Training) -> Any:
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(*training)


def catboost_model(training: Training) -> Any:
    import catboost

    return catboost.CatBoostClassifier(iterations=5, thread_count=1, verbose=False, allow_writing_files=False).fit(
        *training
    )


def forest(training: Training) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(5, random_state=0).fit(*training)


def write(form: str, training: Training, folder: Path) -> tuple[Path, Callable[[Any], Any], Any]:
    """A model file, a function that asks the loaded model, and what the model itself answered."""
    rows = training[0]
    path = folder / f"model.{form}"
    if form in ("json", "ubj"):
        import xgboost

        model = xgboost_model(training)
        model.save_model(path)
        return path, lambda native: native.predict(xgboost.DMatrix(rows)), model.predict_proba(rows)[:, 1]
    if form == "txt":
        model = lightgbm_model(training)
        model.booster_.save_model(path)
        return path, lambda native: native.predict(rows), model.predict_proba(rows)[:, 1]
    if form == "cbm":
        model = catboost_model(training)
        model.save_model(str(path))
        return path, lambda native: native.predict(rows), model.predict(rows, prediction_type="RawFormulaVal")
    model = forest(training)
    expected = model.predict_proba(rows)[:, 1]
    if form == "skops":
        import skops.io

        skops.io.dump(model, path)
    elif form == "joblib":
        import joblib

        joblib.dump(model, path, compress=3)
    elif form == "pkl":
        path.write_bytes(pickle.dumps(model))
    else:
        from skl2onnx import to_onnx

        path.write_bytes(to_onnx(model, rows.to_numpy(np.float32)[:1], options={"zipmap": False}).SerializeToString())
        return path, lambda native: native.run(None, {"X": rows.to_numpy(np.float32)})[1][:, 1], expected
    return path, lambda native: native.predict_proba(rows)[:, 1], expected


@dataclass(frozen=True)
class Written:
    """A model file, how the loaded model is asked, and what the model itself answered."""

    path: Path
    ask: Callable[[Any], Any]
    expected: Any

    def copy_to(self, folder: Path, data: bytes | None = None) -> Path:
        path = folder / self.path.name
        path.write_bytes(self.path.read_bytes() if data is None else data)
        return path


@pytest.fixture(scope="session")
def written(training: Training, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Written]:
    folder = tmp_path_factory.mktemp("models")
    return functools.cache(lambda form: Written(*write(form, training, folder)))


def settings_for(path: Path, **more: Any) -> ModelSettings:
    if path.suffix in (".joblib", ".pkl"):
        more = {"trust": True, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **more}
    return ModelSettings(path=str(path), **more)


FORMS = {
    "json": ("xgboost", "xgboost-json", "xgboost"),
    "ubj": ("xgboost", "xgboost-ubj", "xgboost"),
    "txt": ("lightgbm", "lightgbm-txt", "lightgbm"),
    "cbm": ("catboost", "catboost-cbm", "catboost"),
    "skops": ("sklearn", "skops", "scikit-learn"),
    "onnx": ("onnx", "onnx", "onnxruntime"),
    "joblib": ("sklearn", "joblib", "scikit-learn"),
    "pkl": ("sklearn", "pickle", "scikit-learn"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_model_file_of_every_format_is_recognised_and_predicts_as_before(
    form: str, written: Callable[[str], Written]
) -> None:
    model = written(form)
    path = model.path
    family, name, library = FORMS[form]
    loaded = load_model(settings_for(path))
    np.testing.assert_allclose(model.ask(loaded.native), model.expected, rtol=1e-5, atol=1e-6)
    assert (loaded.family, loaded.format, loaded.location) == (family, name, str(path))
    assert loaded.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert loaded.version == loaded.digest[:12]
    assert loaded.feature_names == (None if form == "onnx" else NAMES)
    assert list(loaded.libraries) == [library]


@pytest.mark.parametrize("form", ["json", "ubj", "txt", "cbm", "skops", "joblib", "pkl", "onnx"])
def test_the_content_decides_the_format_not_the_suffix(
    form: str, written: Callable[[str], Written], tmp_path: Path
) -> None:
    plain = written(form).copy_to(tmp_path).rename(tmp_path / "model.bin")
    digest = hashlib.sha256(plain.read_bytes()).hexdigest()
    loaded = load_model(ModelSettings(path=str(plain), trust=True, sha256=digest))
    assert loaded.family == FORMS[form][0]


# The very last lines of a LightGBM file list category values and may rightly be absent: only a sha256 covers them.
CUTS = [
    (form, cut) for form in FORMS for cut in ("2 %", "30 %", "90 %", "9 bytes") if (form, cut) != ("txt", "9 bytes")
]


@pytest.mark.parametrize(("form", "cut"), CUTS)
def test_a_truncated_file_is_an_error_that_names_it_and_never_ends_the_process(
    form: str, cut: str, written: Callable[[str], Written], tmp_path: Path
) -> None:
    data = written(form).path.read_bytes()
    size = {"2 %": max(9, len(data) // 50), "30 %": len(data) * 3 // 10, "90 %": len(data) * 9 // 10}
    path = written(form).copy_to(tmp_path, data[: size.get(cut, len(data) - 9)])
    with pytest.raises(ModelError, match=r"model\.\w+ .*; seen: .*; expected: .*; next: "):
        load_model(settings_for(path))


@pytest.mark.parametrize("form", ["json", "ubj", "txt"])
def test_a_file_with_a_hole_in_its_trees_is_refused_and_never_ends_the_process(
    form: str, written: Callable[[str], Written], tmp_path: Path
) -> None:
    data = written(form).path.read_bytes()
    path = written(form).copy_to(tmp_path, data[: len(data) // 3] + data[len(data) // 3 + 300 :])
    with pytest.raises(ModelError, match="cannot be read as"):
        load_model(settings_for(path))


@pytest.mark.parametrize(
    ("form", "declared"), [("json", "lightgbm-txt"), ("txt", "catboost-cbm"), ("cbm", "onnx"), ("pkl", "skops")]
)
def test_another_format_than_declared_is_refused_with_the_one_seen(
    form: str, declared: Any, written: Callable[[str], Written]
) -> None:
    path = written(form).path
    with pytest.raises(ModelError, match=rf"another format .*seen: {FORMS[form][1]}; expected: {declared}"):
        load_model(settings_for(path, format=declared))


def test_a_file_that_is_no_model_is_refused_with_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "model.dat"
    path.write_bytes(b"GIF89a...")
    with pytest.raises(ModelError, match=r"unknown format; seen: first bytes b'GIF89a.*expected: one of catboost-cbm"):
        load_model(ModelSettings(path=str(path)))


def test_a_missing_an_empty_and_a_directory_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.json").touch()
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    for name, words in {"gone.json": "No such file", "empty.json": "is empty", "folder": "is a directory"}.items():
        with pytest.raises(ModelError, match=words):
            load_model(ModelSettings(path=str(tmp_path / name)))


def test_another_sha256_is_refused_with_both_before_the_file_is_opened(training: Training, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(b"not even a model")
    with pytest.raises(ModelError, match=rf"seen: sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}.*{'0' * 64}"):
        load_model(ModelSettings(path=str(path), sha256="0" * 64))


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.path),)


@pytest.mark.parametrize("suffix", [".pkl", ".joblib", ".bin", ".json"])
@pytest.mark.parametrize("more", [{}, {"trust": True}, {"sha256": "right"}, {"trust": True, "sha256": "0" * 64}])
def test_nothing_is_unpickled_without_trust_and_the_right_sha256(
    suffix: str, more: dict[str, Any], tmp_path: Path
) -> None:
    path, mark = tmp_path / f"model{suffix}", tmp_path / "ran"
    path.write_bytes(pickle.dumps(Bomb(str(mark))))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if more.get("sha256") == "right":
        more = {"sha256": digest}
    with pytest.raises(ModelError, match=r"sha256|trust"):
        load_model(ModelSettings(path=str(path), **more))
    assert not mark.exists()
    with pytest.raises(ModelError):
        load_model(ModelSettings(path=str(path), trust=True, sha256=digest))
    assert mark.exists()  # the bomb works: it was the check that stopped it


def test_the_refusal_of_a_pickle_says_what_to_set(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({}))
    with pytest.raises(
        ModelError, match=r"runs code.*model.trust: true and model.sha256 missing.*model.sha256: [0-9a-f]{64}"
    ):
        load_model(ModelSettings(path=str(path)))


def test_a_pickle_that_needs_an_absent_package_names_the_package(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04cnotinstalled_xyz\nModel\n.")
    with pytest.raises(ModelError, match="needs the Python package notinstalled_xyz"):
        load_model(settings_for(path))


def test_trust_that_is_refused_in_the_file_is_to_be_changed_and_not_set_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({}))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    with pytest.raises(ModelError) as told:
        load_model(ModelSettings(path=str(path), trust=False, sha256=digest))
    assert told.value.seen == "model.trust: false"
    assert told.value.hint is not None
    assert told.value.hint.endswith("if you made this file, change model.trust to true (model.sha256 is there)")
    with pytest.raises(ModelError, match=f"change model.trust to true and set model.sha256: {digest}"):
        load_model(ModelSettings(path=str(path), trust=False))


def test_untrusted_types_in_skops_are_refused_by_name_with_the_key_to_set(training: Training, tmp_path: Path) -> None:
    import skops.io

    path = tmp_path / "model.skops"
    skops.io.dump(lightgbm_model(training), path)
    types = "lightgbm.basic.Booster, lightgbm.sklearn.LGBMClassifier"
    with pytest.raises(ModelError, match=rf"not trusted; seen: {types};.*model.skops_trusted: \[{types}\]"):
        load_model(ModelSettings(path=str(path)))
    loaded = load_model(ModelSettings(path=str(path), skops_trusted=tuple(types.split(", "))))
    assert loaded.family == "lightgbm"
    assert loaded.feature_names == NAMES


def test_a_library_that_is_not_installed_is_named_with_the_extra(
    written: Callable[[str], Written], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written("txt").path
    monkeypatch.setitem(sys.modules, "lightgbm", None)  # what Python itself does for a module that cannot be found
    with pytest.raises(ModelError, match=r"library lightgbm cannot be imported.*pip install 'xdrift\[lightgbm\]'"):
        load_model(ModelSettings(path=str(path)))


@pytest.mark.parametrize("make", [xgboost_model, lightgbm_model, catboost_model])
def test_a_booster_in_a_joblib_file_belongs_to_its_own_family(
    make: Callable[[Training], Any], training: Training, tmp_path: Path
) -> None:
    import joblib

    path = tmp_path / "model.joblib"
    joblib.dump(make(training), path)
    loaded = load_model(settings_for(path))
    assert loaded.family == make.__name__.removesuffix("_model")
    assert loaded.feature_names == NAMES


@pytest.mark.parametrize("make", [xgboost_model, lightgbm_model, catboost_model, forest])
def test_a_model_trained_on_bare_arrays_knows_no_names(
    make: Callable[[Training], Any], training: Training, tmp_path: Path
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(make((training[0].to_numpy(), training[1].to_numpy()))))
    assert load_model(settings_for(path)).feature_names is None


def test_a_pipeline_around_a_booster_is_sklearn_and_lists_both_libraries(training: Training, tmp_path: Path) -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(make_pipeline(StandardScaler(), xgboost_model(training)).fit(*training)))
    loaded = load_model(settings_for(path))
    assert (loaded.family, list(loaded.libraries)) == ("sklearn", ["scikit-learn", "xgboost"])
    assert loaded.feature_names == NAMES


def test_an_onnx_model_with_an_input_per_column_knows_their_names(training: Training, tmp_path: Path) -> None:
    from skl2onnx import to_onnx

    rows, target = training
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scaled = make_column_transformer((StandardScaler(), list(NAMES)))
    model = make_pipeline(scaled, LogisticRegression()).fit(rows, target)
    path = tmp_path / "model.onnx"
    path.write_bytes(to_onnx(model, rows[:1].astype(np.float32), options={"zipmap": False}).SerializeToString())
    assert load_model(ModelSettings(path=str(path))).feature_names == NAMES


@pytest.mark.parametrize("family", ["xgboost", "lightgbm"])
def test_category_values_are_read_from_the_model_in_code_order(
    family: str, coded_training: Training, tmp_path: Path
) -> None:
    if family == "xgboost":
        import xgboost

        path = tmp_path / "model.json"
        xgboost.XGBClassifier(n_estimators=3, n_jobs=1, enable_categorical=True).fit(*coded_training).save_model(path)
    else:
        path = tmp_path / "model.txt"
        lightgbm_model(coded_training).booster_.save_model(path)
    assert load_model(ModelSettings(path=str(path))).categories == {"kind": ("house", "boat", "flat")}


FACTORY = """
import numpy as np, pandas as pd
from sklearn.ensemble import RandomForestClassifier, GradientBoostingRegressor

def rows():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"income": rng.normal(size=80), "age": rng.normal(size=80)})

def estimator():
    frame = rows()
    return RandomForestClassifier(3, random_state=0).fit(frame, frame["income"] > 0)

def booster():
    import xgboost
    frame = rows()
    return xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(frame, (frame["income"] > 0).astype(int))

def function():
    return lambda frame: frame.to_numpy().sum(axis=1)

def broken():
    raise RuntimeError("no weights")

def nothing():
    return None

number = 3
"""


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoadedModel]:
    (tmp_path / "factory_module.py").write_text(FACTORY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "factory_module", raising=False)

    def load(name: str, **more: Any) -> LoadedModel:
        return load_model(ModelSettings(factory=f"factory_module:{name}", **more))

    return load


def test_a_factory_gives_estimators_boosters_and_functions(factory: Callable[..., LoadedModel]) -> None:
    families = {name: factory(name).family for name in ("estimator", "booster", "function")}
    assert families == {"estimator": "sklearn", "booster": "xgboost", "function": "callable"}
    assert factory("estimator").feature_names == NAMES
    assert factory("function").feature_names is None
    assert factory("function").native(pd.DataFrame({"a": [1.0], "b": [2.0]})).tolist() == [3.0]


def test_the_digest_of_a_factory_is_the_same_in_another_process(
    factory: Callable[..., LoadedModel], tmp_path: Path
) -> None:
    names = ("estimator", "booster", "function")
    script = (
        "from monitor.sources import load_model; from monitor.settings import ModelSettings; "
        f"[print(load_model(ModelSettings(factory=f'factory_module:{{name}}')).digest) for name in {names}]"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root,
        env={"PYTHONPATH": f"{tmp_path}:{root}", "PATH": "", "PYTHONHASHSEED": "7"},
    )  # fmt: skip
    assert done.stdout.split() == [factory(name).digest for name in names], done.stderr


def test_the_digest_of_a_function_follows_its_source_and_the_declared_version(
    factory: Callable[..., LoadedModel], tmp_path: Path
) -> None:
    first = factory("function").digest
    assert factory("function", version="2").digest != first
    (tmp_path / "factory_module.py").write_text(FACTORY + "\n# changed\n")
    assert factory("function").digest != first


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken", r"failed; seen: RuntimeError: no weights"),
        ("nothing", "type builtins.NoneType is not known"),
        ("absent", r"does not name a function; seen: nothing"),
        ("number", "seen: a int"),
    ],
)
def test_a_factory_that_gives_no_model_says_so(factory: Callable[..., LoadedModel], name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        factory(name)


def test_a_malformed_factory_is_a_configuration_error_and_an_absent_module_a_model_error() -> None:
    with pytest.raises(ConfigError, match="expected: module:function"):
        load_model(ModelSettings(factory="os.path.join"))
    with pytest.raises(ModelError, match=r"module no_such_module_xyz .*PYTHONPATH"):
        load_model(ModelSettings(factory="no_such_module_xyz:load"))


def test_a_factory_is_checked_against_its_sha256(factory: Callable[..., LoadedModel]) -> None:
    assert factory("estimator", sha256=factory("estimator").digest).family == "sklearn"
    with pytest.raises(ModelError, match=r"not the file that model\.sha256 names"):
        factory("estimator", sha256="0" * 64)


def test_importing_the_room_loads_no_heavy_library() -> None:
    heavy = {"sqlalchemy", "xgboost", "lightgbm", "catboost", "onnxruntime", "mlflow", "sklearn", "skops", "joblib"}
    script = f"import sys, monitor.sources; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr
