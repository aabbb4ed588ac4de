import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageArchives, type Machine, newMachine, skip } from '../machine.ts'
import { ask, enginePid, rounds } from './killer.ts'

const MiB = 2 ** 20

/** A connection that says what it is told, whatever becomes of it. */
async function open(machine: Machine, text: string | Buffer = ''): Promise<Socket> {
  const connection = connect({ path: machine.socket, allowHalfOpen: true })
  const connected = await new Promise<boolean>((resolve, reject) => {
    connection.once('connect', () => resolve(true))
    // As many as that are waiting already.
    connection.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EAGAIN' ? resolve(false) : reject(error),
    )
  })
  if (!connected) return await sleep(5).then(() => open(machine, text))
  connection.on('error', () => {})
  if (text.length > 0) connection.write(text)
  return connection
}

/** What comes as an answer, at most a piece of it. */
async function answer(machine: Machine, text: string | Buffer, { half = true } = {}): Promise<string> {
  const connection = await open(machine, text)
  let got = ''
  connection.setEncoding('latin1').on('data', piece => {
    got += piece
  })
  if (half) connection.end()
  await new Promise(resolve => connection.once('close', resolve).once('end', resolve))
  connection.destroy()
  return got
}

const request = (line: string, headers = '', body = '') =>
  `${line} HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
const json = 'Content-Type: application/json\r\n'

/** Memory of the engine, in bytes. */
const memory = (machine: Machine): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${enginePid(machine)}/status`, 'utf8'))?.[1]) * 1024

test('what clients can do to an engine', { skip }, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  const flood = ['sh', '-c', 'yes "$(printf %0100d 0)" | head -n 400000; sleep 1000']
  machine.defer(() => machine.run(['container', 'rm', '-f', 'flood', 'echo']))
  await machine.ok(['container', 'run', '-d', '--name', 'flood', '--network', 'none', 'busybox', ...flood])
  const pid = enginePid(machine)
  /** The engine is the same, and answers, also the commands of others. */
  const serves = async () => {
    assert.equal(enginePid(machine), pid)
    assert.equal(await machine.ok(['container', 'exec', 'flood', 'echo', 'here']), 'here\n')
  }

  await t.test('requests that are none, or wrong, are refused', async () => {
    const wrong: [string | Buffer, RegExp][] = [
      ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', /^HTTP\/1.1 400/],
      [Buffer.alloc(100_000, 7), /^HTTP\/1.1 400/],
      ['GET\r\n\r\n', /^HTTP\/1.1 400/],
      ['GET /_ping HTTP/9.9\r\n\r\n', /^HTTP\/1.1 (400|505)/],
      [`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`, /^HTTP\/1.1 431/],
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, /^HTTP\/1.1 431/],
      ['POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', /^HTTP\/1.1 400/],
      ['POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', /^HTTP\/1.1 400/],
      ['POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', /^HTTP\/1.1 400/],
      [request('GET /%zz'), /^HTTP\/1.1 400/],
      [request('GET /containers/%00/json'), /^HTTP\/1.1 404/],
      [request('GET /containers/..%2f..%2fetc/json'), /^HTTP\/1.1 404/],
      [request('BREW /_ping'), /^HTTP\/1.1 400/],
      [request('PATCH /_ping'), /^HTTP\/1.1 404/],
      [request('GET /v1.99/_ping'), /^HTTP\/1.1 400[^]*is too new/],
      [request('GET /v1.2/_ping'), /^HTTP\/1.1 400[^]*is too old/],
      [request('GET /v99999999999999999999.9/_ping'), /^HTTP\/1.1 400/],
      [request('GET /containers/json?filters=%7B'), /^HTTP\/1.1 400/],
      [request('POST /containers/create', json, '{'), /^HTTP\/1.1 400[^]*invalid JSON/],
      [request('POST /containers/create', json, '['.repeat(MiB)), /^HTTP\/1.1 400/],
      [request('POST /containers/create', json, `{"Image":${'['.repeat(MiB)}${']'.repeat(MiB)}}`), /^HTTP\/1.1 400/],
      [request('POST /containers/create', json, `{"Image":"${'x'.repeat(16 * MiB)}"}`), /^HTTP\/1.1 400[^]*larger/],
      [request('POST /containers/create', json, `{"__proto__":{"Image":"busybox"}}`), /^HTTP\/1.1 400/],
      [request('POST /containers/create', 'Content-Type: text/plain\r\n', '{}'), /^HTTP\/1.1 400/],
    ]
    for (const [text, expected] of wrong)
      assert.match(await answer(machine, text), expected, String(text).slice(0, 100))
    await serves()
  })

  await t.test('many connections, and clients that say a byte now and then, keep nobody waiting', async () => {
    const many = rounds(20) * 50
    const idle = await Promise.all(Array.from({ length: many }, () => open(machine)))
    const slow = await Promise.all(
      Array.from({ length: 200 }, () => open(machine, 'POST /containers/create HTTP/1.1\r\n')),
    )
    for (let byte = 0; byte < 5; byte++) {
      for (const connection of slow) connection.write('x')
      await serves()
    }
    t.diagnostic(`${many + slow.length} connections: ${Math.round(memory(machine) / MiB)} MiB`)
    for (const connection of [...idle, ...slow]) connection.destroy()
    await serves()
  })

  await t.test('who does not read costs no memory: logs, events, statistics', async () => {
    const lines = () => ask(machine, engine => engine.containerLogs('flood', { stdout: true, tail: '1' }))
    for await (const _ of await lines()) break
    const before = memory(machine)
    const deaf = await Promise.all(
      ['/containers/flood/logs?stdout=1&follow=1', '/events', '/containers/flood/stats'].flatMap(path =>
        Array.from({ length: 10 }, async () => (await open(machine, request(`GET ${path}`))).pause()),
      ),
    )
    await ask(machine, async engine => {
      for (let n = 0; n < 50; n++) await engine.imageTag('busybox', 'busybox', 'again')
    })
    await serves()
    const grown = memory(machine) - before
    t.diagnostic(`30 who do not read: ${Math.round(grown / MiB)} MiB more`)
    assert.ok(grown < 100 * MiB, `${grown} bytes more`)
    for (const connection of deaf) connection.destroy()
    await serves()
  })

  await t.test('a client that has said all it has to say still hears the rest', async () => {
    await machine.ok([
      'container',
      'create',
      '-i',
      '--name',
      'echo',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'cat; sleep 0.2; echo end',
    ])
    const connection = await open(
      machine,
      'POST /containers/echo/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n',
    )
    let heard = ''
    connection.setEncoding('latin1').on('data', piece => {
      heard += piece
    })
    while (!heard.includes('\r\n\r\n')) await once(connection, 'data')
    await machine.ok(['container', 'start', 'echo'])
    connection.end('hello\n')
    await once(connection, 'end')
    assert.match(heard, /hello\n[^]*end\n$/)
  })

  await t.test('a client that leaves in the middle of anything leaves nothing behind', async () => {
    const files = () => readdirSync(`/proc/${pid}/fd`).length
    const paths = [
      'GET /events',
      'GET /containers/flood/stats',
      'GET /containers/flood/logs?stdout=1&follow=1',
      'POST /containers/flood/wait',
      'GET /containers/flood/export',
      'POST /containers/flood/attach?stream=1&stdout=1&stdin=1',
    ]
    const leave = async (path: string) => {
      const connection = await open(machine, request(path))
      await sleep(Math.random() * 20)
      connection.destroy()
    }
    for (const path of paths) await leave(path) // what the engine keeps for all of them is open then
    await serves()
    await sleep(500)
    const before = files()
    for (let round = 0; round < 5; round++) for (const path of paths) await leave(path)
    for (let tries = 0; files() > before && tries < 500; tries++) await sleep(10)
    assert.ok(files() <= before, `${files()} files open, ${before} before`)
    await serves()
  })
})
