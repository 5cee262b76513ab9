$(call native_program,init,main.c native.c posix.c report.c)
