"""The door to numba, for modules that hold compiled kernels; those are imported late, by the function that needs them.

Kernels release the GIL, keep IEEE arithmetic (no fast-math: equal input gives equal output, NaN stays NaN) and are
compiled on first use for the types they meet. The machine code is kept on disk, beside the source where that is
writable, else in the user's cache directory (NUMBA_CACHE_DIR moves it), so that only the first process ever pays.
Where neither can be written, as in a read-only container without a home, every process compiles for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile `function` without Python objects."""
    options = {"nogil": True, "error_model": "numpy", "fastmath": False}
    try:
        made = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no directory to keep machine code in
        made = numba.njit(**options)(function)
    return cast(Function, made)
