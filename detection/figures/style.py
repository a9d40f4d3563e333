"""Style of figures for print: widths and text of IEEE journals, and the files that they accept."""

import warnings
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from utils.files import atomic_write

COLUMN, PAGE = 3.5, 7.16  # inches: the widths of a column and of a page
TEXT = 8  # points
DPI = 300
# whatever the user's settings; a figure has the text of the settings under which it is made
PRINT: dict[Any, Any] = {
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "figure.labelsize": TEXT,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
    "legend.fontsize": TEXT,
    "legend.title_fontsize": TEXT,
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.5,
    "axes.formatter.useoffset": False,
    "text.usetex": False,
}
# 42: TrueType, which journals ask for; the width is exact only without a tight box
FILES: dict[Any, Any] = {"pdf.fonttype": 42, "savefig.bbox": None, "text.usetex": False}

print_style = matplotlib.rc_context(PRINT)  # a decorator of functions that make figures


def save_figure(stem: Path, figure: Figure) -> list[Path]:
    """Write a figure as PNG and as PDF, `stem` and their endings; return the paths."""
    paths = [stem.with_name(f"{stem.name}.{ending}") for ending in ("png", "pdf")]
    for text in figure.findobj(Text):
        text.set_usetex(False)  # texts are no LaTeX
    with matplotlib.rc_context(FILES), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a letter that the font lacks is a box
        for path in paths:
            with atomic_write(path) as file:
                figure.savefig(file, format=path.suffix[1:], dpi=DPI)
    return paths
