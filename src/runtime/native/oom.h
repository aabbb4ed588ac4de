#ifndef OOM_H
#define OOM_H

/*
 * Where memory runs out the kernel kills what has most of it, plus this many thousandths of the machine's:
 * proc_pid_oom_score_adj(5). Those that others depend on come last, and programs in containers, with 0 or what was asked
 * for, before the engine. The values are those of dockerd and of containerd's shims. To be spared takes
 * CAP_SYS_RESOURCE; without it all stay equal.
 */
#define OOM_SCORE_KEEPER "-999"
#define OOM_SCORE_MONITOR "-999"
#define OOM_SCORE_ENGINE "-500"

void oom_score(const char *adjustment);

#endif
