import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { newMachine, resultOf, skip } from '../machine.ts'
import { startRegistry } from '../registry.ts'
import { enginePid } from './killer.ts'

/** A way to a registry that can come to a halt in the middle of a layer. */
interface SlowWay {
  readonly url: string
  /** From now on nothing but the beginning of the last layer of an image comes through. Settles when that has. */
  halt(): Promise<void>
  goOn(): void
}

async function slowWay(t: TestContext, registry: string): Promise<SlowWay> {
  let halted: PromiseWithResolvers<void> | undefined
  let last = 'none'
  const server = createServer(({ url = '/', method, headers }, response) => {
    const forwarded = request(new URL(url, registry), { method, headers }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      if (url.includes('/manifests/')) {
        let text = ''
        answer.on('data', piece => {
          text += piece
        })
        answer.on('end', () => {
          last = JSON.parse(text || '{}').layers?.at(-1)?.digest ?? last
        })
      }
      if (!halted || !url.endsWith(last)) return void answer.pipe(response)
      answer.once('data', (piece: Buffer) => {
        response.write(piece.subarray(0, 2000), () => halted?.resolve())
        answer.pause()
      })
    })
    forwarded.on('error', () => response.destroy()).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    halt() {
      halted = Promise.withResolvers()
      return halted.promise
    },
    goOn() {
      halted = undefined
    },
  }
}

test('a pull that is interrupted leaves nothing that counts, and the next one succeeds', { skip }, async t => {
  const way = await slowWay(t, await startRegistry(t, 'alpine'))
  const machine = await newMachine(t, { 'registry-mirrors': [way.url] })
  const cwd = await machine.project('pulls', {
    'compose.yaml': 'services: { app: { image: alpine, command: [echo, hello] } }',
  })
  const images = join(machine.env.TSCOMPOSE_DATA ?? '', 'images')
  /** Blobs, and directories of layers; the processes that unpack stay for a while, in case there is more to do. */
  const underWay = () => globSync(['content/*/*', 'layers/*'], { cwd: images })

  for (const [args, code] of [
    [['pull'], 130],
    [['up'], 130],
    [['image', 'pull', 'alpine'], 130],
  ] as const) {
    const halted = way.halt()
    const command = machine.start(args, { cwd })
    const ended = resultOf(command)
    await Promise.race([
      halted,
      ended.then(r => {
        throw new Error(JSON.stringify(r))
      }),
    ])
    command.kill('SIGINT')
    assert.equal((await ended).code, code, `${args.join(' ')}: ${(await ended).stderr}`)
    assert.equal(await machine.ok(['image', 'ls', '-aq']), '')
    assert.equal(await machine.ok(['container', 'ls', '-aq']), '')
    way.goOn()
    for (let tries = 0; underWay().length > 0 && tries < 500; tries++) await sleep(10)
    assert.deepEqual(underWay(), [], args.join(' '))
  }
  const pid = enginePid(machine)
  assert.match(await machine.ok(['up', '--no-color'], { cwd }), /hello/)
  assert.equal(enginePid(machine), pid)
  await machine.ok(['down', '--rmi', 'all'], { cwd })
  assert.deepEqual(globSync('layers/*', { cwd: images }), [])
})
