"""A CUDA device simulated on the CPU, with graphs that replay their kernels without Python.

A tensor on it wraps one of the CPU, on which its operations run. Where CUDA refuses something, so
does the simulation: tensors of both devices in one operation, NumPy on the tensors of a device, and
whatever makes the host wait for the device while a graph is captured. A graph runs the operations
it has captured on the same memory again.
"""
