// SPDX-License-Identifier: Apache-2.0
// What py/vm.c and py/gc.c call in the counting interpreter: see counting.c, and ../../interpreter.py, which builds it.

#ifndef ELECTRO_COUNTING_H
#define ELECTRO_COUNTING_H

#include <stdbool.h>
#include <stdint.h>

#include "py/obj.h"

// A module of Python and what was done by its functions, or by native code and C that they called.
typedef struct {
    const void *context; // the last one of that name
    mp_obj_t name;
    bool bench; // the bench's own: what stands in for the board, its clock and its pipe, and the script that counts
    uint64_t bytecodes, bytes;
    uint64_t before; // bytecodes when the present run began
    uint32_t last;   // bytecodes of the run before
} counting_module_t;

extern counting_module_t *counting_now;
extern uint32_t counting_collections;

void counting_enter(const void *context);

static inline void counting_bytecode(const void *context) {
    if (counting_now->context != context) {
        counting_enter(context);
    }
    counting_now->bytecodes++;
}

#endif
