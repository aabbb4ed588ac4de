import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex, Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../../src/engine/api.ts'
import { type Served, serve } from './served.ts'

/**
 * A client may leave at any moment. Whatever it asked for is over then: nothing may stay open for it, and the engine
 * must not take itself for busy.
 */

const inspected = async () => ({ Config: { Tty: true } }) as never
const silent = () => new Readable({ read() {} })
const deaf = () => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n'

interface Case {
  readonly request: string
  readonly headers?: string
  /** @param reached to be called when the engine has been asked */
  readonly engine: (reached: () => void) => Partial<Engine>
}

const cases: readonly Case[] = [
  {
    request: 'POST /containers/1/wait',
    engine: reached => ({
      containerWait: async () => {
        reached()
        return { exited: new Promise(() => undefined) }
      },
    }),
  },
  {
    request: 'GET /events',
    engine: reached => ({
      systemEvents: async (_options, signal) => {
        reached()
        return (async function* () {
          if (!signal.aborted) await once(signal, 'abort')
          yield* []
        })()
      },
    }),
  },
  {
    request: 'POST /images/create?fromImage=a',
    engine: reached => ({
      imagePull: async (_reference, _options, signal) =>
        (async function* () {
          reached()
          while (!signal.aborted) yield { status: 'x'.repeat(100_000) }
        })(),
    }),
  },
  {
    request: 'GET /containers/1/logs?follow=1&stdout=1',
    engine: reached => ({
      containerInspect: inspected,
      containerLogs: async () => {
        reached()
        return silent()
      },
    }),
  },
  ...['', upgrade].map(headers => ({
    request: 'POST /containers/1/attach?stream=1&stdin=1',
    headers,
    engine: (reached: () => void) => ({
      containerInspect: inspected,
      containerAttach: async () => {
        reached()
        return deaf()
      },
    }),
  })),
]

async function idle({ busy }: Served): Promise<void> {
  while (busy.count > 0) await sleep(1)
}

for (const { request, headers = '', engine } of cases) {
  const name = `${request}${headers && ' with an upgrade'}`

  test(`who leaves ${name} leaves nothing`, async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    await using served = await serve(engine(resolve))
    const client = served.dial()
    client.write(`${request} HTTP/1.1\r\nHost: docker\r\n${headers}\r\n`)
    await asked
    assert.equal(served.busy.count, 1)
    client.destroy()
    await idle(served)
  })

  test(`who has left ${name} before the engine answers leaves nothing`, async () => {
    const gone = Promise.withResolvers<void>()
    const answers = engine(() => undefined)
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const late = Object.fromEntries(
      Object.entries(answers).map(([method, answer]) => [
        method,
        async (...args: never[]) => {
          resolve()
          await gone.promise
          return (answer as (...args: never[]) => unknown)(...args)
        },
      ]),
    )
    await using served = await serve(late)
    const client = served.dial()
    client.write(`${request} HTTP/1.1\r\nHost: docker\r\n${headers}\r\n`)
    await asked
    client.destroy()
    await once(client, 'close')
    await sleep(5) // until the server has noticed
    gone.resolve()
    await idle(served)
  })
}
