/*
 * agent: the guest's end of the launcher's command channel. It takes files, runs command lines in the shell, gives
 * files back and switches the machine off, as tools/tessera asks. docs/launcher.md describes the conversation.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "apps/lib/app.h"
#include "channel.h"
#include "command.h"
#include "transfer.h"

static const char hello[] = "tessera 2";

/* The guest's terminal has the size of the one that its user looks at. Without a terminal there is nothing to set. */
static void set_window(const struct frame *frame)
{
    struct winsize size = {.ws_row = (unsigned short)channel_number(frame->payload, 4),
                           .ws_col = (unsigned short)channel_number(frame->payload + 4, 4)};
    ioctl(STDERR_FILENO, TIOCSWINSZ, &size);
}

/* Serves one request; false if the channel can no longer be understood. */
static bool serve(struct frame *frame)
{
    switch (frame->type) {
    case FRAME_PUT:
        return transfer_put(frame);
    case FRAME_GET:
        transfer_get(frame);
        return true;
    case FRAME_EXEC:
        command_run(frame);
        return true;
    case FRAME_WINDOW:
        set_window(frame);
        return frame->length == 8;
    case FRAME_OFF:
        command_power_off();
        return true;
    default:
        app_warn("unexpected frame of type %d", frame->type);
        return false;
    }
}

int main(int argc, char **argv)
{
    static struct frame frame;
    app_start(argv[0]);
    if (argc != 2)
        app_usage("agent DEVICE (the command channel; - is stdin and stdout)");
    bool standard = strcmp(argv[1], "-") == 0;
    int fd = standard ? STDIN_FILENO : open(argv[1], O_RDWR | O_CLOEXEC);
    if (fd < 0)
        app_die_errno("%s", argv[1]);
    channel_open(fd, standard ? STDOUT_FILENO : fd);
    channel_send(FRAME_HELLO, hello, strlen(hello));
    while (channel_receive(&frame))
        if (!serve(&frame))
            return app_finish(1);
    return app_finish(0);
}
