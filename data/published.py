"""Numbers printed elsewhere, each with its source; never mixed with measured ones."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.catalogue import canonical_name

FILE = Path(__file__).with_name("published.csv")


@dataclass(frozen=True)
class PublishedRow:
    """The AUC that one source gives for a method, by the canonical names of scenes."""

    method: str
    source: str
    auc: dict[str, float]


def published_methods() -> list[str]:
    """The methods of which something was printed."""
    return list(dict.fromkeys(line["method"] for line in lines()))


def published_rows(scenes: Sequence[str], *, methods: Sequence[str] | None) -> list[PublishedRow]:
    """What was printed for these scenes, of these methods or of all."""
    wanted = {canonical_name(scene) for scene in scenes}
    rows: dict[tuple[str, str], PublishedRow] = {}
    for line in lines():
        method, scene = line["method"], canonical_name(line["scene"])
        if scene in wanted and (methods is None or method in methods):
            source = "; ".join(filter(None, (line["source"], line["note"])))
            row = rows.setdefault((method, source), PublishedRow(method, source, {}))
            row.auc[scene] = float(line["auc"])
    return list(rows.values())


def lines() -> list[dict[str, str]]:
    """The lines of the file: method, scene, auc, source and note."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
