import { readFile, readlink } from 'node:fs/promises'
import { MADV } from '../../sys/constants.ts'
import { type Kernel, linux } from '../../sys/kernel.ts'
import { trimHeaps } from '../../sys/malloc.ts'

/** A part of the program's file in memory, by proc_pid_smaps(5). */
export interface Mapping {
  readonly start: number
  readonly end: number
}

/**
 * The mappings of `program` that hold nothing but what is in its file. Those that may be written to or have been
 * (relocated addresses, made read-only afterwards) are not among them.
 */
export function parseCleanMappings(smaps: string, program: string): Mapping[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap(block => {
    const [, start, end, path] = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ \d+ +(.*)$/m.exec(block) ?? []
    if (!start || !end || path !== program) return []
    const touched = ['Private_Dirty', 'Shared_Dirty', 'Anonymous', 'Locked'].some(
      field => Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(block)?.[1] ?? 1) > 0,
    )
    return touched ? [] : [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }]
  })
}

/** Free bytes in the heap that are worth a collection that gives them back: it takes tens of milliseconds. */
const WORTH_COLLECTING = 16 * 2 ** 20

/** Makes this process as small as waiting needs it. */
export async function trimProcess(): Promise<void> {
  const { heapTotal, heapUsed } = process.memoryUsage()
  // A burst of work leaves pages behind that V8 would keep for ever: an ordinary collection does not return them.
  if (heapTotal - heapUsed > WORTH_COLLECTING)
    await globalThis.gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' })
  trimHeaps()
  await trimProgram()
}

/**
 * Gives back the pages of Node's own program file, of which start-up and bursts of work need many more than waiting
 * does: 45 MB, and 15 MB a little later. They stay in the page cache, so that what is needed again is only mapped again.
 * The mappings of the program are there as long as the process is, so what was read of them holds.
 */
export async function trimProgram(kernel: Pick<Kernel, 'madvise'> = linux): Promise<void> {
  const [smaps, program] = await Promise.all([readFile('/proc/self/smaps', 'utf8'), readlink('/proc/self/exe')])
  for (const { start, end } of parseCleanMappings(smaps, program)) kernel.madvise(start, end - start, MADV.DONTNEED)
}
