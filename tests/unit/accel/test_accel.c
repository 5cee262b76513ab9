/*
 * Accelerators: the support module in every role, with whole and broken streams. Results are compared byte by byte
 * with the logics applied one after the other.
 */
#include "stage.h"

#include "hw/tcu.h"

static uint8_t expected[MAX_STREAM], between[2][MAX_STREAM];

static void fill_input(uint32_t blocks)
{
    float *samples = (float *)stage_memory(IN_AT);
    srand(blocks);
    input.size = blocks * 2048;
    output.size = MAX_STREAM;
    for (uint32_t i = 0; i < blocks * 512; i++)
        samples[i] = rand() % 256;
}

static uint32_t expect_chain(void)
{
    uint32_t size = apply("fft", stage_memory(IN_AT), input.size, between[0]);
    size = apply("mul", between[0], size, between[1]);
    return apply("ifft", between[1], size, expected);
}

static void check_output(uint32_t size)
{
    assert_int_equal(output.committed, size);
    assert_memory_equal(stage_memory(OUT_AT), expected, size);
    assert_true(output.ended);
}

static void expect_done(uint16_t tile, uint64_t blocks)
{
    assert_int_equal(status(tile, ACCEL_STATUS_STATE), ACCEL_DONE);
    assert_int_equal(status(tile, ACCEL_STATUS_BLOCKS), blocks);
    assert_int_equal(status(tile, ACCEL_STATUS_ERROR), 0);
}

static void start_all(uint16_t first, uint16_t last)
{
    for (uint16_t tile = first; tile <= last; tile++) {
        set_receive(tile);
        start(tile);
    }
}

/* --- autonomous chains ---------------------------------------------------------------------------------------------
 */

static void connect_chain(bool push)
{
    connect_to_input(FFT);
    (push ? connect_push : connect_pull)(FFT, MUL);
    (push ? connect_push : connect_pull)(MUL, IFFT);
    connect_to_output(IFFT);
    start_all(FFT, IFFT);
}

static void run_chain(bool push, uint32_t blocks, uint32_t in_piece, uint32_t out_piece)
{
    stage_open();
    fill_input(blocks);
    input.piece = in_piece;
    output.piece = out_piece;
    connect_chain(push);
    serve(100000000);
    check_output(expect_chain());
    expect_done(FFT, blocks);
    expect_done(MUL, blocks);
    expect_done(IFFT, blocks);
    stage_close();
}

static void test_chain(void **state)
{
    for (uint32_t blocks = 0; blocks < 5; blocks++)
        run_chain(true, blocks, MAX_STREAM, MAX_STREAM);
    run_chain(true, 32, MAX_STREAM, MAX_STREAM);
}

static void test_chain_that_pulls(void **state)
{
    for (uint32_t blocks = 0; blocks < 5; blocks++)
        run_chain(false, blocks, MAX_STREAM, MAX_STREAM);
}

static void test_pieces_of_any_size(void **state)
{
    const uint32_t pieces[] = {96, 1024, 2048, 3000, 4096, 5008};
    for (uint32_t i = 0; i < 6; i++)
        for (uint32_t j = 0; j < 6; j++)
            run_chain((i + j) % 2, 3, pieces[i], pieces[j]);
}

/* The room for output is exactly as large as the output: asking for more in advance is refused, which is no error. */
static void test_exact_room(void **state)
{
    stage_open();
    fill_input(2);
    output.size = 2 * 2048;
    connect_chain(true);
    serve(10000000);
    check_output(expect_chain());
    expect_done(IFFT, 2);
    stage_close();
}

/* All of the stages work at the same time: many blocks take little more than the slowest stage for each. */
static void test_stages_overlap(void **state)
{
    stage_open();
    fill_input(32);
    connect_chain(true);
    uint64_t cycles = serve(10000000);
    uint64_t compute = mesh->tiles[FFT].accel.compute_cycles + mesh->tiles[MUL].accel.compute_cycles +
                       mesh->tiles[IFFT].accel.compute_cycles;
    assert_true(cycles < 32 * compute);
    assert_int_equal(mesh->tiles[FFT].accel.busy_cycles, 32 * mesh->tiles[FFT].accel.compute_cycles);
    stage_close();
}

static void test_second_stream(void **state)
{
    stage_open();
    fill_input(2);
    connect_chain(true);
    serve(10000000);
    check_output(expect_chain());
    fill_input(3);
    input.given = output.given = output.committed = 0;
    output.ended = false;
    for (uint16_t tile = FFT; tile <= IFFT; tile++)
        start(tile);
    serve(10000000);
    check_output(expect_chain());
    stage_close();
}

/* Starting again in the middle of a stream drops it, wherever the module is. */
static void test_start_again(void **state)
{
    for (uint64_t cycles = 0; cycles < 6000; cycles += 97) {
        stage_open();
        fill_input(3);
        connect_to_input(COPY);
        connect_to_output(COPY);
        start_all(COPY, COPY);
        mesh_advance(mesh, mesh->now + cycles);
        start(COPY);
        serve(10000000);
        assert_int_equal(mesh_deadline(mesh), TCU_NEVER);
        assert_int_not_equal(status(COPY, ACCEL_STATUS_STATE), ACCEL_OFF);
        stage_close();
    }
}

static void test_table_is_used(void **state)
{
    stage_open();
    fill_input(1);
    connect_to_input(FFT);
    connect_push(FFT, MUL);
    connect_push(MUL, IFFT);
    connect_to_output(IFFT);
    float *table = (float *)(mesh->tiles[MUL].memory + ACCEL_TABLE);
    for (int i = 0; i < 512; i++) {
        table[2 * i] = 2;
        table[2 * i + 1] = 0;
    }
    start_all(FFT, IFFT);
    serve(10000000);
    const float *in = (float *)stage_memory(IN_AT), *out = (float *)stage_memory(OUT_AT);
    for (int i = 0; i < 512; i++)
        assert_true(out[i] - 2 * in[i] < 0.005 && out[i] - 2 * in[i] > -0.005);
    stage_close();
}

/* --- assisted -------------------------------------------------------------------------------------------------------
 */

static void open_passive(void)
{
    stage_open();
    connect_passive(COPY, true);
    connect_passive(COPY, false);
    start_all(COPY, COPY);
}

static void write_piece(uint64_t at, uint64_t length, uint8_t value)
{
    memset(mesh->tiles[CONTROLLER].memory + DATA_AT, value, length);
    window_of(COPY, ACCEL_INPUT, 2048);
    assert_int_equal(controller_command(TCU_CMD_WRITE, EP_MEM, 0, DATA_AT, length, at), TCU_E_NONE);
}

static void expect_piece(uint64_t op, uint64_t argument, bool input_side, uint64_t error, uint64_t at, uint64_t length)
{
    uint64_t answer[4];
    assert_int_equal(request(COPY, input_side, op, argument, answer), TCU_E_NONE);
    assert_int_equal(answer[0], error);
    if (op == ACCEL_NEXT_IN || op == ACCEL_NEXT_OUT) {
        assert_int_equal(answer[1], at);
        assert_int_equal(answer[2], length);
    }
}

static void test_assisted_by_a_core(void **state)
{
    open_passive();
    expect_piece(ACCEL_NEXT_OUT, 0, true, ACCEL_E_OK, 0, 2048);
    write_piece(0, 1000, 0x11);
    expect_piece(ACCEL_COMMIT_OUT, 1000, true, ACCEL_E_OK, 0, 0);
    expect_piece(ACCEL_NEXT_OUT, 0, true, ACCEL_E_OK, 1000, 1048); /* a part of a block is kept */
    write_piece(1000, 1048, 0x22);
    expect_piece(ACCEL_NEXT_OUT, 0, true, ACCEL_E_OK, 0, 2048); /* commits; answered when the buffer is free */
    expect_piece(ACCEL_NEXT_IN, 0, false, ACCEL_E_OK, 0, 2048);
    assert_int_equal(mesh->tiles[COPY].memory[ACCEL_OUTPUT + 999], 0x11);
    assert_int_equal(mesh->tiles[COPY].memory[ACCEL_OUTPUT + 1000], 0x22);
    expect_piece(ACCEL_COMMIT_IN, 48, false, ACCEL_E_OK, 0, 0);
    expect_piece(ACCEL_NEXT_IN, 0, false, ACCEL_E_OK, 48, 2000);
    expect_piece(ACCEL_COMMIT_OUT, 0, true, ACCEL_E_OK, 0, 0);
    expect_piece(ACCEL_NEXT_IN, 0, false, ACCEL_E_OK, 0, 0);
    expect_piece(ACCEL_NEXT_OUT, 0, true, ACCEL_E_PIPE, 0, 0);
    expect_done(COPY, 1);
    stage_close();
}

static void test_bad_requests(void **state)
{
    uint64_t answer[4];
    open_passive();
    assert_int_equal(request(COPY, true, 4711, 0, answer), TCU_E_NONE);
    assert_int_equal(answer[0], ACCEL_E_NOSYS);
    assert_int_equal(request(COPY, false, ACCEL_NEXT_OUT, 0, answer), TCU_E_NONE); /* on the other side */
    assert_int_equal(answer[0], ACCEL_E_NOSYS);
    /* a second request while the first waits for output */
    assert_int_equal(request(COPY, false, ACCEL_NEXT_IN, 0, NULL), TCU_E_NONE);
    mesh->tiles[CONTROLLER].tcu.ep[EP_SEND + 2 * COPY].r[0] |= TCU_PUT(TCU_SEND_CREDITS, 1);
    assert_int_equal(request(COPY, false, ACCEL_NEXT_IN, 0, answer), TCU_E_NONE);
    assert_int_equal(answer[0], ACCEL_E_BUSY);
    /* committing more than was offered counts as what was offered */
    expect_piece(ACCEL_NEXT_OUT, 0, true, ACCEL_E_OK, 0, 2048);
    assert_int_equal(request(COPY, true, ACCEL_COMMIT_OUT, ~UINT64_C(0), answer), TCU_E_NONE);
    assert_int_equal(answer[1], 2048);
    stage_close();
}

/* --- streams that end badly -----------------------------------------------------------------------------------------
 */

static void test_not_whole_blocks(void **state)
{
    stage_open();
    fill_input(2);
    input.size += 100;
    connect_chain(true);
    serve(10000000);
    assert_true(output.ended);
    assert_int_equal(status(FFT, ACCEL_STATUS_STATE), ACCEL_FAILED);
    assert_int_equal(status(FFT, ACCEL_STATUS_ERROR), ACCEL_E_INVAL);
    assert_int_equal(status(IFFT, ACCEL_STATUS_STATE), ACCEL_DONE);
    assert_int_equal(mesh_deadline(mesh), TCU_NEVER);
    stage_close();
}

static void test_input_error(void **state)
{
    stage_open();
    fill_input(2);
    input.refuse = ACCEL_E_IO;
    connect_chain(true);
    serve(10000000);
    assert_true(output.ended);
    assert_int_equal(output.committed, 0);
    assert_int_equal(status(FFT, ACCEL_STATUS_ERROR), ACCEL_E_IO);
    stage_close();
}

static void test_no_room_for_output(void **state)
{
    stage_open();
    fill_input(8);
    output.size = 3 * 2048;
    connect_chain(true);
    serve(10000000);
    assert_int_equal(output.committed, 3 * 2048);
    assert_int_equal(status(IFFT, ACCEL_STATUS_ERROR), ACCEL_E_NOSPC);
    assert_int_equal(status(FFT, ACCEL_STATUS_ERROR), ACCEL_E_PIPE); /* nobody hangs */
    assert_int_equal(mesh_deadline(mesh), TCU_NEVER);
    stage_close();
}

static void test_neighbour_is_gone(void **state)
{
    stage_open();
    fill_input(4);
    connect_chain(true);
    while (mesh->tiles[IFFT].accel.blocks < 1 || mesh->tiles[IFFT].tcu.ep[ACCEL_EP_RECV].r[2] != 0)
        serve(1); /* until no request of the neighbour is inside */
    memset(&mesh->tiles[IFFT].tcu.ep[ACCEL_EP_RECV], 0, sizeof(struct tcu_ep));
    serve(10000000);
    assert_int_equal(status(MUL, ACCEL_STATUS_STATE), ACCEL_FAILED);
    assert_int_equal(status(FFT, ACCEL_STATUS_STATE), ACCEL_FAILED);
    assert_int_equal(mesh_deadline(mesh), TCU_NEVER);
    stage_close();
}

static void test_window_is_revoked(void **state)
{
    stage_open();
    fill_input(4);
    connect_chain(true);
    serve(3000);
    memset(&mesh->tiles[FFT].tcu.ep[ACCEL_EP_IN_MEM], 0, sizeof(struct tcu_ep));
    serve(10000000);
    assert_int_equal(status(FFT, ACCEL_STATUS_ERROR), ACCEL_E_IO);
    assert_true(output.ended);
    stage_close();
}

/* --- neighbours and controllers that make no sense ------------------------------------------------------------------
 */

static uint64_t any_word(void)
{
    return ((uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand()) >> rand() % 64;
}

static void send_anything(void)
{
    bool input_side = rand() % 2;
    uint64_t op = rand() % 4 ? (uint64_t)(ACCEL_NEXT_IN + rand() % 4) : any_word();
    mesh->tiles[CONTROLLER].tcu.ep[EP_SEND + 2 * COPY + input_side].r[0] |= TCU_PUT(TCU_SEND_CREDITS, 1);
    request(COPY, input_side, op, rand() % 2 ? any_word() : (uint64_t)rand() % 3000, NULL);
}

static void answer_anything(void)
{
    uint8_t *message = mesh->tiles[CONTROLLER].memory + MESSAGE_AT;
    for (uint32_t i = 0; i < 32; i++)
        message[i] = rand() % 3 ? 0 : rand();
    controller_command(TCU_CMD_REPLY, EP_RECV, (uint64_t)(rand() % 8) << 6, MESSAGE_AT, 32, 0);
}

static void change_anything(void)
{
    struct tcu_ep *ep = &mesh->tiles[COPY].tcu.ep[ACCEL_EP_IN_SEND + rand() % 9];
    if (rand() % 8 == 0)
        ep->r[rand() % 3] ^= any_word();
}

static void test_anything(void **state)
{
    for (uint32_t seed = 0; seed < 40; seed++) {
        srand(seed);
        stage_open();
        connect_passive(COPY, true);
        connect_passive(COPY, false);
        if (seed & 1)
            connect_to_input(COPY);
        if (seed & 2)
            connect_to_output(COPY);
        start_all(COPY, COPY);
        for (uint32_t step = 0; step < 300; step++) {
            (rand() % 2 ? send_anything : rand() % 4 ? answer_anything : change_anything)();
            mesh_advance(mesh, mesh->now + rand() % 2000);
        }
        mesh_advance(mesh, mesh->now + 10000000);
        stage_close();
    }
}

static void stop(uint16_t tile)
{
    uint64_t word = TCU_PUT(TCU_PRIV_OPCODE, TCU_EXT_RESET);
    memcpy(mesh->tiles[CONTROLLER].memory + DATA_AT, &word, 8);
    window_of(tile, TCU_NOC_MMIO, TCU_MMIO_SIZE);
    assert_int_equal(controller_command(TCU_CMD_WRITE, EP_MEM, 0, DATA_AT, 8, TCU_REG_EXT_CMD), TCU_E_NONE);
    assert_int_equal(status(tile, ACCEL_STATUS_STATE), ACCEL_OFF);
}

/* Neighbours of a stopped accelerator wait for answers that never come; the controller stops them as well. */
static void test_stop(void **state)
{
    stage_open();
    fill_input(4);
    connect_chain(true);
    serve(3000);
    stop(MUL);
    serve(10000000);
    assert_int_equal(mesh_deadline(mesh), TCU_NEVER);
    stop(FFT);
    stop(IFFT);
    input.given = output.given = output.committed = 0;
    connect_chain(true);
    serve(10000000);
    check_output(expect_chain());
    stage_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_chain_that_pulls),
        cmocka_unit_test(test_pieces_of_any_size),
        cmocka_unit_test(test_exact_room),
        cmocka_unit_test(test_stages_overlap),
        cmocka_unit_test(test_second_stream),
        cmocka_unit_test(test_start_again),
        cmocka_unit_test(test_table_is_used),
        cmocka_unit_test(test_assisted_by_a_core),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_not_whole_blocks),
        cmocka_unit_test(test_input_error),
        cmocka_unit_test(test_no_room_for_output),
        cmocka_unit_test(test_neighbour_is_gone),
        cmocka_unit_test(test_window_is_revoked),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
