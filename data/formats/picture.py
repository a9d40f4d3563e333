"""Pictures (PNG, BMP) that hold a truth."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.formats.contents import Contents, Variable
from data.formats.guards import check_claim, damage_told

FORMATS = ("PNG", "BMP")


def read_contents(path: Path) -> Contents:
    """Read a picture as one array (H, W): the values of a grey one, 0 for black in a coloured one.

    Raises SceneError where it is damaged.
    """
    with damage_told(path, "picture"), Image.open(path, formats=FORMATS) as image:
        check_claim(image.width * image.height * len(image.getbands()), path)
        values = brightness(image)
    return Contents("picture", {path.stem: Variable(values.shape, values.dtype, lambda: values)})


def brightness(image: Image.Image) -> NDArray[Any]:
    """The values of a picture (H, W), the strongest colour's where it has colours.

    What is transparent is black. Of a palette its colours count, since black is background in
    whatever place it stands; where nothing is black, as in false colours, the places count.
    """
    if len(image.getbands()) == 1 and image.mode != "P":
        return np.asarray(image)
    colours = np.asarray(image.convert("RGBA"))  # (H, W, 4)
    strongest = colours[..., :3].max(axis=2) * (colours[..., 3] > 0)
    return np.asarray(image) if image.mode == "P" and strongest.all() else strongest
