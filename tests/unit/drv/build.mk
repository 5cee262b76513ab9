sim_virtio := sim_virtio.c /lib/drv/virtqueue.c /lib/drv/virtio.c
$(call host_test,virtqueue,test_virtqueue.c $(sim_virtio))
$(call host_test,ns16550,test_ns16550.c /drivers/serial/ns16550/uart.c)
$(call host_test,disk,test_disk.c /drivers/blk/virtio/disk.c $(sim_virtio))
$(call host_test,ports,test_ports.c /drivers/char/virtio-console/ports.c $(sim_virtio))
$(call host_test,drv_hostile,\
  test_hostile.c /drivers/blk/virtio/disk.c /drivers/char/virtio-console/ports.c $(sim_virtio))
