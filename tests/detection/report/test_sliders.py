"""The sliders of the report, in a browser."""

import base64
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from options.types import Threshold
from tests.detection.report.pages import (
    CUBE,
    MASKED,
    NO_DATA,
    SCORES,
    TRUTH,
    has_array,
    report,
)

COLOURS = {"anomaly": (0xD5, 0x5E, 0), "missed": (0xF0, 0xE4, 0x42), "alarm": (0x56, 0xB4, 0xE9)}

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
    tab.goto(report(tmp_path, name="</script>").as_uri())
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


@pytest.mark.parametrize(("score", "visible"), [(0.5, True), (2.2, False)])
def test_the_box_plot_has_a_threshold_among_the_scores(
    tab: Any, tmp_path: Path, score: float, visible: bool
) -> None:
    tab.goto(report(tmp_path, threshold=Threshold("value", 0.5)).as_uri())
    tab.evaluate(f"showRates({score})")
    assert (
        tab.evaluate("getComputedStyle(document.getElementById('line')).display != 'none'")
        is visible
    )


def test_one_pixel_of_each_class_is_enough(tab: Any, tmp_path: Path) -> None:
    two = {"cube": CUBE[:1, :2], "truth": np.array([[False, True]])}
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
    tab.goto(report(tmp_path, truth=np.zeros_like(TRUTH)).as_uri())
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
    tab.goto(report(tmp_path, name="x" * 200, options={"checkpoint": "y" * 200}).as_uri())
    assert tab.evaluate("() => document.documentElement.scrollWidth") == 420


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
    path = report(tmp_path, **MASKED, truth=None)
    page = path.read_text(encoding="utf-8")
    assert "This scene has no ground truth: there are no rates" in page
    assert not has_array(page, "truth") and "whatever the ground truth" not in page
    assert "5 bands · 161 no-data pixels </p>" in " ".join(page.split())
    for name in ("The ground truth", 'id="roc"', 'id="boxes"', 'id="detection-rate"', "AUC_SNPR"):
        assert name not in page
    tab.goto(path.as_uri())
    tab.press("#threshold", "PageUp")
    counts = mask_counts(tab)
    assert counts["anomaly"] == ((shown_threshold(tab) <= SCORES) & ~NO_DATA).sum()
    assert counts["missed"] == counts["alarm"] == 0


@pytest.mark.parametrize("score", [0.4321, float(np.sort(SCORES.ravel())[-40]), 1.0])
def test_the_slider_starts_at_a_threshold(tab: Any, tmp_path: Path, score: float) -> None:
    scores = SCORES * np.float32(1 if score < 1 else 0.5)  # 1 is above all of them
    threshold = Threshold("value", score)
    path = report(tmp_path, threshold=threshold, scores=scores)
    text = " ".join(path.read_text(encoding="utf-8").split())
    assert f"starts at the threshold of this prediction, {score:.4g}." in text
    assert "1&nbsp;% of" not in text
    tab.goto(path.as_uri())
    assert shown_threshold(tab) == np.float32(score)
    detected = int((np.float32(score) <= scores).sum())
    assert f"{detected:,} of 1,200 pixels" in tab.inner_text("#detected")
    before = detected
    for key, sign in (("ArrowLeft", -1), ("ArrowRight", 1)):
        tab.press("#threshold", key)
        now = int(tab.inner_text("#detected").split("\n")[-1].split(" ")[0].replace(",", ""))
        assert sign * (now - before) >= 0
        before = now
