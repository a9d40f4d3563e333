"""Lists in ENVI headers, as programs and people write them."""

from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.registry import read_contents
from data.reading.from_file import read_scene
from tests.data.formats.envi.test_image import image, write

NM = ["400", "500.5", "600", "700", "2500"]
UM = ["0,400", "0,5005", "0,600", "0,700", "2,500"]
GOOD = ["1", "1", "0", "1", "0"]
UNITS = "wavelength units = Nanometers\n"


def lists(before: str, between: str, after: str) -> str:
    """Write wavelengths and bad bands in one style."""
    return UNITS + "\n".join(
        f"{name} = {before}{between.join(values)}{after}"
        for name, values in (("wavelength", NM), ("bbl", GOOD))
    )


STYLES = {
    "plain": lists("{", ", ", "}"),
    "comma before the brace": lists("{", ", ", ",}"),
    "one per line": lists("{\n", "\n", "\n}"),
    "comma each line": lists("{\n", ",\n", ",\n}"),
    "blanks": lists("{", " ", "}"),
    "tabs": lists("{\t", "\t", "\t}"),
    "semicolons": lists("{", "; ", "}"),
    "square brackets": lists("[", " ", "]"),
    "parentheses": lists("(", ",", ")"),
    "no brackets": lists("", ", ", ""),
    "no brackets, two lines": lists("", ",\n ", ""),
    "brace in the next line": lists("\n{", ", ", "}"),
    "brace at the end alone": lists("", ", ", "}"),
    "doubled commas": lists("{", ",, ", "}"),
    "quotes": lists('{"', '", "', '"}'),
    "text behind": lists("{", ", ", "} ; of the laboratory"),
    "full width": lists("｛", "，", "｝"),
    "comment": UNITS.replace("ers", "ers ; as measured") + lists("{", ",", "}").partition("\n")[2],
    "colon": lists("{", ", ", "}").replace(" =", ":"),
    "no equals sign": lists("{", ", ", "}").replace(" = {", " {"),
    "other names": lists("{", ", ", "}")
    .replace("wavelength =", "Wavelengths =")
    .replace("wavelength units", "WAVELENGTH_UNITS")
    .replace("bbl", "bad band list"),
    "decimal commas": f"wavelength units = um\nwavelength = {{{'; '.join(UM)}}}\n"
    f"bbl = {{{'; '.join(GOOD)}}}",
    "decimal commas and blanks": f"wavelength units = um\nwavelength = {{{' '.join(UM)}}}\n"
    f"bbl = {{{' '.join(GOOD)}}}",
    "units in the list": f"wavelength = {{{' nm, '.join(NM)} nm}}\nbbl = {{{','.join(GOOD)}}}",
    "exponents": f"{UNITS}wavelength = {{4.0e2, 5.005E+02, .6D3, 7e2, 25e+2}}\n"
    f"bbl = {{{','.join(GOOD)}}}",
    "words": f"{UNITS}wavelength = {{{','.join(NM)}}}\nbbl = {{True, true, False, good, bad}}",
}


@pytest.mark.parametrize("extra", STYLES.values(), ids=STYLES)
def test_lists_are_read_in_every_style(tmp_path: Path, cube: NDArray[Any], extra: str) -> None:
    metadata = image(write(tmp_path / "x.img", cube, extra=extra)).metadata
    assert metadata.wavelengths is not None and metadata.good is not None
    np.testing.assert_allclose(metadata.wavelengths, [400, 500.5, 600, 700, 2500])
    assert metadata.good.tolist() == [True, True, False, True, False]
    assert metadata.note == ""


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ("{1, 1, 0, 1}", "it has 4 numbers for 5 bands"),
        ("{1, 1, 0, 1, 0, 1}", "it has 6 numbers for 5 bands"),
        ("{1, , 0, 1, 1}", "it has 4 numbers for 5 bands"),
        ("{4, 5}", "it has 2 numbers for 5 bands"),
        ("{1, 1, x, 1, 0}", "'x' in it is not understood"),
        ("{1, 1, nan, 1, 0}", "a value is not finite"),
        ("{1, 1, 0, 1, 0\nwavelength = {1, 2, 3, 4, 5}", "'wavelength' in it is not understood"),
    ],
)
def test_bad_bands_that_are_not_understood_are_refused(
    tmp_path: Path, cube: NDArray[Any], values: str, reason: str
) -> None:
    """Otherwise they would be used."""
    header = write(tmp_path / "x.img", cube, extra=f"bbl = {values}")
    with pytest.raises(SceneError, match=r"x\.hdr': its list 'bbl' is not understood") as error:
        read_contents(header)
    assert f"({reason}" in str(error.value)


@pytest.mark.parametrize(
    ("extra", "note"),
    [
        ("wavelength = {1, 2, 3, 4}", "'wavelength' is ignored: it has 4 numbers for 5 bands"),
        ("fwhm = {1, 2, b, 4, 5}", "'fwhm' is ignored: 'b' in it is not understood"),
        ("band names = {a, b}", "'band names' is ignored: it has 2 names for 5 bands"),
        ("data ignore value = none", "'data ignore value' is ignored: it is not one number"),
        ("data ignore value = {0, -9999}", "'data ignore value' is ignored: it is not one number"),
        ("reflectance scale factor = no", "'reflectance scale factor' is ignored: 'no' is not"),
        ("map info = {UTM, 1, 1, a}", "'map info' cannot be used for locations"),
        (
            "map info = {X, 1, 1, 5, 5, 1, 1}\ncoordinate system string = {X[1]}",
            "'coordinate system string' cannot be used for locations",
        ),
        ("bbl = {1, 1, 2, 1, 0}", "'bbl' has values other than 0 and 1: all but 0 are good"),
        ("bbl = {1,1,1,1,0}\nbbl = {1,1,1,1,1}", "has 'bbl' several times: the last counts"),
    ],
)
def test_what_is_not_understood_is_noted(
    tmp_path: Path, cube: NDArray[Any], extra: str, note: str
) -> None:
    scene = read_scene(write(tmp_path / "x.img", cube, extra=extra), name="x")
    assert [line for line in scene.notes if note in line] == [
        f"the header{scene_note(scene.notes)}"
    ]


def scene_note(notes: tuple[str, ...]) -> str:
    """Return the end of the note on the header."""
    (note,) = (note for note in notes if note.startswith("the header"))
    return note.removeprefix("the header")


@pytest.mark.parametrize(
    "names",
    [
        [f"Band {i + 1} ({value} nm)" for i, value in enumerate(NM)],
        [f"{value} Nanometers" for value in NM],
        [f"B{i}_{value}nm" for i, value in enumerate(NM)],
        [f"{value}0" if "." in value else f"{value}.00" for value in NM],
    ],
)
def test_wavelengths_are_found_in_band_names(
    tmp_path: Path, cube: NDArray[Any], names: list[str]
) -> None:
    extra = f"band names = {{{', '.join(names)}}}"
    metadata = image(write(tmp_path / "x.img", cube, extra=extra)).metadata
    assert metadata.wavelengths is not None
    np.testing.assert_allclose(metadata.wavelengths, [400, 500.5, 600, 700, 2500])


@pytest.mark.parametrize("name", ["Band {}", "{}", "B0{}", "{}00-{}50 nm", "{}00 nm, 10 nm"])
def test_other_band_names_are_no_wavelengths(tmp_path: Path, cube: NDArray[Any], name: str) -> None:
    names = ";".join(name.replace("{}", str(i + 4)) for i in range(5))
    metadata = image(write(tmp_path / "x.img", cube, extra=f"band names = {{{names}}}")).metadata
    assert metadata.wavelengths is None


def test_gains_that_all_bands_share_are_the_scale(tmp_path: Path, cube: NDArray[Any]) -> None:
    extra = "data gain values = {.5, .5, .5, .5, .5}\ndata offset values = {2}"
    variable = image(write(tmp_path / "x.img", cube, extra=extra))
    assert (variable.metadata.gain, variable.metadata.offset) == (0.5, 2)
    np.testing.assert_array_equal(variable.read(), cube)


@pytest.mark.parametrize(
    "extra",
    [
        "data gain values = {1, 2, 3, 4, 5}\ndata offset values = {0, 0, 0, 0, .5}",
        "reflectance scale factor = {1, .5, .333333333333, .25, .2}\n"
        "data offset values = {0 0 0 0 .5}",
    ],
)
def test_gains_of_single_bands_are_applied(tmp_path: Path, cube: NDArray[Any], extra: str) -> None:
    cube[2, 3] = 0
    header = write(tmp_path / "x.img", cube, extra=f"{extra}\ndata ignore value = 0")
    variable = image(header)
    expected = (cube * np.array([1.0, 2, 3, 4, 5]) + [0, 0, 0, 0, 0.5]).astype(np.float32)
    expected[cube == 0] = np.nan
    np.testing.assert_allclose(variable.read(), expected, rtol=1e-6)
    assert variable.dtype == np.float32 and variable.window is not None
    block = variable.window((slice(1, 4), slice(None), slice(2, 5)))
    np.testing.assert_allclose(block, expected[1:4, :, 2:5], rtol=1e-6)
    assert "different gains or offsets in the header, which are applied" in variable.metadata.note


@pytest.mark.parametrize("values", ["{1, 2}", "{1, 2, 0, 1, 1}", "{1, 2, x, 1, 1}"])
def test_gains_that_are_not_understood_are_refused(
    tmp_path: Path, cube: NDArray[Any], values: str
) -> None:
    header = write(tmp_path / "x.img", cube, extra=f"data gain values = {values}")
    with pytest.raises(SceneError, match=r"x\.hdr': its list 'data gain values' "):
        read_contents(header)


@pytest.mark.parametrize("lines", [f"lines = {'9' * 6000}", "lines = 1e400", "samples = 11.0"])
def test_absurd_numbers_are_refused_in_a_short_line(
    tmp_path: Path, cube: NDArray[Any], lines: str
) -> None:
    header = write(tmp_path / "x.img", cube, extra=lines)
    with pytest.raises(SceneError, match=r"x\.hdr' is damaged .*(lines|samples)") as error:
        read_contents(header)
    assert len(str(error.value).replace(str(tmp_path), "")) < 150


def test_a_header_without_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.hdr").open("wb") as file:
        file.write(b"ENVI\ndescription = {")
        file.truncate(1 << 30)
    with pytest.raises(SceneError, match=r"x\.hdr' has 1,073,741,824 bytes, too many for"):
        read_contents(tmp_path / "x.hdr")


@pytest.mark.parametrize("line", ["a", "bbl = {", "bbl = {1,", "map info = {a", "band names = {a"])
def test_a_header_of_blanks_is_read_at_once(tmp_path: Path, cube: NDArray[Any], line: str) -> None:
    """A search that begins again at each blank would take hours."""
    header = write(tmp_path / "x.img", cube, extra=f"{line}{' ' * (1 << 20)}}}")
    begin = process_time()
    with suppress(SceneError):
        read_contents(header)
    assert process_time() - begin < 5


@pytest.mark.parametrize(
    "extra",
    [
        "wavelength = {400, 500, 600, 700, 800}\nwavelength units = {\x1b[2J\nAUC: 1.0}",
        "reflectance scale factor = {\x1b[2J\nAUC: 1.0}",
        "wavelength = {400, 500, \x1b[2J\nAUC: 1.0}",
        "\x1b[2J = 1\n\x1b[2J = 2\nbbl = {1 1 1 1 0}\nbbl = {1 1 1 1 1}",
    ],
)
def test_texts_of_a_header_stay_in_their_line(
    tmp_path: Path, cube: NDArray[Any], extra: str
) -> None:
    note = image(write(tmp_path / "x.img", cube, extra=extra)).metadata.note
    assert note and note.isprintable()
