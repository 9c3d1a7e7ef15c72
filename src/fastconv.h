/* What a build for one instruction set offers to the Cython kernels: a table for each family of micro-kernels.
 *
 * Here stands what all of them share. A family's own table is table_<family>.h; Cython knows it by
 * fastconv/kernels/.../_table_<family>.pxd. kernel_bodies.h fills the tables, once per level, and dispatch.c finds out
 * which levels run. A micro-kernel knows nothing of threads and allocates nothing; whoever calls it owns every array.
 * Offsets and strides are in floats.
 */
#ifndef FASTCONV_H
#define FASTCONV_H

#include <stddef.h>
#include <stdint.h>

/* The families, in the order of their tables. A module is compiled against those that it uses, no others. */
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

/* fc_<family>_of(kernels), for Cython modules: they have no need to know the other families' pointers. */
#define FC_FAMILY_OF(family)                                                                                           \
    static inline const struct fc_##family *fc_##family##_of(const fc_kernels *k) { return k->family; }
FC_FAMILIES(FC_FAMILY_OF)

/* The activations that the convolutions' micro-kernels apply on their way out */
enum fc_act { FC_ACT_NONE = 0, FC_ACT_RELU = 1 };

/* Scratch memory of the calling thread, at least `bytes` long and aligned to a page, or NULL if there is none to be
 * had. Valid until the same thread asks for a larger one in the same slot. FC_TEAM and FC_TABLE: what the calling
 * thread shares with its team; FC_OWN and FC_INNER: what each thread keeps to itself. */
enum { FC_TEAM, FC_TABLE, FC_OWN, FC_INNER, FC_SCRATCH_SLOTS };
void *fc_scratch(int slot, size_t bytes);

/* Denormals to zero in this thread; returns the state that fc_restore_denormals takes back. */
unsigned fc_flush_denormals(void);
void fc_restore_denormals(unsigned state);

#endif
