"""GeoTIFF images, read and written through rasterio, which is an optional extra."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Contents, Variable
from data.formats.geotiff.band_tags import spectrum_of
from data.formats.geotiff.dataset import (
    image_bands,
    opened,
    pixels,
    rasterio_for,
    scales_differ,
    type_of,
    unreferenced_allowed,
)
from data.formats.stored_values import no_data_value, storable
from data.georeference import Georeference, coordinate_system
from data.metadata import Metadata
from utils.files import atomic_write

TILE = 256  # pixels


def read_contents(path: Path) -> Contents:
    """List the one image of a GeoTIFF file, (H, W, B).

    Raises SceneError where the file is none or damaged, or where rasterio is missing.
    """
    with opened(path) as dataset:
        bands, masked = image_bands(dataset)
        shape = (dataset.height, dataset.width, len(bands))
        dtype = type_of(dataset, bands)
        metadata = replace(metadata_of(dataset, bands), masked=masked)
        if len(bands) < dataset.count:
            note = "an alpha band, which says where there is no data, is no band of the cube"
            metadata = replace(metadata, note="; ".join(filter(None, (metadata.note, note))))

    def read() -> NDArray[Any]:
        with opened(path) as dataset:
            return pixels(dataset, bands, dtype)

    return Contents("GeoTIFF", {"image": Variable(shape, dtype, read, "hwb", metadata)})


def metadata_of(dataset: Any, bands: list[int]) -> Metadata:
    """What the file tells of bands beside their values."""
    metadata = replace(spectrum_of(dataset, bands), georeference=georeference_of(dataset))
    if scales_differ(dataset, bands):
        return metadata
    fill = dataset.nodata
    return replace(
        metadata,
        fill=None if fill is None else float(fill),
        gain=float(dataset.scales[bands[0] - 1]) or 1.0,
        offset=float(dataset.offsets[bands[0] - 1]),
    )


def georeference_of(dataset: Any) -> Georeference | None:
    """Where the image lies; None where the file does not tell a transform."""
    transform = dataset.transform
    if transform.is_identity:  # what GDAL gives for none
        return None
    crs = coordinate_system(dataset.crs.to_wkt(version="WKT2_2019")) if dataset.crs else None
    a, b, c, d, e, f = transform[:6]
    return Georeference((a, b, c, d, e, f), crs)


def write_image(
    path: Path,
    values: NDArray[Any],
    *,
    georeference: Georeference | None = None,
    wavelengths: NDArray[np.float64] | None = None,
    fwhm: NDArray[np.float64] | None = None,
    band_names: Sequence[str] | None = None,
) -> list[Path]:
    """Write an image (H, W) or (H, W, B), whole or not at all; return the paths of its files.

    Floats become float32 with NaN for no data, masks uint8 with 255. Wavelengths and widths (B,)
    are in nm. Raises SceneError where rasterio is missing.
    """
    rasterio = rasterio_for(path)
    cube = storable(values if values.ndim == 3 else values[..., None])
    with unreferenced_allowed(rasterio), rasterio.MemoryFile() as memory:
        with memory.open(**layout(cube), **place(rasterio, georeference)) as dataset:
            # before the values: what comes after them lies at the end, and is the first to be lost
            describe(dataset, wavelengths=wavelengths, fwhm=fwhm, names=band_names)
            for band in range(cube.shape[2]):
                dataset.write(cube[..., band], band + 1)
        with atomic_write(path) as file:
            file.write(memory.getbuffer())
    return [path]


def layout(cube: NDArray[Any]) -> dict[str, Any]:
    """How the values of an image (H, W, B) are laid out and compressed."""
    height, width, bands = cube.shape
    floats = cube.dtype.kind == "f"
    options: dict[str, Any] = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": bands,
        "dtype": cube.dtype.name,
        "nodata": no_data_value(cube.dtype),
        "compress": "deflate",
        "predictor": 3 if floats else 2,  # made for floats, and for whole numbers
        "interleave": "band",  # viewers show a band or three
        "photometric": "MINISBLACK",  # three bands are not red, green and blue by their number
        "BIGTIFF": "IF_SAFER",
    }
    if min(height, width) > TILE:
        options |= {"tiled": True, "blockxsize": TILE, "blockysize": TILE}
    return options


def place(rasterio: Any, georeference: Georeference | None) -> dict[str, Any]:
    """Where an image lies, as rasterio takes it."""
    if georeference is None:
        return {}
    crs = georeference.crs
    return {
        "transform": rasterio.Affine(*georeference.transform),
        "crs": None if crs is None else rasterio.crs.CRS.from_wkt(crs.to_wkt()),
    }


def describe(
    dataset: Any,
    *,
    wavelengths: NDArray[np.float64] | None,
    fwhm: NDArray[np.float64] | None,
    names: Sequence[str] | None,
) -> None:
    """Name the bands, and tell their wavelengths and widths in the tags that GDAL uses."""
    for index, band in enumerate(dataset.indexes):
        tags: dict[str, str] = {}
        imagery: dict[str, str] = {}
        if wavelengths is not None:
            tags |= {"wavelength": f"{wavelengths[index]:.10g}", "wavelength_units": "nm"}
            imagery["CENTRAL_WAVELENGTH_UM"] = f"{wavelengths[index] / 1000:.10g}"
        if fwhm is not None:
            tags["fwhm"] = f"{fwhm[index]:.10g}"
            imagery["FWHM_UM"] = f"{fwhm[index] / 1000:.10g}"
        dataset.update_tags(band, **tags)
        dataset.update_tags(band, ns="IMAGERY", **imagery)
        if names is not None:
            dataset.set_band_description(band, names[index])
