"""Comparison of scenes with the catalogue, by their shapes, anomalies and values."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from data.known_scenes.catalogue import checksum
from data.lazy_cube import Cube
from data.scene import Scene
from utils.text import shape_text


def checksum_if_known(cube: Cube, scenes: Iterable[Mapping[str, Any]]) -> str:
    """Compute a cube's checksum; empty where none of the scenes has its shape."""
    shapes = [tuple(facts["shape"]) for facts in scenes if facts["shape"]]
    return checksum(cube) if cube.shape in shapes else ""


def differences(scene: Scene, facts: Mapping[str, Any], *, sums: str) -> list[str]:
    """List how a scene, with this checksum of its values, differs from the facts on it."""
    different = []
    if facts["shape"] not in (None, list(scene.cube.shape)):
        different.append(f"its shape is {shape_text(scene.cube.shape)}")
    elif facts["checksum"] not in (None, sums):
        different.append("its values differ")
    if scene.truth is not None and facts["anomalies"] not in (None, scene.anomalies):
        different.append(f"its ground truth has {scene.anomalies} anomalous pixels")
    return different


def is_the_file(path: Path, facts: Mapping[str, Any]) -> bool:
    """Return True for the file that the facts have the SHA-256 of."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest() == facts["sha256"].lower()
