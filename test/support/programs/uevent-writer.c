// Writes ACTION to the uevent files below /sys/devices, one after the other and again and again, as fast as the kernel takes it, COUNT
// times altogether. Prints the number of devices that accept it.
//
//   uevent-writer ACTION COUNT

#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MOST 65536

static int files[MOST], count;

static int open_uevent(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	if (type != FTW_F || strcmp(path + place->base, "uevent") || count == MOST) return 0;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) files[count++] = fd;
	return 0;
}

int main(int words, char **word)
{
	if (words != 3) return 2;
	const struct rlimit most = {MOST + 64, MOST + 64};
	setrlimit(RLIMIT_NOFILE, &most);
	nftw("/sys/devices", open_uevent, 64, FTW_PHYS);
	long left = atol(word[2]), size = strlen(word[1]);
	int takers = 0;
	for (int i = 0; i < count && left > 0; i++) {
		if (pwrite(files[i], word[1], size, 0) != size) continue;
		files[takers++] = files[i];
		left--;
	}
	if (!takers) {
		fprintf(stderr, "no device takes it\n");
		return 1;
	}
	for (int i = 0; left > 0; i = (i + 1) % takers, left--)
		if (pwrite(files[i], word[1], size, 0) != size) {
			// The device has left.
			files[i] = files[--takers];
			if (!takers) return 1;
		}
	printf("%d\n", takers);
	return 0;
}
