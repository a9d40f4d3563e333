"""What the published implementation left of a real scene; skipped where it is not at hand."""

import re
import shutil
from pathlib import Path

import pytest

import main
from tests.conftest import SHARED

SCENE = SHARED / "scenes" / "abu-airport-1.mat"
WEIGHTS = SHARED / "checkpoints" / "NL2Net_abu-airport-1_5000.pkl"
RUN = Path("checkpoints/abu-airport-1/NL2Net_epoch_5000_learning_rate_0.0001_factor_2_gpu_ids_0")


@pytest.mark.skipif(not WEIGHTS.is_file(), reason=f"needs {WEIGHTS.name} in the shared folder")
@pytest.mark.parametrize("dataset", [str(SCENE), "Los Angeles-1"])
def test_a_published_checkpoint_predicts_where_it_lies(
    workplace: Path, capsys: pytest.CaptureFixture[str], dataset: str
) -> None:
    shutil.copy(SCENE, "data")
    name = Path(dataset).stem
    folder = RUN.parents[1] / name / RUN.name / "model"
    folder.mkdir(parents=True)
    shutil.copy(WEIGHTS, folder / f"NL2Net_{name}_5000.pkl")
    main.main(["--command", "predict", "--dataset", dataset, "--epochs", "5000"])
    (auc,) = re.findall(r"^AUC: (\S+)$", capsys.readouterr().out, re.MULTILINE)
    assert float(auc) == pytest.approx(0.9241, abs=5e-4)
