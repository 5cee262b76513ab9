/* Processes: file actions and attributes, errors, scripts, PATH, statuses, signals, exec, large arguments. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/posix/check.h"

extern char **environ;
static const char *self;

/* Runs this program as a child that behaves as `what` says; returns its wait status, -1 = not started. */
static int run(const char *what, const char *argument, const posix_spawn_file_actions_t *actions,
               const posix_spawnattr_t *attributes)
{
    char *const arguments[] = {(char *)self, (char *)what, (char *)argument, NULL};
    pid_t child, found;
    int status = -1;
    int error = posix_spawn(&child, self, actions, attributes, arguments, environ);
    CHECK(error == 0 && child > 1);
    if (error)
        return -1;
    found = waitpid(child, &status, 0);
    CHECK(found == child);
    return status;
}

/* ---- what children do ---- */

static int child_files(const char *open_ones)
{
    char found[64] = "";
    for (int fd = 0; fd < 20; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            snprintf(found + strlen(found), sizeof found - strlen(found), "%d,", fd);
    return strcmp(found, open_ones) ? (printf("child has %s not %s\n", found, open_ones), 1) : 0;
}

static int child_folder(const char *name)
{
    char folder[200];
    return !getcwd(folder, sizeof folder) || strcmp(folder, name);
}

static int child(const char *what, const char *argument)
{
    if (!strcmp(what, "exit"))
        return atoi(argument);
    if (!strcmp(what, "files"))
        return child_files(argument);
    if (!strcmp(what, "folder"))
        return child_folder(argument);
    if (!strcmp(what, "group"))
        return getpgrp() != getpid();
    if (!strcmp(what, "length"))
        return strlen(argument) != 100000;
    if (!strcmp(what, "abort"))
        abort();
    if (!strcmp(what, "crash"))
        memset((void *)strtoul("8", NULL, 0), 1, 1);
    if (!strcmp(what, "sleep"))
        sleep(100);
    if (!strcmp(what, "exec"))
        execl(self, self, "exit", argument, NULL);
    if (!strcmp(what, "append"))
        return write(1, argument, strlen(argument)) < 0;
    return 99;
}

/* ---- what the parent does ---- */

static void test_status(void)
{
    int status = run("exit", "42", NULL, NULL);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    status = run("exec", "43", NULL, NULL);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 43);
    status = run("abort", NULL, NULL, NULL);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    status = run("crash", NULL, NULL, NULL);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK_ERROR(waitpid(-1, &status, 0), ECHILD);
    CHECK_ERROR(waitpid(12345, &status, 0), ECHILD);
}

static void test_signals(void)
{
    char *const arguments[] = {(char *)self, "sleep", NULL};
    pid_t child;
    int status;
    CHECK(posix_spawn(&child, self, NULL, NULL, arguments, environ) == 0);
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    CHECK(kill(child, 0) == 0 && kill(child, SIGTERM) == 0);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    CHECK_ERROR(kill(child, 0), ESRCH);
    CHECK_ERROR(kill(getpid(), 1000), EINVAL);
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    CHECK(raise(SIGUSR1) == 0);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

static void test_files(void)
{
    posix_spawn_file_actions_t actions;
    int kept = open("/dev/zero", O_RDONLY), hidden = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    CHECK(kept == 3 && hidden == 4);
    CHECK(run("files", "0,1,2,3,", NULL, NULL) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, 3);
    posix_spawn_file_actions_adddup2(&actions, 4, 9);
    posix_spawn_file_actions_adddup2(&actions, 4, 4);
    posix_spawn_file_actions_addopen(&actions, 12, "/bin/sh", O_RDONLY, 0);
    CHECK(run("files", "0,1,2,4,9,12,", &actions, NULL) == 0);
    posix_spawn_file_actions_addchdir_np(&actions, "/tmp");
    CHECK(run("folder", "/tmp", &actions, NULL) == 0);
    CHECK(run("folder", "/", NULL, NULL) == 0);
    posix_spawn_file_actions_adddup2(&actions, 77, 1);
    pid_t none;
    char *const arguments[] = {(char *)self, "exit", "0", NULL};
    CHECK(posix_spawn(&none, self, &actions, NULL, arguments, environ) == EBADF);
    CHECK(close(kept) == 0 && close(hidden) == 0);
}

/* The position is shared: what children write follows on. */
static void test_position(void)
{
    char text[20];
    posix_spawn_file_actions_t actions;
    int fd = open("/tmp/position", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, 1);
    CHECK(write(fd, "a", 1) == 1);
    CHECK(run("append", "bc", &actions, NULL) == 0);
    CHECK(write(fd, "d", 1) == 1);
    CHECK(run("append", "e", &actions, NULL) == 0);
    CHECK(pread(fd, text, sizeof text, 0) == 5 && !memcmp(text, "abcde", 5));
    CHECK(close(fd) == 0 && unlink("/tmp/position") == 0);
}

static void test_attributes(void)
{
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    CHECK(run("group", NULL, NULL, &attributes) == 0);
    CHECK(run("group", NULL, NULL, NULL) != 0);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
    CHECK(write(fd, text, strlen(text)) == (long)strlen(text) && fchmod(fd, mode) == 0 && close(fd) == 0);
}

static int spawn_error(const char *path)
{
    pid_t none;
    char *const arguments[] = {(char *)path, NULL};
    return posix_spawn(&none, path, NULL, NULL, arguments, environ);
}

static void test_errors(void)
{
    CHECK(spawn_error("/none") == ENOENT);
    CHECK(spawn_error("/tmp") == EACCES);
    CHECK(spawn_error("/bin/sh/x") == ENOTDIR);
    write_file("/tmp/text", "just text\n", 0755);
    CHECK(spawn_error("/tmp/text") == ENOEXEC);
    write_file("/tmp/text", "#!/none/interpreter\n", 0755);
    CHECK(spawn_error("/tmp/text") == ENOENT);
    write_file("/tmp/text", "#!/tmp/text\n", 0755);
    CHECK(spawn_error("/tmp/text") == ELOOP);
    CHECK(chmod("/tmp/text", 0644) == 0);
    CHECK(spawn_error("/tmp/text") == EACCES);
    CHECK(unlink("/tmp/text") == 0);
    CHECK_ERROR(execl("/none", "x", NULL), ENOENT);
    CHECK_ERROR(fork(), ENOSYS);
}

static void test_script_and_path(void)
{
    pid_t child;
    int status;
    char *const arguments[] = {"script", "7", NULL};
    write_file("/tmp/script", "#! /bin/sh -u\nexit $1\n", 0755);
    CHECK(posix_spawn(&child, "/tmp/script", NULL, NULL, arguments, environ) == 0);
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
    setenv("PATH", "/none:/tmp:/bin", 1);
    CHECK(posix_spawnp(&child, "script", NULL, NULL, arguments, environ) == 0);
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
    CHECK(posix_spawnp(&child, "no-such-program", NULL, NULL, arguments, environ) == ENOENT);
    CHECK(WEXITSTATUS(system("exit 9")) == 9);
    FILE *out = popen("echo from the shell", "r");
    char line[40] = "";
    CHECK(out && fgets(line, sizeof line, out) && !strcmp(line, "from the shell\n"));
    CHECK(out && pclose(out) == 0);
    CHECK(unlink("/tmp/script") == 0);
}

static void test_large_arguments(void)
{
    char *text = malloc(300001);
    memset(text, 'x', 300000);
    text[100000] = 0;
    CHECK(run("length", text, NULL, NULL) == 0);
    text[100000] = 'x';
    text[300000] = 0;
    char *const arguments[] = {(char *)self, text, NULL};
    pid_t none;
    CHECK(posix_spawn(&none, self, NULL, NULL, arguments, environ) == E2BIG);
    free(text);
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1)
        return child(argv[1], argv[2]);
    CHECK(chdir("/") == 0);
    test_status();
    test_signals();
    test_files();
    test_position();
    test_attributes();
    test_errors();
    test_script_and_path();
    test_large_arguments();
    return check_finish();
}
