"""Pictures and arrays as texts in a page."""

from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.image import imsave
from numpy.typing import NDArray

from detection.figures.pictures import false_colour, truth_picture


def pictures_of(
    colours: NDArray[np.float32],
    anomalous: NDArray[np.bool_] | None,
    unknown: NDArray[np.bool_],
) -> dict[str, str]:
    """Draw a scene's red, green and blue (H, W, 3) and, where there is one, its ground truth."""
    pictures = {"scene": png(false_colour(colours, bands=(0, 1, 2)))}
    if anomalous is not None:
        pictures["truth"] = png(truth_picture(anomalous, unknown), "gray")
    return pictures


def png(image: NDArray[Any], cmap: str | None = None) -> str:
    """Encode an image in [0, 1] for a page: (H, W, 3), or (H, W) with a colour map."""
    buffer = BytesIO()
    imsave(buffer, image, format="png", cmap=cmap, vmin=0, vmax=1)
    return data_address(buffer.getvalue())


def data_address(picture: bytes) -> str:
    """Return the address that contains a PNG file."""
    return f"data:image/png;base64,{b64encode(picture).decode('ascii')}"


def base64(values: NDArray[Any], dtype: str) -> Markup:
    """Encode an array of a little-endian type; the text needs no escapes in a page."""
    return Markup(b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode("ascii"))
