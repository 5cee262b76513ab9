$(foreach t,kernel donation fault nth rows steps,$(call host_test,kernel_$t,\
  test_$t.c rig.c $(kernel_host_sources),$(kernel_host_wraps),$(kernel_host_flags)))
