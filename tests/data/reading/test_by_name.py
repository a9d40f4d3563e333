"""From a name to a scene."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from data.errors import SceneError
from data.reading.by_name import load_scene, scene_name, scene_names, scenes_in
from data.reading.settings import ReadSettings

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


def test_the_truth_next_to_each_scene(
    workplace: Path, variables: dict[str, NDArray[Any]], truth: NDArray[Any]
) -> None:
    savemat("data/one.mat", {"data": variables["data"]})
    savemat("data/one_gt.mat", {"gt": 1 - (truth > 0)})
    savemat("data/two.mat", variables)
    reading = ReadSettings(map="auto")
    found = load_scene("one", data_dir=DATA, reading=reading).anomalous
    assert found is not None and np.array_equal(found, truth == 0)
    own = load_scene("two", data_dir=DATA, reading=reading).anomalous
    assert own is not None and np.array_equal(own, truth > 0)


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
    message = r"data/HSI-II\.mat, data/abu-beach-4\.mat.*another format.*'data' has no scene"
    with pytest.raises(SceneError, match=message):
        load_scene("HSI-II", data_dir=DATA)
    savemat("data/one.mat", variables)
    savemat("data/two.mat", variables)
    with pytest.raises(SceneError, match=r"'missing'.*'data' has one, two"):
        load_scene("missing", data_dir=DATA)
    with pytest.raises(SceneError, match=r"no folder 'elsewhere'"):
        load_scene("elsewhere/missing.mat", data_dir=DATA)


@pytest.mark.parametrize(
    "dataset",
    [
        "",
        ".",
        "..",
        "data/..",
        "...mat",
        "/",
        "..mat",
        "data/..npy.mat",
        "a\0b",
        "a\nb",
        "a\x1b[2J",
    ],
)
def test_what_names_no_file_is_refused(workplace: Path, dataset: str) -> None:
    with pytest.raises(SceneError, match="names no scene"):
        load_scene(dataset, data_dir=DATA)


@pytest.mark.parametrize(
    ("dataset", "file"),
    [
        ("UP", "UP.MAT"),
        ("my scene v1.2", "my scene v1.2.mat"),
        ("my scene v1.2", "my scene v1.2.npy"),
        ("x.y.npy", "x.y.npy"),
        ("stack", "stack.NPY"),
        ("bare", "bare"),
        ("Gulfport.npy", "abu-airport-4.npy"),
    ],
)
def test_names_as_people_write_them(
    workplace: Path, variables: dict[str, NDArray[Any]], dataset: str, file: str
) -> None:
    with (DATA / file).open("wb") as stream:
        if file.lower().endswith("npy"):
            np.save(stream, variables["data"])
        else:
            savemat(stream, variables)
    scene = load_scene(dataset, data_dir=DATA)
    assert scene.source == f"'{DATA / file}'"
    assert scene.name == dataset.removesuffix(".npy")


def test_an_ending_that_is_given_means_no_file_with_another(
    workplace: Path, variables: dict[str, NDArray[Any]]
) -> None:
    savemat("data/x.mat", variables)
    np.save("data/x.npy", variables["data"])
    assert load_scene("x", data_dir=DATA).format == "MATLAB"
    assert load_scene("x.npy", data_dir=DATA).format == "NumPy"
    with pytest.raises(SceneError, match=r"no scene 'x\.img'.*'data' has x;"):
        load_scene("x.img", data_dir=DATA)


def test_a_name_is_that_of_the_file_without_the_endings_of_formats() -> None:
    names = ["x.mat", "x.img.hdr", "a/x.HDR", "x.nc", "x.tif"]
    assert {scene_name(name) for name in names} == {"x"}
    assert scene_name("x.v1") == "x.v1"


def test_a_scene_of_another_folder_has_its_name_in_this_one(
    workplace: Path, variables: dict[str, NDArray[Any]]
) -> None:
    """So that its runs and results stay in the folders that they belong to."""
    savemat(workplace / "x.mat", variables)
    Path("data/deep").mkdir()
    for dataset in ("../x", str(workplace / "x.mat"), "data/deep/../../x", "./x.mat"):
        assert scene_name(dataset) == "x"
    assert load_scene("data/deep/../../x", data_dir=DATA).name == "x"
    assert scene_name("/etc/passwd") == "passwd"
    with pytest.raises(SceneError, match=r"'/etc/passwd' is of no supported format"):
        load_scene("/etc/passwd", data_dir=DATA)


def test_a_folder_is_noted_from_a_scene(
    workplace: Path, variables: dict[str, NDArray[Any]]
) -> None:
    savemat("data/x.mat", variables)
    with pytest.raises(SceneError, match=r"'data' is a folder, not a scene: 'data' has x; give"):
        load_scene("data", data_dir=Path())


def test_a_scene_in_the_place_of_which_there_is_something_else(workplace: Path) -> None:
    Path("data/x.mat").symlink_to("moved.mat")
    for dataset in ("x", "x.mat", "data/x.mat"):
        with pytest.raises(
            SceneError, match=r"'data/x\.mat' is a link to 'moved\.mat', which does"
        ):
            load_scene(dataset, data_dir=DATA)
    Path("data/y.npy.crdownload").touch()
    with pytest.raises(SceneError, match=r"y\.npy\.crdownload' was not downloaded to its end"):
        load_scene("y", data_dir=DATA)


def test_scenes_in_a_folder(workplace: Path) -> None:
    truths = ("a_gt.mat", "B_GT.npy", "b_map.hdr", "a_Ground-Truth.mat")
    files = (
        "._b.mat",
        ".c.mat",
        "b.mat",
        "b.hdr",
        "a.TIF",
        "c_gt.mat",
        "notes.txt",
        "a.png",
        "bare",
        *truths,
    )
    for name in files:
        (DATA / name).touch()
    (DATA / "folder.mat").mkdir()
    assert scenes_in(DATA) == ["a", "b", "c_gt"]  # there is no c that it could be the truth of
    assert scenes_in(Path("nowhere")) == []


@pytest.mark.parametrize("name", ["here.npy", "here", "there.npy", "there", "far.npy", "far"])
def test_the_map_is_looked_for_here_in_the_data_folder_and_next_to_the_scene(
    workplace: Path, variables: dict[str, NDArray[Any]], name: str
) -> None:
    Path("other").mkdir()
    savemat("other/x.mat", {"data": variables["data"]})
    for path in ("here", "data/there", "other/far"):
        np.save(f"{path}.npy", variables["map"])
    scene = load_scene("other/x.mat", data_dir=DATA, reading=ReadSettings(map=name))
    np.testing.assert_array_equal(scene.truth, variables["map"])


def test_a_map_that_is_not_there(workplace: Path, variables: dict[str, NDArray[Any]]) -> None:
    savemat("data/x.mat", variables)
    message = r"no file 'truth\.png' for --map: looked in '\.', 'data'$"
    with pytest.raises(SceneError, match=message):
        load_scene("x", data_dir=DATA, reading=ReadSettings(map="truth.png"))
    assert load_scene("x", data_dir=DATA, reading=ReadSettings(map="none")).truth is None


@pytest.mark.parametrize(
    "reading",
    [ReadSettings(bands="1-5"), ReadSettings(map="none"), ReadSettings(nodata=0)],
    ids=str,
)
def test_the_synthetic_scene_is_no_file_to_read_in_another_way(reading: ReadSettings) -> None:
    (option,) = reading.non_default
    with pytest.raises(SceneError, match=f"--{option} does not apply to the synthetic scene"):
        load_scene("synthetic", data_dir=Path("nowhere"), reading=reading)


def test_two_scenes_of_one_name_are_noted_with_their_paths() -> None:
    assert scene_names(["a/x.mat", "y", "b/z.img.hdr"]) == ["x", "y", "z"]
    message = r"two scenes are called 'x' \(a/x\.mat, b/x\.hdr\); rename one, or pass them to two"
    with pytest.raises(SceneError, match=message):
        scene_names(["a/x.mat", "y", "b/x.hdr"])


@pytest.mark.parametrize("name", ["", "."])
def test_a_map_without_a_name(
    workplace: Path, variables: dict[str, NDArray[Any]], name: str
) -> None:
    savemat("data/x.mat", variables)
    with pytest.raises(
        SceneError, match=r"^--map '\.?' names no file \(none for no ground truth\)$"
    ):
        load_scene("x", data_dir=DATA, reading=ReadSettings(map=name))


def test_a_zarr_store_is_named(workplace: Path) -> None:
    Path("x.zarr").mkdir()
    Path("x.zarr/.zgroup").touch()
    with pytest.raises(SceneError, match=r"^'x\.zarr' is a Zarr store, not supported: xarray"):
        load_scene("x.zarr", data_dir=DATA)
