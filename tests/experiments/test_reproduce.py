"""Tables from the command line: computed, kept, gone on with, and honest about what is missing."""

import contextlib
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

import experiments.cell
import experiments.reproduce
import main
import model.detectors.rx
from experiments.cell import Cell, Outcome
from experiments.declaration import TABLES
from experiments.layouts import LAYOUTS
from model.methods import METHODS
from tests.conftest import TINY, CommandLine, leave_undrawn

TABLE = """
title = "Two methods"
show = "auc"
seeds = [1, 2]

[[methods]]
method = "rx"

[[methods]]
method = "lfeb"
learning_rate = 0.01
"""
REPRODUCE = ("--command", "reproduce", "--table", "own.toml")
CELLS = Path("result/tables/cells")
DURATION = r"[\d.]+ (?:s|min|h)"  # however loaded the machine is
RX, LFEB_1, LFEB_2 = ("rx", None), ("lfeb", 1), ("lfeb", 2)


def write_scene(name: str, *, seed: int = 0, height: int = 13, bands: int = 5) -> None:
    """A scene of random counts with three anomalous pixels in the data folder."""
    counts = np.random.default_rng(seed).integers(0, 4000, (height, 11, bands))
    cube = counts.astype(np.uint16)
    truth = np.zeros((height, 11), np.uint8)
    truth[3, 4] = truth[7, 2] = truth[7, 3] = 1
    savemat(f"data/{name}.mat", {"data": cube, "map": truth})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two scenes and a table that is computed, not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        leave_undrawn(patch)
        patch.chdir(folder)
        Path("data").mkdir()
        write_scene("one")
        write_scene("two", seed=1)
        Path("own.toml").write_text(TABLE)
        printed = StringIO()
        with contextlib.redirect_stdout(printed):
            main.main([*TINY, *REPRODUCE])
        Path("printed").write_text(printed.getvalue(), encoding="utf-8")
    return folder


@pytest.fixture
def there(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to work in."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing, which takes longer than such a table."""
    monkeypatch.setattr(experiments.reproduce, "draw_pictures", lambda *_, **__: [])


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int | None]]:
    """The cells that have been computed in this process: scene, method and seed."""
    cells = []

    def compute(cell: Cell, **settings: Any) -> Outcome:
        cells.append((cell.scene, cell.method, cell.options.get("seed")))
        return experiments.cell.compute(cell, **settings)

    monkeypatch.setattr(experiments.reproduce, "compute", compute)
    return cells


@pytest.fixture
def incomplete(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run the command line where parts of a table will be missing; returns what it printed."""

    def call(*words: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            main.main([*TINY, *REPRODUCE, *words])
        out, err = capsys.readouterr()
        assert exit_.value.code == 1
        assert err == "parts of the table are missing; the same command tries them again\n"
        return out

    return call


def contents(name: str = "own") -> dict[str, Any]:
    """The JSON of a table."""
    return dict(json.loads(Path(f"result/tables/{name}.json").read_text(encoding="utf-8")))


def numbers(name: str = "own") -> dict[tuple[str, str, int | None], Any]:
    """What was measured, by label, scene and seed."""
    cells = contents(name)["cells"]
    return {
        (cell["label"], cell["scene"], cell["seed"]): cell.get("measures", "failed")
        for cell in cells
    }


def table_text(name: str = "own") -> str:
    """The Markdown of a table without its last words, which tell of dates and devices."""
    return Path(f"result/tables/{name}.md").read_text(encoding="utf-8").partition("- computed")[0]


def kept_of(printed: str) -> tuple[int, int]:
    """How many cells were kept from before, and of how many, as the first line says."""
    cells, kept = re.findall(r"\d+", printed.splitlines()[0])
    return int(kept), int(cells)


def in_both(*cells: tuple[str, int | None]) -> set[tuple[str, str, int | None]]:
    """These cells for both scenes."""
    return {(scene, *cell) for scene in ("one", "two") for cell in cells}


@pytest.mark.draws
def test_a_table_in_every_format_and_the_pictures_of_its_scenes(
    there: Path, run: CommandLine
) -> None:
    run(*REPRODUCE)
    tables = Path("result/tables")
    files = {path.name for path in tables.iterdir() if path.is_file()}
    assert files == {"own.md", "own.csv", "own.tex", "own.json"}
    assert {path.name for path in (tables / "own").iterdir()} == {
        f"{scene}_{kind}.{ending}"
        for scene in ("one", "two")
        for kind in ("maps", "roc", "roc_3d", "separability")
        for ending in ("png", "pdf")
    } | {"maps.png", "maps.pdf", "figures.tex"}
    for path in (tables / "own").glob("*.png"):
        with Image.open(path) as image:
            assert min(image.size) > 300 and len(image.convert("L").getcolors() or []) > 1
    assert all(path.read_bytes().startswith(b"%PDF-") for path in tables.glob("own/*.pdf"))


def test_a_person_sees_the_table_and_where_its_files_are(finished: Path) -> None:
    printed = (finished / "printed").read_text(encoding="utf-8")
    progress, _, rest = printed.partition("## Two methods\n")
    assert kept_of(progress) == (0, 6)
    for number, line in enumerate(progress.splitlines()[1:], start=1):
        what = rf"(RX on \w+|LFEB on \w+, seed \d): AUC \d\.\d{{4}} in {DURATION}; {DURATION} left"
        assert re.fullmatch(rf"\[{number}/6\] {what}", line)
    assert (finished / "result/tables/own.md").read_text(encoding="utf-8") in printed
    paths = [line.strip() for line in rest.splitlines() if line.startswith("  ")]
    assert len(paths) == 4 + 19 and all((finished / path).is_file() for path in paths)


def test_the_commands_of_the_cells_print_their_auc(
    there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [cell for cell in contents()["cells"] if cell["scene"] == "one"]
    chosen = [cell for cell in cells if cell["seed"] in (None, 2)]
    assert [cell["method"] for cell in chosen] == ["rx", "lfeb"]
    for cell in chosen:
        python, program, *words = shlex.split(cell["command"])
        assert (python, program) == ("python", "main.py")
        main.main([*words, "--gpu_ids", "-1"])
        (auc,) = re.findall(r"^AUC: (\S+)$", capsys.readouterr().out, re.MULTILINE)
        assert float(auc) == cell["measures"]["auc_df"]


def test_json_tells_all_that_is_behind_the_numbers(there: Path) -> None:
    table = contents()
    scored = {"score": "paper", "largest_object": 0}
    assert table["rows"][0] == {"label": "RX", "method": "rx", "ridge": 1e-6, **scored}
    assert table["rows"][1]["learning_rate"] == 0.01 and table["seeds"] == [1, 2]
    assert table["scenes"] == ["one", "two"] and table["missing"] == {}
    assert {(cell["scene"], cell["method"], cell["seed"]) for cell in table["cells"]} == in_both(
        RX, LFEB_1, LFEB_2
    )
    for cell in table["cells"]:
        assert set(cell["options"]) == set(METHODS[cell["method"]].options)
        assert cell["options"].get("seed") == cell["seed"]
        assert cell["versions"]["torch"] == version("torch")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", cell["date"])
        assert cell["device"] and cell["threads"] == 1 and cell["shape"] == [13, 11, 5]
        scores = np.load(next((CELLS / cell["scene"]).glob(f"{cell['method']}_*.npy")))
        assert scores.shape == (13, 11) and scores.dtype == np.float32


def test_what_is_there_is_not_computed_again(
    there: Path, run: CommandLine, computed: list[Any], no_pictures: None
) -> None:
    before = {path: path.stat().st_mtime_ns for path in CELLS.rglob("*") if path.is_file()}
    text, measured = table_text(), numbers()
    out = run(*REPRODUCE)
    assert computed == [] and kept_of(out) == (6, 6)
    assert (table_text(), numbers()) == (text, measured)
    assert {path: path.stat().st_mtime_ns for path in CELLS.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--ridge", "1e-3"], in_both(RX)),
        (["--epochs", "3"], in_both(LFEB_1, LFEB_2)),
        (["--seed", "3"], in_both(("lfeb", 3))),
        (["--seed", "2"], set()),
        (["--method", "lfeb"], set()),
        (["--dataset", "two", "--lossm", "l2"], {("two", *LFEB_1), ("two", *LFEB_2)}),
        (["--dataset", "data/two.mat"], set()),  # a path to the same scene
        (["--eval_freq", "1"], in_both(LFEB_1, LFEB_2)),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_only_what_has_changed_is_computed(
    there: Path,
    run: CommandLine,
    computed: list[Any],
    no_pictures: None,
    words: list[str],
    expected: set[Any],
) -> None:
    run(*REPRODUCE, *words)
    assert sorted(computed, key=str) == sorted(expected, key=str)


def test_a_kept_curve_is_for_tables_with_and_without_one(
    there: Path, run: CommandLine, computed: list[Any], no_pictures: None
) -> None:
    every_epoch = ("--eval_freq", "1")
    before = numbers()
    run(*REPRODUCE, *every_epoch)
    again = in_both(LFEB_1, LFEB_2)
    assert set(computed) == again and len(computed) == 4  # none was kept
    out = [run(*REPRODUCE), run(*REPRODUCE, *every_epoch)]
    assert [kept_of(text) for text in out] == [(6, 6)] * 2 and len(computed) == 4
    run(*REPRODUCE, "--eval_freq", "2")  # another one is not there
    assert set(computed[4:]) == again and len(computed) == 8 and numbers() == before


def test_saved_cells_get_the_measures_they_lack(
    there: Path, run: CommandLine, computed: list[Any], no_pictures: None
) -> None:
    """Those of a measure that was added later, from the saved scores."""
    before = numbers()
    for path in CELLS.glob("*/*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        del record["measures"]["auc_odp"]
        path.write_text(json.dumps(record), encoding="utf-8")
    run(*REPRODUCE)
    assert computed == [] and numbers() == before


def test_another_scene_of_the_same_name_is_another(
    there: Path, run: CommandLine, computed: list[Any], no_pictures: None
) -> None:
    before = numbers()
    write_scene("two", seed=9)
    run(*REPRODUCE)
    assert set(computed) == {("two", *RX), ("two", *LFEB_1), ("two", *LFEB_2)}
    write_scene("two", seed=1)  # and the old one is remembered
    run(*REPRODUCE)
    assert len(computed) == 3 and numbers() == before


@pytest.mark.parametrize("ending", ["json", "npy"])
@pytest.mark.parametrize("share", [0, 0.6])
def test_damaged_cells_are_computed_again(
    there: Path,
    run: CommandLine,
    computed: list[Any],
    no_pictures: None,
    ending: str,
    share: float,
) -> None:
    before = numbers()
    (path,) = (CELLS / "one").glob(f"rx_*.{ending}")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    run(*REPRODUCE)
    assert computed == [("one", *RX)] and numbers() == before
    path.unlink()
    run(*REPRODUCE)
    assert computed == [("one", *RX)] * 2 and numbers() == before


def test_a_failing_cell_is_reported_and_the_others_are_computed(
    there: Path, run: CommandLine, incomplete: CommandLine, computed: list[Any], no_pictures: None
) -> None:
    """A window that is too large for one of two scenes."""
    write_scene("two", height=31)
    added = '[[methods]]\nmethod = "lrx"\ninner_window = 13\n'
    Path("own.toml").write_text(f"{TABLE}\n{added}")
    reason = "--method lrx: the inner window, 13, hides all"
    for _ in range(2):  # a failed cell is tried again, alone
        out = incomplete()
        assert f"LRX on one: FAILED, {reason} of an image of 13×11" in out
        assert f"- failed: LRX on one: {reason}" in out
        assert "| LRX | – | " in out
    assert computed.count(("one", "lrx", None)) == 2 and computed[-1] == ("one", "lrx", None)
    assert len(computed) == 6
    (failure,) = [cell for cell in contents()["cells"] if "failed" in cell]
    assert (failure["label"], failure["scene"]) == ("LRX", "one")
    assert "Traceback" in failure["traceback"] and failure["options"]["inner_window"] == 13
    (kept,) = (CELLS / "one").glob("lrx_*.failed.json")
    assert json.loads(kept.read_text())["failed"] == failure["failed"]
    Path("own.toml").write_text(TABLE)
    run(*REPRODUCE)  # without it the table is complete


def test_seeds_that_fail_alike_are_reported_once(
    there: Path, incomplete: CommandLine, no_pictures: None
) -> None:
    Path("own.toml").write_text(f'{TABLE}\n[[methods]]\nmethod = "kifd"\n')
    assert incomplete().count("- failed: KIFD on one: --method kifd: components 300") == 1


def test_an_error_of_a_method_spares_the_others_and_is_gone_once_fixed(
    there: Path, run: CommandLine, incomplete: CommandLine, no_pictures: None
) -> None:
    before = numbers()
    shutil.rmtree(CELLS / "two")
    with pytest.MonkeyPatch.context() as patch:

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("the matrix\n is odd")

        patch.setattr(model.detectors.rx, "global_rx", fail)
        assert "- failed: RX on two: the matrix is odd\n" in incomplete()
    assert numbers() == before | {("RX", "two", None): "failed"}
    assert "failed" not in run(*REPRODUCE) and numbers() == before
    assert not list(CELLS.rglob("*.failed.json"))


def test_a_missing_scene_says_which_file_to_put_where(
    there: Path, incomplete: CommandLine, run: CommandLine, no_pictures: None
) -> None:
    before = numbers()
    Path("data/two.mat").unlink()
    scenes = ("--dataset", "one", "two")
    out = incomplete(*scenes)
    assert (
        out.count("no scene 'two': looked for data/two.mat (or another format); 'data' has one;")
        == 2
    )
    assert "| Method | one | two |\n" in out
    assert "average" not in out.lower()  # over one scene
    assert list(contents()["missing"]) == ["two"]
    assert numbers() == {place: auc for place, auc in before.items() if place[1] == "one"}
    write_scene("two", seed=1)
    assert "missing" not in run(*REPRODUCE, *scenes) and numbers() == before


def test_notes_on_a_scene_are_printed_once_and_saved(
    there: Path, run: CommandLine, no_pictures: None
) -> None:
    cube = np.random.default_rng(2).random((13, 11, 5))
    cube[0, :4] = np.nan
    savemat("data/two.mat", {"image": cube, "map": np.eye(13, 11)})
    out = run(*REPRODUCE)
    notes = contents()["notes"]
    assert list(notes) == ["two"] and any("4 of 143 pixels are masked" in n for n in notes["two"])
    for note in notes["two"]:
        assert out.count(f"two: {note}\n") == 1


def test_without_any_scene_it_says_what_to_do(workplace: Path, refusal: CommandLine) -> None:
    Path("own.toml").write_text(TABLE)
    line = refusal(*REPRODUCE)
    assert "no scene in 'data'; put scenes there" in line
    assert not Path("result").exists()


def test_the_map_of_one_class_has_no_auc(
    there: Path, run: CommandLine, truth: NDArray[Any], cube: NDArray[Any]
) -> None:
    savemat("data/flat.mat", {"data": cube, "map": truth * 0})
    out = run(*REPRODUCE, "--dataset", "flat")
    assert "no AUC in " in out and "| RX | – |\n" in out
    pictures = {path.stem for path in Path("result/tables/own").glob("flat_*")}
    assert pictures == {"flat_maps"}


def test_averages_leave_out_a_map_of_one_class_and_say_so(
    there: Path, run: CommandLine, truth: NDArray[Any], cube: NDArray[Any], no_pictures: None
) -> None:
    savemat("data/flat.mat", {"data": cube, "map": truth * 0})
    assert "averages" not in run(*REPRODUCE, "--dataset", "one", "two")
    (before,) = [line for line in table_text().splitlines() if line.startswith("| RX ")]
    out = run(*REPRODUCE, "--dataset", "one", "two", "flat")
    (after,) = [line for line in table_text().splitlines() if line.startswith("| RX ")]
    *scenes, average, end = before.split("|")
    assert after.split("|") == [*scenes, " – ", average, end]
    assert "- averages are over 2 of 3 scenes, without flat\n" in out


def test_processes_of_their_own_compute_the_same_numbers(
    there: Path, run: CommandLine, no_pictures: None
) -> None:
    before = numbers()
    shutil.rmtree("result")
    run(*REPRODUCE, "--workers", "2")
    assert numbers() == before


def test_logging_the_auc_changes_no_score_and_draws_its_curve(
    there: Path, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--dataset", "one", "--seed", "2", "--method", "lfeb")
    with monkeypatch.context() as patch:
        patch.setattr(experiments.reproduce, "draw_pictures", lambda *_, **__: [])
        run(*REPRODUCE, *words)
    (plain,) = contents()["cells"]
    assert plain["auc_over_epochs"] == []
    run(*REPRODUCE, *words, "--eval_freq", "1")
    (logged,) = contents()["cells"]
    assert logged["measures"] == plain["measures"] and logged["loss"] == plain["loss"]
    assert [epoch for epoch, _ in logged["auc_over_epochs"]] == [1, 2]
    assert logged["auc_over_epochs"][-1][1] == logged["measures"]["auc_df"]
    for ending in ("png", "pdf"):
        assert Path(f"result/tables/own/one_auc.{ending}").is_file()


# with more networks than `comparison`
MANY_NETWORKS = ("ablation", "all", "factor", "family", "scores")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.stem, marks=[pytest.mark.slow] * (path.stem in MANY_NETWORKS))
        for path in sorted(TABLES.glob("*.toml"))
        if path.stem != "printed"  # of named scenes
    ],
)
def test_the_tables_of_the_project_can_be_computed(
    workplace: Path, run: CommandLine, no_pictures: None, name: str
) -> None:
    # enough for every method; KIFD has 300 components
    write_scene("small", height=30 if name == "all" else 16, bands=30)
    out = run("--command", "reproduce", "--table", name, "--seed", "1")
    assert "failed" not in out and "missing" not in out and "nan" not in out
    rows = [line for line in out.splitlines() if re.match(r"\| [^*]", line)][1:]
    layout = LAYOUTS[contents(name)["show"]]
    assert len(rows) == len(contents(name)["rows"]) or layout.of_one_method
    if layout.averages:
        assert all("–" not in row for row in rows)
    options = contents(name)["cells"][-1]["options"]
    assert options["epochs"] == 2 and options["nch_ker"] == 4


def test_settings_chosen_with_labels_are_marked_in_every_format(
    workplace: Path, no_pictures: None
) -> None:
    write_scene("abu-airport-1", height=16, bands=8)
    words = ("--table", "printed", "--dataset", "abu-airport-1", "--method", "msrfqft")
    main.main(["--command", "reproduce", *words])
    (cell,) = contents("printed")["cells"]
    assert cell["options"]["sigma"] == 1.2
    auc = cell["measures"]["auc_df"]
    texts = {path.suffix: path.read_text() for path in Path("result/tables").glob("printed.*")}
    marked = "| MsRFQFT | abu-airport-1 | sigma 1.2 | per scene, with labels | "
    difference = f"{auc - 0.9114:+.4f}".replace("-", "−")
    assert f"{marked}{auc:.4f} | 0.9114 | {difference} |" in texts[".md"]
    assert all("with labels" in text and "1.2" in text for text in texts.values())
    assert contents("printed")["rows"][0]["scenes"]["abu-airport-4"]["sigma"] == 10


PROGRAM = [sys.executable, main.__file__]
MANY = TABLE.replace("[1, 2]", str(list(range(1, 13))))


def finished_cells() -> dict[Path, int]:
    """The files of finished cells, with the times at which they were written."""
    return {path: path.stat().st_mtime_ns for path in CELLS.glob("*/*.json")}


@contextlib.contextmanager
def process(words: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """The program in a process of its own, which is ended whatever happens."""
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*PROGRAM, *TINY, *words], **options) as program:
        try:
            yield program
        finally:
            program.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signals of POSIX")
@pytest.mark.parametrize(
    "number",
    [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)],
    ids=lambda one: one.name,
)
def test_an_interrupted_table_is_resumed(
    small_scene: str,
    run: CommandLine,
    computed: list[Any],
    no_pictures: None,
    number: signal.Signals,
) -> None:
    Path("own.toml").write_text(MANY)
    with process([*REPRODUCE, "--epochs", "10"]) as program:
        deadline = time.monotonic() + 60
        while len(finished_cells()) < 4:
            assert program.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        program.send_signal(number)
        out, err = program.communicate(timeout=40)
    before = finished_cells()
    assert 4 <= len(before) < 13
    if number == signal.SIGINT:
        assert program.returncode == 130 and "Traceback" not in err
        kept = re.search(
            r"^(\d+) of 13 cells are computed and saved; run the same command", out, re.M
        )
        assert kept and len(before) - int(kept[1]) in (0, 1)  # or it is saved, but not yet reported
        assert err.endswith("\ninterrupted\n")
    else:
        assert program.returncode == -signal.SIGKILL
        # as far as it was written, the table is whole
        assert len(contents()["cells"]) in (len(before) - 1, len(before))
        assert "not finished: " in table_text() + Path("result/tables/own.md").read_text()
    out = run(*REPRODUCE, "--epochs", "10")
    assert kept_of(out) == (len(before), 13)
    assert len(computed) == 13 - len(before)
    assert {path: finished_cells()[path] for path in before} == before
    assert len(numbers()) == 13 and "not finished" not in out
