"""Model files: which format the bytes are in, and how each format is opened. No file is opened by path: what was
hashed is what is loaded."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from monitor.errors import ModelError, XdriftError
from monitor.sources.natives import library

PICKLES = frozenset({"joblib", "pickle"})
"""Formats that run code when they are opened."""

SKOPS_TRUSTED = frozenset(
    {
        "collections.OrderedDict",
        "numpy.dtype",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
    }
)
"""Parts of scikit-learn's own estimators that skops asks about since 0.12; they hold arrays and settings, no code."""

_SUFFIXES: Mapping[str, str] = {
    ".json": "xgboost-json",
    ".ubj": "xgboost-ubj",
    ".txt": "lightgbm-txt",
    ".lgb": "lightgbm-txt",
    ".cbm": "catboost-cbm",
    ".skops": "skops",
    ".onnx": "onnx",
    ".joblib": "joblib",
    ".pkl": "pickle",
    ".pickle": "pickle",
}
_COMPRESSED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"BZh", b"\xfd7zXZ", b"\x5d\x00\x00")
"""First bytes of gzip, zlib, bz2, xz and lzma: joblib is the only format here that compresses as a whole."""


def detect(data: bytes, name: str) -> str | None:
    """Format by the first bytes, else by the file's suffix; None when neither is known."""
    return _by_content(data, name) or _SUFFIXES.get(PurePath(name).suffix.lower())


def open_model(data: bytes, *, declared: str, location: str, skops_trusted: tuple[str, ...]) -> tuple[Any, str]:
    """The native model and its format. `declared` is a format name or `auto`; pickles are the caller's decision.

    Raises ModelError: unknown format, another format than declared, truncated, untrusted types, library missing.
    """
    kind = resolve(data, declared=declared, location=location)
    try:
        native = _open_skops(data, location, skops_trusted) if kind == "skops" else _OPENERS[kind](data)
    except XdriftError:
        raise
    except ModuleNotFoundError as error:
        raise ModelError(
            f"model {location} needs the Python package {error.name}",
            seen=error,
            expected="the packages the model was saved with",
            hint=f"install the package that provides {error.name}",
        ) from error
    except Exception as error:  # every library has its own exceptions for a broken file; all mean the same here
        raise ModelError(
            f"model {location} cannot be read as {kind}",
            seen=_first_line(error),
            expected=f"a complete {kind} file",
            hint="copy or save the model again; model.sha256 in the configuration catches such files earlier",
        ) from error
    return native, kind


def resolve(data: bytes, *, declared: str, location: str) -> str:
    """The format to open these bytes with. Raises ModelError when it is unknown or not the declared one."""
    seen = _by_content(data, location)
    if declared == "auto":
        found = detect(data, location)
        if found is None:
            raise ModelError(
                f"model {location} is of an unknown format",
                seen=f"first bytes {data[:8]!r}",
                expected=f"one of {', '.join(sorted([*_OPENERS, 'skops']))}",
                hint="set model.format, or save the model in one of these formats",
            )
        return found
    if seen not in (None, declared) and not (seen in PICKLES and declared in PICKLES):
        raise ModelError(
            f"model {location} is of another format than model.format says",
            seen=seen,
            expected=declared,
            hint=f"set model.format: {seen}, or auto",
        )
    return declared


def _by_content(data: bytes, name: str) -> str | None:
    head = data[:512]
    if head.startswith(b"CBM1"):
        return "catboost-cbm"
    if re.match(rb"tree\r?\n", head):
        return "lightgbm-txt"
    if re.match(rb'\s*\{\s*"', head) and (b'"learner"' in head or b'"learner"' in data[-4096:]):
        return "xgboost-json"
    if re.match(rb"\{[LliIU]", head) and b"learner" in head[:64]:
        return "xgboost-ubj"
    if head.startswith(b"PK\x03\x04"):
        return "skops"
    if re.match(rb"\x80[\x02-\x05]", head):
        return "joblib" if name.lower().endswith(".joblib") else "pickle"
    if head.startswith(_COMPRESSED):
        return "joblib"
    if re.match(
        rb"\x08[\x03-\x1f][\x12\x1a\x3a\x42]", head
    ):  # protobuf: ir_version, then producer, domain, graph, opset
        return "onnx"
    return None


def _open_xgboost(data: bytes) -> Any:
    booster = library("xgboost").Booster()
    booster.load_model(bytearray(data))
    return booster


def _open_lightgbm(data: bytes) -> Any:
    """LightGBM ends the whole process on a truncated file, so the file is measured before it sees it."""
    sizes = re.search(rb"^tree_sizes=([\d ]*)\r?$", data, re.MULTILINE)
    first, end = data.find(b"\nTree=0"), data.find(b"\nend of trees")
    if sizes is None or end < 0:
        raise ValueError("the list of trees is cut off")
    total = sum(int(size) for size in sizes[1].split())
    if first >= 0 and end - first != total:
        raise ValueError(f"the trees take {end - first} bytes and the file's header says {total}")
    if b"\nparameters:" in data and b"\nend of parameters" not in data:
        raise ValueError("the list of parameters is cut off")
    return library("lightgbm").Booster(model_str=data.decode("utf-8"))


def _open_catboost(data: bytes) -> Any:
    """CatBoost reads past a missing end in silence, so the size in the header is compared first."""
    (size,) = struct.unpack_from("<I", data, 4)
    if len(data) < 8 + size:
        raise ValueError(f"the file has {len(data)} bytes and its header says {8 + size} or more")
    model = library("catboost").CatBoost()
    model.load_model(blob=data)
    return model


def _open_skops(data: bytes, location: str, trusted: tuple[str, ...]) -> Any:
    """A skops file whose every type is scikit-learn's own or trusted by name in the configuration."""
    skops = library("skops.io")
    asked = set(skops.get_untrusted_types(data=data))
    refused = sorted(asked - SKOPS_TRUSTED - set(trusted))
    if refused:
        raise ModelError(
            f"model {location} contains types that are not trusted",
            seen=", ".join(refused),
            expected="scikit-learn's own types, or types listed in model.skops_trusted",
            hint=f"if you know who made the file, set model.skops_trusted: [{', '.join(refused)}]",
        )
    return skops.loads(data, trusted=sorted(asked))


def _open_onnx(data: bytes) -> Any:
    return library("onnxruntime").InferenceSession(data, providers=["CPUExecutionProvider"])


def _open_pickle(data: bytes) -> Any:
    """Runs code: the caller has checked trust and digest. joblib reads plain pickles as well."""
    import joblib

    return joblib.load(io.BytesIO(data))


def _first_line(error: Exception) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text if len(text) <= 200 else f"{text[:200]}..."


_OPENERS: Mapping[str, Callable[[bytes], Any]] = {
    "xgboost-json": _open_xgboost,
    "xgboost-ubj": _open_xgboost,
    "lightgbm-txt": _open_lightgbm,
    "catboost-cbm": _open_catboost,
    "onnx": _open_onnx,
    "joblib": _open_pickle,
    "pickle": _open_pickle,
}
