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
from data.georeference import Georeference
from data.metadata import Metadata

LIBRARY_NAMES = ("PNG", "BMP")
PNG = b"\x89PNG\r\n\x1a\n"
BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes
MOST_COLOURS, DISTINCT = 16, 3  # of a picture of classes; the least difference of two of them
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
                f"save it as PNG, of which the grey values from half of the largest are anomalous"
            )
    with Image.open(path, formats=LIBRARY_NAMES) as image:
        check_claim(image.width * image.height * len(image.getbands()), path)
        values, kind = brightness(image)
    metadata = Metadata(georeference=read_world_file(path))
    variable = Variable(
        values.shape, values.dtype, lambda: values, "hw", metadata=metadata, picture=kind
    )
    return Contents({path.stem: variable})


def brightness(image: Image.Image) -> tuple[NDArray[Any], str]:
    """Return the values of a picture (H, W), the strongest colour's where it has colours.

    Transparent pixels are black, and half transparent ones darker. In a palette the colours count,
    since black is background whatever its number; where nothing is black, as in false colours, the
    numbers count. The second value is "grey" for shades of grey or of one colour, and for more
    colours than classes have.
    """
    if len(image.getbands()) == 1 and image.mode != "P":
        return np.asarray(image), "grey"
    colours = np.asarray(image.convert("RGBA"))  # (H, W, 4)
    shown = (colours[..., :3] * (colours[..., 3:] / np.float32(255))).round().astype(np.uint8)
    strongest = shown.max(axis=2)
    if image.mode == "P" and strongest.all():
        return np.asarray(image), "classes"
    return strongest, "grey" if is_shaded(shown, strongest) else "classes"


def is_shaded(colours: NDArray[np.uint8], strongest: NDArray[np.uint8]) -> bool:
    """Return True for shades of one colour, and for colours (H, W, 3) of no classes.

    These are many, or some are nearly the same, as compression leaves them.
    """
    alike = (colours == strongest[..., None]) | ~colours.any(axis=(0, 1))
    if alike.all():
        return True
    different = np.unique(colours.reshape(-1, 3), axis=0).astype(int)
    if len(different) > MOST_COLOURS:
        return True
    apart = np.abs(different[:, None] - different[None]).max(axis=2)  # of each two colours
    return bool((apart[~np.eye(len(different), dtype=bool)] < DISTINCT).any())


def read_world_file(path: Path) -> Georeference | None:
    """Read the transform in a world file next to a picture, six lines; None without one."""
    ending = path.suffix
    names = [ending[:2] + ending[-1:] + "w", ending + "w", ".wld"]
    files = [path.with_suffix(name) for name in names if ending]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        return None
    try:
        a, d, b, e, x, y = (float(word) for word in found.read_text(encoding="ascii").split())
    except ValueError as error:
        raise SceneError(
            f"'{found}' is no world file of '{path}': it has no six numbers"
        ) from error
    # its x and y are those of the centre of the first pixel
    georeference = Georeference((a, b, x - (a + b) / 2, d, e, y - (d + e) / 2))
    if not georeference.is_usable:
        raise SceneError(f"'{found}' is no world file of '{path}': its numbers are no place")
    return georeference


PICTURE = Format(
    name="PNG/BMP",
    endings=(".png", ".bmp"),
    recognises=recognises,
    read=read,
    truth_only=True,
)
