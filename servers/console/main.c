/* The console: the terminal on the first serial line, with line editing, for any number of sessions. */
#include "lib/tess/tess.h"
#include "servers/console/terminal.h"

#define REPLIES 32 /* clients that wait */

static err_t start(void)
{
    cap_t serial = env_cap("serial"), proc = env_cap("proc"), irq = slot_alloc();
    if (!serial || !proc)
        return E_NOENT;
    err_t error = serve_init(1, REPLIES);
    if (!error)
        error = factory_create_irq(SLOT_FACTORY, irq);
    if (!error)
        error = terminal_start(serial, proc, irq);
    return error ? error : serve_service(&terminal_service, "tty");
}

int main(void)
{
    err_t error = start();
    if (error)
        log_panic("no terminal: error %d", error);
    serve_run();
}
