import './own-host.ts'
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { Machine, skip } from './machine.ts'

test('the name server’s thread comes before the others of the engine', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('front')
  const web = await machine.sandbox('web', [net])
  assert.match(await machine.in(web, 'getent hosts web'), /web/)
  const threads = readdirSync('/proc/self/task').map(id => ({
    name: readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim(),
    nice: getPriority(Number(id)),
  }))
  const own = getPriority()
  assert.deepEqual(
    threads.filter(({ nice }) => nice !== own),
    [{ name: 'network', nice: Math.max(own - 5, -20) }],
  )
})
