import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../src/engine/api.ts'
import { connectEngine, type RemoteEngine } from '../../src/engine/client/remote-engine.ts'
import { serveEngine } from '../../src/engine/http/server.ts'

export type Recorded = [method: string, ...args: unknown[]]

/** An engine that writes down what it is asked, and answers what `answers` says. */
export function fakeEngine(answers: Partial<Engine> = {}): { engine: Engine; calls: Recorded[] } {
  const calls: Recorded[] = []
  const engine = new Proxy(answers, {
    get: (target, name) =>
      name === 'then'
        ? undefined // it is passed through promises
        : async (...args: unknown[]) => {
            calls.push([String(name), ...args])
            const answer = Reflect.get(target, name)
            if (!answer) throw new Error(`the fake has no ${String(name)}`)
            return answer(...args)
          },
  })
  return { engine: engine as Engine, calls }
}

export interface Served extends AsyncDisposable {
  readonly socketPath: string
  readonly remote: RemoteEngine
  readonly calls: Recorded[]
  readonly faults: unknown[]
  readonly stops: number[]
  /** What is under way: requests and hijacked connections. */
  readonly busy: { count: number }
  /** A bare connection, for what the client would never send. */
  dial(): Socket
}

/** Serves a fake engine at a socket of its own. */
export async function serve(answers: Partial<Engine> = {}): Promise<Served> {
  await using undo = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'tscompose-http-'))
  undo.defer(() => rm(directory, { recursive: true }))
  const { engine, calls } = fakeEngine(answers)
  const socketPath = join(directory, 'engine.sock')
  const faults: unknown[] = []
  const stops: number[] = []
  const busy = { count: 0 }
  const describe = () => ({
    pid: 42,
    version: '1.2.3',
    apiVersion: '1.51',
    dataRoot: '/data',
    runDir: '/run',
    startedAt: '2026-01-02T03:04:05Z',
  })
  const server = await serveEngine(engine, {
    socketPath,
    process: { describe, stop: () => stops.push(1) },
    onRequest: () => {
      busy.count++
      return () => busy.count--
    },
    onFault: error => faults.push(error),
  })
  undo.use(server)
  const remote = undo.use(await connectEngine({ socketPath }))
  const all = undo.move()
  const dial = () => {
    const socket = connect(socketPath)
    all.defer(() => void socket.destroy())
    return socket
  }
  return { socketPath, remote, calls, faults, stops, busy, dial, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** All that comes out of a socket until its other end closes, as text. */
export async function readAll(socket: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}
