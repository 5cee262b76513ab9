$(call native_lib,drv,virtqueue.c virtio.c device.c)
