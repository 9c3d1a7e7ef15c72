/* All micro-kernels, built once per level, and the tables that list them; the optimizers' table stands beside their
 * bodies. Included by isa_<name>.c after its vector header; NAME is the level's name. */
#include "levels.h"
#include "table_activations.h"
#include "table_depthwise.h"
#include "table_elementwise.h"
#include "table_losses.h"
#include "table_matmul.h"
#include "table_merge.h"
#include "table_normalization.h"
#include "table_optimizers.h"
#include "table_peak.h"
#include "table_pooling.h"
#include "table_winograd.h"

#include "rectified.h"

#include "matmul_tiles.h"

#include "dots.h"
#include "few_rows.h"
#include "gemm.h"
#include "outer.h"
#include "pack.h"
#include "rows.h"
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

static const fc_matmul matmul_table = {
    .vl = VL,
    .mr = MR,
    .nr = NV * VL,
    .gemm_mr = GMR,
    .pack_panel = pack_panel,
    .row_tile = row_tile,
    .column_tile = column_tile,
    .outer_tile = outer_tile,
    .rows_tile = rows_tile,
    .streams_done = streams_done,
    .panel_product = panel_product,
    .few_rows = few_rows,
    .dots = dots,
    .gemm_pack_a = gemm_pack_a,
    .gemm_pack_b = gemm_pack_b,
    .gemm_tile = gemm_tile,
};

static const fc_winograd winograd_table = {
    .input = winograd_input,
    .filter = winograd_filter,
    .output = winograd_output,
    .output_pooled = winograd_output_pooled,
    .unpool_row = unpool_row,
    .gradient = winograd_gradient,
    .weights = winograd_weights,
};

static const fc_depthwise depthwise_table = {
    .row = depthwise_row,
    .weights_row = depthwise_weights_row,
};

static const fc_pooling pooling_table = {
    .max_fwd_row = max_pool_fwd_row,
    .min_fwd_row = min_pool_fwd_row,
    .avg_fwd_row = avg_pool_fwd_row,
    .max_bwd_row = max_pool_bwd_row,
    .avg_bwd_row = avg_pool_bwd_row,
    .l2_fwd_row = l2_pool_fwd_row,
    .power = lp_power,
    .root = lp_root,
    .lp_share = lp_share,
    .lp_through = lp_through,
};

static const fc_elementwise elementwise_table = {
    .relu_fwd = relu_fwd,
    .relu_bwd = relu_bwd,
    .add = add,
    .affine = affine,
    .affine_u8 = affine_u8,
    .bias_add = bias_add,
    .sum_rows = sum_rows,
    .dropout = dropout,
};

static const fc_merge merge_table = {
    .multiply = multiply,
    .subtract = subtract,
    .maximum = maximum,
    .minimum = minimum,
    .maximum_bwd = maximum_bwd,
    .minimum_bwd = minimum_bwd,
    .scale = scale,
    .dot = dot,
    .dot_rows = dot_rows,
    .mix = mix,
    .spread = spread,
};

static const fc_activations activations_table = {
    .functions = activations,
    .prelu_fwd = prelu_fwd,
    .prelu_bwd = prelu_bwd,
    .softmax_fwd = softmax_fwd,
    .softmax_bwd = softmax_bwd,
};

static const fc_normalization normalization_table = {
    .column_moments = column_moments,
    .norm_dx = norm_dx,
    .normalized = normalized,
    .row_moments = row_moments,
    .layer_norm_fwd = layer_norm_fwd,
    .layer_norm_bwd = layer_norm_bwd,
};

static const fc_losses losses_table = {
    .softmax_cross_entropy = softmax_cross_entropy,
    .pointwise = pointwise_loss,
    .probabilities = probabilities_loss,
};

static const fc_peak peak_table = {
    .fma_chains = fma_chains,
};

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)
#define TABLE_OF(family) .family = &family##_table,

const fc_kernels JOIN(fc_kernels_, NAME) = {.name = TEXT(NAME), FC_FAMILIES(TABLE_OF)};
