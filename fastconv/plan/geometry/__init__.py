"""Shape and index arithmetic: everything that is worked out from sizes alone.

padding     output sizes and padding of a window along one axis
shapes      convolutions and pooling: every size that their kernels need
transposed  transposed convolutions
points      at which points a resampled image is read
resizing    which pixels a resized image mixes, and with what weights
draws       random numbers for the images of a batch
"""
