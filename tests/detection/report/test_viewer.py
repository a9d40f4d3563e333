"""Maps, spectra and objects of the report, driven in a browser."""

import base64
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.image import imread
from numpy.typing import NDArray
from pyproj import CRS

import detection.report.spectra
from data.georeference import Georeference
from data.metadata import Metadata
from detection.figures.pictures import false_colour
from detection.prediction import Prediction
from detection.report.report import write_report
from options.types import Threshold
from tests.detection.report.pages import CUBE, MASKED, NO_DATA, SCORES, TRUTH, prediction

PLACE = Georeference((30.0, 0, 5e5, 0, -30.0, 4e6), CRS.from_epsg(32633))
WAVELENGTHS = np.array([460.0, 540, 560, 600, 660])
KNOWN: dict[str, Any] = {
    "cube": np.round(1000 * CUBE).astype(np.int16),
    "metadata": Metadata(
        wavelengths=WAVELENGTHS,
        numbers=np.array([1, 2, 3, 9, 10]),
        gain=0.25,
        offset=-1,
        georeference=PLACE,
    ),
    "threshold": Threshold("value", 0.4),
}


@pytest.fixture
def made() -> Prediction:
    """A prediction with all that a page may show."""
    unit = prediction(**KNOWN).scene.scaled_cube()
    return prediction(**KNOWN, reconstruction=unit**2)


@pytest.fixture
def viewer(tab: Any, tmp_path: Path, made: Prediction) -> Any:
    """Its page."""
    tab.goto(write_report(tmp_path / "report.html", made).as_uri())
    return tab


def point(tab: Any, row: float, column: float, *, stage: int = 0) -> tuple[float, float]:
    """Where the centre of a pixel is on the screen."""
    tab.locator(".stage").nth(stage).scroll_into_view_if_needed()
    box = tab.locator(".stage").nth(stage).bounding_box()
    zoom, left, top = tab.evaluate("[view.zoom, view.left, view.top]")
    return (
        box["x"] + box["width"] * (left + zoom * (column + 0.5) / TRUTH.shape[1]),
        box["y"] + box["height"] * (top + zoom * (row + 0.5) / TRUTH.shape[0]),
    )


def selected(tab: Any) -> tuple[int, int]:
    """The selected pixel, as the page states it."""
    tab.wait_for_function("() => document.getElementById('selected').textContent")
    settle(tab)
    found = re.match(r"Pixel at row (\d+), column (\d+)", tab.inner_text("#selected"))
    assert found
    return int(found[1]), int(found[2])


def settle(tab: Any) -> None:
    """Wait until what was asked for is drawn."""
    tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def canvas(tab: Any, address: str) -> NDArray[np.int64]:
    """A picture of the page, given what has its address, (H, W, 4) from 0 to 255."""
    png = base64.b64decode(tab.evaluate(address).split("base64,")[1])
    return np.round(255 * imread(BytesIO(png), format="png")).astype(int)


def test_hovering_states_position_place_and_score(viewer: Any) -> None:
    assert not viewer.is_visible("#hover")
    for stage, (row, column) in enumerate([(12, 7), (0, 0), (39, 29), (20, 3)]):
        viewer.mouse.move(*point(viewer, row, column, stage=stage))
        lines = viewer.inner_text("#hover").splitlines()
        east, north = PLACE.longitudes_latitudes(np.array([row]), np.array([column])) or ([], [])
        share = (SCORES[row, column] > SCORES).mean()
        assert lines[0] == f"row {row}, column {column}"
        assert lines[1] == f"{east[0]:.7f}° E, {north[0]:.7f}° N"
        x, y = 5e5 + 30 * (column + 0.5), 4e6 - 30 * (row + 0.5)
        assert lines[2] == f"x {x:,.1f}, y {y:,.1f} (WGS 84 / UTM zone 33N)"
        assert float(lines[3].split()[1].rstrip(",")) == pytest.approx(SCORES[row, column], 1e-3)
        assert f"higher than {np.floor(1e4 * share) / 100:.2f} % of the pixels" in lines[3]
        assert lines[4] == f"ground truth: {'anomalous' if TRUTH[row, column] else 'background'}"
    viewer.mouse.move(2, 2)
    assert not viewer.is_visible("#hover")


def test_a_click_plots_the_spectrum_and_its_reconstruction(viewer: Any, made: Prediction) -> None:
    assert selected(viewer) == np.unravel_index(SCORES.argmax(), SCORES.shape)
    viewer.mouse.click(*point(viewer, 17, 23, stage=2))
    assert selected(viewer) == (17, 23)
    series = viewer.evaluate("chart.series")
    low, high = made.scene.range
    assert made.reconstruction is not None
    rebuilt = made.reconstruction[17, 23] * (float(high) - float(low)) + float(low)
    assert series["spectrum"] == (made.scene.cube[17, 23] * 0.25 - 1).tolist()
    step = (high - low) * 0.25 / 65535
    assert series["rebuilt"] == pytest.approx(rebuilt * 0.25 - 1, abs=step)
    background = made.scene.cube[SCORES < 0.4] * 0.25 - 1
    mean, deviation = background.mean(axis=0), background.std(axis=0)
    assert series["mean"] == pytest.approx(mean)
    assert series["upper"] == pytest.approx(mean + deviation)
    assert series["lower"] == pytest.approx(mean - deviation)
    for line in ("spectrum", "rebuilt", "mean"):  # without bands 4 to 8
        assert viewer.get_attribute(f"#spectrum .{line}", "d").count("M") == 2
    assert "Wavelength (nm)" in viewer.inner_html("#spectrum")
    viewer.locator("#spectrum").scroll_into_view_if_needed()
    box = viewer.locator("#spectrum").bounding_box()
    viewer.mouse.move(box["x"] + viewer.evaluate("chart.x(601)"), box["y"] + 50)
    read = re.findall(r"[−\d.]+", viewer.inner_text("#spectrum-values"))
    values = [series[name][3] for name in ("spectrum", "rebuilt", "mean")]
    assert [float(text.replace("−", "-")) for text in read] == pytest.approx(
        [600, 9, *values, deviation[3]], rel=1e-4
    )


def test_keys_move_the_selected_pixel_and_zoom(viewer: Any) -> None:
    viewer.mouse.click(*point(viewer, 5, 5))
    viewer.keyboard.press("ArrowDown")
    viewer.keyboard.press("ArrowRight")
    viewer.keyboard.press("Shift+ArrowRight")
    assert selected(viewer) == (6, 16)
    for _ in range(4):
        viewer.keyboard.press("+")
    for _ in range(5):
        viewer.keyboard.press("Shift+ArrowDown")
    assert selected(viewer) == (39, 16)
    assert all(0 <= place <= 1 for place in viewer.evaluate("selectionPlace()"))
    assert viewer.inner_text("#zoom-shown") == "× 5"
    viewer.keyboard.press("0")
    assert viewer.inner_text("#zoom-shown") == "× 1"
    viewer.keyboard.press("Tab")
    focus = "document.activeElement.className || document.activeElement.id"
    assert viewer.evaluate(focus) in ("red", "stage")  # nothing is trapped


def test_the_wheel_zooms_to_the_pointer_and_dragging_moves(viewer: Any) -> None:
    x, y = point(viewer, 10, 20)
    viewer.wait_for_timeout(300)  # while the page scrolls, the wheel does not zoom
    viewer.mouse.move(x, y)
    for _ in range(3):
        viewer.mouse.wheel(0, -150)
    viewer.wait_for_function("() => view.zoom > 3")
    assert point(viewer, 10, 20) == pytest.approx((x, y), abs=4)  # the pointer's, zoomed
    before = point(viewer, 12, 21)
    viewer.mouse.move(*before)
    viewer.mouse.down()
    viewer.mouse.move(before[0] + 30, before[1] + 25, steps=3)
    viewer.mouse.up()
    assert point(viewer, 12, 21) == pytest.approx((before[0] + 30, before[1] + 25), abs=1)
    assert selected(viewer) != (12, 21)  # a drag is no click
    transforms = viewer.evaluate(
        "[...document.querySelectorAll('.layers')].map(one => getComputedStyle(one).transform)"
    )
    scales = {text.split("(")[1].split(",")[0] for text in transforms}
    assert len(transforms) == 4 and len(scales) == 1  # all maps show the same part
    viewer.click("#zoom-all")
    assert viewer.evaluate("[view.zoom, view.left, view.top]") == [1, 0, 0]
    viewer.click("#zoom-in")
    assert viewer.inner_text("#zoom-shown") == "× 1.5"


def test_the_table_has_the_objects_and_a_row_jumps_to_its_own(
    viewer: Any, made: Prediction
) -> None:
    settle(viewer)
    rows = viewer.locator("#objects tbody tr").all_inner_texts()
    assert len(rows) == len(made.objects) > 5
    assert f"{len(rows)} objects at threshold 0.4000" in viewer.inner_text("#objects-caption")
    for text, found in zip(rows, made.objects, strict=True):
        cells = text.replace(",", "").split()
        values: list[Any] = [
            found.number,
            found.row,
            found.column,
            found.area_pixels,
            found.peak_score,
        ]
        values += [found.mean_score, found.longitude, found.latitude]
        assert [float(cell) for cell in cells] == pytest.approx(values, abs=0.051, rel=1e-3)
    third = made.objects[2]
    viewer.click("#objects tbody tr:nth-child(3) button")
    assert selected(viewer) == (third.peak_row, third.peak_column)
    assert viewer.evaluate("view.zoom") > 1
    assert all(0 <= place <= 1 for place in viewer.evaluate("selectionPlace()"))
    assert viewer.locator("#objects tr[aria-current]").inner_text() == rows[2]
    viewer.press("#threshold", "Home")
    settle(viewer)
    strongest = SCORES.max() == SCORES
    assert len(viewer.locator("#objects tbody tr").all()) <= strongest.sum()


def test_a_stretch_changes_colours_and_no_score(tab: Any, tmp_path: Path) -> None:
    scores = MASKED["scores"]
    tab.goto(write_report(tmp_path / "report.html", prediction(**MASKED)).as_uri())
    values = scores[~NO_DATA].astype(float)
    low, high = np.percentile(values, (0.1, 99.9))
    decades = max(np.percentile(values[values > 0], 1), values.max() / 1e4)
    with np.errstate(divide="ignore"):
        unit = {
            "percentile": (scores - low) / (high - low),
            "linear": (scores - values.min()) / (values.max() - values.min()),
            "log": np.log(scores / decades) / np.log(values.max() / decades),
        }
    for kind, stretched in unit.items():
        tab.select_option("#stretch", kind)
        picture = canvas(tab, "document.getElementById('detection').toDataURL()")
        assert np.array_equal(picture[..., 3] == 0, NO_DATA)
        colours = colormaps["viridis"](np.clip(stretched, 0, 1), bytes=True).astype(int)
        assert np.abs(picture - colours)[~NO_DATA].max() <= 4  # of a neighbouring colour
    marks = tab.locator("#bar-scores span").all_inner_texts()
    assert float(marks[0].split()[-1]) == pytest.approx(decades, rel=1e-2) and marks[-1] == "1"
    tab.mouse.move(*point(tab, 30, 9))
    assert f"score {scores[30, 9]:#.4g}, higher" in tab.inner_text("#hover")


def test_bands_are_chosen_for_false_colour(tab: Any, tmp_path: Path) -> None:
    tab.goto(write_report(tmp_path / "report.html", made := prediction(**MASKED)).as_uri())
    address = "document.querySelector('.scene').toDataURL()"
    tab.evaluate("document.getElementById('scene').decode()")
    settle(tab)
    first = false_colour(made.scene.scaled_cube(), bands=(2, 1, 0))
    assert np.abs(canvas(tab, address)[..., :3] - 255 * first).max() <= 1.01
    for colour, band in (("red", "4"), ("green", "0"), ("blue", "3")):
        tab.select_option(f"#{colour}", band)
    shown = false_colour(made.scene.scaled_cube(), bands=(4, 0, 3))
    picture = canvas(tab, address)
    assert np.abs(picture[..., :3] - 255 * shown).max() <= 1.01
    assert (picture[NO_DATA] == 255).all()
    dimmed = canvas(tab, "document.querySelector('.dimmed').toDataURL()")
    assert np.array_equal(dimmed, picture)


def test_a_pixel_without_spectrum_shows_the_nearest_and_says_so(
    tab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection.report.spectra, "SPECTRA_BYTES", 200 * 5 * 2)
    tab.goto(write_report(tmp_path / "report.html", prediction(truth=None)).as_uri())
    assert selected(tab) == np.unravel_index(SCORES.argmax(), SCORES.shape)
    assert "nearest" not in tab.inner_text("#selected") and tab.locator("#red").count() == 0
    places = np.reshape(tab.evaluate("[...decodeSpectra().places]"), SCORES.shape)
    row, column = (int(found[0]) for found in np.nonzero(places < 0))
    tab.mouse.click(*point(tab, row, column))
    assert selected(tab) == (row, column)
    found = re.search(
        r"nearest pixel with one,\s+row (\d+), column (\d+)", tab.inner_text("#selected")
    )
    assert found and places[shown := (int(found[1]), int(found[2]))] >= 0
    near = np.hypot(*(np.array(np.nonzero(places >= 0)) - [[row], [column]])).min()
    assert np.hypot(shown[0] - row, shown[1] - column) == pytest.approx(near)
    error = float(np.ptp(CUBE.reshape(-1, 5), axis=0).max()) / 65535
    assert tab.evaluate("chart.series.spectrum") == pytest.approx(CUBE[shown], abs=error)


def test_a_tap_selects_and_states_the_pixel(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 420, "height": 800})
    tab = context.new_page()
    tab.goto(write_report(tmp_path / "report.html", prediction()).as_uri())
    tab.touchscreen.tap(*point(tab, 22, 11))
    assert selected(tab) == (22, 11)
    assert tab.inner_text("#hover").startswith("row 22, column 11\nscore ")
    context.close()


def test_two_fingers_zoom_what_is_between_them_and_select_nothing(
    browser: Any, tmp_path: Path
) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 420, "height": 800})
    tab = context.new_page()
    tab.goto(write_report(tmp_path / "report.html", prediction()).as_uri())
    x, y = point(tab, 22, 11)
    before = tab.evaluate("[selection.row, selection.column]")
    touches = context.new_cdp_session(tab)
    for kind, apart in (("touchStart", 20), ("touchMove", 35), ("touchMove", 50)):
        fingers = [{"x": x + side * apart, "y": y, "id": side + 1} for side in (-1, 1)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert tab.evaluate("view.zoom") == pytest.approx(2.5)
    assert point(tab, 22, 11) == pytest.approx((x, y), abs=1)
    assert tab.evaluate("[selection.row, selection.column]") == before
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_the_page_fits_its_window_in_both_schemes(viewer: Any, width: int, scheme: str) -> None:
    viewer.emulate_media(color_scheme=scheme)
    viewer.set_viewport_size({"width": width, "height": 800})
    settle(viewer)
    assert viewer.evaluate("document.documentElement.scrollWidth") == width
    luminance = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert (viewer.evaluate(luminance) < 60) == (scheme == "dark")
    view_box = viewer.get_attribute("#spectrum", "viewBox").split()
    assert float(view_box[2]) <= width


def test_on_paper_there_are_maps_and_tables_but_no_controls(viewer: Any) -> None:
    viewer.emulate_media(media="print")
    settle(viewer)
    controls = viewer.locator("input, select, .toolbar, #save-spectrum")
    assert controls.count() > 5
    assert not any(one.is_visible() for one in controls.all())
    for name in ("#detection", "#mask", "#objects", "#roc", "#threshold-shown"):
        assert viewer.locator(name).is_visible()
    table = viewer.locator("#objects")
    whole, shown = table.bounding_box(), viewer.locator(".scroll").bounding_box()
    assert shown["height"] >= whole["height"]  # all of its rows
