$(call native_program,ns16550,main.c uart.c,drv)
