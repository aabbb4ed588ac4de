import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type LayerBlob, Unpacker } from '../../src/image/unpack/unpacker.ts'
import { temporaryDirectory } from '../temporary.ts'
import { file, tar } from './tar-builder.ts'
import { sha256, skip, unpacker } from './unpack-fixture.ts'

test('an unpacker goes on after a failure and after giving up', { skip }, async t => {
  const work = temporaryDirectory('image', t)
  const layer = tar(file('a', 'x'))
  const run = async (name: string, bytes: Buffer, size: number, complete: boolean, signal: AbortSignal) => {
    await mkdir(join(work, name))
    execFileSync('tee', [join(work, `${name}.tar`)], { input: bytes, stdio: ['pipe', 'ignore', 'inherit'] })
    const path = join(work, `${name}.tar`)
    const watch = (grown: (size: number, complete: boolean) => void) => {
      grown(size, complete)
      return { [Symbol.dispose]() {} }
    }
    const blob = { path, watch }
    await unpacker.unpack({ blob, directory: join(work, name), diffId: sha256(layer), onProgress() {} }, signal)
  }
  const never = new AbortController().signal
  await assert.rejects(run('bad', Buffer.from('x'.repeat(600)), 600, true, never), { code: 'IMAGE_LAYER_INVALID' })
  const giveUp = new AbortController()
  const waiting = run('half', layer, 700, false, giveUp.signal) // the rest never comes
  setImmediate(() => giveUp.abort(new Error('enough')))
  await assert.rejects(waiting, /enough/)
  await run('good', layer, layer.length, true, never)
  assert.equal(readFileSync(join(work, 'good/a'), 'utf8'), 'x')
  await unpacker.remove(join(work, 'good'))
  assert.ok(!existsSync(join(work, 'good')))
})

test('an unpacker that does not listen is ended when its work is given up, and another takes its place', {
  skip,
}, async t => {
  const work = temporaryDirectory('image', t)
  const layer = tar(file('a', 'x'))
  writeFileSync(join(work, 'blob'), layer)
  const giveUp = new AbortController()
  const others = new Set(unpackers()) // of the test before, idle: a process that is stopped never ends
  const blob: LayerBlob = {
    path: join(work, 'blob'),
    watch(grown) {
      grown(100, false) // the rest never comes
      for (const pid of new Set(unpackers()).difference(others)) process.kill(pid, 'SIGSTOP')
      giveUp.abort(new Error('enough'))
      return { [Symbol.dispose]() {} }
    },
  }
  const own = new Unpacker()
  await mkdir(join(work, 'layer'))
  own.prepare()
  await own.measure(join(work, 'layer')) // it has started when it answers
  const job = { blob, directory: join(work, 'layer'), onProgress() {} }
  await assert.rejects(own.unpack(job, giveUp.signal), /enough/)
  await own.remove(join(work, 'layer'))
  assert.ok(!existsSync(join(work, 'layer')))
})

const unpackers = (): readonly number[] =>
  readdirSync('/proc')
    .filter(pid => /^\d+$/.test(pid))
    .filter(pid => {
      try {
        return new RegExp(`\\(tscompose-unpac\\) \\w ${process.pid} `).test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
      } catch {
        return false // it has ended
      }
    })
    .map(Number)
