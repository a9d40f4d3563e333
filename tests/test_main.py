"""The command line, end to end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.io import loadmat, savemat
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

import main
from detection.measures import MEASURES
from options.flag import COMMANDS
from options.version import VERSION
from tests.conftest import TINY, CommandLine
from tests.latest import latest
from tests.recordings import NL2NET, read_recording
from training.checkpoints.save_and_load import read_state
from training.log import TrainingLog
from training.picture import HEIGHT, enlargement

PHASES = ("reading", "detecting", "writing")
TINY_RUN = Path("checkpoints/small") / (
    "NL2Net_epoch_2_learning_rate_0.0001_factor_2_gpu_ids_-1_nch_ker_4_nblk_2"
)


def test_every_command_has_its_function() -> None:
    assert set(main.COMMANDS) == set(COMMANDS)


@pytest.mark.parametrize("name", NL2NET)
def test_a_recorded_run_from_file_to_auc(
    name: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program and the published implementation give the same results on this scene."""
    recording = read_recording(name)
    config, arrays = recording.config, recording.arrays
    savemat("data/recorded.mat", {"data": arrays["cube"], "map": arrays["map"]})
    names = ["seed", "factor", "nch_ker", "nblk", "f_scale", "ss_exp_factor", "lossm"]
    names += ["learning_rate", "weight_decay"]
    words = [word for option in names for word in (f"--{option}", str(config[option]))]
    words += ["--dataset", "recorded", "--epochs", str(config["steps"]), "--gpu_ids", "-1"]
    words += ["--mode", *config["mode"]]
    main.main(["--command", "train", *words])
    main.main(["--command", "predict", *words])

    (weights,) = Path("checkpoints/recorded").glob("*/model/*.pkl")
    assert weights.name == f"NL2Net_recorded_{config['steps']}.pkl"
    state = torch.load(weights, weights_only=True)
    assert list(state) == config["state_dict_keys"]
    for key, expected in recording.group("final").items():
        final = recording.seen_taps(key, state[key].numpy())
        expected = recording.seen_taps(key, expected)
        np.testing.assert_allclose(final, expected, atol=1e-4, err_msg=key)

    log = (weights.parents[1] / "logs" / "log.txt").read_text()
    assert f"Epoch {config['steps']}/{config['steps']}\n" in log
    losses = [float(loss) for loss in re.findall(r"^Train Loss:(\d\.\d{4})$", log, re.MULTILINE)]
    np.testing.assert_allclose(losses, arrays["losses"], atol=6e-5)

    scores = loadmat("result/recorded/detectmap.mat")["detectmap"]
    np.testing.assert_allclose(scores, arrays["detectmap"], atol=1e-3)
    rebuilt = loadmat("result/recorded/reconstructed_data.mat")["reconstructed_data"]
    np.testing.assert_allclose(rebuilt, arrays["output_at_end"], atol=1e-4)
    for text in (capsys.readouterr().out, Path("result/recorded/log.txt").read_text()):
        (auc,) = re.findall(r"^AUC: (\S+)$", text, re.MULTILINE)
        assert float(auc) == pytest.approx(float(arrays["auc"]), abs=1e-4)


@pytest.mark.draws
def test_the_published_commands_leave_the_published_files(
    small_scene: str, run: CommandLine
) -> None:
    printed = run("--command", "train", "--dataset", small_scene, "--save_freq", "1")
    assert f"  {TINY_RUN / 'run.json'}\n" in printed
    run("--command", "predict", "--dataset", small_scene)
    assert {path.name for path in (TINY_RUN / "model").iterdir()} == {
        *("NL2Net_small_1.pkl", "NL2Net_small_2.pkl"),
        *("NL2Net_small_1.state", "NL2Net_small_2.state"),
    }
    assert (TINY_RUN / "logs" / "log.txt").is_file()
    published = {"detectmap.mat", "reconstructed_data.mat", "log.txt"}
    assert {path.name for path in Path("result/small").iterdir()} == {*published, TINY_RUN.name}
    assert {path.name for path in latest("small").iterdir()} == {
        *("detectmap.mat", "reconstructed_data.mat", "log.txt", "metrics.json", "report.html"),
        "run.json",
        *("detectmap.png", "roc.png", "roc_3d.png", "separability.png"),
        *("detectmap.pdf", "roc.pdf", "roc_3d.pdf", "separability.pdf"),
    }
    for variable, shape in (("detectmap", (13, 11)), ("reconstructed_data", (13, 11, 5))):
        values = loadmat(f"result/small/{variable}.mat")[variable]
        assert values.shape == shape and values.dtype == np.float32


def test_the_last_epoch_is_saved_whatever_the_frequency(small_scene: str, run: CommandLine) -> None:
    run("--command", "train", "--dataset", small_scene)
    assert [path.name for path in (TINY_RUN / "model").glob("*.pkl")] == ["NL2Net_small_2.pkl"]


def test_run_is_train_then_predict(small_scene: str, run: CommandLine) -> None:
    together = run("--command", "RUN", "--dataset", small_scene)
    apart = run("--command", "predict", "--dataset", small_scene)
    auc = re.compile(r"^AUC: .*$", re.MULTILINE)
    assert auc.findall(together) == auc.findall(apart) != []


def test_output_states_the_work_the_measures_and_the_files(
    small_scene: str, run: CommandLine
) -> None:
    out = run("--command", "run", "--dataset", small_scene)
    counted, training, trained, *lines = out.splitlines()
    saved, (predicting, auc, *rest) = lines[:4], lines[4:]  # weights, record, log and events
    table, (predicted, latest_files, *files) = rest[: len(MEASURES) - 1], rest[len(MEASURES) - 1 :]
    assert counted == "small: ground truth: 3 of 143 pixels anomalous (values 0: 140, 1: 3)"
    parameters = r"NL2Net, [\d,]+ parameters"
    assert re.fullmatch(
        rf"Training small \('data/small\.mat', 13×11×5\) on the CPU: {parameters}", training
    )
    assert re.fullmatch(r"Trained in [\d.]+ s", trained)
    assert predicting.startswith("Predicting small ") and re.fullmatch(r"AUC: 0\.\d+", auc)
    assert re.fullmatch(r"Predicted in [\d.]+ s", predicted)
    for line in (*saved, *files):
        assert Path(line.strip()).is_file()
    names = "detectmap.mat, reconstructed_data.mat, log.txt"
    assert latest_files == f"{names} in 'result/small' are now those of {TINY_RUN.name}"
    assert len(files) == 14
    for line, measure in zip(table, list(MEASURES.values())[1:], strict=True):
        name, formula = re.escape(measure.symbol), re.escape(measure.formula)
        assert re.fullmatch(rf"  {name} +(-?[\d.]+|inf) +{formula}", line)


def test_an_answer_in_json_has_the_results_and_the_training(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main.main([*TINY, "--command", "run", "--dataset", small_scene, "--json"])
    said = capsys.readouterr()
    (answer,) = json.loads(said.out, parse_constant=pytest.fail)
    assert f"AUC: {answer['measures']['auc_df']}\n" in said.err
    (metrics,) = (Path(file) for file in answer["paths"] if file.endswith("metrics.json"))
    written = json.loads(metrics.read_text())
    written |= json.loads(metrics.with_name("run.json").read_text())  # whose options have types
    assert {name: answer[name] for name in written} == written
    assert not {"json", "quiet", "verbose"} & {*answer["options"]}
    assert answer["training"]["kind"] == "training"
    assert all(Path(file).is_file() for file in answer["paths"])


def test_a_list_in_json_has_the_scenes_that_failed_too(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--command", "info", "--dataset", small_scene, "missing", "--json"]
    with pytest.raises(SystemExit) as exit_:
        main.main(words)
    said = capsys.readouterr()
    described, failed = json.loads(said.out)
    assert exit_.value.code == 3
    assert described["shape"] == [13, 11, 5] and described["anomalous"] == 3
    assert failed["dataset"] == "missing" and failed["error"] in said.err


def test_quiet_leaves_the_result(small_scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    main.main(["--method", "rx", "--dataset", small_scene, "--quiet"])
    said = capsys.readouterr()
    assert re.fullmatch(r"AUC: 0\.\d+\n", said.out) and said.err == ""


def test_a_map_of_one_score_is_stated(small_scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    predict = ["--method", "aed", "--dataset", small_scene, "--area"]
    main.main([*predict, "1000"])
    line = "all pixels score the same: nothing stands out with these options"
    assert line in capsys.readouterr().out
    assert line in (latest("small") / "log.txt").read_text()
    main.main([*predict, "2"])
    assert line not in capsys.readouterr().out


def test_verbose_adds_versions_files_and_seconds(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main.main(["--method", "rx", "--dataset", small_scene, "--verbose"])
    lines = capsys.readouterr().out
    assert re.match(r"versions: NL2Net \S+, python 3\.", lines)
    for pattern in (r"file: data/small\.mat", *(rf"{phase}: \d+\.\d\d s" for phase in PHASES)):
        assert re.search(rf"^{pattern}", lines, re.MULTILINE), pattern


def test_tensorboard_has_every_loss_and_the_pictures(small_scene: str, run: CommandLine) -> None:
    for _ in range(2):  # trained again, the first curve is hidden
        run("--command", "train", "--dataset", small_scene, "--save_freq", "1", "--overwrite")
    events = EventAccumulator(str(TINY_RUN / "logs"), size_guidance={"images": 0})
    events.Reload()
    losses = events.Scalars("Loss_train")
    assert [event.step for event in losses] == [1, 2]
    log = (TINY_RUN / "logs" / "log.txt").read_text()
    for event in losses:
        assert f"Epoch {event.step}/2\nTrain Loss:{event.value:.4f}\n" in log
    (tag,) = events.Tags()["images"]
    pictures = events.Images(tag)
    assert [event.step for event in pictures] == [1, 2]
    scene, rebuilt, residual = panels(pictures[-1].encoded_image_string)
    assert not np.array_equal(scene, rebuilt)  # two epochs do not make it equal
    assert (residual == residual[..., :1]).all() and np.ptp(residual) == 255  # grey, 0 to 1


def test_tensorboard_has_all_points_after_a_resume_and_the_options(
    small_scene: str, run: CommandLine
) -> None:
    words = ("--command", "train", "--dataset", small_scene, "--eval_freq", "1", "--nblk", "1")
    run(*words, "--epochs", "2")
    run(*words, "--epochs", "4", "--resume")  # in a folder of its own
    run(*words, "--epochs", "4", "--resume")
    (folder,) = Path("checkpoints/small").glob("*epoch_4_*")
    events = EventAccumulator(str(folder / "logs"), size_guidance={"scalars": 0})
    events.Reload()
    log = (folder / "logs" / "log.txt").read_text()
    losses = events.Scalars("Loss_train")
    assert [event.step for event in losses] == [1, 2, 3, 4]
    assert all(f"/4\nTrain Loss:{event.value:.4f}\n" in log for event in losses)
    assert [event.step for event in events.Scalars("AUC")] == [1, 2, 3, 4]
    data = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    started = HParamsPluginData.FromString(data).session_start_info.hparams
    assert started["learning_rate"].number_value == 1e-4 and started["nblk"].number_value == 1
    assert started["method"].string_value == "nl2net" and started["mode"].string_value == "ss"


def panels(png: bytes) -> list[NDArray[np.uint8]]:
    """Cut the three images of 13×11 pixels out of a grid with 2 pixels between, below titles."""
    factor = enlargement(11)
    picture = np.asarray(Image.open(BytesIO(png)))
    titles, grid = picture[:HEIGHT], picture[HEIGHT::factor, ::factor]
    assert grid.shape == (13 + 2 * 2, 3 * 11 + 4 * 2, 3) and factor == 22
    for third in np.array_split(titles, 3, axis=1):
        assert third.min() < 100 and third.mean() > 200  # black letters on white
    return [grid[2:15, left : left + 11] for left in (2, 15, 28)]


def test_predict_finds_the_run_of_another_device(small_scene: str, run: CommandLine) -> None:
    run("--command", "train", "--dataset", small_scene)
    out = run("--command", "predict", "--dataset", small_scene, "--gpu_ids", "0,1")
    assert "gpu_ids_-1" in out and "AUC: " in out


@pytest.mark.parametrize(
    ("words", "suffix"),
    [
        ([], "_nch_ker_4_nblk_2"),
        (["--seed", "2"], "_seed_2_nch_ker_4_nblk_2"),
        (["--mode", "na", "ss"], "_nch_ker_4_nblk_2_mode_na-ss"),
        (["--mode", "ss,ss"], "_nch_ker_4_nblk_2"),
        (["--f_scale", "1"], "_nch_ker_4_nblk_2_f_scale_1"),
        (["--ss_exp_factor", ".5"], "_nch_ker_4_nblk_2_ss_exp_factor_0.5"),
        (["--lossm", "L2"], "_nch_ker_4_nblk_2_lossm_l2"),
        (["--weight_decay", "0.1"], "_nch_ker_4_nblk_2_weight_decay_0.1"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_every_option_of_the_training_names_the_run_and_has_an_effect(
    small_scene: str, run: CommandLine, words: list[str], suffix: str
) -> None:
    run("--command", "train", "--dataset", small_scene, "--learning_rate", "0.05")
    again = ["--learning_rate", "0.05", "--overwrite"]
    run("--command", "train", "--dataset", small_scene, *again, *words)
    folder = Path("checkpoints/small/NL2Net_epoch_2_learning_rate_0.05_factor_2_gpu_ids_-1")
    other = folder.with_name(folder.name + suffix)
    assert other.is_dir()
    state = torch.load(other / "model" / "NL2Net_small_2.pkl", weights_only=True)
    plain = folder.with_name(f"{folder.name}_nch_ker_4_nblk_2")
    default = torch.load(plain / "model" / "NL2Net_small_2.pkl", weights_only=True)
    same = state.keys() == default.keys() and all(
        state[name].shape == value.shape and torch.equal(state[name], value)
        for name, value in default.items()
    )
    assert same == (other == plain)


def test_folders_can_be_elsewhere(
    small_scene: str, run: CommandLine, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    Path("scenes").mkdir()
    savemat("scenes/other.mat", {"data": cube, "map": truth})
    folders = ["--data_dir", "scenes", "--checkpoint_dir", "c/d", "--result_dir", "r"]
    run("--command", "run", "--dataset", "other", *folders)
    assert Path("r/other/detectmap.mat").is_file() and Path("c/d/other").is_dir()
    assert not Path("checkpoints").exists() and not Path("result").exists()


def test_a_ground_truth_of_one_class_gives_a_detection_map_but_no_auc(
    workplace: Path, run: CommandLine, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    savemat("data/one.mat", {"data": cube, "map": truth})
    run("--command", "run", "--dataset", "one")
    savemat("data/one.mat", {"data": cube, "map": truth * 0})
    out = run("--command", "predict", "--dataset", "one")
    assert "no AUC, the ground truth has only one class of pixels" in out and "AUC: " not in out
    assert (latest("one") / "detectmap.png").is_file()
    assert not (latest("one") / "roc.png").exists()  # an earlier one would mislead


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_in_a_fresh_process(
    small_scene: str, run: CommandLine
) -> None:
    """The same scores are in the quick tests of tables, whose processes are fresh."""
    words = ["--command", "train", "--dataset", small_scene, "--epochs", "3", "--checkpoint_dir"]
    run(*words, "a")  # in this process, which has drawn other random numbers
    command = [sys.executable, main.__file__, *TINY, *words, "b"]
    subprocess.run(command, check=True, capture_output=True)
    paths = [next(Path(folder).glob("small/*/model/*_3.pkl")) for folder in ("a", "b")]
    states = [torch.load(path, weights_only=True) for path in paths]
    assert all(torch.equal(states[0][name], value) for name, value in states[1].items())


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals as POSIX does")
@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)],
    ids=lambda one: one.name,
)
def test_signals_save_and_continue_or_end_and_one_process_trains_at_a_time(
    small_scene: str,
    refusal: CommandLine,
    run: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    words = [*TINY, "--command", "train", "--dataset", small_scene]
    words += ["--epochs", "1000000", "--save_freq", "999999"]
    command = [sys.executable, main.__file__, *words]
    with running(command) as process:
        signal_until_saved(process, signal.SIGUSR1)
        line = refusal(*words, "--resume")
        assert f"is being trained: by process {process.pid} on " in line
        signal_until_saved(process, number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number and "Traceback" not in errors
    assert re.search(
        r"\nstopped after epoch \d+ of 1000000: rerun with --resume to continue\n$", errors
    )
    assert len(states()) == 2 and all(read_state(path) for path in states())
    ended = signal.SIGTERM  # the lock of the process that ended is free
    monkeypatch.setattr(TrainingLog, "add_loss", lambda *_: signal.raise_signal(ended))
    with pytest.raises(SystemExit, match=str(128 + ended)):
        run(*words, "--resume", "--save_freq", "1")
    (saved,) = Path().glob("checkpoints/small/*/model/*.pkl")
    assert torch.load(saved, weights_only=True) and all(read_state(path) for path in states())


@contextmanager
def running(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a command within the block, at whose end it is killed if it has not ended."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def signal_until_saved(process: "subprocess.Popen[str]", number: int) -> None:
    """Send a signal in the middle of a training; wait until there is another state."""
    before, epochs = states(), epochs_logged()
    wait_for(lambda: epochs_logged() > epochs)
    process.send_signal(number)
    wait_for(lambda: states() - before)


def states() -> set[Path]:
    return {*Path().glob("checkpoints/small/*/model/*.state")}


def epochs_logged() -> int:
    logs = Path().glob("checkpoints/small/*/logs/log.txt")
    return sum(log.read_text().count("Train Loss:") for log in logs)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, a minute at most."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_and_cpu_read_each_other(small_scene: str, run: CommandLine) -> None:
    aucs = []
    for device, other in (("0", "-1"), ("-1", "0")):
        where = ["--dataset", small_scene, "--checkpoint_dir", f"trained_on_{device}"]
        run("--command", "train", *where, "--gpu_ids", device)
        for reader in (device, other):
            out = run("--command", "predict", *where, "--gpu_ids", reader)
            aucs.append(float(out.partition("AUC: ")[2].split()[0]))
    assert aucs == pytest.approx([aucs[0]] * 4, abs=1e-2)


def test_help_and_version_answer_in_half_a_second() -> None:
    answers = {}
    for option in ("--version", "--help"):
        command, times = [sys.executable, main.__file__, option], []
        for _ in range(3):
            started = time.perf_counter()
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            times.append(time.perf_counter() - started)
        assert min(times) < 0.5
        answers[option] = done.stdout
    assert answers["--version"] == f"NL2Net {VERSION}\n"
    probe = "import sys, main, detection.results.runs; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", probe], check=True, cwd=Path(main.__file__).parent)
    for group in ("what to do:", "training:", "network:", "folders:"):
        assert group in answers["--help"]


def test_the_training_never_sees_the_ground_truth(
    workplace: Path, run: CommandLine, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    states = []
    for name, values in (("one", truth), ("two", 1 - truth)):
        savemat(f"data/{name}.mat", {"data": cube, "map": values})
        run("--command", "train", "--dataset", name)
        (path,) = Path(f"checkpoints/{name}").glob("*/model/*.pkl")
        states.append(torch.load(path, weights_only=True))
    assert all(torch.equal(states[0][name], value) for name, value in states[1].items())


WITHOUT_TORCH = """
import os, sys, main
class Torch:
    def find_spec(name, *_):
        if name == "torch":
            raise SystemExit(repr(os.environ.get("CUDA_VISIBLE_DEVICES")))
sys.meta_path.insert(0, Torch)
main.main(sys.argv[1:])
"""


@pytest.mark.parametrize(("gpu_ids", "devices"), [("-1", ""), ("0", "3")])
def test_a_run_on_the_cpu_hides_cuda_before_torch_is_there(gpu_ids: str, devices: str) -> None:
    """A process that ends where it imports torch states the devices that torch would see."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "--dataset", "nowhere", "--gpu_ids", gpu_ids],
        cwd=Path(main.__file__).parent,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "3"},
        capture_output=True,
        text=True,
    )
    assert done.stderr == f"{devices!r}\n"
