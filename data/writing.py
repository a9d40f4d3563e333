"""Write images of a scene in the format of its file."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.format import Raster
from data.formats.matlab.file import write_variables
from data.formats.registry import FORMATS, named
from data.formats.stored_values import MASK_NO_DATA
from data.scene import Scene


def write_scene(scene: Scene, path: Path) -> None:
    """Write cube and ground truth of a scene to a MATLAB file as `data` and `map`.

    Pixels without a label are NaN in the ground truth.
    """
    truth = {} if scene.truth is None else {"map": scene.without_unlabelled(scene.truth)}
    write_variables(path, {"data": scene.cube[:], **truth})


def write_like(scene: Scene, stem: Path, values: NDArray[Any] | None) -> list[Path]:
    """Write an image (H, W), or a cube of the scene's bands, in the format of the scene.

    NaN stands for no data, in a mask (uint8) 255. Files of this name in another format, of an
    earlier scene, are removed once the new ones are written; all are where `values` is None.
    Returns the paths, none for formats that are not written, as MATLAB files are written anyway.
    """
    format = named(scene.format)
    writer = None if format is None else format.writer
    endings: tuple[str, ...] = ()
    paths = []
    if format is not None and writer is not None and values is not None:
        endings = writer.endings
        path = stem.with_name(stem.name + endings[0])
        format.check_package(path)
        paths = writer.write(path, raster(scene, values, title=stem.name))
    for ending in written_endings().difference(endings):
        stem.with_name(stem.name + ending).unlink(missing_ok=True)
    return paths


def written_endings() -> set[str]:
    """List the endings of files that any format writes."""
    writers = [format.writer for format in FORMATS if format.writer is not None]
    return {ending for writer in writers for ending in writer.endings}


def raster(scene: Scene, values: NDArray[Any], *, title: str) -> Raster:
    """Combine an image or a cube with the scene's metadata."""
    if values.dtype == np.uint8 and scene.masked is not None:
        values = np.where(scene.masked, np.uint8(MASK_NO_DATA), values)
    metadata = scene.metadata
    is_cube = values.ndim == 3
    return Raster(
        values=values,
        band_names=metadata.band_names(values.shape[2]) if is_cube else [title],
        georeference=metadata.georeference,
        wavelengths=metadata.wavelengths if is_cube else None,
        fwhm=metadata.fwhm if is_cube else None,
        header=metadata.header,
    )
