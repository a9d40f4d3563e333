"""The report of a prediction."""

import base64
import json
import re
import shutil
from collections.abc import Iterator
from io import BytesIO
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from detection.measures import compute_measures, min_max_scale
from detection.report.report import format_measure, write_report

HOSTILE = """</script><script>alert("1")</script>"""
RANDOM = np.random.default_rng(0)
CUBE = RANDOM.random((40, 30, 5), np.float32)
TRUTH = RANDOM.random((40, 30)) > 0.98
# in steps of 1/500, so that thresholds meet ties
SCORES = min_max_scale(np.round(500 * (RANDOM.random((40, 30)) ** 6 + 0.3 * TRUTH))).astype(
    np.float32
)
COLOURS = {"anomaly": (0xD5, 0x5E, 0), "missed": (0xF0, 0xE4, 0x42), "alarm": (0x56, 0xB4, 0xE9)}


def report(folder: Path, **changes: Any) -> Path:
    """Write the page of a small scene, with these arguments changed."""
    arguments: dict[str, Any] = {
        "title": "small",
        "shape": CUBE.shape,
        "colours": CUBE[..., :3],
        "anomalous": TRUTH,
        "scores": SCORES,
        "method": "global RX",
        "options": {"ridge": "1e-06"},
        "details": {"device": "cpu"},
    } | changes
    arguments.setdefault("measures", compute_measures(arguments["anomalous"], arguments["scores"]))
    return write_report(folder / "report.html", **arguments)


def embedded(page: str) -> dict[str, Any]:
    """The data that the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_the_page_holds_all_that_it_shows(tmp_path: Path) -> None:
    path = report(tmp_path)
    assert path == tmp_path / "report.html" and list(tmp_path.iterdir()) == [path]
    page = path.read_text(encoding="utf-8")
    assert "http:" not in page and "https:" not in page and "@import" not in page
    sources = re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)', page)
    assert len(sources) == 4  # icon, scene, truth and detection map
    assert all("".join(source).startswith("data:") for source in sources)


def test_scores_and_truth_are_embedded_as_they_are(tmp_path: Path) -> None:
    data = embedded(report(tmp_path).read_text(encoding="utf-8"))
    scores = np.frombuffer(base64.b64decode(data["scores"]), "<f4")
    truth = np.frombuffer(base64.b64decode(data["truth"]), np.uint8)
    assert np.array_equal(scores, SCORES.ravel()) and np.array_equal(truth, TRUTH.ravel())


def test_unlabelled_pixels_are_distinguished(tmp_path: Path) -> None:
    unlabelled = np.zeros(TRUTH.shape, bool)
    unlabelled[:3] = True
    scores = SCORES.copy()
    scores[2:5] = np.nan
    page = report(tmp_path, scores=scores, unlabelled=unlabelled).read_text(encoding="utf-8")
    data = embedded(page)
    truth = np.frombuffer(base64.b64decode(data["truth"]), np.uint8).reshape(TRUTH.shape)
    assert (truth[:2] == 2).all() and np.array_equal(truth[3:], TRUTH[3:])
    assert "· 60 unlabelled pixels" in page and "· 90 no-data pixels" in page
    shown_ = " ".join(page.split())
    assert f"{TRUTH[5:].sum()} of 1,050 pixels; grey where there is no data or no label<" in shown_
    assert "detected, unlabelled" in page
    assert "label<" not in " ".join(report(tmp_path).read_text(encoding="utf-8").split())


def test_what_users_name_is_shown_as_text(tmp_path: Path) -> None:
    named = {"title": HOSTILE, "method": HOSTILE}
    page = report(tmp_path, **named, options={HOSTILE: HOSTILE}).read_text(encoding="utf-8")
    assert "alert(" in page and HOSTILE not in page and "<script>alert" not in page


@pytest.mark.parametrize("anomalous", [False, True], ids=["background", "anomalous"])
def test_a_truth_of_one_class_has_no_rates_and_says_why(tmp_path: Path, anomalous: bool) -> None:
    path = report(tmp_path, anomalous=np.full_like(TRUTH, anomalous))
    page = path.read_text(encoding="utf-8")
    lacking = "background" if anomalous else "anomalous"
    assert f"the ground truth has no {lacking} pixel" in " ".join(page.split())
    assert embedded(page)["truth"] is None
    for name in ("detection-rate", "false-alarm-rate", "roc", "boxes"):
        assert f'id="{name}"' not in page
    assert "AUC_SNPR" not in page and 'id="mask"' in page and 'id="threshold"' in page


def test_measures_stand_in_the_table(tmp_path: Path) -> None:
    measures = compute_measures(TRUTH, SCORES)
    assert measures is not None
    page = report(tmp_path).read_text(encoding="utf-8")
    assert (
        f'<td>area under the ROC curve</td><td class="value">{measures["auc_df"]:.4f}</td>' in page
    )
    page = report(tmp_path, measures=measures | {"auc_snpr": inf}).read_text(encoding="utf-8")
    assert '<td>AUC(D,τ) / AUC(F,τ)</td><td class="value">∞</td>' in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.98765, "0.9877"), (-0.5, "−0.5000"), (inf, "∞"), (-inf, "−∞"), (nan, "undefined")],
)
def test_a_measure_is_written_for_a_reader(value: float, text: str) -> None:
    assert format_measure(value) == text


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.skip(f"there is no browser on PATH: {', '.join(names)}")
    with playwright.sync_playwright() as engine:
        started = engine.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """An empty tab in which nothing may go wrong, and that may load nothing but its file."""
    page = browser.new_page()
    problems: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    yield page
    loaded = [url for url in requests if not url.startswith("data:")]
    assert problems == [] and loaded == [page.url]
    page.close()


DOT_ON_CURVE = """() => {
    const dot = document.getElementById("dot");
    const [x, y] = [dot.cx.baseVal.value, dot.cy.baseVal.value];
    return document.querySelector("#roc .curve").isPointInStroke(new DOMPoint(x, y));
}"""


def mask_counts(tab: Any) -> dict[str, int]:
    """How many of the mask's pixels have each colour; those without have none."""
    address = tab.evaluate("() => document.getElementById('mask').toDataURL()")
    png = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    pixels = np.round(255 * imread(BytesIO(png), format="png")).astype(int)
    assert pixels.shape == (*TRUTH.shape, 4)
    counts = {name: int((pixels == (*rgb, 255)).all(axis=2).sum()) for name, rgb in COLOURS.items()}
    return counts | {"none": int((pixels[..., 3] == 0).sum())}


def expected_counts(detected: NDArray[np.bool_]) -> dict[str, int]:
    """How many of the mask's pixels should have each colour."""
    return {
        "anomaly": int((detected & TRUTH).sum()),
        "missed": int((~detected & TRUTH).sum()),
        "alarm": int((detected & ~TRUTH).sum()),
        "none": int((~detected & ~TRUTH).sum()),
    }


def shown_threshold(tab: Any) -> np.float32:
    """The threshold that the page shows, with all its digits."""
    return np.float32(tab.get_attribute("#threshold-shown", "value"))


def check_threshold(tab: Any) -> float:
    """Compare what the page shows at its threshold with NumPy; return the share detected."""
    detected = shown_threshold(tab) <= SCORES
    counts = expected_counts(detected)
    assert mask_counts(tab) == counts
    hits, alarms = counts["anomaly"], counts["alarm"]
    targets = int(TRUTH.sum())
    assert f"{hits} of {targets} anomalous pixels" in tab.inner_text("#detection-rate")
    rate = float(tab.inner_text("#detection-rate").split("%")[0])
    assert rate == pytest.approx(100 * hits / targets, rel=5e-3)
    false_alarms = f"{alarms:,} of {SCORES.size - targets:,} background pixels"
    assert false_alarms in tab.inner_text("#false-alarm-rate")
    assert tab.evaluate(DOT_ON_CURVE)
    return float(detected.mean())


def test_the_threshold_slider_shows_what_numpy_counts(tab: Any, tmp_path: Path) -> None:
    tab.goto(report(tmp_path, title=HOSTILE).as_uri())
    assert 0.005 < check_threshold(tab) <= 0.01
    shares = []
    for key in ("Home", "ArrowRight", "PageUp", "PageUp", "ArrowLeft", "PageUp", "End"):
        tab.press("#threshold", key)
        shares.append(check_threshold(tab))
    assert len(set(shares)) == 7 and shares[0] == (SCORES == 1).mean() and shares[-1] == 1
    tab.click("#threshold")  # with the mouse, in the slider's middle
    assert 0.01 < check_threshold(tab) < 0.5


def test_the_box_plot_shows_the_percentiles(tab: Any, tmp_path: Path) -> None:
    scores = 0.1 + np.float32(0.9) * SCORES  # so that no percentile is 0
    tab.goto(report(tmp_path, scores=scores).as_uri())
    numbers = re.findall(r"0\.\d{4,}", tab.text_content("#boxes"))
    expected = [np.percentile(scores[of], at) for of in (~TRUTH, TRUTH) for at in (50, 10, 90)]
    assert [float(number) for number in numbers] == pytest.approx(expected, rel=1e-3)


def test_one_pixel_of_each_class_is_enough(tab: Any, tmp_path: Path) -> None:
    two = {"colours": CUBE[:1, :2, :3], "anomalous": np.array([[False, True]])}
    tab.goto(report(tmp_path, **two, scores=np.array([[0, 1]], np.float32)).as_uri())
    assert "1 of 1 anomalous" in tab.inner_text("#detection-rate")
    assert "0 of 1 background" in tab.inner_text("#false-alarm-rate")
    assert tab.evaluate(DOT_ON_CURVE) and "NaN" not in tab.inner_html("#roc")


def test_the_opacity_slider_fades_the_detection_map(tab: Any, tmp_path: Path) -> None:
    tab.goto(report(tmp_path).as_uri())
    opacity = "() => Number(getComputedStyle(document.getElementById('detection')).opacity)"
    assert tab.evaluate(opacity) == 1
    tab.click("#opacity")
    assert tab.evaluate(opacity) == pytest.approx(0.5, abs=0.02)
    tab.press("#opacity", "Home")
    assert tab.evaluate(opacity) == 0 and tab.inner_text("#opacity-shown") == "0 %"


def test_without_two_classes_the_mask_still_follows_its_slider(tab: Any, tmp_path: Path) -> None:
    tab.goto(report(tmp_path, anomalous=np.zeros_like(TRUTH)).as_uri())
    tab.press("#threshold", "PageUp")
    counts = mask_counts(tab)
    assert counts["anomaly"] == (shown_threshold(tab) <= SCORES).sum()
    assert counts["missed"] == counts["alarm"] == 0


def test_scores_that_are_all_equal_are_shown(tab: Any, tmp_path: Path) -> None:
    tab.goto(report(tmp_path, scores=np.zeros_like(SCORES)).as_uri())
    tab.press("#threshold", "End")
    assert "1,200 of 1,200 pixels" in tab.inner_text("#detected")
    assert tab.inner_text("#threshold-shown") == "0"


def test_the_page_fits_a_narrow_screen(tab: Any, tmp_path: Path) -> None:
    tab.set_viewport_size({"width": 420, "height": 800})
    tab.goto(report(tmp_path, title="x" * 200, options={"checkpoint": "y" * 200}).as_uri())
    assert tab.evaluate("() => document.documentElement.scrollWidth") == 420


NO_DATA = np.zeros(TRUTH.shape, bool)
NO_DATA[:, :4] = NO_DATA[20, 20] = True
MASKED = {
    "colours": np.where(NO_DATA[..., np.newaxis], np.float32(np.nan), CUBE[..., :3]),
    "scores": np.where(NO_DATA, np.float32(np.nan), SCORES),
}


def picture(page: str, alt: str) -> NDArray[Any]:
    """A picture of the page in [0, 1], (H, W, 4)."""
    found = re.search(rf'src="data:image/png;base64,([^"]*)" alt="{alt}"', page)
    assert found
    return np.asarray(imread(BytesIO(base64.b64decode(found[1])), format="png"))


def test_no_data_pixels_are_counted_and_not_shown(tmp_path: Path) -> None:
    page = report(tmp_path, **MASKED).read_text(encoding="utf-8")
    text = " ".join(page.split())
    targets = (TRUTH & ~NO_DATA).sum()
    assert 0 < targets < TRUTH.sum()
    assert f"5 bands · {targets} anomalous pixels · 161 no-data pixels" in text
    assert f"white where anomalous: {targets} of 1,039 pixels; grey where there is no data" in text
    assert "no-data" not in report(tmp_path).read_text(encoding="utf-8")
    assert np.array_equal(picture(page, "The detection map")[..., 3] == 0, NO_DATA)
    grey = picture(page, "The ground truth")[..., 0]
    assert np.array_equal(grey == 1, TRUTH & ~NO_DATA) and np.array_equal(
        grey == 0, ~TRUTH & ~NO_DATA
    )


def test_the_script_excludes_no_data_pixels(tab: Any, tmp_path: Path) -> None:
    tab.goto(report(tmp_path, **MASKED).as_uri())
    for key in ("Home", "PageUp", "End"):
        tab.press("#threshold", key)
        detected = (shown_threshold(tab) <= SCORES) & ~NO_DATA
        hits, alarms = int((detected & TRUTH).sum()), int((detected & ~TRUTH).sum())
        counts = mask_counts(tab)
        assert counts["none"] == (~detected & ~TRUTH & ~NO_DATA).sum()
        assert (counts["anomaly"], counts["alarm"]) == (hits, alarms)
        assert counts["missed"] == (~detected & TRUTH & ~NO_DATA).sum()
        assert sum(counts.values()) == (~NO_DATA).sum()  # the others are white
        assert f"{hits + alarms:,} of 1,039 pixels" in tab.inner_text("#detected")
        assert f"{hits} of {(TRUTH & ~NO_DATA).sum()} anomalous" in tab.inner_text(
            "#detection-rate"
        )
        background = (~TRUTH & ~NO_DATA).sum()
        assert f"{alarms:,} of {background:,} background" in tab.inner_text("#false-alarm-rate")
        assert tab.evaluate(DOT_ON_CURVE)
    assert detected.sum() == 1039
    assert all("NaN" not in tab.inner_html(id) for id in ("#roc", "#boxes", "dl"))


def test_without_a_ground_truth_the_page_says_so(tab: Any, tmp_path: Path) -> None:
    path = report(tmp_path, **MASKED, anomalous=None)
    page = path.read_text(encoding="utf-8")
    assert "This scene has no ground truth: there are no rates" in page
    assert embedded(page)["truth"] is None and "whatever the ground truth" not in page
    assert "5 bands · 161 no-data pixels </p>" in " ".join(page.split())
    for name in ("The ground truth", 'id="roc"', 'id="boxes"', 'id="detection-rate"', "AUC_SNPR"):
        assert name not in page
    tab.goto(path.as_uri())
    tab.press("#threshold", "PageUp")
    counts = mask_counts(tab)
    assert counts["anomaly"] == ((shown_threshold(tab) <= SCORES) & ~NO_DATA).sum()
    assert counts["missed"] == counts["alarm"] == 0


@pytest.mark.parametrize("threshold", [0.4321, float(np.sort(SCORES.ravel())[-40]), 2.0])
def test_the_slider_starts_at_a_threshold(tab: Any, tmp_path: Path, threshold: float) -> None:
    path = report(tmp_path, threshold=threshold)
    text = " ".join(path.read_text(encoding="utf-8").split())
    assert f"starts at the threshold of this prediction, {threshold:.4g}." in text
    assert "1&nbsp;% of" not in text
    tab.goto(path.as_uri())
    assert float(tab.get_attribute("#threshold-shown", "value")) == threshold
    detected = int((np.float64(threshold) <= SCORES.astype(np.float64)).sum())
    assert f"{detected:,} of 1,200 pixels" in tab.inner_text("#detected")
    before = detected
    for key, sign in (("ArrowLeft", -1), ("ArrowRight", 1)):
        tab.press("#threshold", key)
        now = int(tab.inner_text("#detected").split("\n")[-1].split(" ")[0].replace(",", ""))
        assert sign * (now - before) >= 0
        before = now


def test_the_page_says_which_bands_the_colours_are(tmp_path: Path) -> None:
    plain, natural = (
        " ".join(report(tmp_path, **changes).read_text(encoding="utf-8").split())
        for changes in ({}, {"natural": True, "colours": CUBE[..., [4, 2, 0]]})
    )
    assert "three bands stretched between" in plain
    assert "the bands nearest red, green and blue, stretched between" in natural
    pictures = [re.search(r"url\(([^)]*)\)", page) for page in (plain, natural)]
    assert pictures[0] and pictures[1] and pictures[0][1] != pictures[1][1]
