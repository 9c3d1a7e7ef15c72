"""From a model and a batch size to kernels: shapes, algorithms, fusion, memory.

From the bottom to the top; a module imports only what stands above it here:

    arena        one aligned block of memory, buffers placed in it by lifetime
    parameters   the arrays that training changes, and the flat store of a model's
    geometry/    shape and index arithmetic: padding, convolutions, pooling, resampling points
    algorithms   which algorithm computes a convolution
    recorder     primitives, values and nodes: what a graph consists of
    executor     what computes a fused step: buffers, forward, backward
    operations/  one module for each family: record, recording method and executor side by side
    graph        a network recorded step by step, its shapes checked
    fuse         neighbouring steps become one, by a table of patterns that names the executors
    flow         who reads which value, and which way the gradients go
    lifetimes    from when to when each buffer is needed
    memory       a plan's arena, and the arrays in it
    inputs       the user's arrays, checked on their way in
    execution    the executors, tied to their buffers, run in order
    losses/      what is made small, and where the losses meet the steps
    report       a plan as a table
    costs        what each step costs: operations, bytes, seconds
    plan         all of it for one graph and batch size

A new operation of an existing family touches its module in `operations/` and the table of `fuse`.
"""
