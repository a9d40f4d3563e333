"""Write the report of a prediction, a single HTML page.

`template/page.html` puts it together from parts. The page is self-contained: it has pictures,
scores, ground truth and spectra, from which its scripts compute all that its controls show.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene
from detection.measures import AUC, MEASURES, measure_text
from detection.prediction import Prediction
from detection.report.bands import band_titles
from detection.report.notes import spectra_notes
from detection.report.page_template import page_template
from detection.report.pictures import pictures_of
from detection.report.script_values import script_arrays, script_data
from detection.report.spectra import PageSpectra, page_spectra
from utils.files import write_text


def write_report(path: Path, prediction: Prediction) -> Path:
    """Write the report of a prediction; return its path.

    Without a ground truth of both classes the page states why there are no rates. The slider starts
    at the threshold of the prediction, or at 1 % of the pixels.
    """
    spectra, unknown = page_spectra(prediction), unknown_pixels(prediction)
    page = page_template("page.html").render(
        **scene_values(prediction, unknown),
        **spectra_values(prediction, spectra),
        **result_values(prediction),
        data=script_data(prediction, spectra),
        arrays=script_arrays(prediction, spectra, unknown),
    )
    return write_text(path, page)


def unknown_pixels(prediction: Prediction) -> NDArray[np.bool_]:
    """Mark the pixels with a score and without a label (H, W); none without a ground truth."""
    scene, scored = prediction.scene, ~np.isnan(prediction.scores)
    if scene.unlabelled is None or scene.anomalous is None:
        return np.zeros_like(scored)
    return scene.unlabelled & scored


def scene_values(prediction: Prediction, unknown: NDArray[np.bool_]) -> dict[str, Any]:
    """Return name, size, counts of pixels and pictures of the scene."""
    scene, no_data = prediction.scene, np.isnan(prediction.scores)
    height, width, bands = scene.cube.shape
    return {
        "title": scene.name,
        "height": height,
        "width": width,
        "bands": bands,
        "targets": anomalous_pixels(scene, no_data | unknown),
        "no_data": np.count_nonzero(no_data),
        "pixels": np.count_nonzero(~no_data),
        "unlabelled": np.count_nonzero(unknown),
        "pictures": pictures_of(prediction.rgb, scene.anomalous, no_data | unknown),
    }


def anomalous_pixels(scene: Scene, left_out: NDArray[np.bool_]) -> int | None:
    """Count the anomalous pixels of a ground truth without those left out (H, W)."""
    return None if scene.anomalous is None else int((scene.anomalous & ~left_out).sum())


def spectra_values(prediction: Prediction, spectra: PageSpectra) -> dict[str, Any]:
    """Return what the page states of bands and spectra; they themselves are for its scripts."""
    metadata = prediction.scene.metadata
    return {
        "natural": metadata.colour_bands is not None,
        "choice": spectra.chosen.step == 1,
        "band_names": band_titles(metadata, prediction.scene.cube.shape[2]),
        "rebuilt": spectra.reconstruction is not None,
        "spectra_notes": spectra_notes(prediction, spectra),
    }


def result_values(prediction: Prediction) -> dict[str, Any]:
    """Return the method, its measures and decision, and all settings."""
    measures = prediction.measures or {}
    return {
        "method": prediction.title,
        "stretch": prediction.stretch.kind,
        "cautions": [] if prediction.decision is None else prediction.decision.cautions,
        "compared": bool(measures),
        "auc": measure_text(measures[AUC]) if measures else "",
        "measures": measure_rows(measures),
        "options": prediction.options,
        "details": details_of(prediction),
    }


def details_of(prediction: Prediction) -> dict[str, str]:
    """List remarks, the work, versions and the decision by name."""
    details = {
        name: str(value)
        for name, value in prediction.details.items()
        if value != "" and name != "versions"
    }
    details |= prediction.details.get("versions", {})
    if prediction.scene.remarks:
        details = {"scene": "; ".join(prediction.scene.remarks), **details}
    if prediction.decision_lines:
        details["decision"] = "; ".join(prediction.decision_lines)
    return details


def measure_rows(measures: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """List symbol, formula and value of every measure."""
    return [
        (MEASURES[name].symbol, MEASURES[name].formula, measure_text(value))
        for name, value in measures.items()
    ]
