"""The notebook of a first scene runs, and its stored outputs are those of a run."""

import re
import sys
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest

from tests.docs.pages import ROOT
from tests.docs.scratch import make_scenes
from tests.docs.test_pages import LINK, anchors

NOTEBOOK = ROOT / "docs" / "first_scene.ipynb"
LARGEST = 400_000  # bytes; git keeps every version of its pictures

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")


def texts(notebook: Any) -> str:
    """Join the texts that the cells print and return."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = [
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    ]
    return "\n".join(shown)


def test_the_code_of_the_notebook_runs_without_the_real_scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_scenes(tmp_path)
    (tmp_path / "data" / "abu-airport-4.mat").unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    code = re.sub("^%.*$", "", code, flags=re.MULTILINE).replace("epochs=60", "epochs=2")
    with matplotlib.rc_context({"backend": "agg"}):
        exec(compile(code, NOTEBOOK, "exec"), {})
        plt.close("all")
    check_what_is_said(capsys.readouterr().out)


def check_what_is_said(said: str) -> None:
    """Compare what the notebook prints of the synthetic scene."""
    assert "no scene 'abu-airport-4'" in said and "This is the synthetic scene." in said
    assert "synthetic: (16, 16, 30)" in said and "objects" in said and "rank correlation" in said


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_notebook_runs_without_the_real_scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_scenes(tmp_path)
    (tmp_path / "data" / "abu-airport-4.mat").unlink()
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    check_what_is_said(texts(notebook))


def test_links_lead_somewhere() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    links = [link for cell in notebook.cells for link in LINK.findall(cell.source)]
    assert len(links) > 3
    for link in links:
        name, _, anchor = link.partition("#")
        target = (NOTEBOOK.parent / name).resolve()
        assert target.exists() and (not anchor or anchor in anchors(target)), link


def test_stored_outputs_are_of_one_run_of_the_real_scene() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert kinds <= {"stream", "display_data", "execute_result"}  # no error
    assert "abu-airport-4: (100, 100, 191)" in texts(notebook)
    assert NOTEBOOK.stat().st_size < LARGEST
