$(call host_test,kernel_fuzz,fuzz.c $(kernel_host_sources),-Wl$(comma)--wrap=pool_alloc,$(kernel_host_flags))
$(call host_test,kernel_unit,test_kernel.c $(kernel_host_sources),-Wl$(comma)--wrap=pool_alloc,$(kernel_host_flags))
