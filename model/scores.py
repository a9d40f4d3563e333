"""Registry of scores: one record per way to score pixels by what a method knows of them.

Imports no torch, so that the command line can list the scores quickly.
"""

from dataclasses import dataclass

SCORING = ("score", "largest_object")  # the options of every method


@dataclass(frozen=True)
class Score:
    """A way to score the pixels of an image.

    `about` is a line about it, `function` the dotted name of a function that turns the evidence of
    a method (model/scoring/evidence.py) into scores (H, W). `needs_residuals` where the method's
    own scores do not suffice. `squared` where those of a network are squares of a residual.
    """

    about: str
    function: str
    needs_residuals: bool = False
    squared: bool = False


SCORES = {
    "paper": Score(
        "the method's own, of a network the mean squared residual",
        function="model.scoring.evidence:own_scores",
        squared=True,
    ),
    "deviation": Score(
        "magnitude of the residuals along principal axes, without their local median",
        function="model.scoring.evidence:deviation_scores",
        needs_residuals=True,
    ),
    "combined": Score(
        "deviation, or without residuals the method's own, plus half of the median map",
        function="model.scoring.evidence:combined_scores",
    ),
    "consensus": Score(
        "combined, weighted by AED's map of small parts",
        function="model.scoring.consensus:consensus_scores",
    ),
}
