"""Open GeoTIFF datasets with rasterio, and read their values."""

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

from data.formats.guards import check_claim


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a GeoTIFF file; raise OSError where tags of it are lost."""
    import rasterio  # an optional package, which the format's record names

    with no_georeference_warning(rasterio), quiet_stderr():
        with raise_lost_tags():
            dataset = rasterio.open(path, driver="GTiff")
        with dataset:
            itemsize = max(np.dtype(kind).itemsize for kind in dataset.dtypes)
            check_claim(dataset.height * dataset.width * dataset.count * itemsize, path)
            yield dataset


@contextmanager
def no_georeference_warning(rasterio: Any) -> Iterator[None]:
    """Ignore rasterio's warning about images without a georeference."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        yield


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Suppress what rasterio prints when it cannot decode a damaged tag that GDAL reports."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        with redirect_stderr(StringIO()):
            yield
    finally:
        sys.unraisablehook = hook


@contextmanager
def raise_lost_tags() -> Iterator[None]:
    """Raise OSError for tags located behind the end of the file: GDAL only logs their loss."""
    lost: list[str] = []

    def record_loss(record: logging.LogRecord) -> bool:
        if "IO error" in record.getMessage():
            lost.append(record.getMessage())
        return True

    logger = logging.getLogger("rasterio._env")
    logger.addFilter(record_loss)
    try:
        yield
    finally:
        logger.removeFilter(record_loss)
    if lost:
        raise OSError(lost[0])


def image_bands(dataset: Any) -> tuple[list[int], NDArray[np.bool_] | None]:
    """Return the bands of the image, from 1, and the no-data mask (H, W) of the file, if any.

    The mask is stored separately or as an alpha band. GDAL calls the last of four bands in uint8
    alpha unasked, so one that holds more than two values stays a band of the image.
    """
    names = [colour.name for colour in dataset.colorinterp]
    bands = [band for band, name in zip(dataset.indexes, names, strict=True) if name != "alpha"]
    if "alpha" in names:
        alpha = dataset.read(names.index("alpha") + 1)
        if not bands or len(np.unique(alpha)) > 2:
            return list(dataset.indexes), None
        return bands, alpha == 0
    if any(flag.name == "per_dataset" for flag in dataset.mask_flag_enums[0]):
        return bands, dataset.read_masks(1) == 0
    return bands, None


def band_scales(dataset: Any, bands: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the gains and offsets of bands, (B,)."""
    gains, offsets = np.array(dataset.scales), np.array(dataset.offsets)
    indices = np.array(bands) - 1
    return gains[indices], offsets[indices]


def scales_differ(dataset: Any, bands: list[int]) -> bool:
    """Return True where bands have different gains or offsets."""
    return any(len(set(values)) > 1 for values in band_scales(dataset, bands))


def value_type(dataset: Any, bands: list[int]) -> np.dtype[Any]:
    """Return the type of the values once they are read."""
    if scales_differ(dataset, bands):
        return np.dtype(np.float32)
    # GDAL's pairs of whole numbers are read as complex numbers
    kinds = [dataset.dtypes[band - 1] for band in bands]
    return np.result_type(*("complex64" if kind.startswith("complex_") else kind for kind in kinds))


def read_pixels(dataset: Any, bands: list[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read the values (H, W, B); scaled, with NaN for no data, where bands differ in scales."""
    cube = np.empty((dataset.height, dataset.width, len(bands)), dtype)
    differ = scales_differ(dataset, bands)
    gains, offsets = (values.astype(np.float32) for values in band_scales(dataset, bands))
    for _, window in dataset.block_windows(1):  # a second copy of the whole would not always fit
        block = dataset.read(bands, window=window).transpose(1, 2, 0)
        if differ:
            empty = block == dataset.nodata
            block = block * gains + offsets
            block[empty] = np.nan
        cube[window.toslices()] = block
    return cube
