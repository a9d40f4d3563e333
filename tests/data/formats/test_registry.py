"""Formats are recognised by the content of files, and files that belong together are found."""

import errno
import os
import re
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

import main
from data.errors import SceneError
from data.formats.registry import (
    ENDINGS,
    FORMATS,
    SCENE_FORMATS,
    SUPPORTED,
    has_ending,
    read_contents,
    recognised,
    without_ending,
)
from tests.data.formats.envi.test_image import write as write_envi
from tests.data.formats.matlab.test_file import write_73

ANY_ENDING = ["x", "x.mat", "x.npy", "x.dat", "x.img", "x.tif", "x.nc", "x.h5", "x.png", "x.v1.0"]


def read(path: Path) -> tuple[str, dict[str, NDArray[Any]]]:
    """The format of a file, and all that it holds."""
    contents = read_contents(path)
    return contents.format, {name: found.read() for name, found in contents.variables.items()}


def saved(path: Path, write: Any) -> None:
    """Write to an open file, as libraries put endings of their own to names."""
    with path.open("wb") as file:
        write(file)


@pytest.mark.parametrize("name", ANY_ENDING)
def test_a_format_is_noted_whatever_the_name_ends_in(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], name: str
) -> None:
    path = tmp_path / name
    variables = {"data": cube, "map": truth}
    saved(path, lambda file: np.savez(file, data=cube, map=truth))
    assert read(path)[0] == "NumPy"
    for version, held in (("5", variables), ("4", {"my_map": truth.astype(float)})):
        saved(path, lambda file, v=version, h=held: savemat(file, h, format=v))
        assert read(path)[0] == "MATLAB"
        assert list(read(path)[1]) == list(held)
    write_73(path, variables)
    assert read(path)[0] == "MATLAB"
    assert read(path)[1]["data"].shape == cube.shape
    saved(path, lambda file: Image.fromarray(truth).save(file, format="PNG"))
    assert read(path)[0] == "PNG/BMP"
    saved(path, lambda file: Image.fromarray(truth).save(file, format="BMP"))
    assert read(path)[0] == "PNG/BMP"
    saved(path, lambda file: np.save(file, cube))
    file_format, arrays = read(path)
    assert file_format == "NumPy"
    np.testing.assert_array_equal(arrays[path.stem], cube)


@pytest.mark.parametrize("name", ["x.mat", "x.h5", "x.dat"])
def test_hdf5_without_the_marks_of_matlab_keeps_its_axes(
    tmp_path: Path, cube: NDArray[Any], name: str
) -> None:
    """As Python writes it: only MATLAB shows the axes reversed."""
    with h5py.File(tmp_path / name, "w") as file:
        file["data"] = cube
    file_format, arrays = read(tmp_path / name)
    assert file_format == "NetCDF/HDF5"
    np.testing.assert_array_equal(arrays["data"], cube)


def test_marks_of_matlab_count_without_its_user_block(tmp_path: Path, cube: NDArray[Any]) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("data", data=cube.T).attrs["MATLAB_class"] = np.bytes_("uint16")
    file_format, arrays = read(tmp_path / "x.h5")
    assert file_format == "MATLAB"
    np.testing.assert_array_equal(arrays["data"], cube)


def test_version_5_is_noted_by_its_last_bytes_where_its_text_is_another(
    tmp_path: Path, truth: NDArray[Any]
) -> None:
    saved(tmp_path / "x", lambda file: savemat(file, {"map": truth}))
    content = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(b"written by another program".ljust(116) + content[116:])
    assert read(tmp_path / "x")[0] == "MATLAB"


def test_version_4_of_other_machines_is_noted(tmp_path: Path, truth: NDArray[Any]) -> None:
    header = np.array([1000, *truth.shape, 0, len(b"gt") + 1], ">i4").tobytes()
    (tmp_path / "x").write_bytes(header + b"gt\0" + truth.T.astype(">f8").tobytes())
    file_format, arrays = read(tmp_path / "x")
    assert file_format == "MATLAB" and arrays["gt"].dtype.isnative
    np.testing.assert_array_equal(arrays["gt"], truth)


@pytest.mark.parametrize("kind", ["geotiff", "envi header"])
def test_a_geotiff_is_one_whatever_lies_next_to_it(
    tmp_path: Path, cube: NDArray[Any], kind: str
) -> None:
    """ENVI puts a header next to it; read by that, all values would be shifted."""
    rasterio = pytest.importorskip("rasterio")
    header = write_envi(tmp_path / "y.img", cube)
    height, width, bands = cube.shape
    options = {"driver": "GTiff", "height": height, "width": width, "count": bands}
    with (
        pytest.warns(rasterio.errors.NotGeoreferencedWarning),
        rasterio.open(tmp_path / "x.img", "w", dtype="uint16", **options) as file,
    ):
        file.write(cube.transpose(2, 0, 1))
    header = header.rename(tmp_path / "x.hdr")
    file_format, arrays = read(header if kind == "envi header" else tmp_path / "x.img")
    assert file_format == "GeoTIFF"
    np.testing.assert_array_equal(arrays["image"], cube)


@pytest.mark.parametrize(
    ("data", "header"),
    [
        ("x", "x.hdr"),
        ("x.img", "x.hdr"),
        ("x.img", "x.img.hdr"),
        ("x.raw", "x.raw.hdr"),
        ("x.hyspex", "x.hdr"),
        ("X.IMG", "X.HDR"),
        ("x.img", "x.HDR"),
        ("X.IMG", "x.hdr"),
        ("x.img", "X.img.Hdr"),
        ("x.bil", "x.hdr"),
        ("f1.v2_img", "f1.v2_img.hdr"),
    ],
)
@pytest.mark.parametrize("named", ["data", "header"])
def test_header_and_data_find_each_other(
    tmp_path: Path, cube: NDArray[Any], data: str, header: str, named: str
) -> None:
    written = write_envi(tmp_path / "0.0", cube)
    written.rename(tmp_path / header)
    (tmp_path / "0.0").rename(tmp_path / data)
    (tmp_path / "x.xml").write_text("other")
    (tmp_path / "X.png").write_text("other")
    file_format, arrays = read(tmp_path / (data if named == "data" else header))
    assert file_format == "ENVI"
    np.testing.assert_array_equal(arrays["image"], cube)


def test_data_of_any_ending_is_read_by_the_header_next_to_it(
    tmp_path: Path, cube: NDArray[Any]
) -> None:
    write_envi(tmp_path / "x.rfl", cube)
    np.testing.assert_array_equal(read(tmp_path / "x.rfl")[1]["image"], cube)
    with pytest.raises(SceneError, match="give that file"):
        read(tmp_path / "x.hdr")


def test_the_header_of_the_full_name_goes_first(tmp_path: Path, cube: NDArray[Any]) -> None:
    """An image and its mask may share all but the ending."""
    mask = cube[..., :1].astype(np.uint8)
    write_envi(tmp_path / "x.msk", mask).rename(tmp_path / "x.msk.hdr")
    write_envi(tmp_path / "x.img", cube)
    np.testing.assert_array_equal(read(tmp_path / "x.msk")[1]["image"], mask)
    np.testing.assert_array_equal(read(tmp_path / "x.hdr")[1]["image"], cube)


def test_a_header_with_a_mark_of_its_encoding_is_one(tmp_path: Path, cube: NDArray[Any]) -> None:
    header = write_envi(tmp_path / "x.img", cube)
    header.write_bytes(b"\xef\xbb\xbf" + header.read_bytes())
    for path in (header, tmp_path / "x.img"):
        np.testing.assert_array_equal(read(path)[1]["image"], cube)


@pytest.mark.parametrize("start", [b"BM", b"CDF", b"CDF\3", b"BMBMBMBMBMBMBMBMBMBM"])
def test_numbers_that_begin_like_a_format_are_numbers(tmp_path: Path, start: bytes) -> None:
    values = np.frombuffer(start.ljust(60, b"\x07"), np.uint8).reshape(3, 4, 5)
    write_envi(tmp_path / "x", values, interleave="bip")
    file_format, arrays = read(tmp_path / "x")
    assert file_format == "ENVI"
    np.testing.assert_array_equal(arrays["image"], values)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.dat", b"", "is empty"),
        ("x.jpg", b"\xff\xd8\xff\xe0" + bytes(200), r"x\.jpg' is a JPEG, .* as PNG"),
        (
            "x.gif",
            b"GIF89a" + bytes(200),
            re.escape(SUPPORTED),
        ),
        (
            "x.img",
            bytes(300),
            r"x\.img' is of no supported format .*; ENVI images need their header",
        ),
        ("x.nc", b"CDF\x01" + bytes(200), "is a NetCDF 3 file: convert it with nccopy -k nc4"),
        ("x.nc", b"CDF\x02" + bytes(200), "is a NetCDF 3 file"),
        ("x.mat", b"", "is empty"),
        (
            "x.mat",
            b"1 2 3\n4 5 6\n" * 20,
            "is damaged or no MATLAB file but a text: download the file",
        ),
        ("x.mat", b"MATLAB 7.3 MAT-file".ljust(600), r"no MATLAB file .*signature not found"),
        ("x.hdr", b"", "is empty"),
        ("x.hdr", b"NROWS 3\nNCOLS 4\n", "is damaged or no ENVI header"),
        ("x.npy", b"\x93NUMPY\x01", "is damaged or no NumPy file"),
        ("x.npz", b"PK\x03\x04" + bytes(100), "is damaged or no NumPy file"),
        ("x.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "is damaged or no PNG/BMP file"),
        ("x.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "is damaged or no NetCDF/HDF5 file"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SceneError, match=message) as error:
        read_contents(tmp_path / name)
    assert name in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("ending", [*ENDINGS, ".png", ".unknown", ""])
def test_a_pointer_and_a_web_page_are_named_whatever_their_ending(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"x{ending}"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 7654321\n")
    with pytest.raises(SceneError, match=r"' is a pointer of Git LFS, not the data: git lfs pull"):
        read_contents(path)
    path.write_text("\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>" * 9)
    with pytest.raises(SceneError, match=r"' is a web page, not data: download the file itself$"):
        read_contents(path)


def test_an_old_matrix_of_nonsense_is_none(tmp_path: Path) -> None:
    """Rows, columns and a name are looked at, not the zeros of its type alone."""
    for header in ([0, 0, 3, 0, 5], [0, 3, 3, 2, 5], [0, 3, 3, 0, 0], [900, 3, 3, 0, 5]):
        content = np.array(header, "<i4").tobytes() + b"name\0" + bytes(99)
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(SceneError, match="is of no supported format"):
            read_contents(tmp_path / "x")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("x", "x"),
        ("x.mat", "x"),
        ("x.MAT", "x"),
        ("x.img.hdr", "x"),
        ("x.nc4", "x"),
        ("x.v1.npy", "x.v1"),
        ("f1.v2_img", "f1.v2_img"),
        ("x_truth.bmp", "x_truth"),
        ("x.txt", "x.txt"),
        (".mat", ".mat"),
    ],
)
def test_a_name_loses_the_endings_of_formats_alone(name: str, plain: str) -> None:
    assert without_ending(name) == plain
    assert has_ending(Path(name)) == (name != plain and not name.endswith(".bmp"))


def test_names_and_endings_of_formats_are_their_own() -> None:
    names = [format.name for format in FORMATS]
    endings = [ending for format in FORMATS for ending in (*format.endings, *format.data_endings)]
    assert len({*names}) == len(names) and len({*endings}) == len(endings)
    assert all(ending == ending.lower() and ending.startswith(".") for ending in endings)
    for format in FORMATS:
        assert format.writer is None or {*format.writer.endings} <= {*endings}


def test_help_names_the_formats_of_scenes(capsys: pytest.CaptureFixture[str]) -> None:
    """It is written by hand, as `--help` imports no format."""
    with pytest.raises(SystemExit):
        main.main(["--help"])
    shown = capsys.readouterr().out
    for format in SCENE_FORMATS:
        assert all(name in shown for name in format.name.split("/"))


def test_random_bytes_are_of_no_format(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        (tmp_path / "x").write_bytes(random.bytes(200))
        start = (tmp_path / "x").read_bytes()[:128]
        assert recognised(tmp_path / "x", start) is None


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO))  # as reading does: without a name

    path = tmp_path / "x.npy"
    path.write_bytes(b"1")
    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(OSError, match=r"error: '.*x\.npy'"):
        read_contents(path)
