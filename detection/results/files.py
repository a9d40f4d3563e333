"""Write a prediction's files: maps, pictures, objects, log, measures and report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.formats.matlab.file import write_variables
from data.writing import write_like
from detection.decision.object_files import (
    has_longitudes,
    write_objects_csv,
    write_objects_geojson,
    write_spectra_csv,
)
from detection.decision.polygon_files import no_polygons_reason, write_polygons
from detection.figures.scene_figures import figures_of_scene
from detection.figures.style import save_figure
from detection.prediction import Prediction
from detection.report.report import write_report
from detection.results.latest import RUN_LINE
from detection.results.record import RunRecord, write_record
from detection.results.result_folder import writing
from utils.files import write_text
from utils.json_text import json_text, json_value
from utils.progress_bar import no_bar
from utils.text import printable_line

# shares of the time of writing 2000×2000×50, of a method without reconstruction
MAPS_WRITTEN, FIGURES_DRAWN = 0.15, 0.78


def write_prediction(
    folder: Path,
    prediction: Prediction,
    *,
    record: RunRecord,
    progress: Callable[[float], None] = no_bar,
) -> list[Path]:
    """Replace the files of an earlier prediction of a run, at once, when all are written.

    `folder` is that of the run, in that of its scene, `record` what `run.json` has. Returns the
    paths; other files stay. `progress` is called with the share written.
    """
    with writing(folder) as hidden:
        paths = write_maps(hidden, prediction)
        progress(MAPS_WRITTEN)
        paths += draw_figures(hidden, prediction)
        progress(FIGURES_DRAWN)
        paths += [
            *write_objects(hidden, prediction),
            write_text(hidden / "log.txt", log_text(prediction, run=folder.name)),
            write_record(hidden, record),
            write_text(hidden / "metrics.json", json_text(metrics(prediction))),
            write_report(hidden / "report.html", prediction),
        ]
        progress(1)
    return [folder / path.name for path in paths]


def write_maps(folder: Path, prediction: Prediction) -> list[Path]:
    """Write detection map, reconstruction and mask as MATLAB files, and in the scene's format.

    A reconstruction that is too large for a MATLAB file is omitted there.
    """
    maps = {
        "detectmap": prediction.scores,
        "reconstructed_data": prediction.reconstruction,
        "mask": prediction.mask,
    }
    paths = []
    for name, values in maps.items():
        if values is None:
            continue
        if not (name == "reconstructed_data" and prediction.omitted_line):
            paths.append(write_variables(folder / f"{name}.mat", {name: values}))
        paths += write_like(prediction.scene, folder / name, values)
    return paths


def write_objects(folder: Path, prediction: Prediction) -> list[Path]:
    """Write the detected objects, where there is a threshold, as tables, points and polygons."""
    scene, objects, threshold = prediction.scene, prediction.objects, prediction.threshold_score
    if threshold is None or prediction.mask is None:
        return []
    paths = [
        write_objects_csv(folder / "objects.csv", objects, scene=scene),
        write_spectra_csv(folder / "objects_spectra.csv", objects, scene=scene),
    ]
    if has_longitudes(scene):
        points = folder / "objects.geojson"
        paths.append(write_objects_geojson(points, objects, scene=scene, threshold=threshold))
    if not no_polygons_reason(scene):
        mask = prediction.mask.astype(bool)
        paths += write_polygons(folder, objects, scene=scene, mask=mask, threshold=threshold)
    return paths


def draw_figures(folder: Path, prediction: Prediction) -> list[Path]:
    """Draw the detection map and, where the ground truth has both classes, its curves."""
    figures = figures_of_scene(
        prediction.scene,
        {prediction.title: prediction.scores},
        stretch=prediction.stretch,
        threshold=prediction.threshold_score,
    )
    paths = save_figure(folder / "detectmap", figures.pop("maps"))
    for name, figure in figures.items():
        paths += save_figure(folder / name, figure)
    return paths


def log_text(prediction: Prediction, *, run: str) -> str:
    """Format the options, the run, what was predicted, the AUC, and notes."""
    lines = [
        *(f"{name}: {value}" for name, value in prediction.options.items()),
        *prediction.scene.remarks,
        f"{RUN_LINE}{run}",
        f"predicting: {prediction.details['predicting']}",
        prediction.auc_line,
        *prediction.decision_lines,
        *filter(None, [prediction.omitted_line, prediction.details["caution"]]),
    ]
    return "".join(f"{printable_line(line)}\n" for line in lines)


def metrics(prediction: Prediction) -> dict[str, Any]:
    """Collect the measures and their provenance, as values for JSON."""
    scene, mask, decision = prediction.scene, prediction.mask, prediction.decision
    return {
        "dataset": scene.name,
        "method": prediction.options["method"],
        "title": prediction.title,
        "shape": list(scene.cube.shape),
        "pixels": scene.pixels,
        "unlabelled": 0 if scene.unlabelled is None else int(scene.unlabelled.sum()),
        "anomalous": None if scene.truth is None else scene.anomalies,
        "notes": list(scene.remarks),
        "omitted": prediction.omitted_line,
        "measures": json_value(prediction.measures),
        "threshold": prediction.threshold_score,
        "detected_pixels": None if mask is None else int(np.count_nonzero(mask)),
        "decision": None if decision is None else decision.json_values,
        "options": dict(prediction.options),
        **prediction.details,
    }
