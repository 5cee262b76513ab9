# Kernel tests: programs that boot as the first task, on nothing but the kernel. tests/kernel/test_kernel.py runs them.

kernel_test_names := factory fault gate icu invoke ipc irq items lend memory reply sched semaphore task thread vcpu
kernel_test_names += dos isolation smp smp_end smp_lend smp_memory smp_vcpu
kernel_test_isolation := arch/$(arch)/raw.S
$(foreach t,$(kernel_test_names),$(call first_task,$(build)/test/kernel/$t,$t.c $(kernel_test_$t),test))
