"""What a prediction leaves in its folder: maps, pictures, measures, log and report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.matfile import write_variables
from data.scene import Scene
from data.writing import write_like
from experiments.object_files import is_on_earth, write_objects_csv, write_objects_geojson
from experiments.objects import DetectedObject, detected_objects
from experiments.report import write_report
from utils.figures import maps_figure, save_figure
from utils.files import write_text
from utils.metrics import MEASURES, Measures, json_values
from utils.plots import roc_figure, separability_figure
from utils.tail import threshold_score
from utils.threshold import Threshold


@dataclass(frozen=True)
class Prediction:
    """The scores (H, W) of a method on a scene, what they are worth, and how they came about.

    `cube` is the scaled cube (H, W, B); `reconstruction` is None for methods that make none, and
    `measures` where there is no truth, or one of a single class. `threshold` is what makes a pixel
    an anomaly, None where no decision is wanted. `options` are the options in words, a line each.
    """

    scene: Scene
    method: str
    cube: NDArray[np.float32]
    scores: NDArray[np.float32]
    reconstruction: NDArray[np.float32] | None
    measures: Measures | None
    options: str
    details: Mapping[str, Any]
    threshold: Threshold | None = None

    @property
    def outcome(self) -> str:
        """The AUC in words."""
        if self.measures is None:
            return f"no AUC, {self.scene.without_auc}"
        return f"AUC: {self.measures.auc_df}"

    @cached_property
    def least_detected(self) -> float | None:
        """The score from which a pixel is detected; None where no decision is wanted."""
        if self.threshold is None:
            return None
        # as float32, so that the report's script, which computes in double, detects the same
        return float(np.float32(threshold_score(self.scores, self.threshold)))

    @cached_property
    def mask(self) -> NDArray[np.uint8] | None:
        """1 where a pixel is detected, (H, W); None where no decision is wanted."""
        if self.least_detected is None:
            return None
        return (self.scores >= self.least_detected).astype(np.uint8)

    @cached_property
    def objects(self) -> list[DetectedObject]:
        """The detected objects, the highest peak first; none where no decision is wanted."""
        if self.least_detected is None:
            return []
        return detected_objects(self.scene, self.scores, threshold=self.least_detected)

    @property
    def decision(self) -> str:
        """The threshold and what it detects in words; nothing where no decision is wanted."""
        if self.mask is None:
            return ""
        return (
            f"threshold {self.threshold}: score {self.least_detected:.6g}, "
            f"{np.count_nonzero(self.mask):,} pixels in {len(self.objects):,} objects"
        )


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
        *write_objects(folder, prediction),
        write_text(folder / "log.txt", log_text(prediction)),
        write_text(folder / "metrics.json", metrics_text(prediction)),
        write_prediction_report(folder / "report.html", prediction),
    ]


def write_maps(folder: Path, prediction: Prediction) -> list[Path]:
    """Write detection map, reconstruction and mask as MATLAB files, and as the scene's file is."""
    maps = {
        "detectmap": prediction.scores,
        "reconstructed_data": prediction.reconstruction,
        "mask": prediction.mask,
    }
    paths = []
    for name, values in maps.items():
        path = folder / f"{name}.mat"
        if values is None:
            path.unlink(missing_ok=True)  # one of another method would mislead
        else:
            paths.append(write_variables(path, {name: values}))
        paths += write_like(prediction.scene, folder / name, values)
    return paths


def write_objects(folder: Path, prediction: Prediction) -> list[Path]:
    """Write the detected objects, where a decision is wanted, as tables."""
    table, places = folder / "objects.csv", folder / "objects.geojson"
    for path in (table, places):
        path.unlink(missing_ok=True)  # those of an earlier threshold would mislead
    scene, objects = prediction.scene, prediction.objects
    if prediction.least_detected is None:
        return []
    paths = [write_objects_csv(table, objects, scene=scene)]
    if is_on_earth(scene):
        threshold = prediction.least_detected
        paths.append(write_objects_geojson(places, objects, scene=scene, threshold=threshold))
    return paths


def draw_figures(folder: Path, prediction: Prediction) -> list[Path]:
    """Draw the detection map and, where the truth allows, ROC curve and separability."""
    scene, scores = prediction.scene, {prediction.method: prediction.scores}
    colours = scene.metadata.colour_bands
    maps = maps_figure(prediction.cube, scene.anomalous, scores, bands=colours)
    paths = save_figure(folder / "detectmap", maps)
    for name, draw in (("roc", roc_figure), ("separability", separability_figure)):
        if prediction.measures is not None and scene.anomalous is not None:
            paths += save_figure(folder / name, draw(scene.anomalous, scores))
            continue
        for ending in ("png", "pdf"):  # one of another map would mislead
            (folder / f"{name}.{ending}").unlink(missing_ok=True)
    return paths


def log_text(prediction: Prediction) -> str:
    """The options, what was predicted, and the AUC."""
    work = prediction.details["predicting"]
    notes = "".join(f"{note}\n" for note in prediction.scene.notes)
    decision = f"{prediction.decision}\n" if prediction.decision else ""
    return f"{prediction.options}{notes}predicting: {work}\n{prediction.outcome}\n{decision}"


def metrics_text(prediction: Prediction) -> str:
    """The measures and where they come from, as JSON."""
    scene = prediction.scene
    contents = {
        "dataset": scene.name,
        "method": prediction.method,
        "pixels": scene.pixels,
        "anomalous": None if scene.truth is None else scene.anomalies,
        "notes": list(scene.notes),
        "measures": json_values(prediction.measures),
        "threshold": prediction.least_detected,
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
        bands=prediction.scene.metadata.colour_bands,
        threshold=prediction.least_detected,
    )
