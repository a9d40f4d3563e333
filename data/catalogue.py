"""The scenes that the field knows: names, facts, and where they come from (`catalogue.json`)."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from data.lazy_cube import Cube, row_blocks


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """The known scenes by their own names."""
    return json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8"))


def other_names(name: str) -> list[str]:
    """The names under which the same scene is passed around, upper or lower case."""
    return [other for other in known_names(name) if other != name]


def canonical_name(name: str) -> str:
    """The one of a scene's names that tells that two are the same: that of the catalogue."""
    return next(iter(known_names(name)), name)


def known_names(name: str) -> list[str]:
    """All names of a scene of the catalogue, its own first; none of other scenes."""
    for scene, facts in catalogue().items():
        names = [scene, *facts["aliases"]]
        if name.lower() in map(str.lower, names):
            return names
    return []


def checksum(values: Cube) -> str:
    """A checksum of the values of an array, whatever type and order they are stored in."""
    found = hashlib.sha256()
    for rows in row_blocks(values):
        found.update(np.ascontiguousarray(values[rows], dtype="<f8").data)
    return found.hexdigest()
