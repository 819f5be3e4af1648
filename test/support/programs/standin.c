// Preloaded: replaces libc's module system calls and syslog(3). Each call is recorded, and returns the errno that the environment
// says. No module is inserted or removed, and nothing is logged.
//
//   STANDIN_RECORD                     the file to which each call is appended when it begins, one JSON object a line
//   STANDIN_FINIT_MODULE, _INIT_MODULE, _DELETE_MODULE
//                                      "ERRNO", the errno of every call, or "ERRNO*TIMES", of the first ones. By default calls succeed
//   STANDIN_TIMES                      whether finit_module's calls are recorded with "at", milliseconds of CLOCK_MONOTONIC
//   STANDIN_PROC_MODULES               the file in place of /proc/modules, to which finit_module adds its module as live
//   STANDIN_KERNEL                     a program that is run with a call's name and the module's file or name when none of these gives an
//                                      errno. Its exit status is the errno, or 0
//   in a module's parameters           standin.errno=ERRNO  standin.sleep=MILLISECONDS  standin.until=PATH (waits for that file)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The pointer that openlog() got, which is read at each message, as libc does.
static const char *log_program;

struct line {
	char text[16384];
	size_t size;
};

static void put(struct line *line, const char *text)
{
	for (; *text && line->size < sizeof(line->text) - 8; text++) line->text[line->size++] = *text;
}

static void put_string(struct line *line, const char *key, const char *value)
{
	put(line, "\"");
	put(line, key);
	put(line, "\":\"");
	for (; *value && line->size < sizeof(line->text) - 64; value++) {
		unsigned char c = *value;
		char escaped[8] = {c};
		if (c == '"' || c == '\\' || c < ' ') snprintf(escaped, sizeof(escaped), "\\u%04x", c);
		put(line, escaped);
	}
	put(line, "\",");
}

static void put_number(struct line *line, const char *key, long value)
{
	char text[64];
	snprintf(text, sizeof(text), "\"%s\":%ld,", key, value);
	put(line, text);
}

static void record(struct line *line)
{
	const char *path = getenv("STANDIN_RECORD");
	if (!path) return;
	line->text[line->size - 1] = '}';
	line->text[line->size++] = '\n';
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, line->text, line->size) != (ssize_t)line->size) abort();
	close(fd);
}

// Adds the module to the stand-in of /proc/modules before the call returns. The module's name is that of its file.
static void add_live_module(const char *file)
{
	const char *path = getenv("STANDIN_PROC_MODULES");
	if (!path) return;
	const char *slash = strrchr(file, '/');
	char name[256] = "", text[320];
	sscanf(slash ? slash + 1 : file, "%255[^.]", name);
	for (char *c = name; *c; c++) if (*c == '-') *c = '_';
	int size = snprintf(text, sizeof(text), "%s 16384 0 - Live 0x0000000000000000\n", name);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, size) != size) abort();
	close(fd);
}

static const char *word(const char *parameters, const char *key)
{
	const char *found = strstr(parameters, key);
	return found ? found + strlen(key) : NULL;
}

static long ask_kernel(const char *call, const char *subject)
{
	const char *program = getenv("STANDIN_KERNEL");
	if (!program) return 0;
	pid_t child = fork();
	if (child < 0) abort();
	if (!child) {
		unsetenv("LD_PRELOAD");
		execl(program, program, call, subject, NULL);
		_exit(EIO);
	}
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR) abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static int answer(const char *variable, atomic_long *calls, const char *parameters, const char *call, const char *subject)
{
	const char *value;
	if ((value = word(parameters, "standin.sleep="))) usleep(atol(value) * 1000);
	if ((value = word(parameters, "standin.until="))) {
		char path[4096] = "";
		sscanf(value, "%4095s", path);
		for (int i = 0; i < 12000 && access(path, F_OK); i++) usleep(10000);
	}
	long error = 0;
	if ((value = getenv(variable))) {
		char *end;
		error = strtol(value, &end, 10);
		if (*end == '*' && atomic_fetch_add(calls, 1) >= atol(end + 1)) error = 0;
	}
	if ((value = word(parameters, "standin.errno="))) error = atol(value);
	if (!error) error = ask_kernel(call, subject);
	if (!error) return 0;
	errno = error;
	return -1;
}

static int stand_in_for_finit_module(int fd, const char *parameters, int flags)
{
	static atomic_long calls;
	// Without a file, the caller asks whether the kernel has this system call.
	if (fd < 0) {
		const char *told = getenv("STANDIN_FINIT_MODULE");
		errno = told && strtol(told, NULL, 10) == ENOSYS ? ENOSYS : EBADF;
		return -1;
	}
	char link[64], file[4096] = "";
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, file, sizeof(file) - 1) < 0) file[0] = 0;
	struct line line = {"{", 1};
	put_string(&line, "call", "finit_module");
	put_string(&line, "file", file);
	put_number(&line, "closedOnExec", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	put_string(&line, "parameters", parameters);
	put_number(&line, "flags", flags);
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (getenv("STANDIN_TIMES")) put_number(&line, "at", now.tv_sec * 1000 + now.tv_nsec / 1000000);
	record(&line);
	int result = answer("STANDIN_FINIT_MODULE", &calls, parameters, "finit_module", file);
	if (!result) add_live_module(file);
	return result;
}

int init_module(const void *image, unsigned long size, const char *parameters)
{
	static atomic_long calls;
	uint64_t hash = 0xcbf29ce484222325; // FNV-1a
	for (unsigned long i = 0; i < size; i++) hash = (hash ^ ((const uint8_t *)image)[i]) * 0x100000001b3;
	char text[32];
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
	struct line line = {"{", 1};
	put_string(&line, "call", "init_module");
	put_number(&line, "size", size);
	put_string(&line, "hash", text);
	put_string(&line, "parameters", parameters);
	record(&line);
	return answer("STANDIN_INIT_MODULE", &calls, parameters, "init_module", "");
}

int delete_module(const char *name, unsigned int flags)
{
	static atomic_long calls;
	struct line line = {"{", 1};
	put_string(&line, "call", "delete_module");
	put_string(&line, "name", name);
	put_number(&line, "flags", flags);
	record(&line);
	return answer("STANDIN_DELETE_MODULE", &calls, "", "delete_module", name);
}

void openlog(const char *program, int options, int facility)
{
	struct line line = {"{", 1};
	put_string(&line, "call", "openlog");
	put_string(&line, "program", program);
	put_number(&line, "options", options);
	put_number(&line, "facility", facility);
	record(&line);
	log_program = program;
}

static void record_message(int priority, const char *format, va_list values)
{
	char text[8192];
	vsnprintf(text, sizeof(text), format, values);
	struct line line = {"{", 1};
	put_string(&line, "call", "syslog");
	put_string(&line, "program", log_program ? log_program : "");
	put_number(&line, "priority", priority);
	put_string(&line, "text", text);
	record(&line);
}

void syslog(int priority, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	record_message(priority, format, values);
	va_end(values);
}

// The function that replaces syslog() in a program built with _FORTIFY_SOURCE.
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)flag;
	va_list values;
	va_start(values, format);
	record_message(priority, format, values);
	va_end(values);
}

long syscall(long number, ...)
{
	va_list arguments;
	va_start(arguments, number);
	long a[6];
	for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
	va_end(arguments);
	if (number == SYS_finit_module) return stand_in_for_finit_module(a[0], (const char *)a[1], a[2]);
	static long (*real)(long, ...);
	if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

// node opens files by this name.
int open64(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	static int (*real)(const char *, int, ...);
	if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
	const char *instead = strcmp(path, "/proc/modules") ? NULL : getenv("STANDIN_PROC_MODULES");
	return real(instead ? instead : path, flags, mode);
}
