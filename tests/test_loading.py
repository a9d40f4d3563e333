"""From a name to a scene."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from data.loading import load_scene
from data.scene import SceneError

DATA = Path("data")


@pytest.fixture
def variables(cube: NDArray[Any], truth: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {"data": cube, "map": truth}


@pytest.mark.parametrize("dataset", ["mine", "mine.mat", "data/mine.mat", "data/mine"])
def test_a_name_and_a_path_mean_the_same_scene(
    workplace: Path, variables: dict[str, NDArray[Any]], dataset: str
) -> None:
    savemat("data/mine.mat", variables)
    scene = load_scene(dataset, data_dir=DATA)
    assert scene.name == "mine"
    assert scene.source == f"'{Path('data/mine.mat')}'"


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        ("HSI-II", "abu-beach-4"),
        ("abu-beach-4", "HSI-II"),
        ("Pavia", "HSI-II"),
        ("pavia", "HSI-II"),
        ("Gulfport", "abu-airport-4"),
        ("Cat Island", "abu-beach-1"),
        ("Texas Coast", "abu-urban-1"),
        ("Los Angeles-2", "abu-airport-2"),
        ("abu-airport-1", "Los Angeles-1"),
    ],
)
def test_aliases_find_each_other_and_the_name_is_the_one_asked_for(
    workplace: Path, variables: dict[str, NDArray[Any]], asked: str, file: str
) -> None:
    savemat(f"data/{file}.mat", variables)
    assert load_scene(asked, data_dir=DATA).name == asked


def test_the_exact_name_goes_before_its_aliases(
    workplace: Path, variables: dict[str, NDArray[Any]]
) -> None:
    savemat("data/HSI-II.mat", variables)
    savemat("data/abu-beach-4.mat", variables)
    assert "abu-beach-4.mat" in load_scene("abu-beach-4", data_dir=DATA).source


def test_synthetic_needs_no_file_but_a_file_of_that_name_goes_first(
    workplace: Path, variables: dict[str, NDArray[Any]]
) -> None:
    assert load_scene("synthetic", data_dir=Path("nowhere")).cube.shape == (100, 100, 100)
    savemat("data/synthetic.mat", variables)
    scene = load_scene("synthetic", data_dir=DATA)
    np.testing.assert_array_equal(scene.cube, variables["data"])


def test_a_missing_scene_says_where_it_was_looked_for_and_what_is_there(
    workplace: Path, variables: dict[str, NDArray[Any]]
) -> None:
    with pytest.raises(SceneError, match=r"data/HSI-II\.mat, data/abu-beach-4\.mat.* no \.mat"):
        load_scene("HSI-II", data_dir=DATA)
    savemat("data/one.mat", variables)
    savemat("data/two.mat", variables)
    with pytest.raises(SceneError, match=r"'missing'.*'data' has one, two"):
        load_scene("missing", data_dir=DATA)
    with pytest.raises(SceneError, match=r"no folder 'elsewhere'"):
        load_scene("elsewhere/missing.mat", data_dir=DATA)


@pytest.mark.parametrize("dataset", ["", ".", "..", "data/..", "...mat"])
def test_what_names_no_file_is_refused(workplace: Path, dataset: str) -> None:
    with pytest.raises(SceneError, match="names no scene"):
        load_scene(dataset, data_dir=DATA)
