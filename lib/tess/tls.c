/* Thread-local storage: one area per thread, initialised from the program's .tdata (see lib/sys/program.ld). */
#include "lib/tess/tls.h"

#include "lib/base/string.h"
#include "lib/sys/invoke.h"
#include "lib/tess/arch.h"

extern char tls_image_start[], tls_image_data_end[], tls_image_end[];

size_t tls_size(void)
{
    return (size_t)(tls_image_end - tls_image_start + 15) & ~(size_t)15;
}

void tls_start(void *area, vaddr_t utcb)
{
    size_t data = (size_t)(tls_image_data_end - tls_image_start);
    memcpy(area, tls_image_start, data);
    memset((char *)area + data, 0, tls_size() - data);
    arch_set_thread_pointer(area);
    sys_utcb = (struct utcb *)utcb;
}
