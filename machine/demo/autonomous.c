/*
 * The autonomous way: each accelerator writes into the next one's buffer. The controller connects them, answers the
 * first one's request for input with one window onto all of it and the last one's for output likewise, and sleeps.
 */
#include "machine/demo/chains.h"

/* Labels of the accelerators' requests: twice the chain, plus 1 for output. */
static void connect(uint32_t chain)
{
    uint32_t fft = stage_tile(chain, 0), mul = stage_tile(chain, 1), ifft = stage_tile(chain, 2);
    set_remote(fft, ACCEL_EP_IN_SEND, endpoint_send(0, EP_MESSAGES, 1, ACCEL_MSG_LOG2, 2 * chain));
    set_remote(fft, ACCEL_EP_IN_MEM, endpoint_memory(MEMORY_TILE, input_at(chain), STREAM, TCU_MEM_R));
    set_remote(fft, ACCEL_EP_OUT_SEND, endpoint_send(mul, ACCEL_EP_RECV, 1, ACCEL_MSG_LOG2, ACCEL_LABEL_OUT_REQ));
    set_remote(fft, ACCEL_EP_OUT_MEM, endpoint_memory(mul, ACCEL_INPUT, COMPLEX_BLOCK, TCU_MEM_W));
    set_remote(mul, ACCEL_EP_OUT_SEND, endpoint_send(ifft, ACCEL_EP_RECV, 1, ACCEL_MSG_LOG2, ACCEL_LABEL_OUT_REQ));
    set_remote(mul, ACCEL_EP_OUT_MEM, endpoint_memory(ifft, ACCEL_INPUT, COMPLEX_BLOCK, TCU_MEM_W));
    set_remote(ifft, ACCEL_EP_OUT_SEND, endpoint_send(0, EP_MESSAGES, 1, ACCEL_MSG_LOG2, 2 * chain + 1));
    set_remote(ifft, ACCEL_EP_OUT_MEM, endpoint_memory(MEMORY_TILE, output_at(chain, false), STREAM, TCU_MEM_W));
    for (int stage = STAGES - 1; stage >= 0; stage--)
        stage_set_up(stage_tile(chain, stage));
}

/* One window over the whole stream, once. Returns whether the writer has told the end. */
static bool serve(uint64_t offset, bool given[2 * CHAINS])
{
    uint64_t stream = message_label(offset), op = message_word(offset, 0);
    bool is_output = stream % 2, first = !given[stream], ended = false;
    if (op == ACCEL_COMMIT_OUT) {
        ended = message_word(offset, 1) == 0;
        answer(offset, ACCEL_E_OK, 0, 0);
    } else {
        uint64_t error = is_output && !first ? ACCEL_E_NOSPC : ACCEL_E_OK;
        given[stream] = true;
        answer(offset, error, 0, first ? STREAM : 0);
    }
    return ended;
}

void run_autonomous(uint32_t chains)
{
    bool given[2 * CHAINS] = {false};
    for (uint32_t chain = 0; chain < chains; chain++)
        connect(chain);
    for (uint32_t ended = 0; ended < chains;)
        ended += serve(next_message(), given);
}
