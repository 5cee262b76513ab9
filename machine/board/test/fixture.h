/* What tests of whole machines share: a machine without firmware, random numbers, access to devices. */
#ifndef MACHINE_BOARD_TEST_FIXTURE_H
#define MACHINE_BOARD_TEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/board/machine.h"
#include "machine/core/test/random.h"

/* The serial port's output, as far as it fits. */
extern char sent[256];
extern unsigned sent_count;

struct machine *make_machine(unsigned harts, bool timed);

uint32_t device_read(struct machine *m, uint64_t pa);
void device_write(struct machine *m, uint64_t pa, uint32_t value);

/* Lets simulated time pass without running harts. */
void pass_time(struct machine *m, uint64_t cycles);

/* Whether the hart sees an interrupt. */
bool sees(const struct machine *m, unsigned hart, enum rv_irq irq);

/* A board's checkpoint in a file. NULL, or what is wrong. */
const char *checkpoint_save(struct machine *m, const char *path);
const char *checkpoint_restore(struct machine *m, const char *path);

#endif
