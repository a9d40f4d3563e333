"""Finished cells on disk."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.cell import Outcome
from experiments.cell_store import CellStore

SCORES = np.random.default_rng(0).random((4, 3), np.float32)
RECORD: dict[str, Any] = {
    **{"measures": {"auc_df": 0.1 + 0.2}, "eval_freq": 1},
    **{"label": "τ ± 1", "curve": [[1, 0.5]]},
}
DONE = Outcome(RECORD, SCORES)
FAILED = Outcome({**RECORD, "failed": "no luck"})


@pytest.fixture
def store(tmp_path: Path) -> CellStore:
    """An empty store, whose folder is not there yet."""
    return CellStore(tmp_path / "cells")


def names(store: CellStore) -> set[str]:
    """The files of a store."""
    return {
        str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.is_file()
    }


def test_what_is_kept_is_found_to_the_last_digit(store: CellStore) -> None:
    store.save("a scene", "key", DONE)
    found = store.find("a scene", "key")
    assert found is not None and found.scores is not None
    assert found.record == RECORD
    assert np.array_equal(found.scores, SCORES) and found.scores.dtype == np.float32
    assert names(store) == {"a scene/key.json", "a scene/key.npy"}


def test_nothing_else_is_found(store: CellStore) -> None:
    assert store.find("scene", "key") is None and not store.folder.exists()
    store.save("scene", "key", DONE)
    assert store.find("scene", "key2") is None and store.find("other", "key") is None


def test_failures_are_reported_but_computed_again(store: CellStore) -> None:
    store.save("scene", "key", FAILED)
    assert store.find("scene", "key") is None
    assert names(store) == {"scene/key.failed.json"}
    assert '"failed": "no luck"' in store.path("scene", "key", "failed.json").read_text()
    store.save("scene", "key", DONE)  # what has worked has not failed
    assert names(store) == {"scene/key.json", "scene/key.npy"}


def test_a_later_outcome_takes_the_place_of_an_earlier_one(store: CellStore) -> None:
    store.save("scene", "key", DONE)
    later = {"measures": None, "eval_freq": 0}
    store.save("scene", "key", Outcome(later, SCORES * 2))
    found = store.find("scene", "key")
    assert found is not None and found.record == later
    assert found.scores is not None and np.array_equal(found.scores, SCORES * 2)


@pytest.mark.parametrize("ending", ["json", "npy"])
@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 0.99])
def test_a_damaged_cell_is_not_there(store: CellStore, ending: str, left: float) -> None:
    store.save("scene", "key", DONE)
    path = store.path("scene", "key", ending)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(left * len(whole))])
    assert store.find("scene", "key") is None
    path.write_bytes(b"\xff\xfe" + whole[2:] if ending == "json" else b"XX" + whole[2:])
    assert store.find("scene", "key") is None
    path.unlink()
    assert store.find("scene", "key") is None
    store.save("scene", "key", DONE)
    assert store.find("scene", "key") is not None


@pytest.mark.parametrize("lacking", ["measures", "eval_freq"])
def test_a_record_that_lacks_what_a_table_needs_is_not_there(
    store: CellStore, lacking: str
) -> None:
    """Such as one of an earlier version of the program."""
    record = {name: value for name, value in RECORD.items() if name != lacking}
    store.save("scene", "key", Outcome(record, SCORES))
    assert store.find("scene", "key") is None
    store.save("scene", "key", Outcome({**record, lacking: None}, SCORES))
    assert store.find("scene", "key") is not None


@pytest.mark.parametrize("text", ['["measures", "eval_freq"]', '"measures eval_freq"', "1", "null"])
def test_what_is_no_record_is_not_there(store: CellStore, text: str) -> None:
    store.save("scene", "key", DONE)
    store.path("scene", "key", "json").write_text(text)
    assert store.find("scene", "key") is None


def test_an_array_of_objects_is_not_unpickled(store: CellStore) -> None:
    store.save("scene", "key", DONE)
    np.save(store.path("scene", "key", "npy"), np.array([{}], dtype=object))
    assert store.find("scene", "key") is None


@pytest.mark.parametrize("write", [1, 2])
def test_a_disk_that_is_full_leaves_no_half_a_cell(
    store: CellStore, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    """Whichever of the two files it is that cannot be written."""
    writes = iter(range(1, 3))

    def full(_: int) -> None:
        if next(writes) == write:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device: '.*key"):
        store.save("scene", "key", DONE)
    assert store.find("scene", "key") is None
    assert not [name for name in names(store) if name.endswith(".tmp")]
