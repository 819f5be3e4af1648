// Preloaded into depmod: what becomes of its lock, its syncs and its renames.
//
//   FLOCK_ERRNO         what flock(2) answers
//   FSYNC_ERRNO         what fsync(2) answers, FSYNC_UP_TO being the last descriptor of which it does
//   RENAME_MILLISECONDS how long each rename takes
//   KILLED_AT_RENAME    which of them, counted from 1, the process is killed before

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int number(const char *name)
{
	const char *value = getenv(name);
	return value == NULL ? 0 : atoi(value);
}

int flock(int fd, int operation)
{
	int (*real)(int, int) = dlsym(RTLD_NEXT, "flock");
	if (number("FLOCK_ERRNO") == 0) return real(fd, operation);
	errno = number("FLOCK_ERRNO");
	return -1;
}

int fsync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
	if (number("FSYNC_ERRNO") == 0 || fd > number("FSYNC_UP_TO")) return real(fd);
	errno = number("FSYNC_ERRNO");
	return -1;
}

int rename(const char *from, const char *to)
{
	static int count;
	int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
	if (++count == number("KILLED_AT_RENAME")) kill(getpid(), SIGKILL);
	usleep(1000 * number("RENAME_MILLISECONDS"));
	return real(from, to);
}
