/*
 * Stream accelerators as the controller and their neighbours see them: endpoints, labels, messages and the layout of
 * the tile's memory. docs/accel.md describes the protocol. Constants only; shared by the controller, bare-metal
 * programs and the model in machine/accel.
 */
#ifndef HW_ACCEL_H
#define HW_ACCEL_H

/* Endpoints. An absent IN_SEND (OUT_SEND) makes the input (output) passive: the neighbour comes to us. */
enum accel_endpoint {
    ACCEL_EP_IN_SEND = 16,  /* session that we read from */
    ACCEL_EP_IN_MEM = 17,   /* its window */
    ACCEL_EP_OUT_SEND = 18, /* session that we write to */
    ACCEL_EP_OUT_MEM = 19,  /* its window */
    ACCEL_EP_RECV = 20,     /* requests of neighbours and answers to ours: 4 slots of 64 bytes at ACCEL_RECV_BUFFER */
    ACCEL_EP_REPLIES = 21,  /* ..24: one-shot reply endpoints of RECV */
};
#define ACCEL_RECV_SLOTS_LOG2 2
#define ACCEL_RECV_SLOT_LOG2  6
#define ACCEL_MSG_LOG2        6

/* Labels of messages in RECV: those of neighbours are in their send endpoints, those of answers are chosen by us. */
enum accel_label {
    ACCEL_LABEL_IN_REQ = 1, /* a downstream neighbour reads our output */
    ACCEL_LABEL_IN_REPLY = 2,
    ACCEL_LABEL_OUT_REQ = 3, /* an upstream neighbour writes our input */
    ACCEL_LABEL_OUT_REPLY = 4,
    ACCEL_LABEL_COMMIT_REPLY = 5,
};

/*
 * Requests are those of proto/file.idl, one 64-bit word each: {NEXT_IN, nonblock}, {NEXT_OUT, hint, nonblock},
 * {COMMIT_IN, n}, {COMMIT_OUT, n}; replies {error, at, length, flags}, and {error, position} to COMMIT_OUT. `at` is
 * relative to the window's memory endpoint. To write nothing ends a stream: COMMIT_OUT 0 without a written piece.
 */
enum accel_request {
    ACCEL_NEXT_IN = 16,
    ACCEL_NEXT_OUT = 17,
    ACCEL_COMMIT_IN = 18,
    ACCEL_COMMIT_OUT = 19,
};

/* Errors in replies: numbers of abi/error.def. */
enum accel_error {
    ACCEL_E_OK = 0,
    ACCEL_E_IO = 5,
    ACCEL_E_BUSY = 16,  /* a second request before the answer to the first */
    ACCEL_E_INVAL = 22, /* the stream is not whole blocks */
    ACCEL_E_NOSPC = 28,
    ACCEL_E_PIPE = 32, /* the stream has ended, or the neighbour is gone */
    ACCEL_E_NOSYS = 38,
};

/* Memory of the tile */
#define ACCEL_STATUS      0x1000 /* struct of words: enum accel_state, blocks done, error of the stream */
#define ACCEL_MESSAGE     0x2000 /* messages are built here */
#define ACCEL_RECV_BUFFER 0x3000
#define ACCEL_INPUT       0x8000 /* input buffer: one block */
#define ACCEL_OUTPUT      0xA000 /* output buffer: one block */
#define ACCEL_TABLE       0xC000 /* coefficients */
#define ACCEL_MAX_BLOCK   0x1000
#define ACCEL_MEMORY      0x10000

enum accel_state { ACCEL_OFF = 0, ACCEL_RUNNING = 1, ACCEL_DONE = 2, ACCEL_FAILED = 3 };
enum accel_status_word { ACCEL_STATUS_STATE, ACCEL_STATUS_BLOCKS, ACCEL_STATUS_ERROR, ACCEL_STATUS_WORDS };

#endif
