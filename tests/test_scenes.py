"""Scenes of every format from the command line, end to end, with and without a map."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spectral
import torch
from numpy.typing import NDArray
from scipy.io import loadmat, savemat
from scipy.ndimage import label

import detection.results.files
import experiments.reproduce
import main
from detection.decision.outlines import missing_packages
from model.networks.nl2net import NL2Net
from tests.conftest import BAR, TINY, CommandLine
from tests.latest import latest

TRAIN = ("--command", "train", "--dataset")
PREDICT = ("--command", "predict", "--dataset")
RUN = ("--command", "run", "--dataset")
RX = ["--command", "predict", "--method", "rx", "--gpu_ids", "-1", "--dataset"]

WAVELENGTHS = [450.5, 550.25, 650.0, 750.0, 850.0]
TURNED = (30.0, 5.0, 500_000.0, 4.0, -20.0, 4_000_000.0)  # a transform that turns the image
FILL = -9999

TABLES = ("objects.csv", "objects_spectra.csv")
POLYGONS = () if missing_packages() else ("objects_polygons.geojson", "objects.gpkg")
VECTORS = (*TABLES, "objects.geojson", *POLYGONS)


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing, which takes longer than all the rest."""
    monkeypatch.setattr(detection.results.files, "draw_figures", lambda *_, **__: [])
    monkeypatch.setattr(experiments.reproduce, "draw_pictures", lambda *_, **__: [])


@pytest.fixture
def broken(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Run the command line on several scenes of which some are broken; returns what it said."""

    def call(*words: str, code: int = 3) -> tuple[str, str]:
        with pytest.raises(SystemExit) as exit_:
            main.main(list(words))
        assert exit_.value.code == code
        said = capsys.readouterr()
        return said.out, said.err

    return call


def bordered(cube: NDArray[Any], value: float = FILL) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """A cube of float32 whose border, a pixel wide, has no data; and where that is."""
    border = np.ones(cube.shape[:2], bool)
    border[1:-1, 1:-1] = False
    values = cube.astype(np.float32)
    values[border] = value
    return values, border


def files() -> dict[Path, bytes]:
    """Everything below the working directory."""
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def result(name: str) -> set[str]:
    """The files of a scene's prediction that depend on its format and on a decision."""
    wanted = ("detectmap", "reconstructed_data", "mask", "objects")
    paths = latest(name).iterdir()
    return {path.name for path in paths if path.stem.split("_")[0] in wanted or path.stem in wanted}


def detection_map(name: str) -> NDArray[np.float32]:
    """The scores of a scene, as MATLAB reads them."""
    return np.asarray(loadmat(f"result/{name}/detectmap.mat")["detectmap"])


def metrics(name: str) -> dict[str, Any]:
    """What was measured on a scene."""
    return dict(json.loads((latest(name) / "metrics.json").read_text(encoding="utf-8")))


def weights_of(name: str) -> Path:
    """The one checkpoint of a scene."""
    (path,) = Path("checkpoints", name).glob("*/model/*.pkl")
    return path


def check_places(crs: str, *, count: int) -> None:
    """The detected objects of `line` lie where the transform puts them, inside of the scene."""
    from rasterio.warp import transform

    a, b, c, d, e, f = TURNED
    corners = [
        (a * column + b * row + c, d * column + e * row + f)
        for column in (0, 11)
        for row in (0, 13)
    ]
    bounds = np.array(transform(crs, "EPSG:4326", *np.transpose(corners)))
    rows = list(csv.DictReader((latest("line") / "objects.csv").read_text().splitlines()))
    features = json.loads((latest("line") / "objects.geojson").read_text(encoding="utf-8"))
    assert len(rows) == len(features["features"]) == count
    assert features["wavelengths_nm"] == WAVELENGTHS
    for row, feature in zip(rows, features["features"], strict=True):
        across, down = float(row["column"]) + 0.5, float(row["row"]) + 0.5
        x, y = a * across + b * down + c, d * across + e * down + f
        assert (float(row["x"]), float(row["y"])) == pytest.approx((x, y), rel=1e-9)
        (longitude,), (latitude,) = transform(crs, "EPSG:4326", [x], [y])
        point = feature["geometry"]["coordinates"]
        assert point == pytest.approx([longitude, latitude], abs=1e-6)
        assert (bounds.min(axis=1) <= point).all() and (point <= bounds.max(axis=1)).all()


def write_turned_geotiff(path: str, values: NDArray[np.float32]) -> None:
    """Write a cube with no-data values, wavelengths and a grid that is turned."""
    rasterio = pytest.importorskip("rasterio")
    place = {"crs": "EPSG:32633", "transform": rasterio.Affine(*TURNED), "nodata": FILL}
    layout = {"driver": "GTiff", "height": 13, "width": 11, "count": 5, "dtype": "float32"}
    with rasterio.open(path, "w", **layout, **place) as file:
        file.write(values.transpose(2, 0, 1))
        for band, wavelength in enumerate(WAVELENGTHS, start=1):
            file.update_tags(band, wavelength=wavelength, wavelength_units="nm")


def read_turned_geotiff(name: str) -> NDArray[Any]:
    """Read a written image (bands, 13, 11) of `line`, after a check of its place and its tags."""
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(latest("line") / f"{name}.tif") as file:
        assert file.transform == rasterio.Affine(*TURNED) and file.crs == "EPSG:32633"
        if name != "mask":
            assert set(file.dtypes) == {"float32"} and np.isnan(file.nodata)
        if name == "reconstructed_data":
            tags = [float(file.tags(band)["wavelength"]) for band in file.indexes]
            assert tags == WAVELENGTHS
        return np.asarray(file.read())


@pytest.mark.draws
def test_a_geotiff_without_a_map_goes_back_into_qgis(
    workplace: Path, run: CommandLine, cube: NDArray[Any]
) -> None:
    values, border = bordered(cube)
    write_turned_geotiff("data/line.tif", values)
    out = run(*RUN, "line", "--threshold", "quantile=0.9")
    assert "line: 44 of 143 pixels are masked: no-data value -9999 in all their bands" in out
    assert "no AUC, no ground truth" in out and not (latest("line") / "roc.png").exists()
    assert (latest("line") / "detectmap.png").is_file()
    assert result("line") == {
        *(f"{name}.{ending}" for name in ("detectmap", "mask") for ending in ("mat", "tif")),
        *("detectmap.png", "detectmap.pdf", "reconstructed_data.mat", "reconstructed_data.tif"),
        *VECTORS,
    }
    told = metrics("line")
    assert (told["pixels"], told["anomalous"], told["measures"]) == (143 - 44, None, None)

    scores = detection_map("line")
    assert np.array_equal(np.isnan(scores), border)
    np.testing.assert_array_equal(read_turned_geotiff("detectmap")[0], scores)
    assert (np.isnan(read_turned_geotiff("reconstructed_data")) == border).all()
    wanted = np.where(np.isnan(scores), 255, scores >= told["threshold"])
    mask = read_turned_geotiff("mask")
    np.testing.assert_array_equal(mask[0], wanted)
    assert mask.dtype == np.uint8 and (wanted == 1).any()
    check_places("EPSG:32633", count=label(wanted == 1, np.ones((3, 3)))[1])


def test_an_envi_image_without_a_map_goes_back_into_envi(
    workplace: Path, run: CommandLine, cube: NDArray[Any], no_figures: None
) -> None:
    values, border = bordered(cube)
    place = ["UTM", 1, 1, 500_000, 4_000_000, 30, 20, 33, "North", "WGS-84", "units=Meters"]
    told = {"map info": place, "wavelength": WAVELENGTHS, "wavelength units": "Nanometers"}
    told["data ignore value"] = FILL
    spectral.envi.save_image("data/line.hdr", values, interleave="bil", metadata=told)
    run(*RUN, "line", "--threshold", "value=0.5")
    assert result("line") == {
        *(f"detectmap.{ending}" for ending in ("mat", "img", "hdr")),
        *(f"reconstructed_data.{ending}" for ending in ("mat", "img", "hdr")),
        *(f"mask.{ending}" for ending in ("mat", "img", "hdr")),
        *VECTORS,
    }
    scores = detection_map("line")
    assert np.array_equal(np.isnan(scores), border)
    image = spectral.open_image(str(latest("line") / "detectmap.hdr"))
    assert image.metadata["map info"][3:7] == ["500000", "4000000", "30", "20"]
    np.testing.assert_array_equal(np.asarray(image.open_memmap())[..., 0], scores)
    rebuilt = spectral.open_image(str(latest("line") / "reconstructed_data.hdr"))
    assert rebuilt.bands.centers == WAVELENGTHS and rebuilt.shape == (13, 11, 5)
    assert (np.isnan(rebuilt.open_memmap()) == border[..., None]).all()
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(latest("line") / "detectmap.img") as file:
        assert file.transform == rasterio.Affine(30, 0, 500_000, 0, -20, 4_000_000)
        assert file.crs == "EPSG:32633" and file.dtypes == ("float32",) and np.isnan(file.nodata)
        np.testing.assert_array_equal(file.read(1), scores)
    with rasterio.open(latest("line") / "mask.img") as file:
        wanted = np.where(np.isnan(scores), 255, scores >= np.float32(0.5))
        assert (file.dtypes, file.nodata) == (("uint8",), 255)
        np.testing.assert_array_equal(file.read(1), wanted)


def test_no_file_of_another_format_or_of_an_earlier_decision_stays(
    workplace: Path, cube: NDArray[Any], truth: NDArray[Any], no_figures: None
) -> None:
    np.save("data/x.npy", cube)
    savemat("data/x.mat", {"data": cube, "map": truth})
    spectral.envi.save_image("data/x.hdr", cube, ext=".img")
    decided = {"mask.mat", *TABLES}
    for path, more, wanted in (
        ("x.npy", ["--threshold", "0.5"], {"detectmap.npy", "mask.npy", *decided}),
        ("x.mat", [], set()),
        ("x.mat", ["--threshold", "0.5"], decided),
        ("x.hdr", [], {"detectmap.img", "detectmap.hdr"}),
        (
            "x.hdr",
            ["--threshold", "0.5"],
            {f"{name}.{end}" for name in ("detectmap", "mask") for end in ("img", "hdr")} | decided,
        ),
        ("x.npy", [], {"detectmap.npy"}),
    ):
        main.main([*RX, f"data/{path}", *more])
        assert result("x") == {"detectmap.mat", *wanted}
        for name in wanted & {"detectmap.npy", "mask.npy"}:
            inside = loadmat((latest("x") / name).with_suffix(".mat"))
            np.testing.assert_array_equal(np.load(latest("x") / name), inside[Path(name).stem])


def test_what_stands_in_masked_pixels_changes_nothing(
    workplace: Path, run: CommandLine, cube: NDArray[Any], truth: NDArray[Any], no_figures: None
) -> None:
    """Neither their values nor what the map says there."""
    _, border = bordered(cube)
    border[6, 5] = True  # one in the middle as well
    found = []
    for name, value, words in (
        ("nan", np.nan, []),
        ("fill", FILL, ["--nodata", str(FILL)]),
        ("huge", 1e30, ["--nodata", "1e30"]),
    ):
        values = cube.astype(np.float32)
        values[border] = value
        np.savez(f"data/{name}.npz", data=values, map=truth | (border if name == "fill" else 0))
        out = run(*RUN, name, "--axes", "hwb", *words)
        assert f"{name}: 45 of 143 pixels are masked: " in out
        map_file = (latest(name) / "detectmap.npy").read_bytes()
        found.append((weights_of(name).read_bytes(), map_file, metrics(name)["measures"]))
    assert found[0] == found[1] == found[2]

    scores = detection_map("fill")
    assert np.array_equal(np.isnan(scores), border)
    assert np.nanmin(scores) == 0 and np.nanmax(scores) == 1
    anomalies, background = scores[(truth > 0) & ~border], scores[(truth == 0) & ~border]
    above = anomalies[:, None] > background
    level = anomalies[:, None] == background
    assert metrics("fill")["measures"]["auc_df"] == pytest.approx((above + level / 2).mean())
    assert (metrics("fill")["pixels"], metrics("fill")["anomalous"]) == (143 - 45, len(anomalies))


def test_weights_travel_to_scenes_of_the_same_bands(
    small_scene: str,
    run: CommandLine,
    refusal: CommandLine,
    cube: NDArray[Any],
    no_figures: None,
) -> None:
    random = np.random.default_rng(5)
    other = random.integers(0, 900, (9, 12, 5)).astype(float)
    np.save("data/other.npy", other)
    np.save("data/copy.npy", cube)
    np.save("data/narrow.npy", cube[..., :4])
    run(*TRAIN, small_scene, "--learning_rate", "0.01")
    run(*PREDICT, small_scene, "--learning_rate", "0.01")
    path = weights_of(small_scene)
    with_them = ("--weights", str(path))
    run(*PREDICT, "copy", "--axes", "hwb", *with_them)  # the learning rate is not asked for
    assert np.array_equal(detection_map("copy"), detection_map(small_scene))

    out = run(*PREDICT, "other", *with_them)
    assert f", weights '{path}'" in out
    network = NL2Net(bands=5, factor=2, channels=4, mode=("ss", "ss"))
    network.load_state_dict(torch.load(path, weights_only=True))
    scaled = ((other - other.min()) / np.ptp(other)).astype(np.float32)
    with torch.inference_mode():
        rebuilt = network(torch.from_numpy(scaled.transpose(2, 0, 1)[None]))[0].numpy()
    residual = ((rebuilt.transpose(1, 2, 0) - scaled) ** 2).mean(axis=2)
    expected = (residual - residual.min()) / np.ptp(residual)
    np.testing.assert_allclose(detection_map("other"), expected, atol=1e-4)
    assert not list(Path("checkpoints").glob("other*"))

    before = files()
    line = refusal(*PREDICT, "narrow", *with_them)
    assert f"'{path}'" in line and "bands 5 (expected: 4)" in line
    line = refusal(*PREDICT, "other", "--weights", "none.pkl")
    assert "there is no checkpoint 'none.pkl', which --weights names" in line
    for command in ("train", "run"):
        line = refusal("--command", command, "--dataset", "other", *with_them)
        assert f"--weights does not apply to --command {command}" in line
    assert files() == before


def test_several_scenes_in_turn_and_a_broken_one_among_them(
    small_scene: str,
    broken: Callable[..., tuple[str, str]],
    refusal: CommandLine,
    cube: NDArray[Any],
    no_figures: None,
) -> None:
    np.save("data/last.npy", cube[::-1].astype(np.float32))
    Path("data/torn.mat").write_bytes(Path("data/small.mat").read_bytes()[:300])
    before = files()
    for again in (["small"], ["data/small.mat"]):
        line = refusal(*RUN, small_scene, "last", *again)
        assert "two scenes are called 'small'" in line and "to two commands" in line
    assert files() == before

    out, err = broken(*TINY, *RUN, small_scene, "torn", "last", "--verbose")
    (said,) = [line for line in err.splitlines() if line and not BAR.fullmatch(line)]
    assert said.startswith("main.py: error: torn: 'data/torn.mat' is damaged")
    tasks = re.findall(r"^(Training|Predicting) (\w+)", out, re.MULTILINE)
    work = ("Training", "Predicting")
    assert tasks == [(task, name) for name in ("small", "last") for task in work]
    assert weights_of("small").read_bytes() != weights_of("last").read_bytes()
    assert (latest("last") / "detectmap.npy").is_file() and not Path("result/torn").exists()
    first = {name: detection_map(name) for name in ("small", "last")}

    # each finds weights of its own
    out, _ = broken(*TINY, *PREDICT, "torn", "last", small_scene, "--verbose")
    assert out.count("Predicting ") == 2
    assert all(np.array_equal(detection_map(name), scores) for name, scores in first.items())


def test_how_a_scene_is_read_names_its_run(
    workplace: Path, run: CommandLine, refusal: CommandLine, cube: NDArray[Any], no_figures: None
) -> None:
    """Predict with the same options finds the weights, and without any of them does not."""
    # whichever is left out, there is a cube of which the network could be made
    savemat("data/x.mat", {"data": cube[..., ::-1], "own": cube[:11].transpose(2, 0, 1)})
    options = {"data_key": "own", "axes": "bhw", "bands": "2-4", "nan": "mask", "nodata": "-7"}
    words = [f"--{name}={value}" for name, value in options.items()]
    run(*TRAIN, "x", *words)
    suffix = "_nblk_2_data_key_own_axes_bhw_bands_2-4_nan_mask_nodata_-7.0"
    assert weights_of("x").parents[1].name.endswith(suffix)
    out = run(*PREDICT, "x", *reversed(words))
    assert "(11×11" not in out and "'data/x.mat', 11×11×3)" in out and "no AUC" in out
    assert "no pixel is -7 in all bands: none is masked" in out
    for left_out in words:
        kept = [word for word in words if word != left_out]
        line = refusal(*PREDICT, "x", *kept)
        assert "no checkpoint 'checkpoints/x/" in line and "--command train" in line
        command = line.partition("this makes it: ")[2].partition(" (runs in ")[0]
        option, _, value = left_out.partition("=")
        assert f"{option} {value}" not in command
        assert all(word.partition("=")[0] in command for word in kept)


def test_the_auc_over_the_epochs_needs_a_map(
    small_scene: str, run: CommandLine, no_figures: None
) -> None:
    out = run(*RUN, small_scene, "--map", "none", "--eval_freq", "1")
    assert out.splitlines()[0] == "No AUC is logged: no ground truth"
    assert "AUC: " not in out and not list(Path("checkpoints").rglob("auc.*"))
    lines = Path("result/small/log.txt").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "no AUC, no ground truth" and "map: none" in lines
    told = metrics("small")
    assert told["anomalous"] is None and told["measures"] is None and told["pixels"] == 143
    out = run(*PREDICT, small_scene)  # the map is no part of the run
    assert "AUC: " in out and metrics("small")["anomalous"] == 3


def test_info_goes_on_after_a_broken_file_and_writes_nothing(
    small_scene: str, broken: Callable[..., tuple[str, str]]
) -> None:
    Path("data/torn.mat").write_bytes(Path("data/small.mat").read_bytes()[:300])
    Path("data/text.npy").write_text("no array", encoding="utf-8")
    before = files()
    out, err = broken("--command", "info", "--dataset", "torn", "synthetic", "text", small_scene)
    torn, text = err.splitlines()
    assert torn.startswith("main.py: error: torn: 'data/torn.mat' is damaged")
    assert text.startswith("main.py: error: text: 'data/text.npy' ")
    assert "cube         100×100 pixels, 100 bands, uint16" in out
    assert "ground truth 193 of 10,000 pixels anomalous" in out
    (auc,) = re.findall(r"^RX +AUC (0\.\d{4})\ncatalogue", out, re.MULTILINE)[:1]
    assert 0.8 < float(auc) < 0.97
    assert [line for line in out.splitlines() if line.startswith("file")] == [
        f"file         {path}, MATLAB, {len(before[path]):,} bytes"
        for path in (Path("data/torn.mat"), Path("data/small.mat"))
    ]
    assert files() == before
    _, err = broken("--command", "info", "--dataset", "torn", code=2)
    assert err.startswith("main.py: error: 'data/torn.mat' is damaged") and err.count("\n") == 1


TABLE = """
title = "RX"
show = "auc"
seeds = [1]

[[methods]]
method = "rx"
"""


def test_a_table_of_some_bands_and_of_a_scene_without_a_map(
    small_scene: str, capsys: pytest.CaptureFixture[str], cube: NDArray[Any], no_figures: None
) -> None:
    np.save("data/bare.npy", cube[:, ::-1])
    Path("own.toml").write_text(TABLE, encoding="utf-8")

    def reproduce(*words: str) -> str:
        main.main(["--command", "reproduce", "--table", "own.toml", "--gpu_ids", "-1", *words])
        return capsys.readouterr().out

    def cells() -> dict[str, dict[str, Any]]:
        told = json.loads(Path("result/tables/own.json").read_text(encoding="utf-8"))
        assert told["missing"] == {}
        return {cell["scene"]: cell for cell in told["cells"]}

    out = reproduce()
    assert "RX on bare: no AUC in " in out
    assert "average" not in out.lower()  # over one scene
    of_all = cells()
    assert of_all["bare"]["measures"] is None and of_all["bare"]["shape"] == [13, 11, 5]
    auc = of_all["small"]["measures"]["auc_df"]
    assert f"| RX | – | {auc:.4f} |" in out

    out = reproduce("--bands", "1-2,4")
    assert out.startswith("Cells: 2, of which 0 are saved from earlier\n")
    of_some = cells()
    assert [cell["shape"] for cell in of_some.values()] == [[13, 11, 3]] * 2
    assert "--bands 1-2,4" in of_some["small"]["command"]
    assert "--bands" not in of_all["small"]["command"]
    main.main([*RX, small_scene, "--bands", "1-2,4"])
    capsys.readouterr()
    assert of_some["small"]["measures"] == metrics("small")["measures"]
    assert of_some["small"]["measures"] != of_all["small"]["measures"]

    for words, kept in (([], of_all), (["--bands", "1-2,4"], of_some)):  # both are kept
        out = reproduce(*words)
        assert out.startswith("Cells: 2, of which 2 are saved from earlier\n") and cells() == kept


def test_doubts_on_values_are_printed_in_a_batch_and_quietly_too(
    workplace: Path, cube: NDArray[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    values = cube.astype(np.float32)
    np.save(workplace / "data" / "clean.npy", values)
    values[2, 3, 1] = -9999
    np.save(workplace / "data" / "spoilt.npy", values)
    words = ["--method", "rx", "--dataset", "data/spoilt.npy"]
    doubt = "spoilt: 1 of 143 pixels are -9999 in some bands; if that means no data, "
    doubt += "--nodata=-9999 --nan mask masks them"
    main.main(words)
    assert doubt in capsys.readouterr().out.splitlines()
    main.main([*words, "--quiet"])
    assert doubt in capsys.readouterr().err.splitlines()
    main.main([*words, "data/clean.npy"])
    printed = capsys.readouterr().out
    assert doubt in printed.splitlines() and "clean: " not in printed.replace("[2/2] clean: ", "")
