/* The interrupt controller: a real line, that of the serial port of QEMU's `virt` machine (and of Mosaic's). */
#include "hw/ns16550.h"
#include "lib/test/thread.h"

#define UART      0x10000000ull
#define UART_LINE 10

static volatile u8 *uart_reg(u32 reg)
{
    return (volatile u8 *)(UART + reg);
}

/* The transmitter is empty as good as always: enabling its interrupt raises the line. */
static void raise_line(void)
{
    *uart_reg(NS16550_IER) = 0;
    *uart_reg(NS16550_IER) = NS16550_IER_THRE;
}

static void lower_line(void)
{
    *uart_reg(NS16550_IER) = 0;
}

static err_t start_line(void)
{
    err_t error = factory_create_irq(FACTORY, A);
    if (!error)
        error = irq_bind(A, THREAD, 5);
    return error ? error : icu_bind(ICU, UART_LINE, A);
}

static void line_signals_its_irq(void)
{
    struct msg m = {0};
    CHECK_OK(start_line());
    CHECK_EQ(irq_receive(A, 1000), E_TIMEDOUT);
    raise_line();
    err_t error = sys_wait(&m, 1000000, 0);
    lower_line();
    CHECK_OK(error);
    CHECK_EQ(m.label, 5);
    CHECK_OK(irq_unmask(A));
    CHECK_EQ(irq_receive(A, 1000), E_TIMEDOUT);
}

/* A line signals once until it was served, however often it rises; then again. */
static void line_is_quiet_until_served(void)
{
    CHECK_OK(start_line());
    raise_line();
    for (u32 i = 0; i < 5; i++) {
        err_t error = irq_receive(A, 1000000);
        raise_line();
        err_t second = irq_receive(A, 1000);
        if (error || second != E_TIMEDOUT)
            lower_line();
        CHECK_OK(error);
        CHECK_EQ(second, E_TIMEDOUT);
        CHECK_OK(irq_unmask(A));
    }
    lower_line();
}

static void masked_line_does_not_signal(void)
{
    CHECK_OK(start_line());
    CHECK_OK(test_invoke(ICU, OP_ICU_MASK, 2, UART_LINE, 0, 0));
    raise_line();
    err_t error = irq_receive(A, 2000);
    CHECK_OK(test_invoke(ICU, OP_ICU_UNMASK, 2, UART_LINE, 0, 0));
    err_t then = irq_receive(A, 1000000);
    lower_line();
    CHECK_EQ(error, E_TIMEDOUT);
    CHECK_OK(then);
}

static void irq_that_goes_frees_its_line(void)
{
    CHECK_OK(start_line());
    raise_line();
    err_t error = irq_receive(A, 1000000);
    CHECK_OK(test_delete(A)); /* with the interrupt not served */
    lower_line();
    CHECK_OK(error);
    CHECK_OK(start_line());
    raise_line();
    error = irq_receive(A, 1000000);
    lower_line();
    CHECK_OK(error);
    CHECK_OK(icu_unbind(ICU, UART_LINE));
    CHECK_EQ(icu_unbind(ICU, UART_LINE), E_NOENT);
    raise_line();
    error = irq_receive(A, 1000);
    lower_line();
    CHECK_EQ(error, E_TIMEDOUT);
}

static void lines_are_checked(void)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_ICU_INFO}};
    CHECK_OK(sys_object_call(ICU, &m));
    const u64 lines = m.w[1], bad[] = {0, lines, lines + 1, ~0ull};
    CHECK(lines > UART_LINE);
    CHECK_OK(factory_create_irq(FACTORY, A));
    for (u32 i = 0; i < 4; i++) {
        CHECK_EQ(test_invoke_caps(ICU, OP_ICU_BIND, 2, bad[i], 0, A, 0), E_RANGE);
        CHECK_EQ(test_invoke(ICU, OP_ICU_UNBIND, 2, bad[i], 0, 0), E_RANGE);
        CHECK_EQ(test_invoke(ICU, OP_ICU_SET_MODE, 3, bad[i], ICU_EDGE, 0), E_RANGE);
        CHECK_EQ(test_invoke(ICU, OP_ICU_MASK, 2, bad[i], 0, 0), E_RANGE);
        CHECK_EQ(test_invoke(ICU, OP_ICU_UNMASK, 2, bad[i], 0, 0), E_RANGE);
        CHECK_EQ(test_invoke(ICU, OP_ICU_MSI_INFO, 2, bad[i], 0, 0), E_RANGE);
    }
    CHECK_OK(icu_bind(ICU, 7, A));
    CHECK_OK(factory_create_irq(FACTORY, B));
    CHECK_EQ(icu_bind(ICU, 7, B), E_BUSY);
    CHECK_EQ(icu_set_mode(ICU, 7, 2), E_INVAL);
    CHECK_OK(icu_set_mode(ICU, 7, ICU_EDGE));
    CHECK_OK(icu_bind(ICU, 8, A)); /* an Irq has one line: it leaves the other */
    CHECK_OK(icu_bind(ICU, 7, B));
}

TESTS(TEST(line_signals_its_irq), TEST(line_is_quiet_until_served), TEST(masked_line_does_not_signal),
      TEST(irq_that_goes_frees_its_line), TEST(lines_are_checked));
