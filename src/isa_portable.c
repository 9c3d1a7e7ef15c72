#include "levels.h"

int fc_runs_portable(void) { return 1; }

#define NAME portable
#include "simd_portable.h"

#include "kernel_bodies.h"
