"""AUCs from the literature, with sources; never mixed with measured ones."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.known_scenes.catalogue import canonical_name

FILE = Path(__file__).with_name("published.csv")


@dataclass(frozen=True)
class PublishedRow:
    """The AUCs of a method in one source, by the canonical names of scenes."""

    method: str
    source: str
    auc: dict[str, float]


def published_methods() -> list[str]:
    """List the methods with published AUCs."""
    return list(dict.fromkeys(line["method"] for line in read_rows()))


def published_rows(scenes: Sequence[str], *, methods: Sequence[str] | None) -> list[PublishedRow]:
    """List the published AUCs on these scenes, of these methods or of all."""
    requested = {canonical_name(scene) for scene in scenes}
    rows: dict[tuple[str, str], PublishedRow] = {}
    for line in read_rows():
        method, scene = line["method"], canonical_name(line["scene"])
        if scene in requested and (methods is None or method in methods):
            source = "; ".join(filter(None, (line["source"], line["note"])))
            row = rows.setdefault((method, source), PublishedRow(method, source, {}))
            row.auc[scene] = float(line["auc"])
    return list(rows.values())


def read_rows() -> list[dict[str, str]]:
    """Read the rows of the file: method, scene, auc, source and note."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
