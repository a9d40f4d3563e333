"""The facts on a scene as values of JSON (`--command info --json`)."""

from pathlib import Path
from typing import Any

import numpy as np

from data.info import count_objects, file_size, type_name
from data.known_scenes.catalogue import known_names
from data.reading.folder import scene_contents
from data.scene import Scene


def file_values(path: Path) -> dict[str, Any]:
    """Describe a file: its format, and each of its variables."""
    contents = scene_contents(path)
    return {
        "file": str(path),
        "format": contents.variant or contents.format,
        "bytes": file_size(path),
        "variables": [
            {"name": name, "shape": list(variable.shape), "type": type_name(variable)}
            for name, variable in contents.variables.items()
        ],
    }


def scene_values(scene: Scene) -> dict[str, Any]:
    """Describe a scene as it is read; what it lacks is None."""
    metadata = scene.metadata
    low, high = scene.range
    known = known_names(scene.name)
    return {
        "dataset": scene.name,
        "shape": list(scene.cube.shape),
        "type": str(scene.cube.dtype),
        "range": [low.item(), high.item()],
        "gain": metadata.gain,
        "offset": metadata.offset,
        "bands": as_list(metadata.numbers),
        "wavelengths": as_list(metadata.wavelengths),
        "masked": 0 if scene.masked is None else int(np.count_nonzero(scene.masked)),
        **truth_values(scene),
        "transform": None if metadata.georeference is None else metadata.georeference.transform,
        "crs": crs_text(scene),
        "known_as": known[0] if known else None,
        "notes": list(scene.notes),
    }


def truth_values(scene: Scene) -> dict[str, Any]:
    """Count the pixels and objects of the ground truth; all None without one."""
    if scene.anomalous is None:
        return dict.fromkeys(("anomalous", "unlabelled", "objects"))
    unlabelled = 0 if scene.unlabelled is None else int(np.count_nonzero(scene.unlabelled))
    objects = count_objects(scene.anomalous & scene.evaluated)
    return {"anomalous": scene.anomalies, "unlabelled": unlabelled, "objects": objects}


def as_list(values: "np.ndarray[Any, Any] | None") -> list[Any] | None:
    """Convert a list of numbers per band (B,)."""
    return None if values is None else values.tolist()


def crs_text(scene: Scene) -> str | None:
    """Name the coordinate system in WKT; None where it is not known."""
    georeference = scene.metadata.georeference
    return georeference.crs.to_wkt() if georeference and georeference.crs else None
