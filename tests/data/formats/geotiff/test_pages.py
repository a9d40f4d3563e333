"""TIFF files of several pages, and ENVI headers next to TIFF files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.errors import SceneError
from data.formats.registry import read_contents
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from tests.data.formats.geotiff.test_image import HEIGHT, TRANSFORM, WIDTH, image, write

rasterio = pytest.importorskip("rasterio")

BANDS = 12  # more than nine, as names of pages do not sort by their numbers


@pytest.fixture
def stack() -> NDArray[np.uint16]:
    """A cube (H, W, 12)."""
    return np.random.default_rng(0).integers(0, 4000, (HEIGHT, WIDTH, BANDS)).astype(np.uint16)


def write_pages(path: Path, pages: list[NDArray[Any]]) -> Path:
    """Write a TIFF with one page for each picture, as Pillow does."""
    first, *others = [Image.fromarray(np.ascontiguousarray(page)) for page in pages]
    first.save(path, save_all=True, append_images=others)
    return path


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_pages_are_the_bands_in_their_order(
    tmp_path: Path, stack: NDArray[np.uint16], dtype: str
) -> None:
    values = (stack // 16).astype(dtype)
    variable = image(write_pages(tmp_path / "x.tif", list(values.transpose(2, 0, 1))))
    assert (variable.shape, variable.dtype) == (values.shape, np.dtype(dtype))
    np.testing.assert_array_equal(variable.read(), values)
    assert variable.metadata.note == (
        "its 12 pages of 9×7 pixels are taken as its bands; if each is a line of the image, "
        "--axes wbh"
    )


def test_lines_as_pages_are_read_as_the_note_says(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    path = write_pages(tmp_path / "x.tif", list(stack))
    scene = read_scene(path, name="x", reading=ReadSettings(axes="wbh"))
    np.testing.assert_array_equal(scene.cube[:], stack)


def test_wavelengths_in_descriptions_of_pages(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    for band in range(BANDS):
        more = {"APPEND_SUBDATASET": "YES"} if band else {}
        names = [f"{400 + 10 * band} nm"]
        write(tmp_path / "x.tif", stack[..., band : band + 1], descriptions=names, **more)
    variable = image(tmp_path / "x.tif")
    assert variable.metadata.wavelengths.tolist() == [400 + 10 * band for band in range(BANDS)]
    np.testing.assert_array_equal(variable.read(), stack)


def test_pages_that_differ_are_refused_with_their_number(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    first, second = stack[..., 0], stack[..., 1]
    for other in (second[:5], second.astype(np.float32)):
        path = write_pages(tmp_path / "x.tif", [first, second, other])
        message = r"x\.tif' has 3 pages, .*9×7 uint16, .*gdal_translate GTIFF_DIR:1:x\.tif"
        with pytest.raises(SceneError, match=message):
            read_contents(path)


@pytest.mark.parametrize("count", [3, BANDS])
def test_pages_of_several_bands_are_refused(
    tmp_path: Path, stack: NDArray[np.uint16], count: int
) -> None:
    write(tmp_path / "x.tif", stack)
    write(tmp_path / "x.tif", stack[..., :count], APPEND_SUBDATASET="YES")
    with pytest.raises(SceneError, match=r"x\.tif' has 2 pages, .* uint16 with 12 bands"):
        read_contents(tmp_path / "x.tif")


def test_a_smaller_picture_of_a_cube_is_no_band(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    write(tmp_path / "x.tif", stack)
    write(tmp_path / "x.tif", stack[::3, ::3, :3], APPEND_SUBDATASET="YES")
    variable = image(tmp_path / "x.tif")
    np.testing.assert_array_equal(variable.read(), stack)
    assert variable.metadata.note == "of its 2 pages only the first, the largest, is read"


def test_overviews_and_masks_are_no_bands(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 99, (200, 150, 3)).astype(np.uint16)
    tiles = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    path = write(tmp_path / "x.tif", values, **tiles)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4])
        file.write_mask(np.ones((200, 150), bool))
    variable = image(path)
    np.testing.assert_array_equal(variable.read(), values)
    assert variable.metadata.note == ""


@pytest.mark.parametrize(
    "description", ["ImageJ=1.53t\nimages=12\nslices=12\n", '{"shape": [12, 9, 7]}']
)
def test_a_stack_in_one_page_is_refused(
    tmp_path: Path, stack: NDArray[np.uint16], description: str
) -> None:
    path = tmp_path / "x.tif"
    Image.fromarray(stack[..., 0]).save(path, description=description)
    with pytest.raises(SceneError, match=r"x\.tif' describes 756 values, but its 1 pages have"):
        read_contents(path)


def test_tiles_far_larger_than_the_image_are_refused(tmp_path: Path) -> None:
    options = {"tiled": True, "blockxsize": 16384, "blockysize": 16384, "SPARSE_OK": True}
    size = {"height": 13, "width": 11, "count": 5, "dtype": "float64"}
    place = {"transform": rasterio.Affine(*TRANSFORM)}
    rasterio.open(tmp_path / "x.tif", "w", driver="GTiff", **size, **options, **place).close()
    message = (
        r"x\.tif' has tiles of 16,384×16,384 pixels for 13×11, which need 10,737,418,240 bytes"
    )
    with pytest.raises(SceneError, match=message):
        read_contents(tmp_path / "x.tif")


def sidecar(path: Path, **changes: Any) -> None:
    """Write an ENVI header next to a TIFF of 9×7 pixels and 12 bands."""
    entries: dict[str, Any] = {
        **{"samples": WIDTH, "lines": HEIGHT, "bands": BANDS, "data type": 12},
        **{"interleave": "bsq", "wavelength units": "nm", "data ignore value": 4000},
        "wavelength": "{" + ", ".join(str(400 + 10 * band) for band in range(BANDS)) + "}",
        "bbl": "{" + "1 " * (BANDS - 1) + "0}",
        **changes,
    }
    path.write_text("\n".join(["ENVI", *(f"{key} = {value}" for key, value in entries.items())]))


@pytest.mark.parametrize("name", ["x.hdr", "x.tif.hdr"])
@pytest.mark.parametrize("given", ["x.tif", "header"])
def test_an_envi_header_next_to_a_tiff_is_used(
    tmp_path: Path, stack: NDArray[np.uint16], name: str, given: str
) -> None:
    write(tmp_path / "x.tif", stack)
    sidecar(tmp_path / name)
    scene = read_scene(tmp_path / (name if given == "header" else given), name="x")
    assert scene.format == "GeoTIFF"
    np.testing.assert_array_equal(scene.cube[:], stack[..., :-1])
    assert scene.metadata.wavelengths is not None and scene.metadata.fill == 4000
    assert scene.metadata.wavelengths.tolist() == [400 + 10 * band for band in range(BANDS - 1)]
    assert f"what the file does not declare is taken from its ENVI header '{name}'" in scene.notes


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bands": 11}, "it is of 9×7×11, the file of 9×7×12"),
        ({"bbl": "{1, 0}"}, "its list 'bbl' is not understood"),
        ({"interleave": "tiled"}, "has interleave tiled"),
    ],
)
def test_an_envi_header_that_does_not_fit_a_tiff_is_noted(
    tmp_path: Path, stack: NDArray[np.uint16], changes: dict[str, Any], reason: str
) -> None:
    variable_without = image(write(tmp_path / "x.tif", stack))
    assert variable_without.metadata.note == ""
    sidecar(tmp_path / "x.hdr", **changes)
    metadata = image(tmp_path / "x.tif").metadata
    assert metadata.wavelengths is None and metadata.good is None
    assert metadata.note.startswith("the ENVI header 'x.hdr' is not used: ")
    assert reason in metadata.note


def test_the_header_of_other_data_is_not_used_for_a_tiff(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    write(tmp_path / "x.tif", stack)
    sidecar(tmp_path / "x.hdr")
    (tmp_path / "x.img").write_bytes(stack.transpose(2, 0, 1).tobytes())
    note = image(tmp_path / "x.tif").metadata.note
    assert note == "the ENVI header 'x.hdr' is not used: it is that of 'x.img'"


def test_a_header_of_another_program_next_to_a_tiff_is_ignored(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    (tmp_path / "x.hdr").write_text("BYTEORDER I\nNROWS 9\n")
    assert image(write(tmp_path / "x.tif", stack)).metadata.note == ""
