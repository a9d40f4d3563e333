"""Write the report of a prediction, a single HTML page.

`template/page.html` puts it together from parts. The page is self-contained: it has pictures,
scores, ground truth and spectra, from which its scripts compute all that its controls show.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib import colormaps
from numpy.typing import NDArray

from data.scene import Scene
from detection.figures.pictures import default_rgb_bands
from detection.measures import MEASURES, measure_text
from detection.prediction import Prediction
from detection.report.bands import band_axis, band_titles
from detection.report.notes import spectra_notes, value_title
from detection.report.page_template import page_template
from detection.report.pictures import base64, pictures_of
from detection.report.place import place_of
from detection.report.quantised import Quantised
from detection.report.spectra import PageSpectra, page_spectra
from options.stretch import SHARE
from utils.files import write_text


def write_report(path: Path, prediction: Prediction) -> Path:
    """Write the report of a prediction; return its path.

    Without a ground truth of both classes the page states why there are no rates. The slider starts
    at the threshold of the prediction, or at 1 % of the pixels.
    """
    scene, scores = prediction.scene, prediction.scores
    height, width, bands = scene.cube.shape
    no_data = np.isnan(scores)
    unknown = np.zeros_like(no_data)
    if scene.unlabelled is not None and scene.anomalous is not None:
        unknown = scene.unlabelled & ~no_data
    spectra = page_spectra(prediction)
    page = page_template("page.html").render(
        title=scene.name,
        method=prediction.title,
        height=height,
        width=width,
        bands=bands,
        targets=anomalous_pixels(scene, no_data | unknown),
        no_data=np.count_nonzero(no_data),
        pixels=np.count_nonzero(~no_data),
        unlabelled=np.count_nonzero(unknown),
        natural=scene.metadata.colour_bands is not None,
        choice=spectra.chosen.step == 1,
        band_names=band_titles(scene.metadata, bands),
        rebuilt=spectra.reconstruction is not None,
        spectra_notes=spectra_notes(prediction, spectra),
        pictures=pictures_of(prediction.rgb, scene.anomalous, no_data | unknown),
        stretch=prediction.stretch.kind,
        data=script_data(prediction, spectra),
        arrays=script_arrays(prediction, spectra, unknown),
        cautions=[] if prediction.decision is None else prediction.decision.cautions,
        compared=bool(prediction.measures),
        auc=measure_text(prediction.measures["auc_df"]) if prediction.measures else "",
        measures=measure_rows(prediction.measures or {}),
        options=prediction.options,
        details=details_of(prediction),
    )
    return write_text(path, page)


def anomalous_pixels(scene: Scene, left_out: NDArray[np.bool_]) -> int | None:
    """Count the anomalous pixels of a ground truth without those left out (H, W)."""
    return None if scene.anomalous is None else int((scene.anomalous & ~left_out).sum())


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
