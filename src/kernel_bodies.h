/* Everything that is built once per instruction set, and the table that lists it. Included by isa_<name>.c after its
 * vector header; NAME is the level's name. */
#include "fastconv.h"
#include "table_activations.h"
#include "table_channels.h"
#include "table_losses.h"
#include "table_optimizers.h"

#include "matmul_tiles.h"

#include "gemm.h"
#include "pack.h"
#include "winograd.h"

#include "elementwise.h"
#include "parameter_sums.h"

#include "depthwise.h"
#include "dropout.h"
#include "exp.h"
#include "log.h"
#include "merge.h"
#include "optimizer.h"
#include "peak.h"
#include "pool.h"
#include "pool_avg.h"
#include "pool_avg_bwd.h"
#include "pool_max.h"
#include "pool_max_bwd.h"
#include "pool_lp.h"
#include "softmax.h"
#include "softmax_cross_entropy.h"
#include "special.h"

#include "activations.h"
#include "loss_pointwise.h"
#include "loss_probabilities.h"
#include "norm.h"
#include "norm_rows.h"
#include "prelu.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

static const fc_channels channels = {
    .prelu_fwd = prelu_fwd,
    .prelu_bwd = prelu_bwd,
    .column_moments = column_moments,
    .norm_dx = norm_dx,
    .normalized = normalized,
    .row_moments = row_moments,
    .layer_norm_fwd = layer_norm_fwd,
    .layer_norm_bwd = layer_norm_bwd,
};

const fc_kernels JOIN(fc_kernels_, NAME) = {
    .name = TEXT(NAME),
    .vl = VL,
    .mr = MR,
    .nr = NV * VL,
    .gemm_mr = GMR,
    .pack_panel = pack_panel,
    .row_tile = row_tile,
    .panel_product = panel_product,
    .column_tile = column_tile,
    .gemm_pack_a = gemm_pack_a,
    .gemm_pack_b = gemm_pack_b,
    .gemm_tile = gemm_tile,
    .winograd_input = winograd_input,
    .winograd_filter = winograd_filter,
    .winograd_output = winograd_output,
    .winograd_output_pooled = winograd_output_pooled,
    .unpool_row = unpool_row,
    .winograd_gradient = winograd_gradient,
    .winograd_weights = winograd_weights,

    .relu_fwd = relu_fwd,
    .relu_bwd = relu_bwd,
    .add = add,
    .affine = affine,
    .affine_u8 = affine_u8,
    .bias_add = bias_add,
    .sum_rows = sum_rows,
    .max_pool_fwd_row = max_pool_fwd_row,
    .max_pool_bwd_row = max_pool_bwd_row,
    .avg_pool_fwd_row = avg_pool_fwd_row,
    .avg_pool_bwd_row = avg_pool_bwd_row,
    .softmax_fwd = softmax_fwd,
    .softmax_bwd = softmax_bwd,
    .losses = &loss_table,
    .dropout = dropout,
    .optimizers = &optimizer_table,
    .fma_chains = fma_chains,

    .depthwise = &depthwise_table,
    .merge = &merge_table,
    .activations = activations,
    .channels = &channels,
    .pooling = &pooling_table,
};
