/* Output files under temporary names until all are complete. */
#define _POSIX_C_SOURCE 200809L
#include "output_files.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"

enum { MAX_OUTPUTS = 16 };

typedef struct {
    char temporary[PATH_MAX];
    char final[PATH_MAX];
} PendingOutput;

static PendingOutput pending[MAX_OUTPUTS];
static volatile sig_atomic_t pending_count = 0;

/* Only async-signal-safe calls: it also runs in the handler. */
void abandon_outputs(void)
{
    while (pending_count > 0) {
        pending_count = pending_count - 1;
        unlink(pending[pending_count].temporary);
    }
}

static void on_interrupt(int signal_number)
{
    abandon_outputs();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void catch_interrupts(void)
{
    const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; ++i) {
        struct sigaction action = {.sa_handler = on_interrupt};
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

static bool is_special(const char *name)
{
    struct stat status;
    return stat(name, &status) == 0 && !S_ISREG(status.st_mode);
}

/* Register `name` and return the temporary name to write under. */
static const char *add_pending(const char *name)
{
    if (pending_count == MAX_OUTPUTS)
        fail(BAD_INPUT, "more than %d output files", MAX_OUTPUTS);
    if (pending_count == 0)
        catch_interrupts();
    PendingOutput *output = &pending[pending_count];
    int written = snprintf(output->temporary, PATH_MAX, "%s.partial-%ld-%d", name, (long)getpid(),
                           (int)pending_count);
    if (written < 0 || written >= PATH_MAX || strlen(name) >= PATH_MAX)
        fail(BAD_INPUT, "the name of an output file is too long: %s", name);
    strcpy(output->final, name);
    pending_count = pending_count + 1;
    return output->temporary;
}

FILE *open_output(const char *name)
{
    const char *path = is_special(name) ? name : add_pending(name);
    FILE *stream = fopen(path, "wb");
    if (stream == NULL)
        fail(BAD_INPUT, "cannot write %s: %s; choose a writable place and a file name", name, strerror(errno));
    return stream;
}

void close_output(FILE *stream, const char *name)
{
    bool failed = ferror(stream) != 0;
    if (fclose(stream) != 0 || failed)
        fail(BAD_INPUT, "cannot write all of %s: %s; is there space left?", name, strerror(errno));
}

void commit_outputs(void)
{
    for (int i = 0; i < pending_count; ++i)
        if (rename(pending[i].temporary, pending[i].final) != 0)
            fail(BAD_INPUT, "cannot give %s its name: %s", pending[i].final, strerror(errno));
    pending_count = 0;
}
