"""Numbers printed elsewhere."""

import csv

import pytest

from data.known_scenes.catalogue import canonical_name
from data.published import FILE, published_rows
from experiments.declaration import TABLES, read_table


def lines() -> list[dict[str, str]]:
    """The lines of the file."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_number_is_an_auc_with_a_source() -> None:
    assert len(lines()) > 100
    for line in lines():
        assert list(line) == ["method", "scene", "auc", "source", "note"]
        assert 0 < float(line["auc"]) <= 1 and line["source"] and line["method"]


def test_nothing_is_noted_twice_by_one_source() -> None:
    keys = [(line["method"], line["scene"], line["source"], line["note"]) for line in lines()]
    assert len(set(keys)) == len(keys)


def test_every_line_reaches_a_row() -> None:
    scenes = sorted({line["scene"] for line in lines()})
    rows = published_rows(scenes, methods=None)
    assert sum(len(row.auc) for row in rows) == len(lines())
    metadata = {(row.method, row.auc.get(canonical_name("abu-beach-4"))) for row in rows}
    assert {("RX", 0.9538), ("NL2Net", 0.9916), ("NL2Net", 0.9843)} <= metadata


def test_methods_and_scenes_are_chosen() -> None:
    rows = published_rows(["abu-urban-1", "mine"], methods=["RX", "NL2Net"])
    assert {row.method for row in rows} == {"RX", "NL2Net"}
    assert all(set(row.auc) == {"abu-urban-1"} for row in rows)
    assert published_rows(["abu-urban-1"], methods=[]) == []
    assert published_rows(["mine", "abu-beach-4_crop100"], methods=None) == []


@pytest.mark.parametrize("name", ["HSI-II", "hsi-ii", "Pavia", "abu-beach-4"])
def test_a_scene_is_known_by_all_its_names(name: str) -> None:
    assert published_rows([name], methods=None) == published_rows(["abu-beach-4"], methods=None)
    assert published_rows([name], methods=["NL2Net"])


def test_sources_of_one_method_are_rows_of_their_own_with_their_notes() -> None:
    rows = published_rows(["abu-beach-4"], methods=["NL2Net"])
    assert len({row.source for row in rows}) == len(rows) > 1
    assert all(len(row.auc) == 1 for row in rows)
    assert any(row.source.endswith("second-hand") for row in rows)


def test_the_tables_of_the_project_ask_for_methods_that_are_there() -> None:
    methods = {line["method"] for line in lines()}
    for path in TABLES.glob("*.toml"):
        assert set(read_table(path.stem, given={}).published or ()) <= methods
