/* The mesh of the accelerator tests, and its controller; see stage.h. */
#include "stage.h"

#include "hw/tcu.h"

struct mesh *mesh;
struct stream input, output;

void stage_open(void)
{
    static struct tile_config tiles[TILES];
    const char *names[] = {[FFT] = "fft", [MUL] = "mul", [IFFT] = "ifft", [COPY] = "copy"}, *error;
    tiles[CONTROLLER] = (struct tile_config){.kind = TILE_CORE, .memory = 0x10000};
    tiles[MEMORY] = (struct tile_config){.kind = TILE_MEMORY, .memory = 0x100000};
    for (int i = FFT; i < TILES; i++)
        tiles[i] = (struct tile_config){.kind = TILE_ACCEL, .logic = accel_logic_find(names[i])};
    struct mesh_config config = mesh_default_config(3, 2, tiles);
    mesh = mesh_create(&config, &error);
    assert_non_null(mesh);
    input = output = (struct stream){.piece = MAX_STREAM};
    struct tcu *tcu = &mesh->tiles[CONTROLLER].tcu;
    tcu->ep[EP_RECV] = (struct tcu_ep){{TCU_PUT(TCU_EP_TYPE, TCU_EP_RECEIVE) | TCU_PUT(TCU_EP_ACT, TCU_ACT_NONE) |
                                            TCU_PUT(TCU_RECV_REPLY_EPS, EP_REPLIES) | TCU_PUT(TCU_RECV_SLOTS_LOG2, 3) |
                                            TCU_PUT(TCU_RECV_SLOT_LOG2, 6),
                                        RECV_AT, 0}};
}

void stage_close(void)
{
    mesh_destroy(mesh);
}

uint8_t *stage_memory(uint32_t at)
{
    return mesh->tiles[MEMORY].memory + at;
}

static void set_send(uint16_t tile, uint16_t ep, uint16_t to_tile, uint16_t to_ep, uint64_t label)
{
    mesh->tiles[tile].tcu.ep[ep] =
        (struct tcu_ep){{TCU_PUT(TCU_EP_TYPE, TCU_EP_SEND) | TCU_PUT(TCU_EP_ACT, TCU_ACT_NONE) |
                             TCU_PUT(TCU_SEND_CREDITS, 1) | TCU_PUT(TCU_SEND_MAX_CREDITS, 1) |
                             TCU_PUT(TCU_SEND_MSG_LOG2, ACCEL_MSG_LOG2) | TCU_PUT(TCU_SEND_CREDIT_EP, TCU_NO_EP),
                         TCU_PUT(TCU_SEND_TARGET_EP, to_ep) | TCU_PUT(TCU_SEND_TARGET_TILE, to_tile), label}};
}

static void set_memory(uint16_t tile, uint16_t ep, uint16_t to_tile, uint64_t address, uint64_t size)
{
    mesh->tiles[tile].tcu.ep[ep] =
        (struct tcu_ep){{TCU_PUT(TCU_EP_TYPE, TCU_EP_MEMORY) | TCU_PUT(TCU_EP_ACT, TCU_ACT_NONE) |
                             TCU_PUT(TCU_MEM_FLAGS, TCU_MEM_R | TCU_MEM_W) | TCU_PUT(TCU_MEM_TILE, to_tile),
                         address, size}};
}

void set_receive(uint16_t tile)
{
    mesh->tiles[tile].tcu.ep[ACCEL_EP_RECV] = (struct tcu_ep){
        {TCU_PUT(TCU_EP_TYPE, TCU_EP_RECEIVE) | TCU_PUT(TCU_EP_ACT, TCU_ACT_NONE) |
             TCU_PUT(TCU_RECV_REPLY_EPS, ACCEL_EP_REPLIES) | TCU_PUT(TCU_RECV_SLOTS_LOG2, ACCEL_RECV_SLOTS_LOG2) |
             TCU_PUT(TCU_RECV_SLOT_LOG2, ACCEL_RECV_SLOT_LOG2),
         ACCEL_RECV_BUFFER, 0}};
}

/* Labels at the controller: 1 input, 2 output. */
void connect_to_input(uint16_t tile)
{
    set_send(tile, ACCEL_EP_IN_SEND, CONTROLLER, EP_RECV, 1);
    set_memory(tile, ACCEL_EP_IN_MEM, MEMORY, IN_AT, MAX_STREAM);
}

void connect_to_output(uint16_t tile)
{
    set_send(tile, ACCEL_EP_OUT_SEND, CONTROLLER, EP_RECV, 2);
    set_memory(tile, ACCEL_EP_OUT_MEM, MEMORY, OUT_AT, MAX_STREAM);
}

void connect_push(uint16_t from, uint16_t to)
{
    set_send(from, ACCEL_EP_OUT_SEND, to, ACCEL_EP_RECV, ACCEL_LABEL_OUT_REQ);
    set_memory(from, ACCEL_EP_OUT_MEM, to, ACCEL_INPUT, mesh->tiles[to].accel.logic->input_block);
}

void connect_pull(uint16_t from, uint16_t to)
{
    set_send(to, ACCEL_EP_IN_SEND, from, ACCEL_EP_RECV, ACCEL_LABEL_IN_REQ);
    set_memory(to, ACCEL_EP_IN_MEM, from, ACCEL_OUTPUT, mesh->tiles[from].accel.logic->output_block);
}

void connect_passive(uint16_t tile, bool input_side)
{
    set_send(CONTROLLER, EP_SEND + 2 * tile + input_side, tile, ACCEL_EP_RECV,
             input_side ? ACCEL_LABEL_OUT_REQ : ACCEL_LABEL_IN_REQ);
}

void start(uint16_t tile)
{
    uint64_t word = TCU_PUT(TCU_PRIV_OPCODE, TCU_EXT_RESET) | TCU_PUT(TCU_PRIV_ARG, TCU_EXT_START);
    memcpy(mesh->tiles[CONTROLLER].memory + DATA_AT, &word, 8);
    set_memory(CONTROLLER, EP_MEM, tile, TCU_NOC_MMIO, TCU_MMIO_SIZE);
    assert_int_equal(controller_command(TCU_CMD_WRITE, EP_MEM, 0, DATA_AT, 8, TCU_REG_EXT_CMD), TCU_E_NONE);
}

enum tcu_error controller_command(enum tcu_opcode opcode, uint16_t ep, uint64_t arg0, uint64_t addr, uint64_t size,
                                  uint64_t arg1)
{
    struct tile *tile = &mesh->tiles[CONTROLLER];
    tile_write(tile, TCU_REG_DATA_ADDR, addr, mesh->now);
    tile_write(tile, TCU_REG_DATA_SIZE, size, mesh->now);
    tile_write(tile, TCU_REG_ARG1, arg1, mesh->now);
    tile_write(tile, TCU_REG_COMMAND,
               TCU_PUT(TCU_CMD_OPCODE, opcode) | TCU_PUT(TCU_CMD_EP, ep) | TCU_PUT(TCU_CMD_ARG0, arg0), mesh->now);
    while (TCU_GET(tile_read(tile, TCU_REG_COMMAND, mesh->now), TCU_CMD_OPCODE) != TCU_CMD_IDLE)
        mesh_advance(mesh, mesh_deadline(mesh));
    return (enum tcu_error)TCU_GET(tile_read(tile, TCU_REG_COMMAND, mesh->now), TCU_CMD_ERROR);
}

static void reply(uint64_t offset, uint64_t error, uint64_t at, uint64_t length)
{
    const uint64_t words[4] = {error, at, length, 0};
    memcpy(mesh->tiles[CONTROLLER].memory + MESSAGE_AT, words, sizeof words);
    controller_command(TCU_CMD_REPLY, EP_RECV, offset, MESSAGE_AT, sizeof words, 0);
}

static void serve_input(uint64_t offset, const uint64_t *words)
{
    uint32_t left = input.size - input.given, length = left < input.piece ? left : input.piece;
    assert_int_equal(words[0], ACCEL_NEXT_IN);
    reply(offset, input.refuse, input.given, length);
    input.given += length;
}

static void serve_output(uint64_t offset, const uint64_t *words)
{
    uint32_t left = output.size - output.committed, length = left < output.piece ? left : output.piece;
    if (words[0] == ACCEL_COMMIT_OUT) {
        assert_false(output.ended);
        output.committed += words[1];
        output.given = 0;
        output.ended = words[1] == 0;
        reply(offset, 0, output.committed, 0);
        return;
    }
    assert_int_equal(words[0], ACCEL_NEXT_OUT);
    output.committed += output.given; /* all of the previous piece */
    left -= output.given;
    length = left < output.piece ? left : output.piece;
    reply(offset, output.refuse || length ? output.refuse : ACCEL_E_NOSPC, output.committed, length);
    output.given = length;
}

/* The next message at the controller: its slot's offset, or -1. */
static int64_t fetch(void)
{
    struct tile *tile = &mesh->tiles[CONTROLLER];
    if (TCU_GET(tile_read(tile, TCU_REG_CUR_ACT, mesh->now), TCU_ACT_MSGS) == 0)
        return -1;
    assert_int_equal(controller_command(TCU_CMD_FETCH_MSG, EP_RECV, 0, 0, 0, 0), TCU_E_NONE);
    return tile_read(tile, TCU_REG_ARG1, mesh->now);
}

static void read_message(int64_t offset, uint64_t *label, uint64_t words[4])
{
    const uint8_t *slot = mesh->tiles[CONTROLLER].memory + RECV_AT + offset;
    memcpy(label, slot + 8 * TCU_HDR_LABEL, 8);
    memcpy(words, slot + TCU_HEADER_BYTES, 32);
}

uint64_t serve(uint64_t limit)
{
    uint64_t begin = mesh->now;
    while (mesh->now < begin + limit) {
        uint64_t label, words[4];
        int64_t offset = fetch();
        if (offset < 0) {
            if (mesh_deadline(mesh) == TCU_NEVER)
                break;
            mesh_advance(mesh, mesh_deadline(mesh));
            continue;
        }
        read_message(offset, &label, words);
        if (label == 1)
            serve_input(offset, words);
        else
            serve_output(offset, words);
    }
    return mesh->now - begin;
}

enum tcu_error request(uint16_t tile, bool input_side, uint64_t op, uint64_t argument, uint64_t answer[4])
{
    const uint64_t words[3] = {op, argument, 0};
    uint64_t label;
    memcpy(mesh->tiles[CONTROLLER].memory + MESSAGE_AT, words, sizeof words);
    enum tcu_error error =
        controller_command(TCU_CMD_SEND, EP_SEND + 2 * tile + input_side, EP_RECV, MESSAGE_AT, sizeof words, 99);
    if (error != TCU_E_NONE || !answer)
        return error;
    for (int64_t offset; (offset = fetch()) < 0;) {
        assert_true(mesh_deadline(mesh) != TCU_NEVER);
        mesh_advance(mesh, mesh_deadline(mesh));
        if ((offset = fetch()) >= 0) {
            read_message(offset, &label, answer);
            assert_int_equal(label, 99);
            return controller_command(TCU_CMD_ACK_MSG, EP_RECV, offset, 0, 0, 0);
        }
    }
    return TCU_E_NONE;
}

void window_of(uint16_t tile, uint64_t address, uint64_t size)
{
    set_memory(CONTROLLER, EP_MEM, tile, address, size);
}

uint64_t status(uint16_t tile, enum accel_status_word word)
{
    uint64_t value;
    memcpy(&value, mesh->tiles[tile].memory + ACCEL_STATUS + 8 * word, 8);
    return value;
}

uint32_t apply(const char *name, const uint8_t *in, uint32_t size, uint8_t *out)
{
    const struct accel_logic *logic = accel_logic_find(name);
    uint8_t table[ACCEL_MAX_BLOCK];
    if (logic->fill_table)
        logic->fill_table(table);
    for (uint32_t i = 0; i < size / logic->input_block; i++)
        logic->compute(table, in + i * logic->input_block, out + i * logic->output_block);
    return size / logic->input_block * logic->output_block;
}
