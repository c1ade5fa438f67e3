// SPDX-License-Identifier: Apache-2.0
// A module for Python that tells how many bytecodes were run and how much was allocated, by module.
//
// | call | gives |
// |---|---|
// | reset() | nothing: counts from zero on, and begins a run |
// | run() | bytecodes since the last call of it, of all modules but the bench's own |
// | total() | (bytecodes, bytes allocated) since reset(), of all modules but the bench's own |
// | last() | {module: bytecodes} of the run that run() ended, with the bench's own |
// | modules() | {module: (bytecodes, bytes allocated)} since reset() |
// | collections() | how often the heap was collected since reset() |
//
// An object that grows in place counts nothing. Native code runs no bytecodes; what it allocates is its caller's.

#include <string.h>

#include "counting.h"
#include "py/bc.h"
#include "py/runtime.h"

#define MODULES (128) // a power of two; the meter has some 80

static counting_module_t found[MODULES + 1];
// Before the first bytecode the last one counts.
counting_module_t *counting_now = &found[MODULES];
uint32_t counting_collections;

static void begin(counting_module_t *one, mp_obj_t name) {
    one->name = name;
    const char *text = mp_obj_str_get_str(name);
    one->bench = strcmp(text, "__main__") == 0 || strncmp(text, "electro_tools", strlen("electro_tools")) == 0;
}

// A module that was forgotten and is imported again has another context, and its name still.
void counting_enter(const void *context) {
    mp_map_t *globals = &((const mp_module_context_t *)context)->module.globals->map;
    mp_map_elem_t *elem = mp_map_lookup(globals, MP_OBJ_NEW_QSTR(MP_QSTR___name__), MP_MAP_LOOKUP);
    mp_obj_t name = elem == NULL ? MP_OBJ_NEW_QSTR(MP_QSTR_) : elem->value;
    size_t slot = ((uintptr_t)name >> 3) % MODULES;
    for (size_t tried = 0; tried < MODULES; tried++, slot = (slot + 1) % MODULES) {
        counting_now = &found[slot];
        if (counting_now->name == MP_OBJ_NULL) {
            begin(counting_now, name);
        }
        if (counting_now->name == name) {
            counting_now->context = context;
            return;
        }
    }
    mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("too many modules to count"));
}

static mp_obj_t pair(uint64_t bytecodes, uint64_t bytes) {
    mp_obj_t counts[] = {mp_obj_new_int_from_ull(bytecodes), mp_obj_new_int_from_ull(bytes)};
    return mp_obj_new_tuple(2, counts);
}

static mp_obj_t counting_run(void) {
    uint32_t bytecodes = 0;
    for (counting_module_t *one = found; one <= &found[MODULES]; one++) {
        if (one->name != MP_OBJ_NULL) {
            one->last = one->bytecodes - one->before;
            one->before = one->bytecodes;
            if (one->last != 0 && !one->bench) {
                bytecodes += one->last;
            }
        }
    }
    return mp_obj_new_int_from_uint(bytecodes);
}
static MP_DEFINE_CONST_FUN_OBJ_0(counting_run_obj, counting_run);

static mp_obj_t counting_reset(void) {
    memset(found, 0, sizeof(found));
    counting_now = &found[MODULES];
    counting_collections = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(counting_reset_obj, counting_reset);

static mp_obj_t counting_total(void) {
    uint64_t bytecodes = 0, bytes = 0;
    for (counting_module_t *one = found; one <= &found[MODULES]; one++) {
        if (one->name != MP_OBJ_NULL && !one->bench) {
            bytecodes += one->bytecodes;
            bytes += one->bytes;
        }
    }
    return pair(bytecodes, bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_0(counting_total_obj, counting_total);

static mp_obj_t counting_last(void) {
    mp_obj_t answer = mp_obj_new_dict(0);
    for (counting_module_t *one = found; one <= &found[MODULES]; one++) {
        if (one->name != MP_OBJ_NULL && one->last != 0) {
            mp_obj_dict_store(answer, one->name, mp_obj_new_int_from_uint(one->last));
        }
    }
    return answer;
}
static MP_DEFINE_CONST_FUN_OBJ_0(counting_last_obj, counting_last);

static mp_obj_t counting_modules(void) {
    mp_obj_t answer = mp_obj_new_dict(0);
    for (counting_module_t *one = found; one <= &found[MODULES]; one++) {
        if (one->name != MP_OBJ_NULL) {
            mp_obj_dict_store(answer, one->name, pair(one->bytecodes, one->bytes));
        }
    }
    return answer;
}
static MP_DEFINE_CONST_FUN_OBJ_0(counting_modules_obj, counting_modules);

static mp_obj_t counting_collections_get(void) {
    return mp_obj_new_int_from_uint(counting_collections);
}
static MP_DEFINE_CONST_FUN_OBJ_0(counting_collections_obj, counting_collections_get);

static const mp_rom_map_elem_t members[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_counting)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&counting_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&counting_run_obj)},
    {MP_ROM_QSTR(MP_QSTR_total), MP_ROM_PTR(&counting_total_obj)},
    {MP_ROM_QSTR(MP_QSTR_last), MP_ROM_PTR(&counting_last_obj)},
    {MP_ROM_QSTR(MP_QSTR_modules), MP_ROM_PTR(&counting_modules_obj)},
    {MP_ROM_QSTR(MP_QSTR_collections), MP_ROM_PTR(&counting_collections_obj)},
};
static MP_DEFINE_CONST_DICT(counting_globals, members);

const mp_obj_module_t counting_module = {.base = {&mp_type_module}, .globals = (mp_obj_dict_t *)&counting_globals};
MP_REGISTER_MODULE(MP_QSTR_counting, counting_module);
