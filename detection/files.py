"""Write a prediction's files: maps, pictures, objects, log, measures and report."""

import json
from pathlib import Path

from data.formats.matlab.file import write_variables
from data.writing import write_like
from detection.curves import roc_figure, separability_figure
from detection.maps import maps_figure, save_figure
from detection.measures import json_values
from detection.object_files import has_longitudes, write_objects_csv, write_objects_geojson
from detection.prediction import Prediction
from detection.report import write_report
from utils.files import write_text


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
        path = folder / f"{name}.mat"
        if values is None or (values is prediction.reconstruction and prediction.omitted_line):
            path.unlink(missing_ok=True)  # one of another method would mislead
        else:
            paths.append(write_variables(path, {name: values}))
        paths += write_like(prediction.scene, folder / name, values)
    return paths


def write_objects(folder: Path, prediction: Prediction) -> list[Path]:
    """Write the detected objects, where there is a threshold, as CSV and GeoJSON."""
    table, points = folder / "objects.csv", folder / "objects.geojson"
    for path in (table, points):
        path.unlink(missing_ok=True)  # those of an earlier threshold would mislead
    scene, objects = prediction.scene, prediction.objects
    if prediction.threshold_score is None:
        return []
    paths = [write_objects_csv(table, objects, scene=scene)]
    if has_longitudes(scene):
        threshold = prediction.threshold_score
        paths.append(write_objects_geojson(points, objects, scene=scene, threshold=threshold))
    return paths


def draw_figures(folder: Path, prediction: Prediction) -> list[Path]:
    """Draw the detection map and, where the ground truth has both classes, its curves."""
    scene, scores = prediction.scene, prediction.scores
    labelled = {prediction.method: scene.without_unlabelled(scores)}
    colours = prediction.rgb
    maps = maps_figure(colours, scene.anomalous, {prediction.method: scores}, bands=(0, 1, 2))
    paths = save_figure(folder / "detectmap", maps)
    for name, draw in (("roc", roc_figure), ("separability", separability_figure)):
        if prediction.measures is not None and scene.anomalous is not None:
            paths += save_figure(folder / name, draw(scene.anomalous, labelled))
            continue
        for ending in ("png", "pdf"):  # one of another map would mislead
            (folder / f"{name}.{ending}").unlink(missing_ok=True)
    return paths


def log_text(prediction: Prediction) -> str:
    """Format the options, what was predicted, the AUC, and notes."""
    lines = [
        *(f"{name}: {value}" for name, value in prediction.options.items()),
        *prediction.scene.remarks,
        f"predicting: {prediction.details['predicting']}",
        prediction.auc_line,
        *filter(
            None, [prediction.decision_line, prediction.omitted_line, prediction.details["caution"]]
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def metrics_text(prediction: Prediction) -> str:
    """Format the measures and their provenance as JSON."""
    scene = prediction.scene
    contents = {
        "dataset": scene.name,
        "method": prediction.method,
        "pixels": scene.pixels,
        "unlabelled": 0 if scene.unlabelled is None else int(scene.unlabelled.sum()),
        "anomalous": None if scene.truth is None else scene.anomalies,
        "notes": list(scene.remarks),
        "omitted": prediction.omitted_line,
        "measures": json_values(prediction.measures),
        "threshold": prediction.threshold_score,
        "options": dict(prediction.options),
        **prediction.details,
    }
    return json.dumps(contents, indent=2, ensure_ascii=False) + "\n"


def write_prediction_report(path: Path, prediction: Prediction) -> Path:
    """Write the report of a prediction."""
    details = {
        name: str(value)
        for name, value in prediction.details.items()
        if value != "" and name != "versions"
    }
    details |= prediction.details["versions"]
    if prediction.scene.remarks:
        details = {"scene": "; ".join(prediction.scene.remarks), **details}
    if prediction.decision_line:
        details["decision"] = prediction.decision_line
    return write_report(
        path,
        title=prediction.scene.name,
        shape=prediction.scene.cube.shape,
        colours=prediction.rgb,
        natural=prediction.scene.metadata.colour_bands is not None,
        anomalous=prediction.scene.anomalous,
        unlabelled=prediction.scene.unlabelled,
        scores=prediction.scores,
        method=prediction.method,
        measures=prediction.measures,
        options=prediction.options,
        details=details,
        threshold=prediction.threshold_score,
    )
