"""The values that the scripts of the report's page need: numbers as JSON, and arrays."""

from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib import colormaps
from numpy.typing import NDArray

from detection.figures.pictures import default_rgb_bands
from detection.prediction import Prediction
from detection.report.bands import band_axis
from detection.report.notes import value_title
from detection.report.pictures import base64
from detection.report.place import place_of
from detection.report.quantised import Quantised
from detection.report.spectra import PageSpectra
from options.stretch import SHARE


def script_data(prediction: Prediction, spectra: PageSpectra) -> dict[str, Any]:
    """Return what the page's scripts need apart from arrays."""
    scene = prediction.scene
    height, width, bands = scene.cube.shape
    background = spectra.background
    return {
        "height": height,
        "width": width,
        "threshold": prediction.threshold_score,
        "colours": viridis(),
        "share": prediction.stretch.share or SHARE,
        "rgb": scene.metadata.colour_bands or default_rgb_bands(bands),
        "place": place_of(scene.metadata.georeference, (height, width)),
        "bands": band_axis(scene.metadata, bands),
        "unit": value_title(scene.metadata),
        "bits": spectra.chosen.bits,
        "spectra": steps_of(spectra.spectra),
        "rebuilt": steps_of(spectra.reconstruction),
        "background": {
            "mean": background.mean.tolist(),
            "deviation": background.deviation.tolist(),
        },
    }


def viridis() -> list[int]:
    """List the 256 colours of detection maps as 0xRRGGBB."""
    rgb = colormaps["viridis"](np.arange(256), bytes=True).astype(int)
    return [int(red << 16 | green << 8 | blue) for red, green, blue, _ in rgb]


def steps_of(values: Quantised | None) -> dict[str, list[float]] | None:
    """Return scale and offset of every band."""
    if values is None:
        return None
    return {"scale": values.scale.tolist(), "offset": values.offset.tolist()}


def script_arrays(
    prediction: Prediction, spectra: PageSpectra, unknown: NDArray[np.bool_]
) -> dict[str, Markup]:
    """Encode scores, ground truth and spectra for the page's scripts."""
    chosen, scene = spectra.chosen, prediction.scene
    pixels = np.ravel_multi_index((chosen.rows, chosen.columns), prediction.scores.shape)
    arrays = {"scores": base64(prediction.scores, "<f4"), "pixels": base64(pixels, "<u4")}
    if prediction.measures and scene.anomalous is not None:
        arrays["truth"] = base64(labels(scene.anomalous, unknown), "u1")
    number = f"<u{chosen.bits // 8}"
    arrays["spectra"] = base64(spectra.spectra.numbers, number)
    if spectra.reconstruction is not None:
        arrays["rebuilt"] = base64(spectra.reconstruction.numbers, number)
    return arrays


def labels(anomalous: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Label pixels (H, W): 0 background, 1 anomalous, 2 unlabelled."""
    return np.where(unknown, 2, anomalous).astype(np.uint8)
