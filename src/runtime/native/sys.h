/* System calls without a C library: a failed call returns -errno. */
#ifndef SYS_H
#define SYS_H

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"

#define sys_0(n) syscall6(n, 0, 0, 0, 0, 0, 0)
#define sys_1(n, a) syscall6(n, (long)(a), 0, 0, 0, 0, 0)
#define sys_2(n, a, b) syscall6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define sys_3(n, a, b, c) syscall6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define sys_4(n, a, b, c, d) syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define sys_5(n, a, b, c, d, e) syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define sys_6(n, a, b, c, d, e, f) syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS_PICK(_1, _2, _3, _4, _5, _6, _7, name, ...) name
/* sys(read, fd, buffer, size) */
#define sys(name, ...) SYS_PICK(0, ##__VA_ARGS__, sys_6, sys_5, sys_4, sys_3, sys_2, sys_1, sys_0)(__NR_##name, ##__VA_ARGS__)

/* From <sys/socket.h>, which the kernel's own headers lack. */
struct msghdr {
	void *name;
	uint32_t name_length;
	struct iovec *iov;
	size_t iov_length;
	void *control;
	size_t control_length;
	int flags;
};
enum { MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000 };
enum { SOCKET_STREAM = 1, SOCKET_NONBLOCK = O_NONBLOCK, SOCKET_CLOEXEC = O_CLOEXEC, FAMILY_UNIX = 1 };
enum { SHUTDOWN_BOTH = 2 };
enum { LEVEL_SOCKET = 1, CONTROL_RIGHTS = 1 };
enum { WAIT_NOHANG = 1 };
enum { SEEK_FROM_START = 0 };

/* Every signal, as a mask of the size the kernel wants. */
#define ALL_SIGNALS (~UINT64_C(0))
#define SIGSET_SIZE sizeof(uint64_t)

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int byte, size_t size);
const uint8_t *find_byte(const uint8_t *from, uint8_t byte, size_t size);

/* Nanoseconds since 1970. */
uint64_t now(void);
/* Nanoseconds since some moment, whoever sets the clock. */
uint64_t uptime(void);

_Noreturn void exit_group(int code);

static inline void put32(uint8_t *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

static inline void put64(uint8_t *to, uint64_t value)
{
	memcpy(to, &value, sizeof(value));
}

#endif
