"""The networks people build, measured: each described once, built for every library.

==================  ==============================================================================
`description`       the kinds of layers, and the graph with shapes and weights that they make
`catalogue`         the networks
`functional`        a graph built in fastconv or in Keras, whose functional interfaces are alike
`in_torch`          a graph built in PyTorch
`in_onnx`           a graph as a model for ONNX Runtime
`programs`          the contestants: libraries, layouts, what they need
`child`             the process of one contestant: builds a network and times its steps
`measure`           starts these processes in turns, in rounds
`results`           what was measured, kept in a JSON file; medians and ratios
`presentation`      the Markdown table and the picture
==================  ==============================================================================

What `child` imports has no library until a program is made: each process holds only its own.
"""
