# The guest's end of the launcher's command channel.
$(call app,agent,main.c channel.c transfer.c command.c sha256.c,pthread)
