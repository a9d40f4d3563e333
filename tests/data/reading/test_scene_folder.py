"""Folders of scenes: the scenes in them, in the order of people, and what is no scene."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from data.formats.envi.image import ENVI
from data.formats.format import Raster
from data.reading.folder import is_scene
from data.reading.scene_folder import SceneFolder, find_scenes, scene_folder

CUBE = np.random.default_rng(0).integers(1, 4000, (6, 5, 4)).astype(np.int16)
TRUTH = np.eye(6, 5, dtype=np.uint8)


def listed(folder: Path) -> SceneFolder:
    """The scenes in a folder, which has some."""
    found = scene_folder(str(folder), data_dir=Path("data"), data_key=None)
    assert found is not None
    return found


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder of five scenes, one of them broken, among other files."""
    folder = tmp_path / "scenes"
    (folder / "bands").mkdir(parents=True)
    (folder / "notes").mkdir()
    np.save(folder / "s10.npy", CUBE)
    savemat(folder / "s2.mat", {"data": CUBE, "map": TRUTH})
    savemat(folder / "S9_gt.mat", {"map": TRUTH})
    (folder / "S9.mat").write_bytes((folder / "s2.mat").read_bytes()[:300])
    assert ENVI.writer is not None
    ENVI.writer.write(folder / "s1.img", Raster(values=CUBE.astype(np.float32)))
    Image.fromarray(TRUTH * 255).save(folder / "s1_mask.png")
    for band in range(4):
        np.save(folder / "bands" / f"B{band + 1}.npy", CUBE[..., band])
    np.save(folder / "spectra.npy", CUBE[0])
    (folder / "readme.txt").write_text("scenes")
    (folder / ".hidden.npy").write_bytes((folder / "s10.npy").read_bytes())
    return folder


def test_every_scene_is_listed_once_in_natural_order(mixed: Path) -> None:
    found = listed(mixed)
    assert [path.name for path in found.scenes] == [
        "bands",
        "s1.hdr",
        "s2.mat",
        "S9.mat",
        "s10.npy",
    ]


def test_files_that_are_no_scenes_are_named_with_the_reason(mixed: Path) -> None:
    assert listed(mixed).note == (
        f"'{mixed}': besides scenes there are folders, which are not entered: 1 ('notes'); "
        "files of no format of scenes: 1 ('readme.txt'); "
        "ground truths by their names (--map auto): 2 ('s1_mask.png', 'S9_gt.mat'); "
        "files without a cube: 1 ('spectra.npy')"
    )


def test_folders_are_replaced_by_their_scenes_and_other_names_stay(
    mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(mixed.parent)
    scenes, notes = find_scenes(["nowhere", "scenes", "synthetic"], data_dir=Path("data"))
    within = [f"scenes/{path.name}" for path in listed(mixed).scenes]
    assert scenes == ["nowhere", *within, "synthetic"]
    assert len(notes) == 1 and notes[0].startswith("'scenes': besides scenes there are ")
    monkeypatch.chdir(mixed)
    assert find_scenes(["."], data_dir=Path("data")) == find_scenes([str(mixed)], data_dir=Path())


def test_a_folder_of_bands_is_one_scene_also_with_a_cube(tmp_path: Path) -> None:
    for band in range(4):
        np.save(tmp_path / f"B{band + 1}.npy", CUBE[..., band])
    np.save(tmp_path / "angles.npy", CUBE)
    assert is_scene(tmp_path)
    assert find_scenes([str(tmp_path)], data_dir=Path("data")) == ([str(tmp_path)], [])


@pytest.mark.parametrize("name", ["x{}_map.npy", "x{}_anomalous.npy"])
def test_as_many_cubes_as_images_of_one_band_are_scenes(tmp_path: Path, name: str) -> None:
    """Maps next to scenes, whose names differ in a number only, are no bands."""
    for number in range(1, 5):
        np.save(tmp_path / f"x{number}.npy", CUBE)
        np.save(tmp_path / name.format(number), TRUTH)
    assert not is_scene(tmp_path)
    assert [path.stem for path in listed(tmp_path).scenes] == ["x1", "x2", "x3", "x4"]


def test_the_data_folder_goes_before_another_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, name in (("data/many", "a"), ("many", "b")):
        Path(folder).mkdir(parents=True)
        np.save(f"{folder}/{name}.npy", CUBE)
    assert find_scenes(["many"], data_dir=Path("data"))[0] == ["data/many/a.npy"]
