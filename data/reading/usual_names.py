"""Usual names of cubes and ground truths, of variables and of files."""

import re
from pathlib import Path

from data.formats.listing import visible_files

# usual names of cubes and ground truths; the first, which the published program reads, wins
CUBE_NAMES = (
    *("data", "hsi", "image", "img", "cube", "x", "y", "hs", "hyperspectral", "hypercube"),
    *("hyperspectralimage", "hsimage", "datacube", "scene", "reflectance", "radiance", "input"),
    *("surfacereflectance", "toareflectance", "toaradiance"),
    *("hsidata", "imagedata", "hyperimage", "hyper"),
)
TRUTH_NAMES = (
    *("map", "gt", "groundtruth", "truth", "mask", "label", "labels", "gnd", "anomaly"),
    *("anomalies", "anomalymap", "target", "targets", "annotation", "reference"),
    *("gtmap", "truthmap", "groundtruthmap", "labelmap", "groundt"),
)
UNCERTAIN_NAMES = ("mask", "label", "labels", "target", "targets", "annotation", "reference")
OTHER_IMAGES = (  # neither a cube nor a ground truth
    *("lat", "latitude", "latitudes", "lon", "long", "longitude", "longitudes"),
    *("easting", "northing", "eastings", "northings"),
    *("elev", "elevation", "dem", "detectmap"),
)


def is_truth_name(name: str) -> bool:
    """Return True for a usual name of ground truths."""
    return normalised(name) in TRUTH_NAMES


def is_uncertain_name(name: str) -> bool:
    """Return True for a name that ground truths share with other images."""
    return normalised(name) in UNCERTAIN_NAMES


def is_truth_of(name: str, scene: str) -> bool:
    """Return True for the name of a scene's ground truth: `x_gt` for `x`."""
    start = f"{scene.lower()}_"
    word = name.lower().removeprefix(start)
    return name.lower().startswith(start) and alphanumeric(word) in TRUTH_NAMES


def neighbouring_truth(path: Path) -> Path | None:
    """Find a file that by its name holds the ground truth of a scene: `x_gt.mat` of `x.mat`.

    In the folder of a scene that is one, it may also be `gt.png`.
    """
    inside = visible_files(path) if path.is_dir() else []
    named = (
        other
        for other in (*inside, *visible_files(path.parent))
        if is_truth_of(other.stem, path.stem) or (other in inside and is_truth_name(other.stem))
    )
    return next(named, None)


def normalised(name: str) -> str:
    """Reduce a variable's name to lower-case letters and digits, without its group.

    Names that end in `_gt`, as `paviau_gt`, become `gt`.
    """
    word = name.rsplit("/", 1)[-1].lower()
    return "gt" if word.endswith("_gt") else alphanumeric(word)


def alphanumeric(word: str) -> str:
    """Reduce a word to lower-case letters and digits."""
    return re.sub(r"[^a-z0-9]", "", word)
