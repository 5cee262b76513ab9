$(foreach t,kernel donation lend fault irq items nth pages rows steps walks,$(call host_test,kernel_$t,\
  test_$t.c rig.c $(kernel_host_sources),$(kernel_host_wraps),$(kernel_host_flags)))
