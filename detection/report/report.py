"""Write the report of a prediction, a single HTML page.

`report.html` in this folder is its template. The page is self-contained: it has the pictures, and
the scores and the ground truth, from which its script computes what the sliders show.
"""

from base64 import b64encode
from collections.abc import Mapping
from io import BytesIO
from math import isinf, isnan
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from matplotlib.image import imsave
from numpy.typing import NDArray

from detection.figures.pictures import false_colour, truth_picture
from detection.measures import MEASURES
from utils.files import write_text


def write_report(
    path: Path,
    *,
    title: str,
    shape: tuple[int, int, int],
    colours: NDArray[np.float32],
    anomalous: NDArray[np.bool_] | None,
    scores: NDArray[np.float32],
    method: str,
    measures: Mapping[str, float] | None,
    options: Mapping[str, str],
    details: Mapping[str, str],
    natural: bool = False,
    unlabelled: NDArray[np.bool_] | None = None,
    threshold: float | None = None,
) -> Path:
    """Write the report of a scene of shape (H, W, B) and its detection map (H, W); return its path.

    `colours` are the scene's red, green and blue (H, W, 3), `natural` where their wavelengths are.
    Colours and scores are in [0, 1], and NaN where there is no data. `measures` is None without a
    ground truth of both classes; the page then says so, and has no rates. `unlabelled` (H, W) are
    the pixels that `measures` exclude. The slider starts at `threshold`, a finite score, or at 1 %
    of the pixels.
    """
    no_data = np.isnan(scores)
    has_unknown = unlabelled is not None and anomalous is not None
    unknown = unlabelled & ~no_data if has_unknown else np.zeros_like(no_data)
    page = template().render(
        title=title,
        method=method,
        shape=shape,
        targets=None if anomalous is None else np.count_nonzero(anomalous & ~no_data & ~unknown),
        no_data=np.count_nonzero(no_data),
        unlabelled=np.count_nonzero(unknown),
        natural=natural,
        threshold=threshold,
        pictures=pictures_of(colours, anomalous, scores, unknown=no_data | unknown),
        data=script_data(scores, labels(anomalous, unknown) if measures else None, threshold),
        measures=measure_rows(measures) if measures else [],
        options=options,
        details=details,
    )
    return write_text(path, page)


def pictures_of(
    colours: NDArray[np.float32],
    anomalous: NDArray[np.bool_] | None,
    scores: NDArray[np.float32],
    *,
    unknown: NDArray[np.bool_],
) -> dict[str, str]:
    """Draw scene, detection map and, where there is one, ground truth, each (H, W)."""
    scene = false_colour(colours, bands=(0, 1, 2))
    pictures = {"scene": png(scene), "detection": png(scores, "viridis")}
    if anomalous is not None:
        pictures["truth"] = png(truth_picture(anomalous, unknown), "gray")
    return pictures


def template() -> Template:
    """Load the page's template: all values are shown as text, never as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def labels(
    anomalous: NDArray[np.bool_] | None, unknown: NDArray[np.bool_]
) -> NDArray[np.uint8] | None:
    """Label pixels (H, W): 0 background, 1 anomalous, 2 unlabelled."""
    if anomalous is None:
        return None
    return np.where(unknown, 2, anomalous).astype(np.uint8)


def script_data(
    scores: NDArray[np.float32], truth: NDArray[np.uint8] | None, threshold: float | None
) -> dict[str, str | float | None]:
    """Encode scores and ground truth for the page's script: little-endian float32, and bytes."""
    return {
        "scores": base64(scores.astype("<f4").tobytes()),
        "truth": None if truth is None else base64(truth.tobytes()),
        "threshold": None if threshold is None else float(threshold),
    }


def png(image: NDArray[Any], cmap: str | None = None) -> str:
    """Encode an image in [0, 1] for a page: (H, W, 3), or (H, W) with a colour map.

    With a colour map, NaN is transparent.
    """
    buffer = BytesIO()
    imsave(buffer, image, format="png", cmap=cmap, vmin=0, vmax=1)
    return f"data:image/png;base64,{base64(buffer.getvalue())}"


def base64(content: bytes) -> str:
    """Encode bytes in base64."""
    return b64encode(content).decode("ascii")


def measure_rows(measures: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """List symbol, formula and value of every measure."""
    return [
        (MEASURES[name].symbol, MEASURES[name].formula, format_measure(value))
        for name, value in measures.items()
    ]


def format_measure(value: float) -> str:
    """Format a measure for a reader."""
    if isnan(value):
        return "undefined"
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.4f}".replace("-", "−")
