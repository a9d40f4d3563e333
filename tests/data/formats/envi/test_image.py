"""ENVI images: every layout of the numbers, and headers as programs and people write them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Variable
from data.formats.envi.image import write_image
from data.formats.format import Raster
from data.formats.registry import read_contents
from data.georeference import Georeference
from tests.conftest import SHARED
from tests.data.helpers import read_image

CODES = {
    **{1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 6: "c8", 9: "c16"},
    **{12: "u2", 13: "u4", 14: "i8", 15: "u8"},
}
STORED = {"bsq": (2, 0, 1), "bil": (0, 2, 1), "bip": (0, 1, 2)}
SAN_DIEGO = SHARED / "scenes" / "formats" / "sandiego_envi.hdr"


def write(
    path: Path,
    cube: NDArray[Any],
    *,
    interleave: str = "bsq",
    order: int = 0,
    offset: int = 0,
    extra: str = "",
    **changes: Any,
) -> Path:
    """Write an image by hand; `changes` replace entries of the header, None leaves one out."""
    code = next(code for code, dtype in CODES.items() if np.dtype(dtype) == cube.dtype)
    stored = cube.transpose(STORED[interleave.lower()]).astype(
        cube.dtype.newbyteorder(">" if order else "<")
    )
    path.write_bytes(b"\xff" * offset + stored.tobytes())
    entries: dict[str, Any] = {
        **{"samples": cube.shape[1], "lines": cube.shape[0], "bands": cube.shape[2]},
        **{"header offset": offset, "data type": code, "interleave": interleave},
        "byte order": order,
    }
    entries |= {key.replace("_", " "): value for key, value in changes.items()}
    lines = [f"{key} = {value}" for key, value in entries.items() if value is not None]
    header = path.with_suffix(".hdr")
    header.write_text("\n".join(["ENVI", *lines, extra]), encoding="utf-8")
    return header


def image(path: Path) -> Variable:
    """Read the one variable of an ENVI image."""
    return read_image(path, "ENVI")


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    code=st.sampled_from(sorted(CODES)),
    interleave=st.sampled_from(["bsq", "bil", "bip", "BSQ", "BIL", "BIP", "Bil", "Bip"]),
    order=st.sampled_from([0, 1]),
    offset=st.sampled_from([0, 1, 512]),
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    seed=st.integers(0, 9),
)
def test_every_layout_is_read_back_exactly(
    tmp_path: Path,
    code: int,
    interleave: str,
    order: int,
    offset: int,
    shape: tuple[int, int, int],
    seed: int,
) -> None:
    dtype = np.dtype(CODES[code])
    raw = np.random.default_rng(seed).integers(0, 255, (*shape, dtype.itemsize), np.uint8)
    cube = raw.view(dtype)[..., 0]
    header = write(tmp_path / "x.img", cube, interleave=interleave, order=order, offset=offset)
    variable = image(header)
    assert (variable.shape, variable.dtype, variable.axes) == (shape, dtype, "hwb")
    read = variable.read()
    assert read.dtype == dtype and read.dtype.isnative and read.flags.c_contiguous
    assert type(read) is np.ndarray
    assert read.tobytes() == cube.tobytes()  # NaN and all
    where = slice(1, 3), slice(0, 4, 2), slice(2, None)
    assert variable.window is not None
    block = variable.window(where)
    assert block.dtype.isnative and type(block) is np.ndarray
    assert block.tobytes() == cube[where].tobytes()


def test_all_types_come_in_all_layouts(tmp_path: Path) -> None:
    """Cover cases that the draws above may omit."""
    for code, dtype in CODES.items():
        cube = np.arange(24).reshape(2, 3, 4).astype(dtype)
        for interleave in STORED:
            for order in (0, 1):
                header = write(tmp_path / f"{code}.img", cube, interleave=interleave, order=order)
                np.testing.assert_array_equal(image(header).read(), cube)


def test_entries_that_are_left_out_have_their_usual_values(
    tmp_path: Path, cube: NDArray[Any]
) -> None:
    header = write(tmp_path / "x.img", cube, byte_order=None, header_offset=None)
    np.testing.assert_array_equal(image(header).read(), cube)


def after_first(text: str, line: str) -> str:
    """Put a line into a header, after its first."""
    return text.replace("ENVI\n", f"ENVI\n{line}\n")


HEADERS: dict[str, Callable[[str], bytes]] = {
    "capitals": lambda text: text.upper().encode(),
    "Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "old Mac": lambda text: text.replace("\n", "\r").encode(),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "Latin-1": lambda text: after_first(text, "sensor type = Caméra µ").encode("latin-1"),
    "UTF-8": lambda text: after_first(text, "sensor type = 高光谱").encode(),
    "comments": lambda text: text.replace("\n", "\n; samples = 1\n\n").encode(),
    "no spaces": lambda text: text.replace(" = ", "=").encode(),
    "many spaces": lambda text: text.replace(" = ", " \t= ").replace("\n", "  \n").encode(),
    "description": lambda text: after_first(text, "description = {\n bands = 1,\n}").encode(),
    "unknown entries": lambda text: (text + "\nz plot range = {0, 1}\nmy key = {\n a}\n").encode(),
    "NUL bytes": lambda text: (text + "\n").encode() + bytes(64),
}


@pytest.mark.parametrize("style", HEADERS)
def test_headers_are_read_in_every_style(tmp_path: Path, cube: NDArray[Any], style: str) -> None:
    header = write(tmp_path / "x.img", cube, order=1, offset=3)
    header.write_bytes(HEADERS[style](header.read_text()))
    np.testing.assert_array_equal(image(header).read(), cube)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("locale", ["ascii", "cp1252"])
def test_headers_mean_the_same_on_every_system(
    tmp_path: Path,
    cube: NDArray[Any],
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    locale: str,
) -> None:
    header = write(
        tmp_path / "x.img",
        cube,
        extra="sensor type = 高光谱é\nwavelength units = µm\nwavelength = {.4,.5,.6,.7,.8}",
    )
    header.write_bytes(header.read_text(encoding="utf-8").encode(encoding, "ignore"))
    real = open
    monkeypatch.setattr("builtins.open", lambda file, mode: real(file, mode, encoding=locale))
    wavelengths = image(header).metadata.wavelengths
    assert wavelengths is not None
    np.testing.assert_allclose(wavelengths, [400, 500, 600, 700, 800])


def test_what_is_noted_of_the_bands(tmp_path: Path, cube: NDArray[Any]) -> None:
    header = write(
        tmp_path / "x.img",
        cube,
        extra="""Wavelength Units = Micrometers
wavelength = {
 0.4, 0.5, 0.6,
 0.7, 2.5}
fwhm = {0.01, 0.01, 0.01, 0.01, 0.02}
bbl = {1, 1, 0, 1.0, 0}
reflectance scale factor = 10000
data ignore value = -9999""",
    )
    metadata = image(header).metadata
    assert metadata.wavelengths is not None and metadata.fwhm is not None
    np.testing.assert_allclose(metadata.wavelengths, [400, 500, 600, 700, 2500])
    np.testing.assert_allclose(metadata.fwhm, [10, 10, 10, 10, 20])
    assert metadata.good is not None
    assert metadata.good.tolist() == [True, True, False, True, False]
    assert (metadata.gain, metadata.offset, metadata.fill, metadata.note) == (1e-4, 0, -9999, "")
    assert (metadata.georeference, metadata.header) == (None, {})


def test_widths_may_have_units_of_their_own(tmp_path: Path, cube: NDArray[Any]) -> None:
    extra = """wavelength units = Micrometers
wavelength = {0.4, 0.5, 0.6, 0.7, 0.8}
fwhm = {9 nm, 9 nm, 9 nm, 9 nm, 9 nm}"""
    metadata = image(write(tmp_path / "x.img", cube, extra=extra)).metadata
    assert metadata.fwhm is not None and metadata.wavelengths is not None
    np.testing.assert_allclose(metadata.wavelengths, [400, 500, 600, 700, 800])
    np.testing.assert_allclose(metadata.fwhm, 9)


def test_wavelengths_without_units_are_guessed(tmp_path: Path, cube: NDArray[Any]) -> None:
    extra = "wavelength = {400, 500, 600, 700, 800}\nfwhm = {9, 9, 9, 9, 9}"
    metadata = image(write(tmp_path / "x.img", cube, extra=extra)).metadata
    assert metadata.wavelengths is not None and metadata.fwhm is not None
    assert metadata.wavelengths.tolist() == [400, 500, 600, 700, 800]
    assert metadata.fwhm.tolist() == [9] * 5
    assert "assumed to be in nm" in metadata.note


@pytest.mark.parametrize(
    "extra",
    [
        "wavelength = {400, 500}",
        "wavelength = {a, b, c, d, e}",
        "wavelength = 40051",  # not five of one digit
        "fwhm = {1, 2, 3, 4, 5}",  # of no wavelengths
        "bbl = {}",
        "reflectance scale factor = 0",
        "reflectance scale factor = none",
        "reflectance scale factor = {1, 2}",
        "reflectance scale factor = nan",
        "data ignore value = {}",
        "wavelength units = {Nanometers}",
        "map info = {UTM, 1}",
        "map info = {UTM, 1, 1, a, b, c, d}",
        "map info = {UTM, 1, 1, nan, 0, 1, 1, 11, North}",
        "map info = {UTM, 1, 1, 5, 5, 0, 1, 11, North}",
        "map info = 1234567",
    ],
)
def test_what_makes_no_sense_is_left_out(tmp_path: Path, cube: NDArray[Any], extra: str) -> None:
    variable = image(write(tmp_path / "x.img", cube, extra=extra))
    metadata = variable.metadata
    assert (metadata.wavelengths, metadata.fwhm, metadata.good, metadata.fill) == (None,) * 4
    assert (metadata.gain, metadata.georeference) == (1, None)
    np.testing.assert_array_equal(variable.read(), cube)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file_type": "ENVI Spectral Library"}, "is of a spectral library, not of an image"),
        ({"file_compression": 1}, "is of compressed data, which is not supported; save it without"),
        ({"extra": "interleave = tiled"}, "has interleave tiled, not one of bsq, bil, bip"),
        ({"data_type": 7}, "has data type 7, not one of 1, 2, 3"),
        ({"data_type": "{2}"}, "has data type"),
        ({"byte_order": 2}, "has byte order 2, not one of 0, 1"),
        ({"lines": 0}, "declares 0 lines, 11 samples, 5 bands, offset 0"),
        ({"samples": -3}, "declares 13 lines, -3 samples"),
        ({"header_offset": -1}, "offset -1"),
        ({"lines": 14}, r"has 1,430 bytes, but its header 'x\.hdr' needs 1,540: it is cut off, or"),
        ({"header_offset": 1}, "needs 1,431"),
        ({"lines": 10**30}, "needs 110,000,0"),
        ({"bands": "many"}, "is damaged or no ENVI header .*'many'"),
        ({"bands": "{5}"}, "is damaged or no ENVI header"),
        (
            {"bands": None},
            r"is damaged or no ENVI header file \(Mandatory parameter .bands. missing",
        ),
        ({"major_frame_offsets": "{1, 2}"}, "frame offsets are not supported"),
        ({"description": "{no end"}, "Failed to parse"),
    ],
)
def test_what_cannot_be_read_is_refused(
    tmp_path: Path, cube: NDArray[Any], changes: dict[str, Any], message: str
) -> None:
    header = write(tmp_path / "x.img", cube, **changes)
    with pytest.raises(SceneError, match=message) as error:
        read_contents(header)
    assert "\n" not in str(error.value) and "'" in str(error.value)


def test_a_longer_file_than_wanted_is_read(tmp_path: Path, cube: NDArray[Any]) -> None:
    header = write(tmp_path / "x.img", cube)
    with (tmp_path / "x.img").open("ab") as file:
        file.write(b"more")
    np.testing.assert_array_equal(image(header).read(), cube)


def test_headers_of_no_data_name_what_is_missing(tmp_path: Path, cube: NDArray[Any]) -> None:
    header = write(tmp_path / "x.img", cube)
    (tmp_path / "x.img").rename(tmp_path / "x.rfl")
    with pytest.raises(
        SceneError, match=r"x\.hdr' is an ENVI header, but .* 'x\.img'.* next to it"
    ):
        read_contents(header)
    np.testing.assert_array_equal(image(tmp_path / "x.rfl").read(), cube)


def test_a_spectral_library_is_one_whatever_its_data_is_called(
    tmp_path: Path, cube: NDArray[Any]
) -> None:
    header = write(tmp_path / "x.sli", cube, file_type="ENVI Spectral Library")
    with pytest.raises(SceneError, match="spectral library"):
        read_contents(header)


@pytest.mark.parametrize("content", [b"\0\1\2" * 99, b"BYTEORDER I\nNROWS 13\n", b"\xff" * 50])
def test_other_headers_are_refused(tmp_path: Path, cube: NDArray[Any], content: bytes) -> None:
    header = write(tmp_path / "x.img", cube)
    header.write_bytes(content)
    with pytest.raises(SceneError, match=r"x\.hdr' is damaged or no ENVI header"):
        read_contents(header)


def test_however_a_header_is_spoilt_there_is_no_other_error(
    tmp_path: Path, cube: NDArray[Any]
) -> None:
    """Cut off anywhere, or with bytes changed."""
    extra = (
        "map info = {UTM, 1, 1, 480805.4, 3618830.5, 3.5, 3.5, 11, North, units=Meters}\n"
        "wavelength units = Nanometers\nwavelength = {400, 500, 600, 700, 800}\nbbl = {1,1,1,1,1}"
    )
    header = write(tmp_path / "x.img", cube, extra=extra)
    content = header.read_bytes()
    random = np.random.default_rng(0)
    spoilt = [content[:length] for length in range(0, len(content), 7)]
    for _ in range(150):
        changed = bytearray(content)
        for place in random.integers(5, len(content), 3):
            changed[place] = random.choice([*b"={},\n\0-9x.\xff", int(random.integers(256))])
        spoilt.append(bytes(changed))
    refused = 0
    for text in spoilt:
        header.write_bytes(text)
        try:
            image(header).read()
        except SceneError as error:
            refused += 1
            assert "\n" not in str(error)
    assert 10 < refused < len(spoilt)


WAVELENGTHS = np.array([400.125, 500.0, 600.1, 700.0, 2500.0])


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4", "?", "u1", "i2", ">u2"])
def test_what_is_written_is_read_back(tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(0).integers(0, 2, (4, 3, 5)).astype(dtype)
    wanted = np.dtype({"f": "f4", "b": "u1"}.get(np.dtype(dtype).kind, dtype))
    paths = write_image(
        tmp_path / "x.img",
        Raster(
            values=values,
            wavelengths=WAVELENGTHS,
            fwhm=WAVELENGTHS / 100,
            band_names=["a", "b, c", "d", "e", "f"],
        ),
    )
    assert paths == [tmp_path / "x.img", tmp_path / "x.hdr"] == sorted(tmp_path.iterdir())[::-1]
    variable = image(paths[1])
    assert variable.dtype == wanted.newbyteorder("=")
    np.testing.assert_array_equal(variable.read(), values)
    metadata = variable.metadata
    assert metadata.wavelengths is not None and metadata.fwhm is not None
    assert metadata.wavelengths.tolist() == WAVELENGTHS.tolist()  # to the last digit
    assert metadata.fwhm.tolist() == (WAVELENGTHS / 100).tolist()
    assert (metadata.note, metadata.georeference) == ("", None)
    assert (metadata.fill is not None and np.isnan(metadata.fill)) == (wanted == np.float32)
    assert "band names = {a, b  c, d, e, f}\n" in paths[1].read_text()


def test_a_map_has_one_band(tmp_path: Path) -> None:
    values = np.array([[1, np.nan], [3, 4], [5, 6]], np.float32)
    place = Georeference((30.0, 0.0, 5e5, 0.0, -30.0, 4e6))
    write_image(tmp_path / "a.b.img", Raster(values=values, georeference=place))
    variable = image(tmp_path / "a.b.hdr")
    assert variable.metadata.georeference == place
    np.testing.assert_array_equal(variable.read()[..., 0], values)


def test_foreign_texts_stay_within_their_entry(tmp_path: Path) -> None:
    """Neither commands to a terminal nor entries of their own: lines and braces end none."""
    header = {"coordinate system string": '{LOCAL_CS["\x1b[2J",\nUNIT["m",1]]}'}
    names = ["a}\nbands = 9", "b,c"]
    write_image(
        tmp_path / "y.img",
        Raster(values=np.zeros((2, 3, 2), np.uint8), header=header, band_names=names),
    )
    written = (tmp_path / "y.hdr").read_text()
    assert 'coordinate system string = {LOCAL_CS["\N{REPLACEMENT CHARACTER}[2J", UNIT' in written
    assert "band names = {a  bands = 9, b c}\n" in written
    assert image(tmp_path / "y.hdr").shape == (2, 3, 2)


def test_entries_about_the_map_are_passed_on(tmp_path: Path, cube: NDArray[Any]) -> None:
    extra = (
        "map info = {UTM, 1.0, 1.0, 5.25, 7.125, 30, 20, 11, North, North America 1927}\n"
        'coordinate system string = {PROJCS["UTM_Zone_11N",GEOGCS["GCS_North_American_1927",DATUM'
        '["D_North_American_1927",SPHEROID["Clarke_1866",6378206.4,294.9786982]],PRIMEM["Greenwich"'
        ',0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["Fals'
        'e_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-117.0],'
        'PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]}\n'
    )
    metadata = image(write(tmp_path / "x.img", cube, extra=extra)).metadata
    write_image(
        tmp_path / "y.img",
        Raster(values=cube, georeference=metadata.georeference, header=metadata.header),
    )
    written = (tmp_path / "y.hdr").read_text()
    for line in extra.splitlines():
        assert line.replace(" ", "") in written.replace(" ", "")
    again = image(tmp_path / "y.hdr").metadata
    assert (again.georeference, again.header) == (metadata.georeference, metadata.header)
    assert again.georeference is not None and again.georeference.crs is not None


def test_a_failing_write_leaves_the_old_files(
    tmp_path: Path, cube: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(tmp_path / "x.img", Raster(values=cube))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left on device: .*x.img"):
        write_image(tmp_path / "x.img", Raster(values=cube[:5]))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_real_image() -> None:
    if not SAN_DIEGO.exists():
        pytest.skip(f"there is no {SAN_DIEGO} here")
    variable = image(SAN_DIEGO)
    metadata, cube = variable.metadata, variable.read()
    assert variable.shape == cube.shape == (90, 90, 189)
    assert cube.dtype == np.int16 and cube.min() >= 0
    assert metadata.wavelengths is not None and metadata.georeference is not None
    assert 350 < metadata.wavelengths[0] < metadata.wavelengths[-1] < 2600
    assert metadata.note == ""
    assert metadata.georeference.transform == (3.5, 0, 480805.4, 0, -3.5, 3618830.5)
    assert metadata.georeference.crs is not None
    degrees = metadata.georeference.longitudes_latitudes(np.array([45.0]), np.array([45.0]))
    assert degrees is not None
    np.testing.assert_allclose(np.ravel(degrees), [-117.2, 32.7], atol=0.1)  # San Diego


@pytest.mark.parametrize(("kind", "noted"), [("<i2", True), ("u1", False)])
def test_a_missing_byte_order_is_noted_where_it_matters(
    tmp_path: Path, kind: str, noted: bool
) -> None:
    values = np.arange(60).reshape(5, 4, 3).astype(kind)
    found = image(write(tmp_path / "x.img", values, byte_order=None))
    np.testing.assert_array_equal(found.read(), values)
    note = "its header has no byte order: 0, little-endian, is assumed"
    assert (note in found.metadata.note) == noted
