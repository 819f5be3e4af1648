/* Receives datagrams on a Unix socket, like a service manager. The argument is a path, or @ and an abstract name. Prints a line for
 * each datagram: the sender's process id as the kernel reports it, microseconds of CLOCK_MONOTONIC, and the text with "|" in place
 * of newlines. With a second argument it waits for a line on standard input before it reads any. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *name = argc > 1 ? argv[1] : "";
	size_t length = strlen(name);
	int yes = 1;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (length == 0 || length >= sizeof address.sun_path)
		return 2;
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	else
		length++;
	if (bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + length) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0) {
		perror("notify-receiver");
		return 1;
	}
	puts("bound");
	fflush(stdout);
	if (argc > 2)
		getchar();
	for (;;) {
		char text[4096], control[CMSG_SPACE(sizeof(struct ucred))];
		struct iovec part = { text, sizeof text };
		struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
					  .msg_control = control, .msg_controllen = sizeof control };
		ssize_t size = recvmsg(fd, &message, 0);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		struct ucred sender = { 0 };
		struct timespec now;

		if (size < 0)
			return 1;
		if (header != NULL && header->cmsg_type == SCM_CREDENTIALS)
			memcpy(&sender, CMSG_DATA(header), sizeof sender);
		for (ssize_t i = 0; i < size; i++)
			if (text[i] == '\n')
				text[i] = '|';
		clock_gettime(CLOCK_MONOTONIC, &now);
		printf("%d %lld %.*s\n", sender.pid, now.tv_sec * 1000000LL + now.tv_nsec / 1000, (int)size, text);
		fflush(stdout);
	}
}
