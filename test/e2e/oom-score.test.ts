import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { capabilitiesIn, capabilityLine } from '../../src/runtime/capabilities.ts'
import { newMachine, skip } from './machine.ts'

const permitted = capabilitiesIn(capabilityLine(readFileSync('/proc/self/status', 'utf8'), 'CapPrm'))
const without = !permitted.includes('CAP_SYS_RESOURCE') && 'CAP_SYS_RESOURCE is not available here'

test('where memory runs out, the kernel ends those that others depend on last', { skip: skip || without }, async t => {
  const machine = await newMachine(t)
  machine.defer(() => machine.run(['container', 'rm', '-f', 'plain', 'spared']))
  const run = (name: string, ...flags: string[]) =>
    machine.ok(['container', 'run', '-d', '--name', name, ...flags, 'rootfs:/', 'sleep', '1000'])
  const parentOf = (pid: number) => Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1])
  const scoreOf = (pid: number) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1'))
  const pidOf = async (name: string) => Number(await machine.ok(['container', 'inspect', '-f', '{{.State.Pid}}', name]))
  const scores = 'cat /proc/self/oom_score_adj /proc/1/oom_score_adj'.split(' ')

  await run('plain')
  const engine: number = JSON.parse(await machine.ok(['engine', 'status', '--format', 'json'])).pid
  const monitor = parentOf(await pidOf('plain'))
  assert.match(readFileSync(`/proc/${monitor}/cmdline`, 'latin1'), /^tscompose-monitor/)
  assert.deepEqual([engine, parentOf(engine), monitor].map(scoreOf), [-500, -999, -999])
  assert.equal(await machine.ok(['container', 'exec', 'plain', ...scores]), '0\n0\n')
  await run('spared', '--oom-score-adj', '-500')
  assert.equal(await machine.ok(['container', 'exec', 'spared', ...scores]), '-500\n-500\n')
})
