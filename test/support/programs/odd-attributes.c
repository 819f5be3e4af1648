// Preloaded: makes read(2) of some files fail or take long, like a read of an attribute whose driver asks its hardware.
//
//	ODD_ATTRIBUTES  entries separated by `;`, each the end of a path, `=` and the outcome of read(2): the number of an errno, or the
//	                path of a file; the read waits until that file exists
//	ODD_READS       a file to which a line with the path is appended at the start of each such read

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t (*really_read)(int, void *, size_t);

__attribute__((constructor)) static void prepare(void)
{
	really_read = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
}

static void record(const char *path)
{
	const char *file = getenv("ODD_READS");
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
	if (fd < 0)
		return;
	dprintf(fd, "%s\n", path);
	close(fd);
}

// The outcome of read(2) for a path: an errno's number, or 0. An entry with a file waits for that file first.
static int judge(const char *path, const char *entries)
{
	size_t length = strlen(path);
	for (const char *entry = entries; entry && *entry;) {
		const char *equals = strchr(entry, '=');
		if (!equals)
			return 0;
		const char *end = strchrnul(equals, ';');
		size_t size = equals - entry;
		if (size <= length && !strncmp(path + length - size, entry, size)) {
			char value[512];
			snprintf(value, sizeof value, "%.*s", (int)(end - equals - 1), equals + 1);
			record(path);
			if (*value != '/')
				return atoi(value);
			while (access(value, F_OK))
				usleep(5000);
			return 0;
		}
		entry = *end ? end + 1 : end;
	}
	return 0;
}

ssize_t read(int fd, void *buffer, size_t size)
{
	const char *entries = getenv("ODD_ATTRIBUTES");
	char link[64], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = entries ? readlink(link, path, sizeof path - 1) : -1;
	if (length > 0) {
		path[length] = 0;
		int code = judge(path, entries);
		if (code) {
			errno = code;
			return -1;
		}
	}
	return really_read(fd, buffer, size);
}
