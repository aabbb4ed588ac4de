import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCgroups } from '../../src/runtime/cgroup/cgroups.ts'
import { readCgroupMounts } from '../../src/runtime/cgroup/hierarchies.ts'
import { enterOwnCgroup } from '../../src/runtime/cgroup/own-cgroup.ts'
import { CgroupParents } from '../../src/runtime/cgroup/parents.ts'
import { temporaryDirectory } from '../temporary.ts'

const mounts = readCgroupMounts()
const root =
  mounts?.version === 2
    ? mounts.root
    : mounts?.hierarchies.find(({ controllers }) => controllers.includes('name=systemd'))?.mountPoint
const skip =
  (process.getuid?.() !== 0 && 'needs root') || (root === undefined && 'needs a tree of cgroups without v1 controllers')

test('processes have a cgroup of their own for as long as they want it', { skip }, async t => {
  const group = `tscompose-test-${process.pid}`
  const directory = `${root}/${group}`
  const program = spawn('sleep', ['1000'])
  const { pid = 0 } = program
  const isInside = () => readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`:/${group}/engine\n`)
  t.after(async () => {
    program.kill()
    await once(program, 'exit')
  })

  // A process that has gone meanwhile is no obstacle.
  const gone = spawn('true')
  await once(gone, 'exit')
  const own = await enterOwnCgroup(group, [pid, gone.pid ?? 0], root)
  assert.ok(isInside())
  await (await enterOwnCgroup(group, [], root))[Symbol.asyncDispose]()
  assert.ok(isInside(), 'what somebody is in stays')

  mkdirSync(`${directory}/container`)
  await own[Symbol.asyncDispose]()
  assert.ok(!isInside())
  assert.ok(!existsSync(`${directory}/engine`))
  assert.ok(existsSync(`${directory}/container`), 'a container stays')
  rmdirSync(`${directory}/container`)
  await (await enterOwnCgroup(group, [], root))[Symbol.asyncDispose]()
  assert.ok(!existsSync(directory))
})

test('on v2 nobody can take the controllers of containers away at the root', {
  skip: skip || (mounts?.version !== 2 && 'cgroups v1'),
}, async t => {
  const group = `tscompose-test-${process.pid}`
  const parents = new CgroupParents(join(temporaryDirectory('cgroups', t), 'containers'))
  const cgroups = openCgroups(group, parents)
  const id = 'c'.repeat(64)
  const cgroup = cgroups.cgroup(id, '')
  cgroup.create([])
  try {
    assert.deepEqual(cgroups.containerIds(), [id])
    for (const name of readFileSync(`${root}/${group}/cgroup.subtree_control`, 'utf8').trim().split(' '))
      assert.throws(() => writeFileSync(`${root}/cgroup.subtree_control`, `-${name}`, { flag: 'r+' }), {
        code: 'EBUSY',
      })
    assert.ok(existsSync(`${root}/${cgroup.name}/pids.max`))
  } finally {
    await cgroup.remove()
    parents.tidy()
  }
  assert.ok(!existsSync(`${root}/${group}`))
})
