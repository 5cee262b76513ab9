/*
 * The one system call: invoke a capability. Message tag, selector and timeouts, and the UTCB, where the part of a
 * message lives that does not fit into registers. docs/abi.md tells what each combination does; abi/arch/ tells which
 * CPU registers carry what.
 */
#pragma once

#include "abi/types.h"

/*
 * Selector: which capability, and which phases the invocation has.
 *
 *   63         25   24   23  20 19         0
 *  +-------------+-----+-------+------------+
 *  |      0      |TIMED| phases| slot       |
 *  +-------------+-----+-------+------------+
 *
 * The most frequent one, CALL, is the slot's number alone. Anything that is not listed here is E_INVAL.
 */
#define SEL_OP_SHIFT   20
#define SEL_SLOT_MASK  0xfffffull
#define SEL_OP_MASK    (0xfull << SEL_OP_SHIFT)
#define SEL_TIMED      (1ull << 24) /* timeouts and reply slot count; without it: never, and the implicit one */

#define SEL_OP_CALL       (0ull << SEL_OP_SHIFT) /* send, then receive the answer from that partner only */
#define SEL_OP_REPLY_WAIT (1ull << SEL_OP_SHIFT) /* answer (reply capability in the slot, 0 = implicit), then wait */
#define SEL_OP_SEND       (2ull << SEL_OP_SHIFT)
#define SEL_OP_RECV       (3ull << SEL_OP_SHIFT) /* closed: from the Irq in the slot; slot 0 = nobody, that is: sleep */
#define SEL_OP_WAIT       (4ull << SEL_OP_SHIFT) /* open: from anybody */
#define SEL_OP_SEND_WAIT  (5ull << SEL_OP_SHIFT)
#define SEL_OP_REPLY      (6ull << SEL_OP_SHIFT)

#define SEL(slot, op) ((u64)(slot) | (op))

/*
 * Tag: the shape of the message.
 *
 *   63   32 31    16 15 13  12     11    10   7 6    0
 *  +-------+--------+-----+------+------+------+------+
 *  |   0   | error  |  0  |OBJECT| ERROR| items| words|
 *  +-------+--------+-----+------+------+------+------+
 *
 * words   message words, 0..96: words 0-7 always travel, in registers; the count governs words from 8 on
 * items   map items, 0..8, taken from the UTCB
 * ERROR   (out) the invocation failed with the code in `error`; words and items tell how much was transferred
 * OBJECT  (in) the message is for the gate itself (bind, info), not for the thread behind it; needs RIGHT_CONTROL
 */
#define TAG_WORDS_MASK  0x7full
#define TAG_ITEMS_SHIFT 7
#define TAG_ITEMS_MASK  0xfull
#define TAG_ERROR       0x800ull
#define TAG_OBJECT      0x1000ull
#define TAG_CODE_SHIFT  16
#define TAG_CODE_MASK   0xffffull
#define TAG(words, items) ((u64)(words) | ((u64)(items) << TAG_ITEMS_SHIFT))

#define MSG_WORDS_MAX 96 /* words of a message */
#define MSG_REGS      8  /* how many of them travel in registers (abi/arch may say less, never below 4) */
#define MSG_ITEMS_MAX 8

/*
 * Timeouts: send phase in the upper half of the word, receive phase in the lower.
 * 0 = never; 1 = zero (do not block); up to 2^31-1 = microseconds from the start of the phase;
 * bit 31 set = at the absolute time utcb.deadline[0] (send) or [1] (receive), in microseconds since boot.
 * They are looked at if the selector has SEL_TIMED.
 */
#define TIMEOUT_NEVER    0u
#define TIMEOUT_ZERO     1u
#define TIMEOUT_MAX      0x7fffffffu
#define TIMEOUT_ABSOLUTE 0x80000000u
#define TIMEOUTS(send, recv) (((u64)(send) << 32) | (u64)(recv))

/*
 * Flexpage: a naturally aligned piece of an address space (type MEMORY, order 12..38 in bytes) or of an object space
 * (type OBJECT, order 0..16 in slots).
 *
 *   63                    12 11   6 5  4 3    0
 *  +------------------------+------+----+------+
 *  | address / 4096, or slot| order|type|rights|
 *  +------------------------+------+----+------+
 */
#define FPAGE_NONE   0
#define FPAGE_MEMORY 1
#define FPAGE_OBJECT 2
#define FPAGE_TYPE_SHIFT   4
#define FPAGE_ORDER_SHIFT  6
#define FPAGE_ORDER_MASK   0x3full
#define FPAGE_START_SHIFT  12
#define FPAGE_RIGHTS_MASK  0xfull
#define FPAGE_MEM(address, order, rights)                                                                             \
    (((u64)(address) & ~0xfffull) | ((u64)(order) << FPAGE_ORDER_SHIFT) | (FPAGE_MEMORY << FPAGE_TYPE_SHIFT) | (rights))
#define FPAGE_OBJ(slot, order, rights)                                                                                \
    (((u64)(slot) << FPAGE_START_SHIFT) | ((u64)(order) << FPAGE_ORDER_SHIFT) |                                        \
     (FPAGE_OBJECT << FPAGE_TYPE_SHIFT) | (rights))

#define RIGHT_X 0x1 /* memory: execute */
#define RIGHT_W 0x2 /* memory: write */
#define RIGHT_R 0x4 /* memory: read (all mappings are readable) */
#define RIGHTS_RWX 0x7

#define RIGHT_USE     0x1 /* objects: invoke the operations that use the object (send through a gate, trigger an Irq) */
#define RIGHT_CONTROL 0x2 /* configure it: bind, control, ex_regs, map into, create from */
#define RIGHT_DELETE  0x4 /* destroy it for everybody */
#define RIGHT_PASS    0x8 /* gates: messages may carry map items through it */
#define RIGHTS_ALL    0xf

/*
 * Map item: gives the receiver what the flexpage `what` covers in the sender's space.
 * `base`: where in the receiver's window it shall stand: bits 12.. as in a flexpage, absolute; the window's own start
 * is used where base is 0. ITEM_GRANT moves the capability or page instead of adding a child.
 * After a receive, the receiver's items say what arrived: `what` = flexpage in the receiver's space (0 = nothing).
 */
struct map_item {
    u64 what;
    u64 base;
};
#define ITEM_GRANT 0x1ull /* in base, bit 0 */

/*
 * User thread control block: 1 KiB of kernel-user memory, 1 KiB aligned. The kernel writes only mr[8..], item[]
 * and only while the thread is in an invocation.
 */
struct utcb {
    u64 mr[MSG_WORDS_MAX];                 /* words 8.. of a message; 0..7 travel in registers: the program's room */
    struct map_item item[MSG_ITEMS_MAX];   /* sent with a message; overwritten by what arrived */
    u64 window[MSG_ITEMS_MAX];             /* receive windows: flexpage where arriving item i goes; rights are a mask */
    u64 deadline[2];                       /* absolute timeouts: send, receive */
    u64 user[128 - MSG_WORDS_MAX - 3 * MSG_ITEMS_MAX - 2]; /* the program's: the kernel never touches them */
};
#define UTCB_SIZE 1024
