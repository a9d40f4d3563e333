"""Files that rasterio opens: an optional extra, its warnings, the damage it meets, their values."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.damage import damage_told
from data.scene import SceneError


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
    with damage_told(path, "GeoTIFF"), unreferenced_allowed(rasterio), losses_raised():
        dataset = rasterio.open(path, driver="GTiff")
    with damage_told(path, "GeoTIFF"), unreferenced_allowed(rasterio), dataset:
        yield dataset


@contextmanager
def unreferenced_allowed(rasterio: Any) -> Iterator[None]:
    """Have rasterio not warn of images that lie nowhere on the Earth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        yield


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


def scales_differ(dataset: Any) -> bool:
    """Whether bands have gains and offsets of their own."""
    return len(set(dataset.scales)) > 1 or len(set(dataset.offsets)) > 1


def type_of(dataset: Any) -> np.dtype[Any]:
    """The type of the values once they are read."""
    if scales_differ(dataset):
        return np.dtype(np.float32)
    # GDAL's pairs of whole numbers are read as complex numbers
    return np.result_type(
        *("complex64" if kind.startswith("complex_") else kind for kind in dataset.dtypes)
    )


def pixels(dataset: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read the values (H, W, B); scaled, with NaN for no data, where bands differ in scales."""
    cube = np.empty((dataset.height, dataset.width, dataset.count), dtype)
    differ = scales_differ(dataset)
    gains, offsets = np.float32(dataset.scales), np.float32(dataset.offsets)
    for _, window in dataset.block_windows(1):  # a second copy of the whole would not always fit
        block = dataset.read(window=window).transpose(1, 2, 0)
        if differ:
            empty = block == dataset.nodata
            block = block * gains + offsets
            block[empty] = np.nan
        cube[window.toslices()] = block
    return cube
