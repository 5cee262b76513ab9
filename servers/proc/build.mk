$(call native_program,proc,main.c process.c task.c wait.c signal.c report.c)
