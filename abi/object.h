/* Kernel objects and operations as constants: OBJ_TASK, OP_TASK_MAP ... from the rows of op.def, and their flags. */
#pragma once

#include "abi/types.h"

enum object_number {
#define OBJECT(name, number, text) OBJ_##name = number,
#define OP(object, name, number, rights, words, items, errors, cost, text)
#include "abi/op.def"
#undef OBJECT
#undef OP
};

enum op_number {
#define OBJECT(name, number, text)
#define OP(object, name, number, rights, words, items, errors, cost, text) OP_##object##_##name = number,
#define OP_DEBUG OP
#include "abi/op.def"
#undef OBJECT
#undef OP
};

#define OPERATION_WORDS 5 /* of an operation's answer: the error and up to four results */

/* Operations in word 0 of messages that the kernel sends on behalf of a thread (see abi/arch/ for the words). */
#define FAULT_PAGE      0x8001
#define FAULT_EXCEPTION 0x8002

/* Task.unmap */
#define UNMAP_SELF   0x1 /* also from this task; else only what was mapped on from it */
#define UNMAP_DELETE 0x2 /* objects: destroy them, where the capability has RIGHT_DELETE */

/* Thread.control */
#define THREAD_SET_TASK    0x1 /* once: the task that the thread runs in, with w2 = its UTCB (kernel-user memory) */
#define THREAD_SET_PAGER   0x2
#define THREAD_SET_HANDLER 0x4

/* Thread.ex_regs */
#define EX_REGS_PC     0x01
#define EX_REGS_SP     0x02
#define EX_REGS_ARG    0x04 /* a0 */
#define EX_REGS_TP     0x08
#define EX_REGS_CANCEL 0x10 /* a running invocation ends with E_INTR; a fault waits on, unless PC is set, too */
#define EX_REGS_WAIT   0x20 /* the thread waits for a message instead, which arrives at pc as from SEL_OP_WAIT */
#define EX_REGS_FORCE  0x40 /* raise exception EXC_FORCED */
#define EX_REGS_STOP   0x80 /* the thread stops until the next ex_regs */

/* Thread.stats, w2 */
enum thread_state_number {
    THREAD_STATE_STOPPED = 0,
    THREAD_STATE_READY = 1,
    THREAD_STATE_SENDING = 2,
    THREAD_STATE_CALLING = 3,
    THREAD_STATE_RECEIVING = 4,
    THREAD_STATE_DOWN = 5,
};

#define ICU_LEVEL 0
#define ICU_EDGE  1

/* Log.debug, w1 */
#define DEBUG_DUMP   1 /* w2: the key, as docs/debugging.md lists them */
#define DEBUG_TRACE  2 /* w2: 1 on, 0 off */
#define DEBUG_RECORD 3 /* w2 ring, w3 which record of all ever written -> w1 to w4, see abi/trace.h; E_NOENT: lost */
#define DEBUG_NAME   4 /* i0 task; w2, w3: its name */
#define DEBUG_PANIC  5 /* w2: 0 a panic, 1 a trap in the kernel; needs RIGHT_CONTROL */

#define PRIORITY_MAX 255
