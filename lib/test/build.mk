$(call native_lib,test,test.c thread.c arch/riscv64/start.S)
