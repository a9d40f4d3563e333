"""The scenes that the field knows."""

import re
from pathlib import Path

import numpy as np
import pytest

from data.known_scenes.catalogue import (
    canonical_name,
    catalogue,
    checksum,
    known_names,
    other_names,
)

FACTS = {"aliases", "place", "sensor", "shape", "anomalies", "rx_auc", "checksum", "file", "source"}


@pytest.mark.parametrize("name", catalogue())
def test_the_facts_of_a_scene_are_complete_and_possible(name: str) -> None:
    facts = catalogue()[name]
    assert set(facts) >= FACTS
    height, width, bands = facts["shape"]
    assert min(height, width, bands) > 50
    assert 0 < facts["anomalies"] < height * width / 20
    assert facts["rx_auc"] is None or 0.5 < facts["rx_auc"] < 1
    assert facts["checksum"] is None or re.fullmatch("[0-9a-f]{64}", facts["checksum"])
    assert facts["file"] == f"{name}.mat" and facts["source"] and facts["place"]


def test_no_name_and_no_checksum_means_two_scenes() -> None:
    names = [name.lower() for scene in catalogue() for name in known_names(scene)]
    sums = [facts["checksum"] for facts in catalogue().values() if facts["checksum"]]
    assert len(set(names)) == len(names) and len(set(sums)) == len(sums)


def test_a_scene_is_known_by_each_of_its_names() -> None:
    names = ["abu-beach-4", "HSI-II", "Pavia"]
    assert all(known_names(name) == names for name in (*names, "hsi-ii", "ABU-Beach-4"))
    assert {canonical_name(name) for name in names} == {"abu-beach-4"}
    assert other_names("HSI-II") == ["abu-beach-4", "Pavia"]
    assert other_names("pavia") == names  # of which a file may have any
    assert known_names("mine") == [] == other_names("mine") and canonical_name("mine") == "mine"


def test_the_readme_names_every_scene() -> None:
    readme = Path(__file__).parents[3].joinpath("docs", "scenes.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Known scenes\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    assert [row[0].strip("`") for row in rows] == list(catalogue())
    for row, facts in zip(rows, catalogue().values(), strict=True):
        assert row[1:] == [
            ", ".join(facts["aliases"]) or "–",
            facts["place"],
            facts["sensor"],
            "×".join(map(str, facts["shape"])),
            str(facts["anomalies"]),
            "yes" if facts["checksum"] else "–",
        ]


def test_a_checksum_is_of_the_values_alone() -> None:
    values = np.arange(24).reshape(2, 3, 4)
    same = [values.astype(dtype) for dtype in ("u1", "i2", ">i2", "f4", "f8")]
    same += [np.asfortranarray(values), values[::1]]
    assert {checksum(array) for array in same} == {checksum(values)}
    others = [values + 1, values[::-1], values.transpose(1, 0, 2)]
    assert checksum(values) not in map(checksum, others)
