# Matrices of floats with any strides, taken from Python through the buffer protocol. For the
# smallest products a typed memoryview would cost as much as the product itself.
from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from libc.stddef cimport ptrdiff_t

cdef struct matrix:
    Py_buffer buffer
    float *data
    ptrdiff_t rows, columns, rs, cs  # the strides in floats


# Whoever takes a matrix or a vector gives its buffer back, by PyBuffer_Release.
cdef inline int take_matrix(matrix *x, object array, bint writable, str what) except -1:
    cdef int flags = PyBUF_STRIDES | PyBUF_FORMAT
    PyObject_GetBuffer(array, &x.buffer, flags | PyBUF_WRITABLE if writable else flags)
    if _floats(&x.buffer, 2, what):
        x.rows, x.columns = x.buffer.shape[0], x.buffer.shape[1]
        x.rs, x.cs = x.buffer.strides[0] // 4, x.buffer.strides[1] // 4
        x.data = <float *> x.buffer.buf
    return 0


# Contiguous; only `rows` and `data` are set.
cdef inline int take_vector(matrix *x, object array, bint writable, str what) except -1:
    cdef int flags = PyBUF_STRIDES | PyBUF_FORMAT
    PyObject_GetBuffer(array, &x.buffer, flags | PyBUF_WRITABLE if writable else flags)
    if _floats(&x.buffer, 1, what):
        x.rows, x.data = x.buffer.shape[0], <float *> x.buffer.buf
        if x.rows > 1 and x.buffer.strides[0] != 4:
            PyBuffer_Release(&x.buffer)
            raise ValueError(f"{what} must be contiguous")
    return 0


cdef inline bint _floats(Py_buffer *buffer, int ndim, str what) except -1:
    cdef bint floats = buffer.format != NULL and buffer.format[0] == c"f" and buffer.format[1] == 0
    if floats and buffer.ndim == ndim:
        return True
    received = "?" if buffer.format == NULL else (<bytes> buffer.format).decode()
    axes = buffer.ndim
    PyBuffer_Release(buffer)
    raise ValueError(
        f"{what} must have {ndim} axes of native float32; received {axes} of format {received!r}")
