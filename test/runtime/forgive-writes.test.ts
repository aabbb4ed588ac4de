import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { forgiveWrites } from '../../src/runtime/forgive-writes.ts'
import { temporaryDirectory } from '../temporary.ts'

/** Two ends of a connection. */
async function pair(path: string): Promise<[Socket, Socket]> {
  const server = createServer().listen(path)
  const near = connect({ path, allowHalfOpen: true })
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  return [near, far]
}

test('what the other side said before it closed is read, although it takes nothing more', async t => {
  const dir = temporaryDirectory('socket', t)
  const [near, far] = await pair(join(dir, 'socket'))
  forgiveWrites(near)
  far.write('last words')
  far.destroy()
  await once(far, 'close')
  near.cork()
  near.write('too ')
  near.write('late')
  near.uncork()
  await new Promise(resolve => near.write('again', resolve))
  const words: Buffer[] = []
  for await (const chunk of near) words.push(chunk)
  assert.equal(`${Buffer.concat(words)}`, 'last words')
  near.destroy()
})
