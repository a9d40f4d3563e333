"""Identification of the cube and the ground truth among variables."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.reading.usual_names import is_truth_of, neighbouring_truth
from data.reading.variables import find_cube, find_truth

PATH = Path("x.mat")
CUBE, MAP = (13, 11, 5), (13, 11)
HINT = "save it otherwise"


def contents(*, of_type: str = "u2", **shapes: tuple[int, ...]) -> Contents:
    """A file with arrays of these names and shapes, whose values nobody reads."""

    def read() -> NDArray[Any]:
        raise AssertionError("a choice looks at names and shapes alone")

    dtype = np.dtype(of_type)
    return Contents(
        {name: Variable(shape, dtype, read, hint=HINT) for name, shape in shapes.items()}
    )


def truth_of(
    found: Contents, *, size: tuple[int, ...] = CUBE, cube: str | None = "data"
) -> str | None:
    return find_truth(found, PATH, key=None, size=size, cube=cube)


@pytest.mark.parametrize(
    ("cube", "truth"),
    [
        ("data", "map"),
        ("data", "groundtruth"),
        ("hsi", "hsi_gt"),
        ("image", "mask"),
        ("X", "y"),
        ("paviaU", "paviaU_gt"),
        ("HSI", "GT"),
        ("img", "Ground_Truth"),
        ("any", "thing"),
    ],
)
def test_the_names_of_the_field(cube: str, truth: str) -> None:
    shapes: dict[str, Any] = {truth: MAP, cube: CUBE, "wavelength": (1, 5), "info": (1, 1)}
    found = contents(**shapes)
    assert find_cube(found, PATH, key=None) == cube
    assert truth_of(found, cube=cube) == truth


def test_the_published_names_win() -> None:
    found = contents(hsi=CUBE, data=CUBE, gt=MAP, map=MAP, mask=MAP)
    assert (find_cube(found, PATH, key=None), truth_of(found)) == ("data", "map")
    found = contents(hsi=CUBE, Data=CUBE, gt=MAP, Map=MAP)
    assert (find_cube(found, PATH, key=None), truth_of(found, cube="Data")) == ("Data", "Map")


def test_a_key_goes_before_every_name() -> None:
    found = contents(data=CUBE, other=CUBE, map=MAP, second=MAP)
    assert find_cube(found, PATH, key="other") == "other"
    assert find_truth(found, PATH, key="second", size=CUBE, cube="data") == "second"


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"a": CUBE, "b": CUBE}, "the cube: a 13×11×5, b 13×11×5; name yours with --data_key"),
        ({"hsi": CUBE, "img": CUBE, "z": CUBE}, "cube: hsi 13×11×5, img 13×11×5; name yours"),
        ({"map": MAP}, r"no cube, an array of height × width × bands \(found: map 13×11\)"),
        ({}, r"no cube.*\(found: nothing\)"),
        ({"x": (2, *CUBE)}, r"no cube.*x 2×13×11×5\); save one part of 'x', such as one time"),
    ],
)
def test_no_cube_and_several_are_refused_with_what_there_is(
    shapes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SceneError, match=f"'x.mat' .*{message}"):
        find_cube(contents(**shapes), PATH, key=None)


def test_what_holds_no_numbers_is_no_cube_and_said_to_be_none() -> None:
    message = r"found: data 1×1×3 \(no numbers\)\); 'data': save it otherwise"
    with pytest.raises(SceneError, match=message):
        find_cube(contents(of_type="O", data=(1, 1, 3)), PATH, key=None)


@pytest.mark.parametrize("option", ["--data_key", "--map_key"])
def test_a_key_that_is_not_there_is_noted_with_all_that_are(option: str) -> None:
    found = contents(data=CUBE, map=MAP)
    message = rf"no variable 'z', as {option} names \(found: data 13×11×5, map 13×11\)"
    with pytest.raises(SceneError, match=message):
        if option == "--data_key":
            find_cube(found, PATH, key="z")
        else:
            find_truth(found, PATH, key="z", size=CUBE, cube="data")


def test_several_maps_are_refused_with_the_ways_out() -> None:
    for names in (("gt", "mask"), ("one", "two")):
        maps: dict[str, Any] = dict.fromkeys(names, MAP)
        found = contents(data=CUBE, **maps)
        with pytest.raises(SceneError, match=f"{names[0]} 13×11, {names[1]} 13×11; .*--map none"):
            truth_of(found)


def test_a_truth_without_a_name_needs_the_lengths_of_the_cube() -> None:
    assert truth_of(contents(data=CUBE, thing=(9, 7))) is None
    assert truth_of(contents(data=CUBE, thing=(11, 13))) == "thing"  # transposed
    assert truth_of(contents(data=(5, 13, 11), thing=MAP), size=(5, 13, 11)) == "thing"
    # endmembers have a length of the cube too, but the ground truth has both of the image
    assert truth_of(contents(data=CUBE, endmembers=(11, 5), thing=MAP)) == "thing"
    # one with a usual name is wanted, whatever its size: that it does not fit is an error later
    assert truth_of(contents(data=CUBE, gt=(9, 7))) == "gt"


def test_of_several_usual_names_the_one_that_fits() -> None:
    assert truth_of(contents(data=CUBE, target=(7, 9), label=MAP)) == "label"
    assert truth_of(contents(data=CUBE, label=(1, 1), target=(1, 5))) is None  # text, a spectrum


def test_places_and_results_are_no_truth() -> None:
    assert truth_of(contents(data=CUBE, lat=MAP, Longitude=MAP, detectmap=MAP)) is None
    assert truth_of(contents(data=CUBE, lat=MAP, lon=MAP, thing=MAP)) == "thing"


def test_in_a_file_of_its_own_any_array_of_two_axes_may_be_the_truth() -> None:
    assert truth_of(contents(thing=(9, 7)), cube=None) == "thing"
    assert truth_of(contents(thing=MAP, other=(9, 7)), cube=None) == "thing"
    assert truth_of(contents(data=CUBE), cube=None) is None


@pytest.mark.parametrize("size", [(1, 11, 5), (13, 1, 5), (13, 11, 1)])
def test_thin_images(size: tuple[int, int, int]) -> None:
    """The cube is not taken for its own truth, nor a truth for a cube."""
    found = contents(cube=size)
    assert find_cube(found, PATH, key=None) == "cube"
    assert truth_of(found, size=size, cube="cube") is None
    assert truth_of(contents(cube=size, gt=size[:2]), size=size, cube="cube") == "gt"


def test_a_truth_with_a_third_axis_of_length_one() -> None:
    found = contents(paviaU=CUBE, paviaU_gt=(13, 11, 1))
    assert find_cube(found, PATH, key=None) == "paviaU"
    assert truth_of(found, cube="paviaU") == "paviaU_gt"


def test_a_truth_in_a_file_next_to_it(tmp_path: Path) -> None:
    for name in ("a.mat", "a_b.mat", "a_gt.hdr", "ab_gt.mat"):
        (tmp_path / name).touch()
    assert neighbouring_truth(tmp_path / "a.mat") == tmp_path / "a_gt.hdr"
    assert neighbouring_truth(tmp_path / "a_b.mat") is None


def test_a_truth_is_called_after_its_scene() -> None:
    assert (
        is_truth_of("a_GT", "A")
        and is_truth_of("a_ground_truth", "a")
        and is_truth_of("a_b_map", "a_b")
    )
    assert not is_truth_of("a", "a") and not is_truth_of("a_gt", "b")
    assert not is_truth_of("a_b_gt", "a")  # it is that of a_b


def test_places_of_pixels_are_no_truth() -> None:
    found = contents(cube=CUBE, latitudes=(13, 11), longitudes=(13, 11))
    assert truth_of(found, cube="cube") is None
