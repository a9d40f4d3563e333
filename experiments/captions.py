"""Captions of a table's figures, as LaTeX that includes them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detection.figures.boxes import NOTE
from detection.figures.style import COLUMN
from experiments.escapes import in_latex
from experiments.formats import label_name
from experiments.plan import Plan
from options.text import digest_of, shorten

CAPTIONS = {
    "maps": "Detection maps of {scene}: {stretch}.",
    "roc": "ROC curves on {scene}, over a logarithmic axis. The legend has AUC(D,F).",
    "roc_3d": (
        "ROC curves in three dimensions on {scene}: detection rate PD, false alarm rate PF and "
        "threshold τ, with the areas below the curves (PD, PF), (PD, τ) and (PF, τ)."
    ),
    "separability": "Scores of background and anomalies on {scene}. " + NOTE,
    "auc": "AUC(D,F) over the epochs of the training on {scene}.",
    "sweep": "AUC(D,F) on {scene} over the values of an option.",
}

UNSAFE = re.compile(r"[#%~^&{}$\\]")  # in the name of a file that LaTeX includes
LONGEST = 200  # bytes of a scene in the name of a file, which leaves room for kind and ending


@dataclass(frozen=True)
class Drawn:
    """A figure that was drawn: its file, its kind, its scene (None for all), its width."""

    name: str
    kind: str
    scene: str | None
    width: float


def latex_figures(drawn: Sequence[Drawn], plan: Plan, *, stretch_note: str) -> str:
    """Write LaTeX that includes each figure, with a caption and a label."""
    seed = bars = ""
    if any(row.has_seed and not row.per_scene and row.seed is None for row in plan.table.rows):
        seed = f" Methods that draw random numbers have seed {plan.table.seeds[0]}."
        count = len(plan.table.seeds)
        bars = f" Bars: sample standard deviation over {count} seeds." if count > 1 else ""
    lines = [r"% needs \usepackage{graphicx}"]
    for one in drawn:
        place = "figure" if one.width <= COLUMN else "figure*"
        caption = CAPTIONS[one.kind].format(scene=one.scene or "all scenes", stretch=stretch_note)
        caption += bars if one.kind == "sweep" else seed
        lines += [
            rf"\begin{{{place}}}",
            r"\centering",
            rf"\includegraphics{{{one.name}.pdf}}",
            rf"\caption{{{in_latex(caption)}}}",
            rf"\label{{fig:{label_name(plan.table.name)}:{label_name(one.name)}}}",
            rf"\end{{{place}}}",
            "",
        ]
    return "\n".join(lines)


def file_stem(scene: str) -> str:
    """Return the beginning of the names of a scene's figures, which LaTeX can include.

    Signs that mean something to LaTeX are replaced; a digest keeps two such names apart.
    """
    safe = UNSAFE.sub("-", scene)
    return shorten(scene if safe == scene else f"{safe}_{digest_of(scene)}", most=LONGEST)
