/* What bare-metal test programs share: output, traps, CSRs, random numbers. Their output is the test's result. */
#ifndef TESTS_MACHINE_BARE_H
#define TESTS_MACHINE_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int value, size_t n);
void *memcpy(void *to, const void *from, size_t n);

/* Registers at a trap; x[0] is unused. Stored to by start.S. */
struct frame {
    uint64_t x[32];
    uint64_t pc;
};

/* Programs may define it; the default prints the trap and gives up. */
void on_trap(struct frame *f);

int main(void);
void main_other(unsigned hart);

void put_text(const char *text);
void put_hex(uint64_t value);
/* A line "name value". */
void report(const char *name, uint64_t value);

/* Powers the machine off with an exit status. */
void finish(unsigned status) __attribute__((noreturn));

/* xorshift64. The state must not be 0. */
uint64_t bare_random(uint64_t *state);

/* Mixes a value into a running hash. */
uint64_t mix(uint64_t hash, uint64_t value);

#define csr_read(name)                                                                                                 \
    ({                                                                                                                 \
        uint64_t value_;                                                                                               \
        __asm__ volatile("csrr %0, " #name : "=r"(value_)::"memory");                                                  \
        value_;                                                                                                        \
    })
#define csr_write(name, value)                                                                                         \
    do {                                                                                                               \
        uint64_t written_ = (value);                                                                                   \
        __asm__ volatile("csrw " #name ", %0" ::"r"(written_) : "memory");                                             \
    } while (0)

#endif
