"""The discrete fractional Fourier transform, by eigenvectors of the Fourier transform.

Source: Candan, Kutay and Ozaktas, "The Discrete Fractional Fourier Transform", IEEE TSP 48(5),
2000, DOI 10.1109/78.839980. The eigenvectors are those of a difference operator that commutes with
the Fourier transform, with differences of all orders that n points allow.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def fractional_fourier_matrix(n: int, *, order: float) -> NDArray[np.complex128]:
    """Make the matrix (n, n) that transforms n values, the first index that of the result.

    Order 0 is the identity, 1 the unitary Fourier transform with index 0 in the middle.
    """
    basis, indices = fourier_eigenvectors(n)
    phases = np.exp(-0.5j * np.pi * order * indices)
    shifted = np.roll(basis, n // 2, axis=0)  # index 0 in the middle, on both sides
    return (shifted * phases) @ shifted.T


def fourier_eigenvectors(n: int) -> tuple[Matrix, NDArray[np.int64]]:
    """Find n eigenvectors of the Fourier transform (columns, n × n) and their indices k (n,).

    Even and odd ones, as sampled Hermite–Gauss functions, take turns; their eigenvalues are
    exp(−iπk/2). For even n the index n − 1 is left out, and n is the last.
    """
    operator = commuting_operator(n)
    even, odd = symmetric_vectors(n)
    even, odd = (sorted_eigenvectors(operator, part) for part in (even, odd))
    pairs = odd.shape[1]
    basis = np.empty((n, n))
    basis[:, : 2 * pairs : 2], basis[:, 1 : 2 * pairs : 2] = even[:, :pairs], odd
    basis[:, 2 * pairs :] = even[:, pairs:]
    indices = np.arange(n)
    indices[-1] += n % 2 == 0
    return basis, indices


def commuting_operator(n: int) -> Matrix:
    """Make the symmetric matrix (n, n) that commutes with the Fourier transform of n values."""
    second_difference = difference_operator(n)
    places = np.arange(n)
    circulant = second_difference[(places[:, None] - places) % n]
    return circulant + np.diag(np.fft.fft(second_difference).real)


def difference_operator(n: int) -> Matrix:
    """Sum up differences of orders 2, 4, … on a circle of n points (n,), with 0 at index 0.

    The sum is Σ (−1)^(k−1) 2 (k!)²/(2k)! δₖ over k = 1, 2, …, with δₖ the k-fold convolution of
    (1, −2, 1). The factor of a term is −k/(4k − 2) times that of the term before it.
    """
    highest = int(min(max(n / 2, 2), n - 1) / 2)
    operator, term = np.zeros(n), np.array([-2.0])
    for k in range(1, highest + 1):
        term = np.convolve(term, [1, -2, 1]) * -k / (4 * k - 2)
        operator[np.arange(-k, k + 1) % n] += term
    operator[0] = 0
    return operator


def symmetric_vectors(n: int) -> tuple[Matrix, Matrix]:
    """Make orthonormal columns that span the vectors with v[j] = v[−j], and with v[j] = −v[−j]."""
    unit = np.eye(n)
    mirrored = unit[-np.arange(n) % n]  # row j is that of −j
    even = (unit + mirrored)[:, : n // 2 + 1]
    odd = (unit - mirrored)[:, 1 : (n + 1) // 2]
    return even / np.linalg.norm(even, axis=0), odd / np.sqrt(2)


def sorted_eigenvectors(operator: Matrix, span: Matrix) -> Matrix:
    """Find the eigenvectors of an operator (n, n) in a span (n, m), largest eigenvalue first."""
    _, vectors = np.linalg.eigh(span.T @ operator @ span)
    return span @ vectors[:, ::-1]
