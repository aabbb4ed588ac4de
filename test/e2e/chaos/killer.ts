import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectEngine, type RemoteEngine } from '../../../src/engine/client/remote-engine.ts'
import { isLost } from '../../../src/engine/client/steady-engine.ts'
import type { Machine } from '../machine.ts'

/** How often a test does its worst: a few times with `npm test`, as often as `TSCOMPOSE_CHAOS` says by hand. */
export const rounds = (few: number): number => Number(process.env.TSCOMPOSE_CHAOS ?? few)

/** The process of a machine's engine, by the lock that it holds; undefined while there is none. */
export function enginePid({ env }: Machine): number | undefined {
  try {
    const pid = Number(readFileSync(join(env.TSCOMPOSE_RUN ?? '', 'engine.lock'), 'utf8'))
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine') ? pid : undefined
  } catch {
    return undefined
  }
}

/** Kills the engine, in whatever it is doing just now; and the one that would start the next, where that is asked. */
export async function killEngine(machine: Machine, { keeper = false } = {}): Promise<void> {
  for (let pid = enginePid(machine); ; await sleep(1), pid = enginePid(machine)) {
    if (pid === undefined) continue
    for (const one of [...(keeper ? keepersOf(pid) : []), pid]) process.kill(one, 'SIGKILL')
    return
  }
}

/** The parent of an engine; where that was killed before, a child. */
export function keepersOf(engine: number): number[] {
  const parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${engine}/status`, 'utf8'))?.[1])
  const children = readFileSync(`/proc/${engine}/task/${engine}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number)
  return [parent, ...children].filter(pid =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('tscompose-keeper'),
  )
}

/** Asks an engine, and the next one if this one is killed before it has answered. */
export async function ask<T>(machine: Machine, question: (engine: RemoteEngine) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      using engine = await connectEngine({ socketPath: machine.socket })
      return await question(engine)
    } catch (error) {
      if (!isLost(error)) throw error
    }
    await sleep(5)
  }
}

/** As ask(), for what changes something: it may have happened although nobody has said so. */
export async function attempt<T>(
  machine: Machine,
  operation: (engine: RemoteEngine) => Promise<T>,
): Promise<{ readonly result: T } | 'lost'> {
  try {
    using engine = await connectEngine({ socketPath: machine.socket })
    return { result: await operation(engine) }
  } catch (error) {
    if (!isLost(error)) throw error
    return 'lost'
  }
}
