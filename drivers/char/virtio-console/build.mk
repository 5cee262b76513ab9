$(call native_program,virtio-console,main.c session.c ports.c,drv)
