# Programs that test lib/posix on the target: run in the shell system by test_posix.py.
posix_tests := thread pipe file spawn hostile disk signal
$(foreach t,$(posix_tests),$(call posix_program,test-$t,$t.c))
