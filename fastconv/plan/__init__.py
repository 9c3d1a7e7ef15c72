"""From a model and an input shape to kernels: shapes, algorithms, fusion, memory.

The files in the order in which a network passes through them:

    parameters      the arrays that training changes
    primitives      the dozen steps that a network is made of, one record each
    values, graph   a network recorded step by step, its shapes checked (geometry)
    fuse            neighbouring steps become one, by a table of patterns
    flow            who reads which value, and which way the gradients go
    steps/          an executor for each fused step: its buffers, and the kernels it calls
    lifetimes       from when to when each buffer is needed
    arena, memory   one block of memory, every buffer in its place
    execution       the executors, tied to their buffers, run in order
    ports           the user's arrays, checked, on their way in
    loss, targets,  what is made small, and where the loss meets the steps
    objective
    plan, report    all of it for one graph and batch size, and a table that shows it

A new primitive step takes a record in `primitives`, a method in `graph`, an executor in `steps/`,
and a line in the table of `fuse`.
"""
