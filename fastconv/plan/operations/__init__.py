"""The primitive operations, one module for each family.

For every operation of its family, a module holds the record (a `Primitive` with the operation's
arguments), the method of `Graph` that checks and records it, and its executor (its buffers, and the
kernels that it calls, forward and backward):

    products       convolution, transposed convolution, dense
    pooling        max, min, average and Lp pooling
    normalization  batch, group and layer normalization
    activations    elementwise activations, softmax, parametric ReLU
    elementwise    scaling, dropout, activity penalties
    merging        add, multiply, subtract, maximum, minimum, concatenate
    movement       reshape, pad, crop, transpose, upsample
    sampling       image resampling and resizing
    adjusting      contrast, brightness, random erasing, standardization
    inference      convolutions with all that follows, in plans that only predict
    opaque         user-defined layers, in NumPy

A new operation needs its record, method and executor here, and a line in `fuse.PATTERNS`; a new
family also becomes a base class of `graph.Graph`.
"""
