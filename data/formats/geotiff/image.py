"""GeoTIFF images, read and written with rasterio, which is an optional package."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Contents, Variable
from data.formats.envi.sidecar import with_sidecar
from data.formats.format import Format, Raster, Writer, begins_with
from data.formats.geotiff.band_tags import read_band_lists
from data.formats.geotiff.dataset import (
    image_bands,
    no_georeference_warning,
    opened,
    read_pixels,
    scales_differ,
    value_type,
)
from data.formats.geotiff.dlr import as_delivered
from data.formats.geotiff.pages import bands_in_pages, page_names, page_note, read_pages
from data.formats.stored_values import no_data_value, storable
from data.georeference import Georeference, coordinate_system
from data.metadata import Metadata
from utils.files import atomic_write

ENDING = ".tif"
STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
TILE = 256  # pixels


def read(path: Path) -> Contents:
    """List the one image of a GeoTIFF file, (H, W, B), whose bands may be pages."""
    with opened(path) as dataset:
        bands, masked = image_bands(dataset)
        pages, in_pages = bands_in_pages(dataset, path)
        shape = (dataset.height, dataset.width, len(pages or bands))
        dtype = value_type(dataset, bands)
        metadata = read_metadata(dataset, bands, masked)
        band_lists = (in_pages,) if pages else read_band_lists(dataset, bands)
        more = len(page_names(dataset))
        names = () if pages else tuple(dataset.descriptions[band - 1] or "" for band in bands)

    def read_values() -> NDArray[Any]:
        if pages:
            return read_pages(path, pages, np.empty(shape, dtype))
        with opened(path) as dataset:
            return read_pixels(dataset, bands, dtype)

    if pages:
        metadata = replace(metadata, note=page_note(len(pages), shape[:2]))
    elif more:
        metadata = replace(
            metadata, note=f"of its {more} pages only the first, the largest, is read"
        )
    image = Variable(
        shape, dtype, read_values, "hwb", metadata, band_lists=band_lists, band_names=names
    )
    return Contents({"image": with_sidecar(as_delivered(image, path), path)})


def read_metadata(dataset: Any, bands: list[int], masked: NDArray[np.bool_] | None) -> Metadata:
    """Read the metadata of an image, without its numbers per band."""
    alpha = "an alpha band, which marks no-data pixels, is not a band of the cube"
    note = alpha if len(bands) < dataset.count else ""
    georeference = read_georeference(dataset)
    if georeference is not None and not georeference.is_usable:
        georeference, unusable = None, "the file's transform cannot be used for locations"
        note = "; ".join(filter(None, [note, unusable]))
    if scales_differ(dataset, bands):
        return Metadata(georeference=georeference, masked=masked, note=note)
    fill = dataset.nodata
    return Metadata(
        fill=None if fill is None else float(fill),
        gain=float(dataset.scales[bands[0] - 1]) or 1.0,
        offset=float(dataset.offsets[bands[0] - 1]),
        georeference=georeference,
        masked=masked,
        note=note,
    )


def read_georeference(dataset: Any) -> Georeference | None:
    """Read the georeference of an image; None where the file has no transform."""
    transform = dataset.transform
    if transform.is_identity:  # GDAL's value for none
        return None
    crs = coordinate_system(dataset.crs.to_wkt(version="WKT2_2019")) if dataset.crs else None
    a, b, c, d, e, f = transform[:6]
    return Georeference((a, b, c, d, e, f), crs)


def write_image(path: Path, image: Raster) -> list[Path]:
    """Write an image, whole or not at all; return its path.

    Floats become float32 with NaN for no data, masks uint8 with 255.
    """
    import rasterio  # an optional package, which the format's record names

    values = image.values
    cube = storable(values if values.ndim == 3 else values[..., None])
    with no_georeference_warning(rasterio), rasterio.MemoryFile() as memory:
        profile = {**layout(cube), **georeference_entries(rasterio, image.georeference)}
        with memory.open(**profile) as dataset:
            # before the values: what comes after them is at the end, and is the first to be lost
            write_tags(dataset, image)
            for band in range(cube.shape[2]):
                dataset.write(cube[..., band], band + 1)
        with atomic_write(path) as file:
            file.write(memory.getbuffer())
    return [path]


def layout(cube: NDArray[Any]) -> dict[str, Any]:
    """List the options of rasterio for the layout and compression of an image (H, W, B)."""
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


def georeference_entries(rasterio: Any, georeference: Georeference | None) -> dict[str, Any]:
    """List the options of rasterio for a georeference."""
    if georeference is None:
        return {}
    crs = georeference.crs
    return {
        "transform": rasterio.Affine(*georeference.transform),
        "crs": None if crs is None else rasterio.crs.CRS.from_wkt(crs.to_wkt()),
    }


def write_tags(dataset: Any, image: Raster) -> None:
    """Name the bands, and write their wavelengths and widths to the tags that GDAL uses."""
    for index, band in enumerate(dataset.indexes):
        tags: dict[str, str] = {}
        imagery: dict[str, str] = {}
        if image.wavelengths is not None:
            tags |= {"wavelength": f"{image.wavelengths[index]:.10g}", "wavelength_units": "nm"}
            imagery["CENTRAL_WAVELENGTH_UM"] = f"{image.wavelengths[index] / 1000:.10g}"
        if image.fwhm is not None:
            tags["fwhm"] = f"{image.fwhm[index]:.10g}"
            imagery["FWHM_UM"] = f"{image.fwhm[index] / 1000:.10g}"
        dataset.update_tags(band, **tags)
        dataset.update_tags(band, ns="IMAGERY", **imagery)
        if image.band_names:
            dataset.set_band_description(band, image.band_names[index])


GEOTIFF = Format(
    name="GeoTIFF",
    endings=(ENDING, ".tiff"),
    recognises=begins_with(*STARTS),
    read=read,
    writer=Writer((ENDING,), write_image),
    package="rasterio",
    requirements="requirements-geotiff.txt",
)
