import type { Define } from '../../command.ts'
import { badFlag } from '../../create/parsed.ts'
import { parseRestartPolicy } from '../../create/request.ts'
import { type LimitFlags, parseLimits } from '../../create/resources.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'
import { integer } from '../../numbers.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER...>')
    .option('--blkio-weight <n>', 'Share of block I/O, 10 to 1000', integer('--blkio-weight'))
    .option('--cpu-period <µs>', 'Period of the CFS scheduler', integer('--cpu-period'))
    .option('--cpu-quota <µs>', 'Processor time in each period', integer('--cpu-quota'))
    .option('--cpu-rt-period <µs>', 'Period of the real-time scheduler', integer('--cpu-rt-period'))
    .option('--cpu-rt-runtime <µs>', 'Real-time processor time in each period', integer('--cpu-rt-runtime'))
    .option('-c, --cpu-shares <n>', 'Share of the processors', integer('--cpu-shares'))
    .option('--cpus <n>', 'How many processors, as a decimal number')
    .option('--cpuset-cpus <list>', 'Which processors')
    .option('--cpuset-mems <list>', 'Which memory nodes')
    .option('-m, --memory <bytes>', 'Limit of memory')
    .option('--memory-reservation <bytes>', 'Soft limit of memory')
    .option('--memory-swap <bytes>', 'Limit of memory and swap together; -1: none')
    .option('--pids-limit <n>', 'Limit of processes; -1: none', integer('--pids-limit'))
    .option('--restart <policy>', 'no, always, unless-stopped, on-failure[:MAX]')
    .action(async (containers: string[], flags: LimitFlags & { readonly restart?: string }) => {
      const request = {
        ...parseLimits(flags),
        ...(flags.restart !== undefined && { RestartPolicy: parseRestartPolicy(flags.restart) }),
      }
      if (Object.keys(request).length === 0) throw badFlag('you must provide one or more flags when using this command')
      const engine = await connect()
      await forEach(containers, async name => {
        const { Warnings } = await engine.containerUpdate(name, request)
        for (const warning of Warnings ?? []) cli.stderr.write(`${warning}\n`)
        cli.stdout.write(`${name}\n`)
      })
    })
