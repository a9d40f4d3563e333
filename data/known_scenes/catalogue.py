"""Known scenes: names, properties and sources (`catalogue.json`)."""

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
    """Load the known scenes by their names."""
    return json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8"))


def other_names(name: str) -> list[str]:
    """List the aliases of a scene, given in upper or lower case."""
    return [other for other in known_names(name) if other != name]


def canonical_name(name: str) -> str:
    """Return the name of a scene in the catalogue, by which aliases are recognised."""
    return next(iter(known_names(name)), name)


def known_names(name: str) -> list[str]:
    """List all names of a scene of the catalogue, the main one first; none of other scenes."""
    for scene, facts in catalogue().items():
        names = [scene, *facts["aliases"]]
        if name.lower() in map(str.lower, names):
            return names
    return []


def checksum(values: Cube) -> str:
    """Compute a checksum of an array's values, independent of their type and order."""
    digest = hashlib.sha256()
    for rows in row_blocks(values, work="checksum"):
        digest.update(np.ascontiguousarray(values[rows], dtype="<f8").data)
    return digest.hexdigest()


def source_text(facts: Mapping[str, Any]) -> str:
    """Describe where a scene is from: the page that it is downloaded from, where one is known."""
    page, source = facts.get("page"), facts.get("source") or ""
    if not page:
        return source or "no source is known"
    return f"{page} ({source})" if source else page
