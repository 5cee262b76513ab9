/*
 * Tests of the state transitions in machine/tcu/commands.def: one function each, which starts from a new world with
 * two tiles that can talk to each other.
 */
#ifndef TESTS_TCU_EFFECTS_H
#define TESTS_TCU_EFFECTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "rig.h"

#define TCU_EFFECT(table, name, text) void effect_##table##_##name(void **state);
#include "machine/tcu/commands.def"

/* Tiles 0 (client) and 1 (server); each maps virtual VIRT to PHYS. */
#define SEND_EP   8  /* 0 -> RECV_EP of 1 */
#define ANSWER_EP 9  /* replies to 0 */
#define RECV_EP   10 /* of 1, with reply endpoints REPLIES.. */
#define MEM_EP    11 /* of 0: RIG_MEMORY from 0x1000 on */
#define REPLIES   16
#define VIRT      0x10000u
#define PHYS      0x2000u
#define BUFFER    0x8000u
#define SLOT      512u
#define LABEL     0xABCDEFu
#define OTHER_ACT 5

extern struct rig w; /* the world */

void world_reset(void);
/* Tile's command with `size` bytes at VIRT + offset; returns its error. */
enum tcu_error do_send(uint32_t size, uint64_t reply_label);
enum tcu_error do_reply(uint64_t offset, uint32_t size);
enum tcu_error do_fetch(uint16_t tile, uint16_t ep, uint64_t *offset);
const uint64_t *header_at(uint16_t tile, uint32_t buffer, uint32_t slot);

#endif
