# Programs on files and directories.
$(foreach name,ls cat chmod cp mv rm mkdir rmdir ln touch du find basename dirname,$(call app,$(name),$(name).c))
