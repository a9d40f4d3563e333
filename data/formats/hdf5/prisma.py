"""PRISMA's products L1, L2B, L2C and L2D: two cubes of rows × bands × columns, VNIR and SWIR.

The bands run from long to short waves. Their wavelengths are attributes of the file, 0 for bands
that are not used. The last bands of the VNIR overlap the first of the SWIR.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import BandLists, Contents, Variable
from data.formats.hdf5.attributes import attribute
from data.formats.hdf5.declared import number
from data.formats.hdf5.product import Product
from data.georeference import Georeference, coordinate_system
from data.metadata import Metadata

DETECTORS = ("VNIR", "SWIR")
JOINED = "VNIR+SWIR"
AXES = "hbw"
PIXEL = 30.0  # metres
LARGEST = 65535  # a stored value, that of L2Scale…Max
SCALES_L2 = ("L2Scale{}Min", "L2Scale{}Max")
SCALES_L1 = ("ScaleFactor_{}", "Offset_{}")


@dataclass(frozen=True, kw_only=True)
class Part:
    """The cube of a detector, its bands with data, their lists (B,), and its scale."""

    name: str
    cube: Variable
    used: NDArray[np.int64]
    wavelengths: NDArray[np.float64] | None
    fwhm: NDArray[np.float64] | None
    scale: tuple[float, float]

    def read(self) -> NDArray[Any]:
        """Read the stored values (H, B, W)."""
        return self.cube.read()[:, self.used]

    @property
    def note(self) -> str:
        """A note on the bands that are not used; empty for none."""
        unused = self.cube.shape[1] - len(self.used)
        if not unused:
            return ""
        return f"bands of the {self.name} without a wavelength are dropped: {unused}"


def cube_names(contents: Contents) -> dict[str, str]:
    """Return the names of the cubes by detector; none where there are several products."""
    found = {}
    for detector in DETECTORS:
        names = [
            name
            for name, variable in contents.variables.items()
            if name.rsplit("/", 1)[-1] == f"{detector}_Cube" and len(variable.shape) == 3
        ]
        names = [name for name in names if "_HCO/" in name] or names  # not those of high resolution
        if len(names) == 1:
            found[detector] = names[0]
    return found


def adapt(file: h5py.File, contents: Contents) -> Contents:
    """Return the contents with wavelengths, axes and scale, and with both cubes joined."""
    names = cube_names(contents)
    parts = [
        read_part(file, detector, contents.variables[name]) for detector, name in names.items()
    ]
    georeference = read_place(file, parts[0].cube.shape)
    single = {
        name: described(part, georeference)
        for name, part in zip(names.values(), parts, strict=True)
    }
    variables = {**contents.variables, **single}
    if len(parts) == 1:
        return replace(contents, variables=variables, cube=next(iter(single)))
    if {part.wavelengths is None for part in parts} == {False}:
        joined = join(parts, georeference)
        return replace(contents, variables={JOINED: joined, **variables}, cube=JOINED)
    return replace(contents, variables=variables)


def read_part(file: h5py.File, detector: str, cube: Variable) -> Part:
    """Read which bands of a detector's cube are used, their wavelengths, and its scale."""
    count, suffix = cube.shape[1], detector.title()
    wavelengths, fwhm = (
        numbers(file, f"{kind}_{suffix}", count) for kind in ("List_Cw", "List_Fwhm")
    )
    used = np.arange(count) if wavelengths is None else np.flatnonzero(wavelengths > 0)
    if not len(used):
        used, wavelengths = np.arange(count), None
    return Part(
        name=detector,
        cube=cube,
        used=used,
        wavelengths=None if wavelengths is None else wavelengths[used],
        fwhm=None if fwhm is None else fwhm[used],
        scale=read_scale(file, suffix),
    )


def numbers(file: h5py.File, name: str, count: int) -> NDArray[np.float64] | None:
    """Read an attribute of a number per band (B,); None where there is none of this length."""
    values = np.ravel(np.asarray(attribute(file, name)))
    return (
        values.astype(np.float64) if values.dtype.kind in "iuf" and len(values) == count else None
    )


def read_scale(file: h5py.File, suffix: str) -> tuple[float, float]:
    """Read gain and offset of a detector: reflectance in L2, radiance in L1."""
    low, high = (number(file, name.format(suffix)) for name in SCALES_L2)
    if low is not None and high is not None and high > low:
        return (high - low) / LARGEST, low
    factor, offset = (number(file, name.format(suffix)) for name in SCALES_L1)
    return (1 / factor, -(offset or 0.0)) if factor else (1.0, 0.0)


def read_place(file: h5py.File, shape: tuple[int, ...]) -> Georeference | None:
    """Read the georeference of L2D, given as positions of the corner pixels; None without one."""
    corners = [
        number(file, f"Product_{corner}corner_{axis}")
        for corner in ("UL", "LR")
        for axis in ("easting", "northing")
    ]
    left, top, right, bottom = (np.nan if value is None else value for value in corners)
    if not np.isfinite([left, top, right, bottom]).all() or right <= left or top <= bottom:
        return None
    (x, wide), (y, tall) = edge(left, right, shape[2]), edge(top, bottom, shape[0])
    return Georeference(
        (wide, 0.0, x, 0.0, tall, y), coordinate_system(attribute(file, "Epsg_Code"))
    )


def edge(first: float, last: float, count: int) -> tuple[float, float]:
    """Return the outer edge of the first pixel and the step to the next.

    The corners are centres of pixels, or edges if the pixels have their size of 30 m only so.
    """
    to_edges, to_centres = (last - first) / count, (last - first) / max(count - 1, 1)
    if abs(abs(to_edges) - PIXEL) < abs(abs(to_centres) - PIXEL):
        return first, to_edges
    return first - to_centres / 2, to_centres


def described(part: Part, georeference: Georeference | None) -> Variable:
    """Describe the cube of one detector, in its own order of bands."""
    gain, offset = part.scale
    metadata = Metadata(fill=0, gain=gain, offset=offset, georeference=georeference, note=part.note)
    height, _, width = part.cube.shape
    return replace(
        part.cube,
        shape=(height, len(part.used), width),
        read=part.read,
        window=None,
        axes=AXES,
        metadata=metadata,
        band_lists=(BandLists(wavelengths=part.wavelengths, fwhm=part.fwhm, units="nm"),),
    )


def join(parts: list[Part], georeference: Georeference | None) -> Variable:
    """Describe the cube of both detectors, its bands in ascending order of wavelengths."""
    vnir, swir = parts
    if vnir.cube.shape[::2] != swir.cube.shape[::2]:
        raise SceneError("the VNIR and SWIR cubes of a PRISMA file differ in height or width")
    wavelengths = np.concatenate(
        [part.wavelengths for part in parts if part.wavelengths is not None]
    )
    order = np.argsort(wavelengths, kind="stable")
    widths = [part.fwhm for part in parts if part.fwhm is not None]
    fwhm = np.concatenate(widths)[order] if len(widths) == len(parts) else None
    same = vnir.scale == swir.scale
    gain, offset = vnir.scale if same else (1.0, 0.0)
    height, _, width = vnir.cube.shape

    def read() -> NDArray[Any]:
        return joined_values(parts, scaled=not same)[:, order]

    return Variable(
        (height, len(order), width),
        vnir.cube.dtype if same else np.dtype(np.float32),
        read,
        AXES,
        Metadata(
            fill=0 if same else None,
            gain=gain,
            offset=offset,
            georeference=georeference,
            note="; ".join(notes(parts, wavelengths[order], scaled=not same)),
        ),
        band_lists=(BandLists(wavelengths=wavelengths[order], fwhm=fwhm, units="nm"),),
    )


def joined_values(parts: list[Part], *, scaled: bool) -> NDArray[Any]:
    """Read the values of both detectors (H, B, W), scaled with NaN where no band has data."""
    stored = [part.read() for part in parts]
    if not scaled:
        return np.concatenate(stored, axis=1)
    empty = np.logical_and.reduce([(values == 0).all(axis=1) for values in stored])  # (H, W)
    values = np.concatenate(
        [
            values * np.float32(part.scale[0]) + np.float32(part.scale[1])
            for values, part in zip(stored, parts, strict=True)
        ],
        axis=1,
    )
    values.transpose(0, 2, 1)[empty] = np.nan
    return values


def notes(parts: list[Part], wavelengths: NDArray[np.float64], *, scaled: bool) -> Iterator[str]:
    """Note how the cubes of a file are joined."""
    vnir, swir = parts
    assert vnir.wavelengths is not None and swir.wavelengths is not None
    yield "VNIR and SWIR are joined in the order of their wavelengths"
    low, high = swir.wavelengths.min(), vnir.wavelengths.max()
    overlap = np.flatnonzero((wavelengths >= low) & (wavelengths <= high)) + 1
    if len(overlap):
        yield (
            f"they overlap in the bands {overlap[0]} to {overlap[-1]} ({low:g}–{high:g} nm), which "
            f"are all kept"
        )
    if scaled:
        yield "their scales differ and are applied"
    yield from filter(None, (part.note for part in parts))


def is_prisma(contents: Contents) -> bool:
    """Recognise the products by the names of their cubes."""
    return bool(cube_names(contents))


PRISMA = Product(name="PRISMA", recognises=is_prisma, adapt=adapt)
