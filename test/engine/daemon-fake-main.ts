/** The process of an engine as engine-main.ts makes it, around an engine that has containers in name only. */
import { EventEmitter, on } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Engine, EventMessage } from '../../src/engine/api.ts'
import { enginePaths } from '../../src/engine/daemon/paths.ts'
import { runEngine } from '../../src/engine/daemon/run-engine.ts'
import { TscomposeError } from '../../src/errors.ts'
import { fakeEngine } from './served.ts'

const events = new EventEmitter()
let running = 0

const answers: Partial<Engine> = {
  systemPing: async () => undefined,
  systemInfo: async () => ({ env: Object.keys(process.env), cwd: process.cwd() }) as never,
  systemEvents: async (_options, signal) => {
    const happening = on(events, 'event', { signal })
    return (async function* () {
      for await (const [event] of happening) yield event as EventMessage
    })()
  },
  containerList: async () => Array.from({ length: running }) as never,
  containerStart: async () => {
    running++
    return true
  },
  containerKill: async () => {
    running--
    events.emit('event', { Type: 'container', Action: 'die', Actor: { ID: '1', Attributes: {} } })
  },
  containerPause: async () => {
    setImmediate(() => {
      throw new Error('nobody catches this')
    })
  },
  imageTag: async name => void console.error(name.repeat(100_000)),
}

const paths = enginePaths()
await runEngine(paths, async () => {
  if (process.env.TSCOMPOSE_FAKE === 'fails') throw new TscomposeError('ENGINE_FAILED', 'no luck', { fix: 'try again' })
  if (process.env.TSCOMPOSE_FAKE === 'dies') {
    console.error('these are my last words')
    process.exit(7)
  }
  if (process.env.TSCOMPOSE_FAKE === 'killed') process.kill(process.pid, 'SIGKILL')
  if (
    process.env.TSCOMPOSE_FAKE === 'killed once' &&
    !readFileSync(paths.logFile, 'utf8').includes('the first of us')
  ) {
    console.error('the first of us')
    process.kill(process.pid, 'SIGKILL')
  }
  return Object.assign(fakeEngine(answers).engine, {
    shutDown: async () => console.error('the containers of the fake end'),
    [Symbol.asyncDispose]: async () => console.error('the fake is closed'),
  })
})
process.exit()
