# A small kernel with processes of its own, on a virtual CPU: it needs the system's kernel, the host cannot run it.
posix_programs += uk
flags_apps_uk_ := -I$(top)/apps/uk/arch/$(arch)
$(call posix_program,uk,main.c process.c user.c arch/$(arch)/entry.S $(app_lib))
