"""Maps of recorded runs, as the program makes them: from the values of a file to scores 0 to 1."""

from typing import Any

import numpy as np
import pytest
import torch

from data.scene import Scene
from detection.estimator import AnomalyDetector
from detection.measures import min_max_scale
from detection.task import Task
from options.parse import resolve
from tests.baselines import read_baseline

RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "2sglrt_small": ("glrt2s", {"inner_window": 3, "outer_window": 9}),
    "2sglrt_deficient": ("glrt2s", {"inner_window": 3, "outer_window": 5}),
    "crd_small": ("crd_tables", {"inner_window": 3, "outer_window": 11}),
    "crd_medium": ("crd_tables", {"inner_window": 5, "outer_window": 9}),
    "lrx_small": ("lrx_tables", {"inner_window": 3, "outer_window": 11}),
    "aed_small": ("aed", {"area": 6, "largest_part": 12 / 480}),
    "frfe_small": ("frfe", {}),
    "frfe_medium": ("frfe", {}),
    "msrfqft_small": ("msrfqft", {"sigma": 2}),
    "pca_tlrsr_small": ("pca_tlrsr", {"components": 4}),
    "rpca_rx_small": ("rpca_rx", {}),
    "pta_rank0": ("pta", {"rank": 0, "sparsity": 0.1, "step": 0.1}),
    "pta_small": (
        "pta",
        {"rank": 1, "low_rank_weight": 1.7, "sparsity": 0.069, "smoothness": 0.1, "step": 0.001},
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_maps_are_those_of_the_recorded_runs(name: str) -> None:
    """The recorded scenes have values from 753 on: an offset changes the scores of some methods."""
    method, settings = RUNS[name]
    arrays = read_baseline(name).arrays
    _, options = resolve({"method": method, **settings})
    scene = Scene(name, arrays["cube"], None, source=name)
    task = Task(method, options, scene, torch.device("cpu"))
    found, _ = task.detect(task.build_detector())
    np.testing.assert_allclose(found, min_max_scale(arrays["score"]), rtol=0, atol=1e-5)
    detector = AnomalyDetector(method, device="cpu", **settings).fit(scene.stored_cube())
    np.testing.assert_array_equal(detector.detection_map_, found)
