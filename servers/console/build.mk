$(call native_program,console,main.c terminal.c discipline.c screen.c)
