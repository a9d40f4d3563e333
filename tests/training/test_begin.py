"""--overwrite killed at any moment: the earlier training is whole, or gone."""

import shutil
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from tests.conftest import CommandLine
from tests.training.test_resume import Killed

TRAIN = ("--command", "train", "--dataset", "small")
CALLS = ("mkdir", "rename", "unlink", "rmdir", "replace")  # of Path, each a moment to be killed at


def saved() -> dict[str, bytes]:
    """The weights that predictions and resumed trainings see."""
    return {path.name: path.read_bytes() for path in Path("checkpoints").glob("*/*/model/*.pkl")}


def kill_at(number: int, patch: pytest.MonkeyPatch) -> None:
    """Raise Killed at a call that changes a folder, and at all calls after it."""
    calls = count(1)

    def killing(original: Any) -> Any:
        def call(path: Path, *args: Any, **settings: Any) -> Any:
            if next(calls) >= number:
                raise Killed
            return original(path, *args, **settings)

        return call

    for name in CALLS:
        patch.setattr(Path, name, killing(getattr(Path, name)))


def test_an_earlier_training_is_whole_or_gone(
    small_scene: str,
    run: CommandLine,
    refusal: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    cube: NDArray[Any],
) -> None:
    run(*TRAIN, "--save_freq", "1")
    old = saved()
    shutil.copytree("checkpoints", "old")
    savemat(f"data/{small_scene}.mat", {"data": cube[::-1]})
    outcomes = set()
    for number in count(1):
        shutil.rmtree("checkpoints")
        shutil.copytree("old", "checkpoints")
        with monkeypatch.context() as patch:
            kill_at(number, patch)
            try:
                run(*TRAIN, "--save_freq", "5", "--overwrite")
                break
            except Killed:
                pass
        left = saved()
        assert left == old or not any(left.get(name) == old[name] for name in old)
        outcomes.add("old" if left == old else "none" if not left else "new")
        if not left:
            assert "no checkpoint" in refusal("--command", "predict", "--dataset", "small")
            run(*TRAIN, "--save_freq", "5", "--resume")
            assert list(saved()) == ["NL2Net_small_2.pkl"] and saved() != old
            assert not list(Path("checkpoints").glob("*/*/.model*"))
    assert outcomes >= {"old", "none"} and number > 5


@pytest.mark.usefixtures("small_scene")
def test_files_of_other_names_stay(run: CommandLine) -> None:
    run(*TRAIN)
    (model,) = Path("checkpoints").glob("*/*/model")
    (model / "notes.txt").write_text("of mine")
    run(*TRAIN, "--overwrite")
    assert (model / "notes.txt").read_text() == "of mine"
    assert not list(model.parent.glob(".model*"))
