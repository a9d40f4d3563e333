"""Pages of a small scene."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene
from detection.measures import compute_measures, min_max_scale
from detection.prediction import Prediction
from detection.report.report import write_report
from options.types import Threshold

RANDOM = np.random.default_rng(0)
CUBE = RANDOM.random((40, 30, 5), np.float32)
TRUTH = RANDOM.random((40, 30)) > 0.98
# in steps of 1/500, so that thresholds meet ties
SCORES = min_max_scale(np.round(500 * (RANDOM.random((40, 30)) ** 6 + 0.3 * TRUTH))).astype(
    np.float32
)
NO_DATA = np.zeros(TRUTH.shape, bool)
NO_DATA[:, :4] = NO_DATA[20, 20] = True
MASKED: dict[str, Any] = {
    "masked": NO_DATA,
    "scores": np.where(NO_DATA, np.float32(np.nan), SCORES),
}


def prediction(
    *,
    name: str = "small",
    cube: Any = CUBE,
    truth: NDArray[Any] | None = TRUTH,
    scores: NDArray[np.float32] = SCORES,
    reconstruction: NDArray[np.float32] | None = None,
    threshold: Threshold | None = None,
    method: str = "global RX",
    measures: Any = ...,
    options: dict[str, str] | None = None,
    **known: Any,
) -> Prediction:
    """The prediction of a small scene, with what is known of the scene."""
    scene = Scene(name, cube, truth, "nowhere", **known)
    if measures is ...:
        measures = compute_measures(scene.anomalous, scene.without_unlabelled(scores))
    return Prediction(
        scene=scene,
        title=method,
        scores=scores,
        reconstruction=reconstruction,
        measures=measures,
        options=options or {"ridge": "1e-06"},
        details={"device": "cpu"},
        threshold=threshold,
    )


def report(folder: Path, **changes: Any) -> Path:
    """Write the page of a small scene, with these arguments of `prediction` changed."""
    return write_report(folder / "report.html", prediction(**changes))


def embedded(page: str) -> dict[str, Any]:
    """The data that the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def has_array(page: str, name: str) -> bool:
    """Whether the page has an array of this name."""
    return f'id="{name}-values"' in page


def array(page: str, name: str, dtype: str) -> NDArray[Any]:
    """An array that the page's script reads."""
    found = re.search(rf'<script type="text/plain" id="{name}-values">(.*?)</script>', page)
    assert found
    return np.frombuffer(base64.b64decode(found[1]), dtype)
