"""One prediction on one scene as a page to look at, to print, and to keep.

`report.html` beside this file is the page's template. The page holds all it shows: the pictures,
and the scores and the truth themselves, from which its script computes what the sliders show.
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

from utils.figures import false_colour
from utils.files import write_text
from utils.metrics import MEASURES, Measures


def write_report(
    path: Path,
    *,
    title: str,
    cube: NDArray[np.float32],
    anomalous: NDArray[np.bool_],
    scores: NDArray[np.float32],
    method: str,
    measures: Measures | None,
    options: Mapping[str, str],
    details: Mapping[str, str],
) -> Path:
    """Write the page of a scene (H, W, B) and its detection map (H, W); return its path.

    Cube and scores are in [0, 1]. `measures` is None where the truth has one class only; the page
    then says so, and compares nothing with the truth.
    """
    pictures = {
        "scene": png(false_colour(cube)),
        "truth": png(anomalous, cmap="gray"),
        "detection": png(scores, cmap="viridis"),
    }
    page = template().render(
        title=title,
        method=method,
        shape=cube.shape,
        targets=int(anomalous.sum()),
        pictures=pictures,
        data=script_data(scores, anomalous if measures else None),
        measures=named(measures) if measures else [],
        options=options,
        details=details,
    )
    return write_text(path, page)


def template() -> Template:
    """Load the page's template: whatever is put into it is shown as text, never as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def script_data(
    scores: NDArray[np.float32], anomalous: NDArray[np.bool_] | None
) -> dict[str, str | None]:
    """Scores and truth as the page's script reads them: little-endian float32 and bytes."""
    return {
        "scores": base64(scores.astype("<f4").tobytes()),
        "truth": None if anomalous is None else base64(anomalous.astype(np.uint8).tobytes()),
    }


def png(image: NDArray[Any], *, cmap: str | None = None) -> str:
    """Encode an image in [0, 1] for a page: (H, W, 3), or (H, W) in the colours of a map."""
    buffer = BytesIO()
    imsave(buffer, image, format="png", cmap=cmap, vmin=0, vmax=1)
    return f"data:image/png;base64,{base64(buffer.getvalue())}"


def base64(content: bytes) -> str:
    """Write bytes in base64."""
    return b64encode(content).decode("ascii")


def named(measures: Measures) -> list[tuple[str, str, str]]:
    """Name, formula and value of every measure."""
    return [(*MEASURES[key], shown(value)) for key, value in measures.values().items()]


def shown(value: float) -> str:
    """Write a measure for a reader."""
    if isnan(value):
        return "undefined"
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.4f}".replace("-", "−")
