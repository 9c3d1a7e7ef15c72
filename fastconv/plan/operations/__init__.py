"""The primitive operations, one module for each family.

A module holds, for every operation of its family, the record (a `Primitive`: what the operation
is), the method of `Graph` that checks and records it, and its executor (its buffers, and the
kernels that it calls, forward and backward):

    products       convolution, transposed convolution, dense
    pooling        max, min, average and Lp pooling
    normalization  batch, group and layer normalization
    activations    elementwise activations, softmax, parametric ReLU
    elementwise    scaling, dropout, activity penalties
    merging        add, multiply, subtract, maximum, minimum, concatenate
    movement       reshape, pad, crop, transpose, upsample
    sampling       images read at other points: resampling and resizing
    adjusting      contrast, brightness, erased boxes, standardization
    opaque         layers that compute by themselves, in NumPy

A new operation of a family is its record, method and executor here, and a line in `fuse.PATTERNS`;
a new family is also a base class of `graph.Graph`.
"""
