"""The flags of predictions, in the order of `--help`."""

from functools import partial

from model.scores import SCORES
from options.flag import COMPUTING, Flag, Group, RunName
from options.ranges import COUNT, PATH, TEXT, choice
from options.stretch import DEFAULT_STRETCH, STRETCH
from options.types import THRESHOLD

prediction = partial(Flag, group=Group.PREDICTION, names_prediction=True)

PREDICTION = [
    prediction(
        "weights",
        PATH,
        None,
        "checkpoint to predict with, in place of that of the run with these options",
        acts_in="training.checkpoints.save_and_load",
        commands=("predict",),
        metavar="FILE",
    ),
    prediction(
        "threshold",
        THRESHOLD,
        None,
        "score from which a pixel is detected: pf=0.001 (false alarm rate, by the tail of the "
        "background), quantile=0.99, or value=0.4; writes a mask and a table of objects",
        acts_in="detection.decision.threshold",
        commands=("predict", "run", "compare"),
    ),
    prediction(
        "score",
        choice(*SCORES),
        "paper",
        "; ".join(f"{name}: {score.about}" for name, score in SCORES.items()),
        acts_in="model.scoring.scoring",
        commands=COMPUTING,
        names_run=RunName(23, only_with="average_every"),
    ),
    prediction(
        "largest_object",
        COUNT,
        0,
        "height and width in pixels below which an object is sought: what is larger, such as lines "
        "and shores, is suppressed; 0 for none",
        acts_in="model.scoring.opening",
        commands=COMPUTING,
    ),
    prediction(
        "stretch",
        STRETCH,
        DEFAULT_STRETCH,
        "colours of detection maps in figures: linear, log, or percentile=1 for those between the "
        "1st and the 99th percentile of the scores; the scores in files stay as they are",
        acts_in="detection.figures.stretch",
        commands=("predict", "run", "reproduce", "compare"),
        names_prediction=False,
    ),
    prediction(
        "runs",
        TEXT,
        None,
        "predictions to compare, by the names of their folders; else those of --method, or all",
        acts_in="detection.compare.saved",
        commands=("compare",),
        metavar="RUN",
        nargs="+",
        names_prediction=False,
    ),
]
