"""Folders as scenes: one file per band, and products of several files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.errors import SceneError
from data.formats.envi import image as envi
from data.formats.format import Raster
from data.info import file_facts
from data.reading.by_name import load_scene
from data.reading.settings import ReadSettings
from data.scene import Scene
from tests.data.formats.geotiff.test_dlr import CUBE as PRODUCT
from tests.data.formats.geotiff.test_dlr import ENMAP, enmap_xml, write_image

rasterio = pytest.importorskip("rasterio")

CUBE = np.random.default_rng(0).integers(1, 4000, (6, 5, 12)).astype(np.int16)
NAME = "EO1H0440342008183110PF_B{}_L1T.TIF"


def write_band(
    path: Path, values: NDArray[Any], *, left: float = 5e5, tags: dict[str, str] | None = None
) -> None:
    """Write a GeoTIFF file of one band."""
    height, width = values.shape
    layout = {"height": height, "width": width, "count": 1, "dtype": values.dtype}
    place = {"transform": rasterio.Affine(30, 0, left, 0, -30, 4e6), "crs": "EPSG:32633"}
    with rasterio.open(path, "w", driver="GTiff", **layout, **place) as file:
        file.write(values, 1)
        file.update_tags(1, **(tags or {}))


def write_bands(folder: Path, name: str = NAME) -> Path:
    """Write the bands of the cube into a folder, named by their numbers from 1."""
    folder.mkdir()
    for band in range(CUBE.shape[2]):
        write_band(folder / name.format(band + 1), CUBE[..., band])
    return folder


def load(folder: Path, **reading: Any) -> Scene:
    """Load the scene in a folder."""
    return load_scene(str(folder), data_dir=Path("data"), reading=ReadSettings(**reading))


def test_the_files_of_a_folder_are_its_bands_in_natural_order(tmp_path: Path) -> None:
    folder = write_bands(tmp_path / "EO1H")
    (folder / "EO1H_MTL_L1T.TXT").write_text("metadata")
    (folder / "._EO1H_B001_L1T.TIF").write_bytes(b"\0\5\x16\7")
    write_band(folder / "quality.tif", CUBE[..., 0])
    Image.fromarray(np.eye(6, 5, dtype=np.uint8)).save(folder / "gt.png")
    scene = load(folder)
    np.testing.assert_array_equal(scene.cube, CUBE)
    assert scene.name == "EO1H" and scene.format == "GeoTIFF" and scene.truth is None
    georeference = scene.metadata.georeference
    assert georeference is not None and georeference.transform == (30, 0, 5e5, 0, -30, 4e6)
    notes = " ".join(scene.notes)
    assert (
        "12 bands, each stored by itself" in notes and "not used: 'gt.png', 'quality.tif'" in notes
    )
    assert f"--map '{folder / 'gt.png'}' uses one" in notes
    assert load(folder, map="gt.png").anomalies == 5
    assert "folder of 12 files (GeoTIFF)" in next(file_facts(folder))[1]


def test_a_folder_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bands(tmp_path / "EO1H")
    scene = load_scene("EO1H", data_dir=tmp_path)
    np.testing.assert_array_equal(scene.cube, CUBE)
    monkeypatch.chdir(tmp_path)
    assert load_scene("EO1H/", data_dir=Path("data")).name == "EO1H"


@pytest.mark.parametrize(
    ("changed", "options", "message"),
    [
        (CUBE[:3, :, 0], {}, "differ in size: '.*B1_L1T.TIF' is 6×5, '.*B5_L1T.TIF' 3×5"),
        (CUBE[..., 0], {"left": 5e5 + 30}, "differ in place: '.*B5_L1T.TIF' has another geo"),
    ],
)
def test_bands_of_another_size_or_place_are_refused(
    tmp_path: Path, changed: NDArray[Any], options: dict[str, Any], message: str
) -> None:
    folder = write_bands(tmp_path / "x")
    write_band(folder / NAME.format(5), changed, **options)
    with pytest.raises(SceneError, match=message):
        load(folder)


def test_a_damaged_band_is_named(tmp_path: Path) -> None:
    folder = write_bands(tmp_path / "x")
    (folder / NAME.format(7)).write_bytes(b"II*\0 cut off")
    with pytest.raises(SceneError, match=r"B7_L1T\.TIF' is damaged"):
        load(folder)


def test_wavelengths_of_the_names_and_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    (tmp_path / "tags").mkdir()
    for band, (length, colour) in enumerate(((1450, "swir"), (450.5, "blue"), (650, "red"))):
        write_band(tmp_path / "names" / f"{length}nm.tif", CUBE[..., band])
        tags = {"wavelength": str(length), "wavelength_units": "nm", "fwhm": "10"}
        write_band(tmp_path / "tags" / f"{colour}.tif", CUBE[..., band], tags=tags)
    for folder in ("names", "tags"):
        scene = load(tmp_path / folder)
        np.testing.assert_array_equal(scene.cube, CUBE[..., [1, 2, 0]])
        assert scene.metadata.wavelengths is not None
        assert scene.metadata.wavelengths.tolist() == [450.5, 650, 1450]
    assert scene.metadata.fwhm is not None and scene.metadata.fwhm.tolist() == [10, 10, 10]


def test_bands_with_other_no_data_values_are_scaled(tmp_path: Path) -> None:
    folder = write_bands(tmp_path / "x")
    for band in range(12):
        with rasterio.open(folder / NAME.format(band + 1), "r+") as file:
            values = CUBE[..., band].copy()
            values[2, 3] = -band
            file.write(values, 1)
            file.nodata = -band
    scene = load(folder)
    assert scene.masked is not None and np.argwhere(scene.masked).tolist() == [[2, 3]]
    np.testing.assert_array_equal(scene.cube[~scene.masked], CUBE[~scene.masked])


@pytest.mark.parametrize("kind", ["npy", "envi", "png", "tif"])
def test_other_formats(tmp_path: Path, kind: str) -> None:
    for band in range(12):
        path, values = tmp_path / f"scene_ms_{band + 1}.{kind}", CUBE[..., band].astype(np.uint16)
        if kind == "npy":
            np.save(path, values)
        elif kind == "tif":  # with headers for ENVI, which are not needed
            write_band(path, values)
            path.with_suffix(".hdr").write_text("ENVI\nlines = 6\n")
        elif kind == "png":
            Image.fromarray(values).save(path)
        else:
            envi.write_image(path.with_suffix(".img"), Raster(values=values))
    scene = load_scene(str(tmp_path), data_dir=Path("data"), on_disk=True)
    np.testing.assert_array_equal(scene.cube[1:4, 2:, 3:], CUBE[1:4, 2:, 3:])
    assert isinstance(scene.cube, np.ndarray) == (kind in ("png", "tif"))


def test_two_sets_of_bands_are_refused(tmp_path: Path) -> None:
    folder = write_bands(tmp_path / "x")
    for band in range(3):
        write_band(folder / f"toa_{band}.tif", CUBE[..., band])
    with pytest.raises(
        SceneError, match=r"several sets of bands: .*12 files\), 'toa_\*\.tif' \(3 "
    ):
        load(folder)


def test_a_folder_of_scenes_is_none(tmp_path: Path) -> None:
    for index in range(3):
        np.save(tmp_path / f"scene{index}.npy", CUBE)
    with pytest.raises(SceneError, match="has scene0, scene1, scene2; give the path of one; a fol"):
        load(tmp_path)


def test_one_band_of_several_is_noted(tmp_path: Path) -> None:
    folder = write_bands(tmp_path / "x")
    scene = load(folder / NAME.format(2))
    assert any(f"--dataset '{folder}' stacks" in note for note in scene.notes)
    np.save(tmp_path / "one.npy", CUBE[..., :1])
    notes = load(tmp_path / "one.npy").notes
    assert any("one band only" in note and "stacks" not in note for note in notes)


def test_the_folder_of_a_product(tmp_path: Path) -> None:
    write_image(tmp_path / f"{ENMAP}-SPECTRAL_IMAGE.TIF")
    for layer in ("CLOUD", "HAZE", "SNOW"):
        write_image(tmp_path / f"{ENMAP}-QL_QUALITY_{layer}.TIF", PRODUCT[..., :1])
    (tmp_path / f"{ENMAP}-METADATA.XML").write_text(enmap_xml())
    scene = load(tmp_path)
    np.testing.assert_array_equal(scene.cube, PRODUCT)
    assert scene.metadata.gain == 1e-4 and scene.truth is None
