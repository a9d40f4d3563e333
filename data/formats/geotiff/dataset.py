"""Files that rasterio opens: an optional extra, its warnings, the damage it meets, their values."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.guards import check_claim, damage_told


def rasterio_for(path: Path) -> Any:
    """Import rasterio; raise SceneError, naming the file that needs it, where it is missing."""
    try:
        import rasterio
    except ImportError as error:
        raise SceneError(
            f"'{path}' is a GeoTIFF, which needs rasterio: pip install -r requirements-geotiff.txt"
        ) from error
    return rasterio


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a GeoTIFF file; raise SceneError for any damage that rasterio meets in it."""
    rasterio = rasterio_for(path)
    with damage_told(path, "GeoTIFF"), unreferenced_allowed(rasterio), losses_raised(), unsaid():
        dataset = rasterio.open(path, driver="GTiff")
    with damage_told(path, "GeoTIFF"), unreferenced_allowed(rasterio), unsaid(), dataset:
        itemsize = max(np.dtype(kind).itemsize for kind in dataset.dtypes)
        check_claim(dataset.height * dataset.width * dataset.count * itemsize, path)
        yield dataset


@contextmanager
def unreferenced_allowed(rasterio: Any) -> Iterator[None]:
    """Have rasterio not warn of images that lie nowhere on the Earth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        yield


@contextmanager
def unsaid() -> Iterator[None]:
    """Have rasterio not print that it cannot decode a damaged tag which GDAL complains of."""
    said = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        with redirect_stderr(StringIO()):
            yield
    finally:
        sys.unraisablehook = said


@contextmanager
def losses_raised() -> Iterator[None]:
    """Raise OSError for tags that lie behind the end of the file: GDAL only logs their loss."""
    lost: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        if "IO error" in record.getMessage():
            lost.append(record.getMessage())
        return True

    logger = logging.getLogger("rasterio._env")
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
    if lost:
        raise OSError(lost[0])


def image_bands(dataset: Any) -> tuple[list[int], NDArray[np.bool_] | None]:
    """The bands, from 1, that hold the image, and the pixels (H, W) that a mask leaves out, if any.

    The mask lies beside the bands or is an alpha band. GDAL calls the last of four bands in uint8
    alpha by itself, so one that holds more than two values stays a band of the image.
    """
    names = [colour.name for colour in dataset.colorinterp]
    bands = [band for band, name in zip(dataset.indexes, names, strict=True) if name != "alpha"]
    if "alpha" in names:
        seen = dataset.read(names.index("alpha") + 1)
        if not bands or len(np.unique(seen)) > 2:
            return list(dataset.indexes), None
        return bands, seen == 0
    if any(flag.name == "per_dataset" for flag in dataset.mask_flag_enums[0]):
        return bands, dataset.read_masks(1) == 0
    return bands, None


def scales_of(dataset: Any, bands: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gains and offsets of bands, (B,)."""
    gains, offsets = np.array(dataset.scales), np.array(dataset.offsets)
    places = np.array(bands) - 1
    return gains[places], offsets[places]


def scales_differ(dataset: Any, bands: list[int]) -> bool:
    """Whether bands have gains and offsets of their own."""
    return any(len(set(told)) > 1 for told in scales_of(dataset, bands))


def type_of(dataset: Any, bands: list[int]) -> np.dtype[Any]:
    """The type of the values once they are read."""
    if scales_differ(dataset, bands):
        return np.dtype(np.float32)
    # GDAL's pairs of whole numbers are read as complex numbers
    kinds = [dataset.dtypes[band - 1] for band in bands]
    return np.result_type(*("complex64" if kind.startswith("complex_") else kind for kind in kinds))


def pixels(dataset: Any, bands: list[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read the values (H, W, B); scaled, with NaN for no data, where bands differ in scales."""
    cube = np.empty((dataset.height, dataset.width, len(bands)), dtype)
    differ = scales_differ(dataset, bands)
    gains, offsets = (told.astype(np.float32) for told in scales_of(dataset, bands))
    for _, window in dataset.block_windows(1):  # a second copy of the whole would not always fit
        block = dataset.read(bands, window=window).transpose(1, 2, 0)
        if differ:
            empty = block == dataset.nodata
            block = block * gains + offsets
            block[empty] = np.nan
        cube[window.toslices()] = block
    return cube
