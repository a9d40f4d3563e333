"""Stack single bands, of variables or of files, to one cube."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import BandLists, Variable, Window
from data.metadata import Metadata
from data.reading.band_names import Bands
from data.reading.unit_axes import squeezed_window
from utils.text import first_few, shape_text

MOST_LISTED = 10  # numbers of bands that are left out


def plane(variable: Variable) -> Variable | None:
    """Return an image of one band as (H, W); None for other arrays.

    Axes of length 1 are dropped from those of more than two.
    """
    dropped = [axis for axis, length in enumerate(variable.shape) if length == 1]
    kept = [axis for axis in range(len(variable.shape)) if axis not in dropped]
    if not variable.is_numeric or len(kept) != 2:
        return None
    window, axes = variable.window, variable.axes
    names = "".join(axes[axis] for axis in kept) if axes else ""
    swap = names == "wh"

    def read() -> NDArray[Any]:
        values = np.squeeze(variable.read(), tuple(dropped))
        return values.T if swap else values

    shape = tuple(variable.shape[axis] for axis in kept)
    return replace(
        variable,
        shape=shape[::-1] if swap else shape,
        read=read,
        axes="hw",
        window=None if window is None or swap else squeezed_window(window, dropped),
        scales=(),
    )


def stack(bands: Bands, planes: Mapping[str, Variable], source: str) -> Variable:
    """Return the cube (H, W, B) of bands (H, W), in their order.

    Raises SceneError where they differ in size or place.
    """
    members = [planes[name] for name in bands.names]
    check_alike(dict(zip(bands.names, members, strict=True)), source)
    height, width = members[0].shape
    metadata, scaled = common_metadata(members)
    dtype = np.dtype(np.float32) if scaled else np.result_type(*(band.dtype for band in members))

    def read() -> NDArray[Any]:
        cube = np.empty((height, width, len(members)), dtype)
        for index, band in enumerate(members):
            cube[..., index] = physical(band) if scaled else band.read()
        return cube

    windows = [band.window for band in members if band.window is not None]
    lazy = len(windows) == len(members) and not scaled
    return Variable(
        (height, width, len(members)),
        dtype,
        read,
        "hwb",
        replace(metadata, note=note(bands, scaled=scaled)),
        window=stacked_window(windows, dtype) if lazy else None,
        band_lists=(lists_in_names(bands), common_lists(members)),
    )


def check_alike(members: Mapping[str, Variable], source: str) -> None:
    """Raise SceneError for the first band whose size or place is not that of the first."""
    (first, band), *others = members.items()
    for name, other in others:
        if other.shape != band.shape:
            raise SceneError(
                f"{source}: the bands differ in size: '{first}' is {shape_text(band.shape)}, "
                f"'{name}' {shape_text(other.shape)}; resample them to one grid, or keep those of "
                f"one size only"
            )
        if other.metadata.georeference != band.metadata.georeference:
            raise SceneError(
                f"{source}: the bands differ in place: '{name}' has another georeference than "
                f"'{first}'; resample them to one grid"
            )


def common_metadata(members: Sequence[Variable]) -> tuple[Metadata, bool]:
    """Return the metadata of all bands, and True where these differ in scale or no-data value.

    Pixels are masked where the mask of a band has them.
    """
    place: dict[str, Any] = {"masked": None, "georeference": None, "header": {}, "note": ""}
    kinds = {repr(replace(band.metadata, **place)) for band in members}  # NaN is not equal to NaN
    masks = [band.metadata.masked for band in members if band.metadata.masked is not None]
    masked = np.logical_or.reduce(masks) if masks else None
    first = replace(members[0].metadata, masked=masked, header={})
    if len(kinds) == 1:
        return first, False
    return replace(first, gain=1.0, offset=0.0, fill=None, other_fills=(), valid=None), True


def physical(band: Variable) -> NDArray[np.float32]:
    """Read a band in physical units, NaN for no data."""
    stored, metadata = band.read(), band.metadata
    values = (stored * metadata.gain + metadata.offset).astype(np.float32)
    values[metadata.no_data.marked(stored)] = np.nan
    return values


def stacked_window(windows: Sequence[Window], dtype: np.dtype[Any]) -> Window:
    """Return a function that reads blocks of the stack from those of its bands."""

    def window(where: tuple[slice, ...]) -> NDArray[Any]:
        blocks = [read(where[:2]).astype(dtype, copy=False) for read in windows[where[2]]]
        return np.stack(blocks, axis=2)

    return window


def lists_in_names(bands: Bands) -> BandLists:
    """Return the wavelengths in the names of bands, where these are wavelengths."""
    if not bands.units:
        return BandLists()
    wavelengths = np.array([number for number, _ in bands.numbers])
    return BandLists(wavelengths=wavelengths, units=bands.units)


def common_lists(members: Sequence[Variable]) -> BandLists:
    """Return the wavelengths and widths that the bands declare, where all declare them."""
    lists = [lists for band in members for lists in declared(band)[:1]]
    wavelengths, widths = (
        [np.ravel(numbers) for numbers in found if numbers is not None and np.size(numbers) == 1]
        for found in ([one.wavelengths for one in lists], [one.fwhm for one in lists])
    )
    if len(wavelengths) < len(members) or len({one.units for one in lists}) > 1:
        return BandLists()
    return BandLists(
        wavelengths=np.concatenate(wavelengths),
        fwhm=np.concatenate(widths) if len(widths) == len(members) else None,
        units=lists[0].units,
    )


def by_wavelength(planes: Mapping[str, Variable]) -> Bands | None:
    """Sort bands by the wavelengths that they declare; None where one declares none."""
    wavelengths = common_lists(list(planes.values())).wavelengths
    if wavelengths is None or not np.isfinite(wavelengths).all():
        return None
    order = [int(index) for index in np.argsort(wavelengths, kind="stable")]
    names = list(planes)
    return Bands(
        pattern="*",
        names=tuple(names[index] for index in order),
        numbers=tuple((float(wavelengths[index]), "") for index in order),
        units=next(iter(declared(planes[names[0]]))).units or "",
    )


def declared(band: Variable) -> list[BandLists]:
    """List the places of a file that declare the wavelength of its band."""
    return [lists for lists in band.band_lists if lists.wavelengths is not None]


def note(bands: Bands, *, scaled: bool) -> str:
    """Note in which order bands are stacked, and which numbers are left out."""
    text = f"{len(bands.names)} bands, each stored by itself, are stacked in the order "
    text += "of their wavelengths" if bands.units else "of their numbers"
    text += f", from '{bands.names[0]}' to '{bands.names[-1]}'"
    if bands.missing:
        text += f"; numbers left out: {first_few(list(map(str, bands.missing)), most=MOST_LISTED)}"
    return f"{text}; they differ in scale or no-data value, which is applied" if scaled else text
