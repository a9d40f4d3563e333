"""Maps and cubes of a scene, written in the format that the scene came in."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats import numpy_file
from data.formats.envi import image as envi
from data.formats.geotiff import image as geotiff
from data.formats.matlab import file as matfile
from data.formats.stored_values import MASK_GAP
from data.scene import Scene

# the endings of the files that a format is written as; NetCDF and HDF5 are given back as ENVI,
# which all programs open and which needs no extra
WRITTEN = {
    **dict.fromkeys(("ENVI", "NetCDF", "HDF5"), (".img", ".hdr")),
    "GeoTIFF": (".tif",),
    "NumPy": (".npy",),
}


def write_scene(scene: Scene, path: Path) -> None:
    """Write cube and truth of a scene to a MATLAB file as `data` and `map`.

    Pixels without a label are NaN in the map.
    """
    truth = {} if scene.truth is None else {"map": scene.labelled(scene.truth)}
    matfile.write_variables(path, {"data": scene.cube[:], **truth})


def write_like(scene: Scene, stem: Path, values: NDArray[Any] | None) -> list[Path]:
    """Write a map (H, W), or a cube of the scene's bands, beside what MATLAB reads.

    NaN stands for no data, in a mask (uint8) 255. Files of this name in another format, of an
    earlier scene, are taken away once the new ones are there; all are where `values` is None.
    Returns the paths, none for scenes of MATLAB files.
    """
    endings = WRITTEN.get(scene.format, ()) if values is not None else ()
    paths = []
    if values is not None and endings:
        paths = write_as(scene, stem.with_name(stem.name + endings[0]), values, title=stem.name)
    for ending in {ending for others in WRITTEN.values() for ending in others}.difference(endings):
        stem.with_name(stem.name + ending).unlink(missing_ok=True)
    return paths


def write_as(scene: Scene, path: Path, values: NDArray[Any], *, title: str) -> list[Path]:
    """Write a map or a cube in the format of the scene, with what is known of it."""
    if scene.format == "NumPy":
        return [numpy_file.write_array(path, values)]
    if values.dtype == np.uint8 and scene.masked is not None:
        values = np.where(scene.masked, np.uint8(MASK_GAP), values)
    metadata = scene.metadata
    spectral = values.ndim == 3
    told: dict[str, Any] = {
        "georeference": metadata.georeference,
        "wavelengths": metadata.wavelengths if spectral else None,
        "fwhm": metadata.fwhm if spectral else None,
        "band_names": metadata.band_names(values.shape[2]) if spectral else [title],
    }
    if scene.format == "GeoTIFF":
        return geotiff.write_image(path, values, **told)
    return envi.write_image(path, values, **told, header=metadata.header)
