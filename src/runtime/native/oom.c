#include "oom.h"

#include "sys.h"
#include "text.h"

void oom_score(const char *adjustment)
{
	long fd = sys(openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	sys(write, fd, adjustment, length_of(adjustment));
	sys(close, fd);
}
