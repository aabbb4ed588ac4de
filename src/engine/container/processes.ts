import { readFile, stat } from 'node:fs/promises'
import type { ContainerTop } from '../api.ts'

/** proc_pid_stat(5) counts time in these, whatever the kernel's own clock does. */
const TICKS_PER_SECOND = 100

/** What `ps -ef` shows of processes. Those that have ended meanwhile are left out. */
export async function listProcesses(pids: Iterable<number>): Promise<ContainerTop> {
  const [names, bootedAt] = await Promise.all([userNames(), bootTime()])
  const rows = await Promise.all([...pids].sort((a, b) => a - b).map(pid => processRow(pid, names, bootedAt)))
  return {
    Titles: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'],
    Processes: rows.filter(row => row !== undefined),
  }
}

async function processRow(
  pid: number,
  names: ReadonlyMap<number, string>,
  bootedAt: number,
): Promise<string[] | undefined> {
  try {
    const [text, commandLine, { uid }] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      stat(`/proc/${pid}`),
    ])
    const { name, ppid, tty, cpuSeconds, startSeconds } = parseStat(text)
    const startedAt = bootedAt + startSeconds
    const ranSeconds = Math.max(1, Date.now() / 1000 - startedAt)
    return [
      names.get(uid) ?? String(uid),
      String(pid),
      String(ppid),
      String(Math.min(99, Math.floor((cpuSeconds * 100) / ranSeconds))),
      startText(startedAt),
      ttyName(tty),
      timeText(cpuSeconds),
      commandLine === '' ? `[${name}]` : commandLine.replaceAll('\0', ' ').trimEnd(),
    ]
  } catch {
    return undefined
  }
}

/** proc_pid_stat(5); the name may hold anything, so it ends at the last parenthesis. */
export function parseStat(text: string) {
  const end = text.lastIndexOf(')')
  const rest = text
    .slice(end + 2)
    .split(' ')
    .map(Number)
  const field = (number: number) => rest[number - 3] ?? 0 // the third field of the manual is the first after the name
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    ppid: field(4),
    tty: field(7),
    cpuSeconds: (field(14) + field(15)) / TICKS_PER_SECOND,
    startSeconds: field(22) / TICKS_PER_SECOND,
  }
}

/** Terminals are told by their device numbers: 136:N to 143:N are pts/N. */
export function ttyName(device: number): string {
  const [major, minor] = [(device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00)]
  if (device === 0) return '?'
  if (major >= 136 && major <= 143) return `pts/${minor + (major - 136) * 256}`
  return major === 4 ? `tty${minor}` : '?'
}

/** Today's as the time of day, older ones as a date. */
function startText(seconds: number): string {
  const date = new Date(seconds * 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  if (date.toDateString() === new Date().toDateString()) return `${two(date.getHours())}:${two(date.getMinutes())}`
  return `${date.toLocaleString('en', { month: 'short' })}${two(date.getDate())}`
}

export function timeText(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`
}

async function userNames(): Promise<ReadonlyMap<number, string>> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return new Map(
    text
      .split('\n')
      .map(line => line.split(':'))
      .map(([name = '', , uid]) => [Number(uid), name]),
  )
}

/** Unix seconds */
async function bootTime(): Promise<number> {
  return Number(/^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8'))?.[1] ?? 0)
}
