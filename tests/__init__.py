"""Tests of the program, and tools for them."""

import os

# before NumPy and torch are imported, here and in the processes that the tests start: the recorded
# runs were made on one thread, and networks this small gain by it
os.environ["OMP_NUM_THREADS"] = "1"
