"""Headers and files of numbers that may or may not belong to each other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.registry import read_contents
from data.reading.from_file import read_scene
from tests.data.formats.envi.test_image import image, write


def noise(path: Path, cube: NDArray[Any]) -> None:
    """Write other values of the same size."""
    path.write_bytes(np.random.default_rng(1).permuted(cube).tobytes())


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip", "BSQ"])
def test_the_file_that_ends_like_the_interleave_is_the_data(
    tmp_path: Path, cube: NDArray[Any], interleave: str
) -> None:
    path = tmp_path / f"x.{interleave}"
    header = write(path, cube, interleave=interleave)
    noise(tmp_path / "x.dat", cube)
    noise(tmp_path / "x.img", cube)
    np.testing.assert_array_equal(image(header).read(), cube)
    scene = read_scene(header, name="x")
    assert "its header may also be that of x.img, x.dat" in scene.notes


def test_the_file_of_the_right_size_is_the_data(tmp_path: Path, cube: NDArray[Any]) -> None:
    header = write(tmp_path / "x.dat", cube)
    (tmp_path / "x.img").write_bytes(b"a preview")
    np.testing.assert_array_equal(image(header).read(), cube)


def test_two_files_of_numbers_are_refused_by_name(tmp_path: Path, cube: NDArray[Any]) -> None:
    header = write(tmp_path / "x.dat", cube)
    noise(tmp_path / "x.img", cube)
    message = r"x\.hdr' may be the header of 'x\.img', 'x\.dat': give the file of numbers"
    with pytest.raises(SceneError, match=message):
        read_contents(header)
    np.testing.assert_array_equal(image(tmp_path / "x.dat").read(), cube)


def test_a_header_with_the_whole_name_is_that_of_this_file(
    tmp_path: Path, cube: NDArray[Any]
) -> None:
    header = write(tmp_path / "x.img", cube)
    header = header.rename(tmp_path / "x.img.hdr")
    noise(tmp_path / "x.img.dat", cube)
    noise(tmp_path / "x.dat", cube)
    np.testing.assert_array_equal(image(header).read(), cube)
    (tmp_path / "x.hdr").write_text("ENVI\n")
    assert image(header).metadata.note == "of its two headers, 'x.hdr' is not used"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bands": 4}, r"286 bytes more than .* has the size of 5 bands; correct the header"),
        ({"lines": 12}, r"110 bytes more than .* has the size of 13 lines"),
        (
            {"data_type": 1},
            r"715 bytes more .* 10 bands or of 26 lines or of 22 samples or of data",
        ),
        ({"header_offset": 0, "offset": 128}, r"128 bytes more .* 'header offset' has to be 128"),
    ],
)
def test_a_file_that_is_longer_than_its_header_says_is_refused(
    tmp_path: Path, cube: NDArray[Any], changes: dict[str, Any], reason: str
) -> None:
    header = write(tmp_path / "x.img", cube, **changes)
    with pytest.raises(SceneError, match=rf"x\.img' has .*{reason}"):
        read_contents(header)


@pytest.mark.parametrize("ending", [bytes(300), b"\xff" * 99, b"<metadata/>\n"])
def test_padding_and_texts_after_the_values_are_noted(
    tmp_path: Path, cube: NDArray[Any], ending: bytes
) -> None:
    header = write(tmp_path / "x.img", cube)
    with (tmp_path / "x.img").open("ab") as file:
        file.write(ending)
    variable = image(header)
    np.testing.assert_array_equal(variable.read(), cube)
    assert variable.metadata.note == (
        f"the file has {len(ending)} bytes more than its header 'x.hdr' declares: padding or a "
        f"text after the values, which is not read"
    )


def test_numbers_after_the_values_are_refused(tmp_path: Path, cube: NDArray[Any]) -> None:
    header = write(tmp_path / "x.img", cube)
    with (tmp_path / "x.img").open("ab") as file:
        file.write(np.arange(50).astype(">i2").tobytes())
    with pytest.raises(SceneError, match=r"has 100 bytes more .* 'header offset' has to be 100"):
        read_contents(header)


def test_data_that_are_a_pointer_are_named(tmp_path: Path, cube: NDArray[Any]) -> None:
    header = write(tmp_path / "x.img", cube)
    (tmp_path / "x.img").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\n")
    for path in (header, tmp_path / "x.img"):
        with pytest.raises(SceneError, match=r"x\.img' is a pointer of Git LFS"):
            read_contents(path)
