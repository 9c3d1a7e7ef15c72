"""From a model and a batch size to kernels: shapes, algorithms, fusion, memory.

In dependency order; a module imports only from those listed above it:

    arena        one aligned block of memory, buffers placed in it by lifetime
    parameters   trainable arrays, and the flat store of all those of a model
    geometry/    shape and index arithmetic: padding, convolutions, pooling, resampling points
    live_taps    a convolution without the taps that never meet the map
    algorithms   which algorithm computes a convolution
    recorder     primitives, values and nodes: the elements of a graph
    executor     base class of the executors of fused steps: buffers, forward, backward
    operations/  one module for each family: record, recording method and executor side by side
    graph        records a network step by step and infers shapes
    fuse         fuses consecutive steps, by a table of patterns and their executors
    flow         which steps read and write each value, and where gradients are needed
    parts        consecutive steps that run on some images at a time
    lifetimes    when each buffer is first written and last read
    memory       a plan's arena, and the arrays in it
    inputs       checks the user's arrays and copies them if necessary
    execution    executors bound to their buffers and run in order
    losses/      the losses, and how they attach to the graph's outputs
    report       a plan as a table
    costs        the cost of each step: operations, bytes, seconds
    plan         puts all of this together for one graph and batch size

A new operation of an existing family touches its module in `operations/` and the table in `fuse`.
"""
