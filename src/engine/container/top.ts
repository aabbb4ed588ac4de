import type { ContainerTop } from '../api.ts'
import { invalid, isRestarting, notRunning } from '../failures.ts'
import type { Container } from './container.ts'
import { listProcesses } from './processes.ts'

/**
 * The processes of a container. Without arguments they are read from /proc, in the columns of `ps -ef`; any other
 * arguments are those of ps(1), which is then asked, as Docker does.
 */
export async function topContainer(container: Container, psArgs = ''): Promise<ContainerTop> {
  const { run, state, id } = container
  if (state.status === 'restarting') throw isRestarting(id)
  if (!run) throw notRunning(id)
  const pids = new Set(run.process.pids())
  return psArgs === '' || psArgs === '-ef' ? await listProcesses(pids) : await askPs(psArgs, pids)
}

async function askPs(psArgs: string, pids: ReadonlySet<number>): Promise<ContainerTop> {
  for (const [, name, value] of psArgs.matchAll(/\s+(\S*)=\s*(PID\S*)/g)) {
    if (name !== 'pid') throw invalid(`specifying "${name}=${value}" is not allowed`)
  }
  if (psArgs.includes('\0')) throw invalid('ps: an argument with a NUL in it')
  const { execa } = await import('execa')
  const { failed, stdout, stderr, originalMessage } = await execa('ps', psArgs.split(' '), { reject: false })
  if (failed) throw invalid(`ps: ${stderr.split('\n', 1)[0] || originalMessage}`)
  const [header = '', ...lines] = stdout.split('\n')
  const titles = header.trim().split(/\s+/)
  const pid = titles.indexOf('PID')
  if (pid < 0) throw invalid("Couldn't find PID field in ps output")
  const rows = lines.filter(line => line.trim() !== '').map(line => fields(line, titles.length))
  return { Titles: titles, Processes: rows.filter(row => pids.has(Number(row[pid]))) }
}

/** The words of a line; what is more than there are columns belongs to the last one, the command. */
function fields(line: string, columns: number): string[] {
  const words = line.trim().split(/\s+/)
  return [...words.slice(0, columns - 1), words.slice(columns - 1).join(' ')]
}
