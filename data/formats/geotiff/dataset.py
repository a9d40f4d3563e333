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

from data.errors import SceneError
from data.formats.guards import ALWAYS_ALLOWED, check_claim

CACHE = 1 << 28  # bytes of unpacked tiles that GDAL keeps
MOST_PADDING = 8  # times the values of an image that its tiles may hold


@contextmanager
def opened(path: Path, page: str = "") -> Iterator[Any]:
    """Open a GeoTIFF file, or a page by GDAL's name for it; raise OSError where tags are lost."""
    import rasterio  # an optional package, which the format's record names

    with rasterio.Env(GDAL_CACHEMAX=CACHE), no_georeference_warning(rasterio), quiet_stderr():
        with raise_lost_tags():
            dataset = rasterio.open(page or path, driver="GTiff")
        with dataset:
            itemsize = max(np.dtype(kind).itemsize for kind in dataset.dtypes)
            nbytes = dataset.height * dataset.width * dataset.count * itemsize
            check_claim(nbytes, path)
            check_blocks(dataset, nbytes, path)
            yield dataset


def check_blocks(dataset: Any, nbytes: int, path: Path) -> None:
    """Raise SceneError for tiles or strips far larger than the image: they are unpacked whole."""
    stored = 0
    for (tall, wide), kind in zip(dataset.block_shapes, dataset.dtypes, strict=True):
        tiles = -(-dataset.height // tall) * -(-dataset.width // wide)
        stored += tiles * tall * wide * np.dtype(kind).itemsize
    if stored > max(MOST_PADDING * nbytes, ALWAYS_ALLOWED):
        tall, wide = dataset.block_shapes[0]
        raise SceneError(
            f"'{path}' has tiles of {tall:,}×{wide:,} pixels for {dataset.height:,}×"
            f"{dataset.width:,}, which need {stored:,} bytes of memory: save it with smaller tiles"
        )


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
