$(call native_program,virtio-blk,main.c disk.c,drv)
