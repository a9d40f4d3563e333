"""The detectors, the scenes and the methods, for notebooks and programs."""

from data.reading.by_name import load_scene
from data.writing import write_scene
from detection.estimator import AnomalyDetector
from model.methods import METHODS

__all__ = ["METHODS", "AnomalyDetector", "load_scene", "write_scene"]
