// Preloaded into depmod: makes its lock, its syncs and its renames fail or take long.
//
//   FLOCK_ERRNO         the errno of flock(2)
//   FSYNC_ERRNO         the errno of fsync(2), for descriptors up to the number FSYNC_UP_TO
//   RENAME_MILLISECONDS the duration of each rename
//   KILLED_AT_RENAME    the rename, counted from 1, before which the process is killed

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
