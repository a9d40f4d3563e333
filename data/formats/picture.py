"""Pictures (PNG, BMP) of a ground truth."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.format import Format
from data.formats.guards import check_claim

LIBRARY_NAMES = ("PNG", "BMP")
PNG = b"\x89PNG\r\n\x1a\n"
BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes
JPEG = tuple(b"\xff\xd8\xff" + kind for kind in (b"\xdb", b"\xe0", b"\xe1", b"\xe2", b"\xee"))


def recognises(path: Path, start: bytes) -> bool:
    """Recognise PNG and BMP files, and JPEG files, which `read` refuses with a hint."""
    return start.startswith((PNG, *JPEG)) or is_bitmap(start)


def is_bitmap(start: bytes) -> bool:
    """Recognise a BMP file: its two letters alone could be pixels of raw numbers."""
    return start.startswith(b"BM") and int.from_bytes(start[14:18], "little") in BITMAP_HEADERS


def read(path: Path) -> Contents:
    """Read a picture as one array (H, W): grey values, or 0 for black in a coloured one."""
    with path.open("rb") as file:
        if file.read(4) in JPEG:
            raise SceneError(
                f"'{path}' is a JPEG, which does not keep the values of a ground truth: "
                f"save it as PNG"
            )
    with Image.open(path, formats=LIBRARY_NAMES) as image:
        check_claim(image.width * image.height * len(image.getbands()), path)
        values = brightness(image)
    return Contents({path.stem: Variable(values.shape, values.dtype, lambda: values)})


def brightness(image: Image.Image) -> NDArray[Any]:
    """Return the values of a picture (H, W), the strongest colour's where it has colours.

    Transparent pixels are black. In a palette the colours count, since black is background whatever
    its number; where nothing is black, as in false colours, the numbers count.
    """
    if len(image.getbands()) == 1 and image.mode != "P":
        return np.asarray(image)
    colours = np.asarray(image.convert("RGBA"))  # (H, W, 4)
    strongest = colours[..., :3].max(axis=2) * (colours[..., 3] > 0)
    return np.asarray(image) if image.mode == "P" and strongest.all() else strongest


PICTURE = Format(
    name="PNG/BMP",
    endings=(".png", ".bmp"),
    recognises=recognises,
    read=read,
    truth_only=True,
)
