/* A program that speaks the protocols itself, and badly: pipe server and proc answer with errors, and serve on. */
#include <stdlib.h>
#include <unistd.h>

#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/pipe.h"
#include "proto/proc.h"
#include "proto/file.h"
#include "tests/posix/check.h"

static u64 at, length, position;
static u32 flags;

static void test_pipe(void)
{
    cap_t reader = slot_alloc(), writer = slot_alloc();
    CHECK(pipe_create(SLOT_PIPE, reader, writer) == E_OK);
    CHECK(file_commit_in(reader, 0) == E_INVAL);
    CHECK(file_commit_out(writer, 0, &position) == E_INVAL);
    CHECK(file_commit_in(writer, 0) == E_INVAL);
    CHECK(file_next_in(writer, 1, &at, &length, &flags, 0) == E_BADF);
    CHECK(file_next_out(reader, 1, 1, &at, &length, &flags, 0) == E_BADF);
    CHECK(file_next_in(reader, 1, &at, &length, &flags, 0) == E_AGAIN);
    CHECK(file_truncate(reader, 0) == E_NOSYS);
    CHECK(file_seek(reader, -1, 77, &position) == E_SPIPE);
    CHECK(file_next_out(writer, 10, 1, &at, &length, &flags, 0) != E_OK); /* no window for the ring */
    CHECK(file_commit_out(writer, 11, &position) == E_INVAL);
    CHECK(file_commit_out(writer, ~0ull, &position) == E_INVAL);
    session_close(writer);
    CHECK(file_next_in(reader, 0, &at, &length, &flags, 0) == E_OK && length == 0);
    session_close(reader);
    CHECK(file_next_in(reader, 0, &at, &length, &flags, 0) == E_NOENT);
}

/* Requests that are no requests: any operation, any words, any number of them. */
static void test_noise(cap_t gate)
{
    for (int i = 0; i < 3000; i++) {
        u64 operation = (u64)rand() % 100;
        if (operation == FILE_OP_NEXT_IN || operation == FILE_OP_NEXT_OUT || operation == FILE_OP_POLL)
            continue; /* may wait for ever, rightly */
        struct msg m = {.tag = TAG((u64)rand() % 20, 0), .w = {operation}};
        for (int k = 1; k < MSG_REGS; k++)
            m.w[k] = rand() % 3 ? (u64)rand() % 5 : (u64)rand() << 33;
        sys_utcb->window[0] = 0;
        sys_call(&m, gate);
    }
    CHECK(1);
}

static void test_noise_at_servers(void)
{
    cap_t reader = slot_alloc(), writer = slot_alloc();
    CHECK(pipe_create(SLOT_PIPE, reader, writer) == E_OK);
    test_noise(reader);
    test_noise(writer);
    test_noise(SLOT_PIPE);
    session_close(reader);
    session_close(writer);
}

static void test_proc(void)
{
    u32 id, status;
    u64 time, memory;
    CHECK(proc_spawn_go(SLOT_PROC, 12345, &id) == E_INVAL);
    CHECK(proc_spawn_give(SLOT_PROC, 1, 5, wire_cap(SLOT_PIPE)) == E_INVAL);
    CHECK(proc_exec_go(SLOT_PROC, ~0u) == E_INVAL);
    CHECK(proc_wait(SLOT_PROC, -1, 0, &id, &status, &time, &memory) == E_CHILD);
    CHECK(proc_kill(SLOT_PROC, 1, 9) != E_OK);
    CHECK(proc_start_memory(SLOT_PROC, 1ull << 40, slot_alloc()) == E_2BIG);
}

/* A process may use the file system, not end it: whatever it asks its session for, what comes next can be written. */
static void test_file_system_cannot_be_ended(void)
{
    for (u64 operation = 1; operation < 100; operation++) {
        struct msg m = {.tag = TAG(1, 0), .w = {operation}};
        sys_utcb->window[0] = 0;
        sys_call(&m, SLOT_FS);
    }
    FILE *file = fopen("/tmp/still-writable", "w");
    CHECK(file && fputs("yes", file) >= 0 && fclose(file) == 0 && unlink("/tmp/still-writable") == 0);
}

static void test_still_served(void)
{
    int end[2];
    char text[8];
    CHECK(pipe(end) == 0 && write(end[1], "fine", 4) == 4 && read(end[0], text, 8) == 4);
    CHECK(system("echo fine | cat >/dev/null") == 0);
}

int main(void)
{
    test_pipe();
    test_proc();
    test_noise_at_servers();
    test_file_system_cannot_be_ended();
    test_still_served();
    return check_finish();
}
