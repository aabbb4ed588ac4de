import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { lockProject } from '../../src/compose/lock.ts'

const never = new AbortController().signal
const runDir = `lock test ${process.pid}`

test('one holds the lock, the others are told to wait, and get it in turn', async () => {
  const order: string[] = []
  const first = await lockProject(runDir, 'a', () => assert.fail('nobody has it'), never)
  const others = ['second', 'third'].map(async name => {
    await using _ = await lockProject(runDir, 'a', () => order.push(`${name} waits`), never)
    order.push(name)
  })
  while (order.length < 2) await new Promise(done => setImmediate(done))
  await first[Symbol.asyncDispose]()
  await Promise.all(others)
  assert.deepEqual(order.slice(0, 2).sort(), ['second waits', 'third waits'])
  assert.deepEqual(order.slice(2).sort(), ['second', 'third'])
})

test('other projects, and other engines, have locks of their own', async () => {
  await using _ = await lockProject(runDir, 'b', () => assert.fail('b'), never)
  await using __ = await lockProject(runDir, 'c', () => assert.fail('c'), never)
  await using ___ = await lockProject(`${runDir} 2`, 'b', () => assert.fail('b of another'), never)
})

test('waiting ends with the signal', async () => {
  await using _ = await lockProject(runDir, 'd', () => {}, never)
  const interrupt = new AbortController()
  await assert.rejects(
    lockProject(runDir, 'd', () => interrupt.abort(new Error('enough')), interrupt.signal),
    /enough/,
  )
})

test('a lock goes with its process, however that ends', async () => {
  const code = `
    const { lockProject } = await import(${JSON.stringify(resolve('src/compose/lock.ts'))})
    await lockProject(${JSON.stringify(runDir)}, 'e', () => {}, new AbortController().signal)
    process.stdout.write('locked')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  let waited = false
  const mine = lockProject(
    runDir,
    'e',
    () => {
      waited = true
      holder.kill('SIGKILL')
    },
    never,
  )
  await using _ = await mine
  assert.ok(waited)
})
