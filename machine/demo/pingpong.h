/* What ping.c and pong.c agree on: endpoints, addresses in pong's tile, and the byte's meaning. */
#ifndef MACHINE_DEMO_PINGPONG_H
#define MACHINE_DEMO_PINGPONG_H

#define SLOT_LOG2  6
#define SLOT_BYTES (1 << SLOT_LOG2)
#define ROUNDS     100

enum { EP_RECEIVE = 8, EP_REPLIES = 10, EP_ANSWERS = 12, EP_REQUEST = 13, EP_TIMES = 14 };

#define PONG_BUFFER 0x80200000u /* pong's receive buffer */
#define PONG_TIMES  0x80201000u /* pong's clock readings of the last message */
enum { PONG_SEEN, PONG_FETCHED };

enum { MODE_POLL = 0, MODE_SLEEP = 1, MODE_TIMED = 2 };
enum { PART_SEND, PART_PONG_FETCH, PART_REPLY, PART_FETCH, PART_ACK, PART_SENT, PARTS };

#endif
