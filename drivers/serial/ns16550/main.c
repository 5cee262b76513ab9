/*
 * The serial line service (proto/serial.idl, service "serial") over the NS16550A that the hw session names first. One
 * client, a terminal server; when another one asks for notifications, it takes the line over.
 */
#include "drivers/serial/ns16550/uart.h"

#include "lib/drv/device.h"
#include "lib/tess/tess.h"
#include "proto/serial.h"

static struct uart uart;
static cap_t client_irq; /* 0: nobody wants to be told */

static void tell_client(u32 events)
{
    if (events && client_irq && irq_trigger(client_irq)) {
        slot_drop(client_irq); /* the client has gone */
        client_irq = 0;
    }
}

static err_t serve_read(void *self, char *data, size_t *data_length)
{
    *data_length = uart_read(&uart, (u8 *)data, SERIAL_READ_DATA_MAX);
    return E_OK;
}

static err_t serve_write(void *self, const char *data, size_t data_length, u32 *count)
{
    *count = uart_write(&uart, (const u8 *)data, (u32)data_length);
    return E_OK;
}

static err_t serve_notify(void *self, cap_t irq)
{
    err_t error = serve_keep_irq(irq);
    if (error)
        return error;
    slot_drop(client_irq);
    client_irq = irq;
    if (ring_count(&uart.rx) > 0)
        tell_client(UART_EVENT_INPUT); /* what arrived before there was anybody to tell */
    return E_OK;
}

static err_t serve_status(void *self, u32 *unsent, u32 *lost, u32 *breaks)
{
    *unsent = ring_count(&uart.tx);
    *lost = uart.lost;
    *breaks = uart.breaks;
    return E_OK;
}

static bool dispatch_line(struct session *session, struct msg *m)
{
    static const struct serial_handlers handlers = {
        .read = serve_read, .write = serve_write, .notify = serve_notify, .status = serve_status};
    return serial_dispatch(&handlers, session, m);
}

static bool dispatch_irq(struct session *session, struct msg *m)
{
    tell_client(uart_interrupt(&uart));
    irq_unmask(session->gate);
    return false;
}

static const struct session_type line_type = {"line", sizeof(struct session), dispatch_line, NULL};
static const struct session_type irq_type = {"irq", sizeof(struct session), dispatch_irq, NULL};
static struct session line = {.type = &line_type};
static struct session irq_session = {.type = &irq_type};

static err_t start(void)
{
    vaddr_t registers;
    cap_t irq;
    err_t error = device_map(0, &registers);
    if (error || (error = device_irq(0, &irq)) || (error = serve_init(1, 0)))
        return error;
    uart_init(&uart, registers, 0);
    if ((error = serve_irq(&irq_session, irq)) || (error = irq_unmask(irq)))
        return error;
    return serve_service(&line, "serial");
}

int main(void)
{
    err_t error = start();
    if (error)
        log_panic("no serial line: error %d", error);
    serve_run();
}
