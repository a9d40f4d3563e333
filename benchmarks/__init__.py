"""Programs that measure what the documentation claims."""

from utils.drawing import draw_into_files

draw_into_files()  # before any of them imports Matplotlib
