import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { type LockName, lockProject, tryLockProject } from '../../src/compose/lock.ts'

const never = new AbortController().signal
const runDir = `lock test ${process.pid}`
const lock = (project: string, dir = runDir): LockName => ({ runDir: dir, project, purpose: 'up' })

test('one holds the lock, the others are told to wait, and get it in turn', async () => {
  const order: string[] = []
  const first = await lockProject(lock('a'), () => assert.fail('nobody has it'), never)
  const others = ['second', 'third'].map(async name => {
    await using _ = await lockProject(lock('a'), () => order.push(`${name} waits`), never)
    order.push(name)
  })
  while (order.length < 2) await new Promise(done => setImmediate(done))
  await first[Symbol.asyncDispose]()
  await Promise.all(others)
  assert.deepEqual(order.slice(0, 2).sort(), ['second waits', 'third waits'])
  assert.deepEqual(order.slice(2).sort(), ['second', 'third'])
})

test('other projects, and other engines, have locks of their own', async () => {
  await using _ = await lockProject(lock('b'), () => assert.fail('b'), never)
  await using __ = await lockProject(lock('c'), () => assert.fail('c'), never)
  await using ___ = await lockProject(lock('b', `${runDir} 2`), () => assert.fail('b of another'), never)
})

test('what cannot wait is told at once that another command holds the lock', async () => {
  const watch = { ...lock('f'), purpose: 'watch' } as const
  await using held = await tryLockProject(watch)
  assert.ok(held)
  assert.equal(await tryLockProject(watch), undefined)
  await using _ = await lockProject(lock('f'), () => assert.fail('another purpose'), never)
})

test('waiting ends with the signal', async () => {
  await using _ = await lockProject(lock('d'), () => {}, never)
  const interrupt = new AbortController()
  await assert.rejects(
    lockProject(lock('d'), () => interrupt.abort(new Error('enough')), interrupt.signal),
    /enough/,
  )
})

test('a lock goes with its process, however that ends', async () => {
  const code = `
    const { lockProject } = await import(${JSON.stringify(resolve('src/compose/lock.ts'))})
    await lockProject(${JSON.stringify(lock('e'))}, () => {}, new AbortController().signal)
    process.stdout.write('locked')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  let waited = false
  const mine = lockProject(
    lock('e'),
    () => {
      waited = true
      holder.kill('SIGKILL')
    },
    never,
  )
  await using _ = await mine
  assert.ok(waited)
})
