import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { monitorPath } from '../../runtime/native-path.ts'
import type { EnginePaths } from './paths.ts'
import { KEEPER_FD } from './report.ts'

/** The engine's parent, which starts another one when it is killed: native/keeper.c, whose keeper.h has the numbers. */
const KEEPER = 'tscompose-keeper'
const RUN_FD = 4
const LOCK_FD = 5
const ENGINE_FD = 6

/** Between two that end at once, milliseconds. */
const PAUSE = 1000

/** Writes down what a keeper starts: whoever starts it may be a monitor, which knows nothing of engines. */
export function writeCommand({ runDir }: EnginePaths, command: readonly string[], env: NodeJS.ProcessEnv): void {
  const file = join(runDir, 'keeper.command')
  const variables = Object.entries(env).flatMap(([name, value]) => (value ? [`${name}=${value}`] : []))
  // An environment may hold passwords, of proxies.
  writeFileSync(`${file}.${process.pid}`, [...command, '', ...variables].map(text => `${text}\0`).join(''), {
    mode: 0o600,
  })
  renameSync(`${file}.${process.pid}`, file)
}

/**
 * Starts the keeper that {@link writeCommand} has told what to start.
 * @param report 'pipe' to hear from the engine, see report.ts
 * @param engine 'pipe' for one that looks after this process, which is an engine already
 */
export function spawnKeeper(
  { runDir, logFile }: EnginePaths,
  { report, engine }: { readonly report?: 'pipe'; readonly engine?: 'pipe' },
): ChildProcess {
  using opened = new DisposableStack()
  const open = (path: string, flags: string) => {
    const fd = openSync(path, flags, 0o600)
    opened.defer(() => closeSync(fd))
    return fd
  }
  const log = open(logFile, 'a')
  const given = { [RUN_FD]: open(runDir, 'r'), [LOCK_FD]: open(join(runDir, 'keeper.lock'), 'a+') }
  return spawn(monitorPath(), [runDir], {
    argv0: KEEPER,
    detached: true,
    cwd: '/',
    env: { TSCOMPOSE_RUN: runDir },
    stdio: ['ignore', log, log, report ?? 'ignore', given[RUN_FD], given[LOCK_FD], ...(engine ? [engine] : [])],
  })
}

/** The keeper that has started this process; undefined for an engine that was started by hand. */
export function ownKeeper(): number | undefined {
  try {
    return readFileSync(`/proc/${process.ppid}/cmdline`, 'latin1').startsWith(`${KEEPER}\0`) ? process.ppid : undefined
  } catch {
    return undefined // it has gone
  }
}

/** From now on, a keeper that is killed is followed by another one. For the process of an engine. */
export function keepKeeper(paths: EnginePaths, log: (message: string) => void): void {
  const replace = () => {
    const began = performance.now()
    const keeper = spawnKeeper(paths, { engine: 'pipe' })
    log(`the keeper had gone; another one has been started (process ${keeper.pid})`)
    keeper.unref()
    const [connection] = (keeper.stdio as readonly unknown[]).slice(ENGINE_FD)
    if (connection instanceof Socket) connection.unref()
    keeper.once('error', () => undefined) // no process can be made now: then without one
    keeper.once('exit', () => setTimeout(replace, Math.max(0, began + PAUSE - performance.now())).unref())
  }
  try {
    if (!fstatSync(KEEPER_FD).isSocket()) return
  } catch {
    return // started by hand
  }
  new Socket({ fd: KEEPER_FD, readable: true, writable: false })
    .unref()
    .resume()
    .on('error', () => undefined)
    .once('close', replace)
}
