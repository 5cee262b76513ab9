/*
 * The ports of the first virtio console of the hw session, as files: the service "vport" answers `open` of proto/fs.idl
 * with file sessions. A port goes by the name that the host gave it, or by "vport0", "vport1" ... in their order.
 */
#include "drivers/char/virtio-console/session.h"

#include "lib/drv/device.h"
#include "lib/tess/tess.h"
#include "proto/fs.h"

#define REPLIES 32 /* calls that wait, of all sessions together */

/* The host announces its ports at once, but not in one piece: they are there when it has been quiet for this long. */
#define QUIET_US          5000
#define ANNOUNCEMENTS_MAX 100

static struct ports ports;

static err_t serve_open(void *self, u32 dir, u32 flags, u32 mode, const char *path, size_t path_length, u32 *file_mode,
                        struct map_item *file)
{
    u32 port;
    if (dir != 0)
        return E_BADF;
    if (flags & FS_DIRECTORY)
        return E_NOTDIR;
    if (path_length > 0 && path[0] == '/')
        path++, path_length--;
    err_t error = ports_find(&ports, path, path_length, &port);
    *file_mode = PORT_FILE_MODE;
    return error ? error : port_session_open(port, file);
}

static bool dispatch_service(struct session *session, struct msg *m)
{
    static const struct fs_handlers handlers = {.open = serve_open};
    return fs_dispatch(&handlers, session, m);
}

static bool dispatch_irq(struct session *session, struct msg *m)
{
    ports_interrupt(&ports);
    irq_unmask(session->gate);
    port_sessions_progress();
    return false;
}

static const struct session_type service_type = {"vport", sizeof(struct session), dispatch_service, NULL};
static const struct session_type irq_type = {"irq", sizeof(struct session), dispatch_irq, NULL};
static struct session service = {.type = &service_type};
static struct session irq_session = {.type = &irq_type};

static err_t probe(vaddr_t registers)
{
    return virtio_probe(registers, VIRTIO_ID_CONSOLE);
}

static err_t alloc_shared(u64 bytes, struct port_memory *out)
{
    struct dma dma;
    err_t error = dma_alloc(&dma, bytes);
    if (!error)
        *out = (struct port_memory){dma.memory, dma.phys};
    return error;
}

/* Takes in what the host announces before the first client comes. */
static void await_ports(cap_t irq)
{
    for (u32 i = 0; i < ANNOUNCEMENTS_MAX && irq_receive(irq, QUIET_US) == E_OK; i++) {
        ports_interrupt(&ports);
        irq_unmask(irq);
    }
}

static err_t start(void)
{
    u32 index = 0;
    vaddr_t registers;
    cap_t irq;
    err_t error = device_find(&index, &registers, probe);
    if (error || (error = device_irq(index, &irq)) || (error = serve_init(1, REPLIES)))
        return error;
    if ((error = serve_irq(&irq_session, irq)) || (error = irq_unmask(irq)))
        return error;
    if ((error = ports_start(&ports, registers, alloc_shared)))
        return error;
    await_ports(irq);
    port_sessions_init(&ports, irq);
    return serve_service(&service, "vport");
}

int main(void)
{
    err_t error = start();
    if (error)
        log_panic("no console ports: error %d", error);
    serve_run();
}
