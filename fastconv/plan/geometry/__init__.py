"""Shape and index arithmetic.

padding     output sizes and padding of a window along one axis
shapes      convolution and pooling: every size that their kernels need
transposed  transposed convolutions
points      sampling points of resampled images, fixed or random
resizing    pixels and weights of resized images
draws       random numbers for the images of a batch
"""
