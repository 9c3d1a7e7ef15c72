/* The interface between the C micro-kernels and the Cython kernels: for each instruction-set level, a table of function
 * pointers per family of micro-kernels.
 *
 * This header declares what all families share. A family's table is in table_<family>.h, and declared to Cython in
 * fastconv/kernels/.../_table_<family>.pxd. kernel_bodies.h fills the tables, once per level, and dispatch.c detects
 * the levels that this machine can run. A micro-kernel is single-threaded and allocates nothing; the caller owns every
 * array. Offsets and strides are in floats.
 */
#ifndef FASTCONV_H
#define FASTCONV_H

#include <stddef.h>
#include <stdint.h>

/* The families, in the order of their tables. A Cython module is compiled against the families that it uses, no
 * others. */
#define FC_FAMILIES(EACH)                                                                                              \
    EACH(matmul)                                                                                                       \
    EACH(winograd)                                                                                                     \
    EACH(depthwise)                                                                                                    \
    EACH(pooling)                                                                                                      \
    EACH(elementwise)                                                                                                  \
    EACH(merge)                                                                                                        \
    EACH(activations)                                                                                                  \
    EACH(normalization)                                                                                                \
    EACH(losses)                                                                                                       \
    EACH(optimizers)                                                                                                   \
    EACH(peak)

#define FC_FAMILY_STRUCT(family) struct fc_##family;
FC_FAMILIES(FC_FAMILY_STRUCT)

#define FC_FAMILY_POINTER(family) const struct fc_##family *family;
typedef struct {
    const char *name; /* of the level */
    FC_FAMILIES(FC_FAMILY_POINTER)
} fc_kernels;

/* fc_<family>_of(kernels), for Cython modules, which then need no declaration of the other families. */
#define FC_FAMILY_OF(family)                                                                                           \
    static inline const struct fc_##family *fc_##family##_of(const fc_kernels *k) { return k->family; }
FC_FAMILIES(FC_FAMILY_OF)

/* The activations that micro-kernels of convolutions and matrix products can fuse */
enum fc_act { FC_ACT_NONE = 0, FC_ACT_RELU = 1, FC_ACT_RELU6 = 2 };

/* Scratch memory of the calling thread, at least `bytes` long and page-aligned, or NULL if allocation fails. Valid
 * until the same thread requests a larger buffer in the same slot. FC_TEAM and FC_TABLE: buffers that the calling
 * thread shares with its team; FC_OWN and FC_INNER: private buffers of each thread. */
enum { FC_TEAM, FC_TABLE, FC_OWN, FC_INNER, FC_SCRATCH_SLOTS };
void *fc_scratch(int slot, size_t bytes);

/* Flush denormals to zero in this thread; returns the previous state, for fc_restore_denormals. */
unsigned fc_flush_denormals(void);
void fc_restore_denormals(unsigned state);

#endif
