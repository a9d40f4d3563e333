"""What is known about a scene: which of the catalogue it is, and what was published on it."""

from collections.abc import Iterator, Mapping
from typing import Any

from data.catalogue import catalogue, checksum, known_names
from data.errors import shape_text
from data.published import published_rows
from data.scene import Scene


def known_facts(scene: Scene) -> Iterator[tuple[str, str]]:
    """What the catalogue says of a scene, whether this is it, and what was published on it."""
    sums = checksum_if_known(scene)
    alike = [name for name, facts in catalogue().items() if facts["checksum"] == sums]
    names = known_names(scene.name) or alike
    if not names:
        yield "catalogue", "no scene of this name or of these values"
        return
    facts = catalogue()[names[0]]
    yield (
        "catalogue",
        (
            f"{' = '.join(names)}: {facts['place']}, {facts['sensor']}, "
            f"{shape_text(facts['shape'])}, {facts['anomalies']} anomalous pixels"
        ),
    )
    yield "", verdict(scene, facts, sums)
    if alike and alike[0] not in names:
        yield "", f"its values are those of {alike[0]}"
    yield "source", f"{facts['source']}, as data/{facts['file']}"
    rows = published_rows([names[0]], methods=None)
    for source in dict.fromkeys(row.source for row in rows):
        told = [f"{row.method} {row.auc[names[0]]:.4f}" for row in rows if row.source == source]
        yield "published", f"AUC of {', '.join(told)} [{source}]"


def checksum_if_known(scene: Scene) -> str:
    """The checksum of a cube's values; none where no scene of the catalogue has its shape."""
    shapes = [tuple(facts["shape"]) for facts in catalogue().values()]
    return checksum(scene.cube) if scene.cube.shape in shapes else ""


def verdict(scene: Scene, facts: Mapping[str, Any], sums: str) -> str:
    """Whether a scene is the one that the catalogue has under its name."""
    different = []
    if list(scene.cube.shape) != facts["shape"]:
        different.append(f"its shape is {shape_text(scene.cube.shape)}")
    elif facts["checksum"] not in (None, sums):
        different.append("its values are others")
    if scene.truth is not None and scene.anomalies != facts["anomalies"]:
        different.append(f"its map has {scene.anomalies} anomalous pixels")
    if different:
        return f"this is not that scene as it is known: {' and '.join(different)}"
    agree = "shape" if scene.truth is None else "shape, number of anomalous pixels"
    if facts["checksum"] is None:
        return f"its {agree} agree; no checksum of the values is known here"
    return f"this is that scene: {agree} and checksum of the values agree"
