// Receives uevents of the kernel as fast as possible, and drops them. Prints "ready" when it listens.
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int size = 128 << 20;
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("uevent-receiver");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	static char message[8192], credentials[256];
	for (;;) {
		struct sockaddr_nl sender;
		struct iovec part = {message, sizeof(message)};
		struct msghdr head = {&sender, sizeof(sender), &part, 1, credentials, sizeof(credentials), 0};
		if (recvmsg(fd, &head, 0) < 0) perror("recvmsg");
	}
}
