/* Files to and from the guest. */
#pragma once

#include "channel.h"

/*
 * PUT: writes the DATA frames that follow to a file, reads the file again and answers END with what stands there now;
 * or FAIL, as soon as that is known: the frames up to END are then taken and dropped. A file that there is no room for
 * is left as it was, one that could not be written whole is removed. False if the channel ends.
 */
bool transfer_put(struct frame *frame);

/* GET: answers with the file as DATA frames and END, or FAIL. */
void transfer_get(const struct frame *frame);
