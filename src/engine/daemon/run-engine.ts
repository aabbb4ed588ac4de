import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { TscomposeError } from '../../errors.ts'
import { engineGroup, enterOwnCgroup } from '../../runtime/cgroup/own-cgroup.ts'
import type { Engine } from '../api.ts'
import { connectEngine } from '../client/remote-engine.ts'
import { type EngineConfig, readEngineConfig } from '../config.ts'
import { API_VERSION } from '../http/api-version.ts'
import { serveEngine } from '../http/server.ts'
import type { LocalEngine } from '../local-engine.ts'
import { version } from '../version.ts'
import { boundLog, inFull, log } from './engine-log.ts'
import { IdleWatch } from './idle.ts'
import { keepKeeper, ownKeeper } from './keeper.ts'
import { acquireLock } from './lock.ts'
import type { EnginePaths } from './paths.ts'
import { reportFailure, reportReady } from './report.ts'
import { watchSocket } from './socket-watch.ts'
import { trimProcess } from './trim.ts'

/** Milliseconds after the last request until the process makes itself small. */
const QUIET = 3000

/** Why the process is to end, and what of containers. */
interface End {
  readonly why: string
  readonly containers?: 'go on' | 'end'
  /** Another one is to follow. */
  readonly again?: true
}

export interface EngineSetup {
  readonly paths: EnginePaths
  readonly config: EngineConfig
  /** Tells the operator something that no caller waits for. */
  readonly report: (message: string) => void
}
export type OpenEngine = (setup: EngineSetup) => Promise<LocalEngine>

/**
 * The life of an engine's process: takes the lock, listens, opens the engine, serves until it is told to stop or has
 * been idle, and leaves the containers running. When it resolves, the process must end: that closes the connections.
 * @returns whether another one is to follow
 */
export async function runEngine(paths: EnginePaths, open: OpenEngine): Promise<boolean> {
  process.umask(0o022)
  boundLog(paths.logFile)
  process.on('uncaughtException', error => log(`a fault nobody expected: ${inFull(error)}`))
  process.on('unhandledRejection', error => log(`a failure nobody waited for: ${inFull(error)}`))
  let ready = false
  try {
    return await serveUntilEnd(paths, open, () => {
      ready = true
      reportReady()
    })
  } catch (error) {
    if (!ready) reportFailure(error)
    log(`the engine ${ready ? 'has left something undone' : 'could not start'}: ${inFull(error)}`)
    process.exitCode = 1
    return false
  }
}

async function serveUntilEnd(paths: EnginePaths, open: OpenEngine, tellReady: () => void): Promise<boolean> {
  await using undo = new AsyncDisposableStack()
  mkdirSync(paths.runDir, { recursive: true, mode: 0o700 })
  const lock = await acquireLock(paths.lockFile, () => answers(paths))
  if (!lock) {
    tellReady()
    return false
  }
  undo.use(lock)
  for (const file of [paths.socketPath, paths.stoppedFile]) rmSync(file, { force: true }) // of the engine before

  const own = ownCgroup(paths)
  const { promise: end, resolve: stop } = Promise.withResolvers<End>()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop({ why: name }))
  const config = await readEngineConfig(paths.configFile)
  // git and credential helpers take them from there, too. `HTTP_PROXY` alone means nothing to most of them.
  for (const [name, value] of Object.entries(config.proxies))
    for (const variable of [name.replace('-', '_'), name.replace('-', '_').toUpperCase()]) process.env[variable] = value
  const opening = Promise.withResolvers<Engine>()
  opening.promise.catch(() => undefined)
  const works = async () => (await (await opening.promise).containerList()).length > 0
  // Who comes over the network could not start it again.
  const idle = new IdleWatch(config.hosts.length > 0 ? 0 : config.idleTimeout * 1000, works, () =>
    stop({ why: `idle for ${config.idleTimeout} s` }),
  )

  const quiet = setTimeout(trimProcess, QUIET)

  // First the socket: from now on, whoever comes waits in line instead of starting another engine.
  const startedAt = new Date().toISOString()
  const { dataRoot, runDir } = paths
  const describe = () => ({ pid: process.pid, version, apiVersion: API_VERSION, dataRoot, runDir, startedAt })
  const server = await serveEngine(opening.promise, {
    socketPath: paths.socketPath,
    process: { describe, stop: containers => stop({ why: 'asked to', containers }) },
    onRequest: () => {
      const over = idle.begin()
      return () => {
        over()
        quiet.refresh()
      }
    },
    onFault: (error, request) => log(`${request}: ${inFull(error)}`),
  })
  // Nobody could reach this one any more.
  undo.use(watchSocket(paths.socketPath, () => stop({ why: `${paths.socketPath} has been removed`, again: true })))
  // Connections stay until the process is gone: that they break tells those who wait for its end.
  undo.defer(() => server.refuse())
  let engine: LocalEngine
  try {
    undo.use(await own) // before the first monitor
    engine = undo.use(await open({ paths, config, report: log }))
    if (config.metricsAddr) {
      const { serveMetrics } = await import('./metrics-server.ts')
      undo.use(await serveMetrics(engine, config.metricsAddr, error => log(`GET /metrics: ${inFull(error)}`)))
    }
    if (config.hosts.length > 0) {
      const { listenTls } = await import('./tls-listener.ts')
      for (const host of config.hosts) undo.use(await listenTls(host, config, server))
    }
    opening.resolve(engine)
    tellReady()
    log(`engine ${version} is ready (process ${process.pid}, data root ${paths.dataRoot})`)
    restAfterExits(engine, idle)
  } catch (error) {
    opening.reject(error)
    throw error
  }
  keepKeeper(paths, log)
  idle.rest()
  const { why, containers, again = false } = await end
  log(`engine ends: ${why}`)
  if (!again) writeFileSync(paths.stoppedFile, '')
  server.refuse()
  if (containers === 'end') await engine.shutDown()
  return again
}

/** Without one of its own, engine, keeper and monitors stay in that of whoever has started them. */
async function ownCgroup({ runDir }: EnginePaths): Promise<AsyncDisposable> {
  const keeper = ownKeeper()
  const pids = keeper === undefined ? [process.pid] : [keeper, process.pid]
  return await enterOwnCgroup(engineGroup(runDir), pids).catch(error => {
    log(`no cgroup of its own: ${inFull(error)}`)
    return new AsyncDisposableStack()
  })
}

/** When the last container has ended, it may be quiet. */
async function restAfterExits(engine: Engine, idle: IdleWatch): Promise<void> {
  const filters = { type: ['container'], event: ['die', 'destroy'] }
  for await (const _ of await engine.systemEvents({ filters }, new AbortController().signal)) idle.rest()
}

async function answers({ socketPath }: EnginePaths): Promise<boolean> {
  try {
    using engine = await connectEngine({ socketPath })
    await engine.systemPing()
    return true
  } catch (error) {
    // One that has too much to do says so: that is an answer, too.
    return error instanceof TscomposeError && error.code !== 'ENGINE_UNREACHABLE'
  }
}
