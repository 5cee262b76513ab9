/* What crowd.c and worker.c agree on: endpoints of the workers, and addresses in their memory. */
#ifndef MACHINE_DEMO_CROWD_H
#define MACHINE_DEMO_CROWD_H

#define ROUNDS 20
#define ITEMS  512 /* that a worker sorts in each round */

enum { EP_FROM_PREVIOUS = 8, EP_TO_NEXT = 9, EP_TO_CONTROLLER = 10, EP_RESULTS = 11 };

#define CROWD_SLOT_LOG2 6
#define CROWD_BUFFER    0x80200000u /* of EP_FROM_PREVIOUS, or EP_RESULTS in the controller */

#endif
