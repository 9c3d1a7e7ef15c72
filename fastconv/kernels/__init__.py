"""Compiled kernels: one operation and direction per module; all release the GIL.

A folder holds a family; modules that only other kernels call begin with an underscore. The map
lists each module, what it computes, and the micro-kernels that it calls, by their table
(`src/table_<family>.h`). `plan/algorithms.py` chooses the algorithm of a convolution.

    convolution/conv2d_fwd            convolution, forward: the entry for all algorithms
        matmul: pack_panel
    convolution/conv2d_bwd_data       the same, backward to the data
        matmul: pack_panel
    convolution/conv2d_bwd_weights    the same, backward to weights and bias
    convolution/_geometry             all passes: shapes, and which algorithms apply to them
    convolution/_direct               forward and data, direct
        matmul: row_tile; elementwise: affine_u8; winograd: unpool_row
    convolution/_columns              data, direct, few input channels: via columns
        matmul: pack_panel, row_tile; elementwise: add
    convolution/_patches              all passes, windows that tile the map: products
    convolution/_direct_weights       weights, direct: sums of outer products
        matmul: pack_panel, column_tile, gemm_pack_a
    winograd/_parts                   Winograd: how any window and stride is cut into parts
    winograd/_stages                  Winograd, all passes: tiles, transforms, output
        winograd: input, filter, output, output_pooled, gradient, weights; matmul: pack_panel
    winograd/_correlate_blocks        Winograd, forward and data, block by block: the entry
        matmul: panel_product
    winograd/_correlate_slices        the same, slice by slice, for many channels
        matmul: gemm_pack_a, gemm_tile
    winograd/_weights_blocks          Winograd, weights, block by block: the entry
        matmul: column_tile
    winograd/_weights_slices          the same, slice by slice, for many channels
        elementwise: add, sum_rows
    depthwise/depthwise_fwd           depthwise convolution, forward
    depthwise/depthwise_bwd_data      depthwise convolution, backward to the data
    depthwise/depthwise_bwd_weights   depthwise convolution, backward to weights and bias
        depthwise: weights_row
    depthwise/_windows                forward and data: window positions, the loop over rows
        depthwise: row
    matmul/gemm                       matrix product: the entry for all shapes
        matmul: few_rows, dots, gemm_pack_a, gemm_pack_b, gemm_tile
    matmul/_rows                      the same of many rows and a small matrix
        matmul: rows_tile, streams_done, gemm_pack_b
    matmul/_outer                     the same of a transpose and a matrix of many rows
        matmul: outer_tile
    pooling/pool2d_fwd                max, min and average pooling, forward
        pooling: max_fwd_row, min_fwd_row, avg_fwd_row
    pooling/pool2d_bwd                max, min and average pooling, backward
        pooling: max_bwd_row, avg_bwd_row
    pooling/pool2d_lp                 Lp pooling, both directions
        pooling: l2_fwd_row, power, root, lp_share, lp_through
    normalization/channel_norm_fwd    batch and group normalization with an activation, forward
        normalization: column_moments, normalized
    normalization/channel_norm_bwd    the same, backward
        normalization: normalized, norm_dx
    normalization/layer_norm          layer normalization, both directions
        normalization: row_moments, layer_norm_fwd, layer_norm_bwd
    activations/activation            elementwise activations, both directions
        activations: functions
    activations/prelu                 parametric ReLU, both directions
        activations: prelu_fwd, prelu_bwd
    activations/softmax               softmax over rows, both directions
        activations: softmax_fwd, softmax_bwd
    elementwise/arithmetic            ReLU, sum, affine map, bias, both directions
        elementwise: relu_fwd, relu_bwd, add, affine, affine_u8, bias_add, sum_rows
    elementwise/merge                 product, difference, maximum, minimum, both directions
        merge: multiply, subtract, maximum, minimum, maximum_bwd, minimum_bwd, scale, dot,
            dot_rows
    elementwise/dropout               dropout, both directions
        elementwise: dropout
    elementwise/strided_copy          copies between strides: concatenation, padding, permutation
    images/augment                    random words; images shifted, flipped, erased
    images/adjust                     colors and noise, both directions
    images/resample                   images sampled on a grid of points, both directions
        merge: mix, spread
    images/resample_affine            images under an affine map, both directions
        merge: mix, spread
    images/resize                     images resized by weights, both directions
        merge: spread; elementwise: affine_u8
    losses/loss_rows                  losses of rows of outputs, with their gradients
        losses: pointwise, probabilities
    losses/softmax_cross_entropy      softmax and cross-entropy with its gradient
        losses: softmax_cross_entropy
    optimizers/optimizer_step         a step of each optimizer
        optimizers: steps, lamb_moments
    optimizers/parameter_sums         norms, running averages and penalties of parameters
        optimizers: sum_squares, blend, regularize
    peak                              peak arithmetic and memory throughput, measured
        peak: fma_chains; elementwise: add
    _isa                              the instruction-set level in use, scratch memory, denormals
    _threads                          how many threads a kernel uses
"""
