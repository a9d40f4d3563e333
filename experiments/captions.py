"""Captions of a table's figures, as LaTeX that includes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from detection.figures.boxes import NOTE
from detection.figures.style import COLUMN
from experiments.escapes import in_latex
from experiments.formats import label_name
from experiments.plan import Plan

CAPTIONS = {
    "maps": "Detection maps of {scene}: {stretch}.",
    "roc": "ROC curves on {scene}, over a logarithmic axis. The legend has AUC(D,F).",
    "roc_3d": (
        "ROC curves in three dimensions on {scene}: detection rate PD, false alarm rate PF and "
        "threshold τ, with the areas below the curves (PD, PF), (PD, τ) and (PF, τ)."
    ),
    "separability": "Scores of background and anomalies on {scene}. " + NOTE,
    "auc": "AUC(D,F) over the epochs of the training on {scene}.",
}


@dataclass(frozen=True)
class Drawn:
    """A figure that was drawn: its file, its kind, its scene (None for all), its width."""

    name: str
    kind: str
    scene: str | None
    width: float


def latex_figures(drawn: Sequence[Drawn], plan: Plan, *, stretch_note: str) -> str:
    """Write LaTeX that includes each figure, with a caption and a label."""
    seed = ""
    if any(row.has_seed and not row.per_scene and row.seed is None for row in plan.table.rows):
        seed = f" Methods that draw random numbers have seed {plan.table.seeds[0]}."
    lines = [r"% needs \usepackage{graphicx}"]
    for one in drawn:
        place = "figure" if one.width <= COLUMN else "figure*"
        caption = CAPTIONS[one.kind].format(scene=one.scene or "all scenes", stretch=stretch_note)
        lines += [
            rf"\begin{{{place}}}",
            r"\centering",
            rf"\includegraphics{{{one.name}.pdf}}",
            rf"\caption{{{in_latex(caption + seed)}}}",
            rf"\label{{fig:{label_name(plan.table.name)}:{label_name(one.name)}}}",
            rf"\end{{{place}}}",
            "",
        ]
    return "\n".join(lines)
