"""The recorded runs of the authors' programs, in tests/parity/baselines or the shared folder."""

import json

import numpy as np
import pytest

from tests.conftest import SHARED
from tests.recordings import FOLDER, Recording


def read_baseline(name: str) -> Recording:
    """Read a run by its name, with all arrays where it is shared; skip where it is not there."""
    folders = (SHARED / "parity" / "baselines", FOLDER / "baselines")
    found = [path for folder in folders if (path := folder / f"{name}.npz").is_file()]
    if not found:
        pytest.skip(f"needs {name}.npz in the shared folder")
    with np.load(found[0]) as arrays:
        loaded = dict(arrays)
    return Recording(json.loads(str(loaded.pop("config"))), loaded)
