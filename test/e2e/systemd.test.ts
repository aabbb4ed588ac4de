import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { newMachine, root, skip } from './machine.ts'

const isBooted = existsSync('/run/systemd/system') // sd_booted(3)
const isV2 = existsSync('/sys/fs/cgroup/cgroup.controllers')

test('where systemd runs', { skip: skip || (!isBooted && 'needs a machine that systemd runs') }, async t => {
  const machine = await newMachine(t)
  machine.defer(() => machine.run(['container', 'rm', '-f', 'web', 'always', 'once']))
  const inspected = async (format: string) => (await machine.ok(['container', 'inspect', '-f', format, 'web'])).trim()
  const systemd = (command: string, ...args: string[]) => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  }
  /** The cgroup by which systemd knows whose a process is: of v2, or the hierarchy that is named after it. */
  const cgroupOf = (pid: string) =>
    /^(?:0:|\d+:name=systemd):(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1]

  await t.test('a service that starts containers ends without them', async () => {
    const env = Object.entries(machine.env).map(([name, value]) => `--setenv=${name}=${value}`)
    const run = ['container', 'run', '-d', '--name', 'web', '--cpus', '0.5', 'rootfs:/', 'sleep', '1000']
    systemd('systemd-run', '--wait', '--quiet', ...env, join(root, 'bin/tscompose'), ...run)
    assert.equal(await inspected('{{.State.Running}}'), 'true')
    const { pid } = JSON.parse(await machine.ok(['engine', 'status', '--format', 'json']))
    assert.match(cgroupOf(pid) ?? '', /^\/tscompose-[0-9a-f]{12}\/engine$/)
  })

  await t.test(
    'a container keeps its limits when systemd arranges its cgroups anew',
    { skip: !isV2 && 'cgroups v1' },
    async () => {
      const cgroup = cgroupOf(await inspected('{{.State.Pid}}'))
      systemd('systemctl', 'daemon-reload')
      systemd('systemd-run', '--wait', '--quiet', '--property=CPUQuota=50%', 'true')
      assert.equal(readFileSync(`/sys/fs/cgroup${cgroup}/cpu.max`, 'utf8'), '50000 100000\n')
      // Here too, where other units may need the controllers now: it is by the cgroup above that they cannot be taken away.
      assert.match(readFileSync(`/sys/fs/cgroup${cgroup}/../cgroup.subtree_control`, 'utf8'), /cpu io memory pids/)
    },
  )

  await t.test('an engine that ends stays out of the way', async () => {
    await machine.ok(['engine', 'stop'])
    assert.equal(await inspected('{{.State.Running}}'), 'true')
  })

  const unit = '/etc/systemd/system/tscompose.service'
  const whose = existsSync(unit) && 'the engine of this machine starts with it already'
  await t.test(
    'enabled, it ends containers before the machine goes down, and starts them with it',
    { skip: whose },
    async () => {
      const { env, dir } = machine
      machine.defer(() => machine.run(['engine', 'disable']))
      const told = `trap "echo asked > ${dir}/told; exit" USR1; while :; do sleep 0.1; done`
      const run = (...args: string[]) => machine.ok(['container', 'run', '-d', '-v', `${dir}:${dir}`, ...args])
      await run('--name', 'always', '--restart', 'always', '--stop-signal', 'USR1', 'rootfs:/', 'sh', '-c', told)
      await run('--name', 'once', 'rootfs:/', 'sleep', '1000')
      await machine.ok(['engine', 'enable'])
      await machine.ok(['engine', 'enable'])
      assert.match(readFileSync(unit, 'utf8'), new RegExp(`^Environment="TSCOMPOSE_DATA=${env.TSCOMPOSE_DATA}"$`, 'm'))
      // As it does on the way down, and up again.
      systemd('systemctl', 'stop', 'tscompose.service')
      assert.equal(readFileSync(`${dir}/told`, 'utf8'), 'asked\n')
      assert.equal((await machine.run(['engine', 'status'])).code, 1)
      systemd('systemctl', 'start', 'tscompose.service')
      assert.equal((await machine.run(['engine', 'status'])).code, 0)
      const running = () => machine.ok(['container', 'ls', '--format', '{{.Names}}'])
      while (!(await running()).includes('always')) await sleep(100)
      assert.equal(await running(), 'always\n')
      await machine.ok(['engine', 'disable'])
      assert.ok(!existsSync(unit))
      assert.equal(await running(), 'always\n')
    },
  )
})
