/* Everything that is built once per instruction set, and the table that lists it. Included by isa_<name>.c after its
 * vector header; NAME is the level's name. */
#include "fastconv.h"

#include "matmul_tiles.h"
#include "pack.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

const fc_kernels JOIN(fc_kernels_, NAME) = {
    .name = TEXT(NAME),
    .vl = VL,
    .mr = MR,
    .nr = NV * VL,
    .pack_panel = pack_panel,
    .row_tile = row_tile,
    .column_tile = column_tile,
};
