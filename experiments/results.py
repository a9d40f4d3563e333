"""What a prediction leaves in its folder: maps, pictures, measures, log and report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.matfile import write_variables
from data.scene import Scene
from experiments.report import write_report
from utils.figures import maps_figure, save_figure
from utils.files import write_text
from utils.metrics import MEASURES, Measures, json_values
from utils.plots import roc_figure, separability_figure


@dataclass(frozen=True)
class Prediction:
    """The scores (H, W) of a method on a scene, what they are worth, and how they came about.

    `cube` is the scaled cube (H, W, B); `reconstruction` is None for methods that make none, and
    `measures` where the truth has only one class. `options` are the options in words, a line each.
    """

    scene: Scene
    method: str
    cube: NDArray[np.float32]
    scores: NDArray[np.float32]
    reconstruction: NDArray[np.float32] | None
    measures: Measures | None
    options: str
    details: Mapping[str, Any]

    @property
    def outcome(self) -> str:
        """The AUC in words."""
        if self.measures is None:
            return "no AUC, the map has only one class of pixels"
        return f"AUC: {self.measures.auc_df}"


def measures_table(measures: Measures | None) -> str:
    """The measures beside the AUC, a line each with its formula."""
    if measures is None:
        return ""
    values = measures.values()
    rows = [(*MEASURES[name], f"{values[name]:.4f}") for name in values if name != "auc_df"]
    return "".join(f"  {name:<16} {value:>8}  {formula}\n" for name, formula, value in rows)


def write_prediction(folder: Path, prediction: Prediction) -> list[Path]:
    """Write all files of a prediction in place of those of an earlier one; return their paths."""
    return [
        *write_maps(folder, prediction),
        *draw_figures(folder, prediction),
        write_text(folder / "log.txt", log_text(prediction)),
        write_text(folder / "metrics.json", metrics_text(prediction)),
        write_prediction_report(folder / "report.html", prediction),
    ]


def write_maps(folder: Path, prediction: Prediction) -> list[Path]:
    """Write the detection map and the reconstruction as MATLAB files of these names."""
    maps = {"detectmap": prediction.scores, "reconstructed_data": prediction.reconstruction}
    paths = []
    for name, values in maps.items():
        path = folder / f"{name}.mat"
        if values is None:
            path.unlink(missing_ok=True)  # one of another method would mislead
        else:
            paths.append(write_variables(path, {name: values}))
    return paths


def draw_figures(folder: Path, prediction: Prediction) -> list[Path]:
    """Draw the detection map and, where the truth allows, ROC curve and separability."""
    anomalous, scores = prediction.scene.anomalous, {prediction.method: prediction.scores}
    paths = save_figure(folder / "detectmap", maps_figure(prediction.cube, anomalous, scores))
    for name, draw in (("roc", roc_figure), ("separability", separability_figure)):
        if prediction.measures is not None:
            paths += save_figure(folder / name, draw(anomalous, scores))
            continue
        for ending in ("png", "pdf"):  # one of another map would mislead
            (folder / f"{name}.{ending}").unlink(missing_ok=True)
    return paths


def log_text(prediction: Prediction) -> str:
    """The options, what was predicted, and the AUC."""
    work = prediction.details["predicting"]
    return f"{prediction.options}predicting: {work}\n{prediction.outcome}\n"


def metrics_text(prediction: Prediction) -> str:
    """The measures and where they come from, as JSON."""
    scene = prediction.scene
    contents = {
        "dataset": scene.name,
        "method": prediction.method,
        "pixels": scene.anomalous.size,
        "anomalous": int(scene.anomalous.sum()),
        "measures": json_values(prediction.measures),
        "options": option_pairs(prediction.options),
        **prediction.details,
    }
    return json.dumps(contents, indent=2, ensure_ascii=False) + "\n"


def option_pairs(options: str) -> dict[str, str]:
    """Options in words, by their names."""
    lines = (line.partition(": ") for line in options.splitlines())
    return {name: value for name, _, value in lines}


def write_prediction_report(path: Path, prediction: Prediction) -> Path:
    """Write the report of a prediction as one page."""
    details = {name: str(value) for name, value in prediction.details.items() if name != "versions"}
    details |= prediction.details["versions"]
    return write_report(
        path,
        title=prediction.scene.name,
        cube=prediction.cube,
        anomalous=prediction.scene.anomalous,
        scores=prediction.scores,
        method=prediction.method,
        measures=prediction.measures,
        options=option_pairs(prediction.options),
        details=details,
    )
