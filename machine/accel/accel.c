/*
 * The support module's state machine. One TCU command is under way at a time; between commands the module looks, in a
 * fixed order, for the most useful thing to do next:
 *
 *   take a message > free it > answer upstream > answer downstream > pass output on > get input > wait
 *
 * while the logic computes beside it: input buffer full, output buffer empty -> compute -> output full, input empty.
 */
#include "machine/accel/accel.h"

#include <assert.h>
#include <string.h>

#include "hw/tcu.h"

enum doing {
    DO_NOTHING,
    DO_FETCH,
    DO_FREE,
    DO_ANSWER,
    DO_NEXT_IN,
    DO_NEXT_OUT,
    DO_READ,
    DO_WRITE,
    DO_COMMIT,
    DO_END,
};

static const char *const names[] = {"idle", "fetch", "free",   "answer", "ask input", "ask output room",
                                    "read", "write", "commit", "end"};

#define NONE       (-1)
#define RECV_BYTES (1u << (ACCEL_RECV_SLOTS_LOG2 + ACCEL_RECV_SLOT_LOG2))

const char *accel_doing(const struct accel *a)
{
    return names[a->doing];
}

static void put_word(struct accel *a, uint64_t offset, uint32_t index, uint64_t value)
{
    memcpy(a->port.memory + offset + 8 * index, &value, sizeof value);
}

static uint64_t get_word(const struct accel *a, uint64_t offset, uint32_t index)
{
    uint64_t value;
    memcpy(&value, a->port.memory + offset + 8 * index, sizeof value);
    return value;
}

static void show_status(struct accel *a)
{
    enum accel_state state = a->phase == ACCEL_STOPPED ? ACCEL_OFF
                             : a->error                ? ACCEL_FAILED
                             : a->ended                ? ACCEL_DONE
                                                       : ACCEL_RUNNING;
    put_word(a, ACCEL_STATUS, ACCEL_STATUS_STATE, state);
    put_word(a, ACCEL_STATUS, ACCEL_STATUS_BLOCKS, a->blocks);
    put_word(a, ACCEL_STATUS, ACCEL_STATUS_ERROR, a->error);
}

void accel_init(struct accel *a, const struct accel_logic *logic, const struct accel_port *port, uint32_t mmio_cycles)
{
    assert(logic->input_block <= ACCEL_MAX_BLOCK && logic->output_block <= ACCEL_MAX_BLOCK);
    *a = (struct accel){.logic = logic, .port = *port, .mmio_cycles = mmio_cycles, .compute_cycles = logic->cycles};
    if (logic->fill_table)
        logic->fill_table(port->memory + ACCEL_TABLE);
    show_status(a);
}

static bool is_send_ep(struct accel *a, uint32_t ep, uint64_t now)
{
    return TCU_GET(a->port.read(a->port.tile, TCU_REG_EP(ep), now), TCU_EP_TYPE) == TCU_EP_SEND;
}

void accel_start(struct accel *a, uint64_t now)
{
    a->in = (struct accel_side){.request = NONE, .active = is_send_ep(a, ACCEL_EP_IN_SEND, now)};
    a->out = (struct accel_side){.request = NONE, .active = is_send_ep(a, ACCEL_EP_OUT_SEND, now)};
    a->fill = a->pos = a->len = 0;
    a->eof = a->ended = a->computing = false;
    a->blocks = a->error = 0;
    a->acknowledge = a->reject = NONE;
    a->doing = DO_NOTHING;
    a->phase = ACCEL_WAIT; /* a command of the stream before may still be under way */
    a->due = ~UINT64_C(0);
    show_status(a);
    accel_notify(a, now);
}

void accel_stop(struct accel *a, uint64_t now)
{
    a->phase = ACCEL_STOPPED;
    a->computing = false;
    a->doing = DO_NOTHING;
    show_status(a);
}

/* The stream ends here: input is refused from now on, what is buffered is dropped, and downstream is told the end. */
static void fail(struct accel *a, uint64_t error)
{
    if (!a->error)
        a->error = error;
    a->eof = true;
    a->computing = false;
    a->fill = a->pos = a->len = 0;
    show_status(a);
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

static bool issue(struct accel *a, enum doing doing, struct accel_command command, uint64_t now)
{
    a->command = command;
    a->doing = doing;
    a->phase = ACCEL_ISSUE;
    a->due = now + a->mmio_cycles * (command.size > 0 ? 4 : 1);
    return true;
}

static bool send(struct accel *a, enum doing doing, uint32_t ep, uint64_t label, const uint64_t words[3], uint64_t now)
{
    for (uint32_t i = 0; i < 3; i++)
        put_word(a, ACCEL_MESSAGE, i, words[i]);
    return issue(
        a, doing,
        (struct accel_command){
            .opcode = TCU_CMD_SEND, .ep = ep, .arg0 = ACCEL_EP_RECV, .arg1 = label, .addr = ACCEL_MESSAGE, .size = 24},
        now);
}

static bool answer(struct accel *a, int64_t *request, uint64_t error, uint64_t at, uint64_t length, uint64_t now)
{
    const uint64_t words[] = {error, at, length, 0};
    struct accel_command reply = {
        .opcode = TCU_CMD_REPLY, .ep = ACCEL_EP_RECV, .arg0 = *request, .addr = ACCEL_MESSAGE, .size = sizeof words};
    for (uint32_t i = 0; i < 4; i++)
        put_word(a, ACCEL_MESSAGE, i, words[i]);
    *request = NONE;
    return issue(a, DO_ANSWER, reply, now);
}

static void start_command(struct accel *a, uint64_t now)
{
    const struct accel_command *c = &a->command;
    void *tile = a->port.tile;
    if (c->size > 0) {
        a->port.write(tile, TCU_REG_DATA_ADDR, c->addr, now);
        a->port.write(tile, TCU_REG_DATA_SIZE, c->size, now);
        a->port.write(tile, TCU_REG_ARG1, c->arg1, now);
    }
    a->port.write(tile, TCU_REG_COMMAND,
                  TCU_PUT(TCU_CMD_OPCODE, c->opcode) | TCU_PUT(TCU_CMD_EP, c->ep) | TCU_PUT(TCU_CMD_ARG0, c->arg0),
                  now);
    a->phase = ACCEL_WAIT;
    a->due = ~UINT64_C(0);
    accel_notify(a, now);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

/* The neighbour has passed on a piece of our output, or part of it. */
static void output_consumed(struct accel *a, uint64_t bytes)
{
    if (a->out.offered)
        a->pos += bytes < a->out.length ? bytes : a->out.length;
    a->out.offered = false;
    if (a->pos == a->len)
        a->pos = a->len = 0;
}

static void input_supplied(struct accel *a, uint64_t bytes)
{
    if (a->in.offered)
        a->fill += bytes < a->in.length ? bytes : a->in.length;
    a->in.offered = false;
}

static void end_of_input(struct accel *a)
{
    a->eof = true;
    if (a->fill > 0 && a->fill < a->logic->input_block)
        fail(a, ACCEL_E_INVAL); /* the stream is not whole blocks */
}

/* A neighbour's request; it has one credit, so a second one before our answer is its mistake. */
static bool keep_request(struct accel *a, struct accel_side *side, uint64_t offset, uint64_t op)
{
    if (side->request != NONE || side->active) {
        a->reject = offset;
        return false;
    }
    side->request = offset;
    side->request_op = op;
    return true;
}

static void got_in_request(struct accel *a, uint64_t offset, uint64_t op, uint64_t argument)
{
    if (!keep_request(a, &a->out, offset, op))
        return;
    if (op == ACCEL_NEXT_IN)
        output_consumed(a, a->out.length);
    else if (op == ACCEL_COMMIT_IN)
        output_consumed(a, argument);
}

static void got_out_request(struct accel *a, uint64_t offset, uint64_t op, uint64_t argument)
{
    if (!keep_request(a, &a->in, offset, op))
        return;
    if (op == ACCEL_NEXT_OUT)
        input_supplied(a, a->in.length);
    else if (op == ACCEL_COMMIT_OUT && argument == 0)
        end_of_input(a);
    else if (op == ACCEL_COMMIT_OUT)
        input_supplied(a, argument);
}

static void got_piece(struct accel_side *side, uint64_t at, uint64_t length)
{
    side->asked = false;
    side->offered = length > 0;
    side->at = at;
    side->length = length;
    side->done = 0;
}

static void got_answer(struct accel *a, uint64_t label, uint64_t error, uint64_t at, uint64_t length)
{
    if (label == ACCEL_LABEL_IN_REPLY) {
        got_piece(&a->in, at, error ? 0 : length);
        if (error)
            fail(a, error);
        else if (length == 0)
            end_of_input(a);
    } else if (label == ACCEL_LABEL_OUT_REPLY) {
        got_piece(&a->out, at, error ? 0 : length);
        a->out.refused = error || length ? error : ACCEL_E_NOSPC;
    } else if (label == ACCEL_LABEL_COMMIT_REPLY) {
        a->out.asked = false;
        if (error)
            fail(a, error);
    }
}

static void got_message(struct accel *a, uint64_t offset)
{
    if (offset >= RECV_BYTES) { /* the controller gave RECV larger slots than it should */
        a->acknowledge = offset;
        return;
    }
    uint64_t slot = ACCEL_RECV_BUFFER + offset, payload = slot + TCU_HEADER_BYTES;
    uint64_t label = get_word(a, slot, TCU_HDR_LABEL), first = get_word(a, payload, 0),
             second = get_word(a, payload, 1);
    if (label == ACCEL_LABEL_IN_REQ) {
        got_in_request(a, offset, first, second);
    } else if (label == ACCEL_LABEL_OUT_REQ) {
        got_out_request(a, offset, first, second);
    } else {
        a->acknowledge = offset;
        got_answer(a, label, first, second, get_word(a, payload, 2));
    }
}

/* --- what to do next: each returns whether it has started something ------------------------------------------------
 */

static bool is_drained(const struct accel *a)
{
    return a->eof && a->fill == 0 && !a->computing && a->len == 0 && !a->out.asked;
}

static bool take_message(struct accel *a, uint64_t now)
{
    uint64_t activity = a->port.read(a->port.tile, TCU_REG_CUR_ACT, now);
    struct accel_command fetch = {.opcode = TCU_CMD_FETCH_MSG, .ep = ACCEL_EP_RECV};
    return TCU_GET(activity, TCU_ACT_MSGS) > 0 && issue(a, DO_FETCH, fetch, now);
}

static bool free_message(struct accel *a, uint64_t now)
{
    struct accel_command ack = {.opcode = TCU_CMD_ACK_MSG, .ep = ACCEL_EP_RECV, .arg0 = a->acknowledge};
    if (a->reject != NONE)
        return answer(a, &a->reject, ACCEL_E_BUSY, 0, 0, now);
    return a->acknowledge != NONE && issue(a, DO_FREE, ack, now);
}

static bool answer_upstream(struct accel *a, uint64_t now)
{
    struct accel_side *in = &a->in;
    if (in->request == NONE)
        return false;
    if (in->request_op == ACCEL_COMMIT_OUT)
        return answer(a, &in->request, a->error, a->blocks * a->logic->input_block + a->fill, 0, now);
    if (in->request_op != ACCEL_NEXT_OUT)
        return answer(a, &in->request, ACCEL_E_NOSYS, 0, 0, now);
    if (a->eof)
        return answer(a, &in->request, ACCEL_E_PIPE, 0, 0, now);
    if (a->fill == a->logic->input_block)
        return false;
    in->offered = true;
    in->length = a->logic->input_block - a->fill;
    return answer(a, &in->request, ACCEL_E_OK, a->fill, in->length, now);
}

static bool answer_downstream(struct accel *a, uint64_t now)
{
    struct accel_side *out = &a->out;
    if (out->request == NONE)
        return false;
    if (out->request_op != ACCEL_NEXT_IN)
        return answer(a, &out->request, out->request_op == ACCEL_COMMIT_IN ? ACCEL_E_OK : ACCEL_E_NOSYS, 0, 0, now);
    if (is_drained(a)) {
        a->ended = true;
        show_status(a);
        return answer(a, &out->request, a->error, 0, 0, now);
    }
    if (a->len == 0)
        return false;
    out->offered = true;
    out->length = a->len - a->pos;
    return answer(a, &out->request, ACCEL_E_OK, a->pos, out->length, now);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool commit(struct accel *a, uint64_t now)
{
    uint64_t written = a->out.offered ? a->out.done : 0;
    const uint64_t words[] = {ACCEL_COMMIT_OUT, written, 0};
    a->out.offered = false;
    a->out.asked = true;
    a->ended = written == 0;
    show_status(a);
    return send(a, written ? DO_COMMIT : DO_END, ACCEL_EP_OUT_SEND, ACCEL_LABEL_COMMIT_REPLY, words, now);
}

/* A full piece is followed by NEXT_OUT at once, even if nothing is there to write: it tells that the piece is full. */
static bool pass_output(struct accel *a, uint64_t now)
{
    struct accel_side *out = &a->out;
    if (!out->active || out->asked || a->ended)
        return false;
    if (out->offered && out->done < out->length && a->len > 0) {
        struct accel_command write = {.opcode = TCU_CMD_WRITE,
                                      .ep = ACCEL_EP_OUT_MEM,
                                      .arg1 = out->at + out->done,
                                      .addr = ACCEL_OUTPUT + a->pos,
                                      .size = smaller(a->len - a->pos, out->length - out->done)};
        return issue(a, DO_WRITE, write, now);
    }
    if (a->len > 0 && out->refused)
        fail(a, out->refused);
    bool full = out->offered && out->done == out->length;
    if (full || (!out->offered && a->len > 0)) {
        const uint64_t words[] = {ACCEL_NEXT_OUT, a->logic->output_block, 0};
        out->offered = false;
        out->asked = true;
        return send(a, DO_NEXT_OUT, ACCEL_EP_OUT_SEND, ACCEL_LABEL_OUT_REPLY, words, now);
    }
    return is_drained(a) && commit(a, now);
}

static bool get_input(struct accel *a, uint64_t now)
{
    struct accel_side *in = &a->in;
    if (!in->active || in->asked || a->eof)
        return false;
    if (!in->offered) {
        const uint64_t words[] = {ACCEL_NEXT_IN, 0, 0};
        in->asked = true;
        return send(a, DO_NEXT_IN, ACCEL_EP_IN_SEND, ACCEL_LABEL_IN_REPLY, words, now);
    }
    if (a->fill == a->logic->input_block)
        return false;
    struct accel_command read = {.opcode = TCU_CMD_READ,
                                 .ep = ACCEL_EP_IN_MEM,
                                 .arg1 = in->at + in->done,
                                 .addr = ACCEL_INPUT + a->fill,
                                 .size = smaller(a->logic->input_block - a->fill, in->length - in->done)};
    return issue(a, DO_READ, read, now);
}

static void choose(struct accel *a, uint64_t now)
{
    a->doing = DO_NOTHING;
    a->due = ~UINT64_C(0);
    if (take_message(a, now) || free_message(a, now) || answer_upstream(a, now) || answer_downstream(a, now) ||
        pass_output(a, now) || get_input(a, now))
        return;
}

/* --- what a command has done ---------------------------------------------------------------------------------------
 */

static void was_read(struct accel *a)
{
    a->fill += a->command.size;
    a->in.done += a->command.size;
    a->in.offered = a->in.done < a->in.length;
}

static void was_written(struct accel *a)
{
    a->pos += a->command.size;
    a->out.done += a->command.size;
    if (a->pos == a->len)
        a->pos = a->len = 0;
}

/* The neighbour did not get our answer: forget what it would have offered, and free the request. */
static void answer_failed(struct accel *a)
{
    uint64_t label = get_word(a, ACCEL_RECV_BUFFER + a->command.arg0, TCU_HDR_LABEL);
    (label == ACCEL_LABEL_IN_REQ ? &a->out : &a->in)->offered = false;
    a->acknowledge = a->command.arg0;
}

static void command_failed(struct accel *a)
{
    a->in.asked = a->in.asked && a->doing != DO_NEXT_IN;
    bool writer = a->doing == DO_COMMIT || a->doing == DO_END || a->doing == DO_NEXT_OUT;
    a->out.asked = a->out.asked && !writer;
    a->ended = a->ended || writer;
    fail(a, a->doing == DO_READ || a->doing == DO_WRITE ? ACCEL_E_IO : ACCEL_E_PIPE);
}

static void complete(struct accel *a, uint64_t now)
{
    uint64_t command = a->port.read(a->port.tile, TCU_REG_COMMAND, now);
    uint64_t offset = a->port.read(a->port.tile, TCU_REG_ARG1, now);
    bool failed = TCU_GET(command, TCU_CMD_ERROR) != TCU_E_NONE && a->doing != DO_NOTHING;
    if (failed && a->doing == DO_ANSWER) {
        answer_failed(a);
    } else if (failed) {
        command_failed(a);
    } else if (a->doing == DO_FETCH && offset != TCU_NO_MESSAGE) {
        got_message(a, offset);
    } else if (a->doing == DO_FREE) {
        a->acknowledge = NONE;
    } else if (a->doing == DO_READ) {
        was_read(a);
    } else if (a->doing == DO_WRITE) {
        was_written(a);
    }
    a->phase = ACCEL_CHOOSE;
    a->due = now;
}

/* --- the logic, and time -------------------------------------------------------------------------------------------
 */

static void begin_computing(struct accel *a, uint64_t now)
{
    if (a->computing || a->fill < a->logic->input_block || a->len > 0)
        return;
    a->computing = true;
    a->computed = now + a->compute_cycles;
    a->busy_cycles += a->compute_cycles;
}

static void end_computing(struct accel *a, uint64_t now)
{
    uint8_t *memory = a->port.memory;
    a->logic->compute(memory + ACCEL_TABLE, memory + ACCEL_INPUT, memory + ACCEL_OUTPUT);
    a->computing = false;
    a->fill = 0;
    a->len = a->logic->output_block;
    a->blocks++;
    show_status(a);
    if (a->phase == ACCEL_CHOOSE && a->due > now)
        a->due = now;
}

void accel_notify(struct accel *a, uint64_t now)
{
    if (a->due != ~UINT64_C(0))
        return;
    uint64_t reg = a->phase == ACCEL_WAIT ? TCU_REG_COMMAND : TCU_REG_CUR_ACT;
    uint64_t value = a->port.read(a->port.tile, reg, now);
    if (a->phase == ACCEL_WAIT ? TCU_GET(value, TCU_CMD_OPCODE) == TCU_CMD_IDLE : TCU_GET(value, TCU_ACT_MSGS) > 0)
        a->due = now + a->mmio_cycles;
}

uint64_t accel_deadline(const struct accel *a)
{
    if (a->phase == ACCEL_STOPPED)
        return ~UINT64_C(0);
    return a->computing ? smaller(a->computed, a->due) : a->due;
}

void accel_advance(struct accel *a, uint64_t now)
{
    if (a->phase == ACCEL_STOPPED)
        return;
    if (a->computing && a->computed <= now)
        end_computing(a, now);
    if (a->due <= now) {
        if (a->phase == ACCEL_WAIT)
            complete(a, now);
        if (a->phase == ACCEL_CHOOSE)
            choose(a, now);
        else if (a->phase == ACCEL_ISSUE)
            start_command(a, now);
    }
    begin_computing(a, now);
}
