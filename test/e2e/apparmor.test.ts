import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newMachine, skip } from './machine.ts'

const switchFile = '/sys/module/apparmor/parameters/enabled'
const isOn = existsSync(switchFile) && readFileSync(switchFile, 'latin1').trim() === 'Y'
const busybox = '/bin/busybox'
const missing = ['/sbin/apparmor_parser', '/sys/kernel/security/apparmor', busybox].find(path => !existsSync(path))
const without = (!isOn && 'needs a kernel with AppArmor') || (missing !== undefined && `needs ${missing}`)

test('AppArmor, as the kernel enforces it', { skip: skip || without }, async t => {
  const machine = await newMachine(t)
  machine.defer(() => machine.run(['container', 'rm', '-f', 'one']))
  /** What a shell in a new container writes, its complaints included. */
  const inside = async (script: string, ...flags: string[]) => {
    const args = ['container', 'run', '--rm', ...flags, 'rootfs:/', 'sh', '-c', `exec 2>&1; ${script}`]
    const { stdout, stderr } = await machine.run(args)
    return (stdout + stderr).trim()
  }
  const current = 'cat /proc/self/attr/current'
  const inspected = async () => (await machine.ok(['container', 'inspect', '-f', '{{.AppArmorProfile}}', 'one'])).trim()
  const profiles = () => readFileSync('/sys/kernel/security/apparmor/profiles', 'utf8')
  const apparmor = (profile: string) => ['--security-opt', `apparmor=${profile}`]
  const start = async (...flags: string[]) => {
    await machine.run(['container', 'rm', '-f', 'one'])
    await machine.ok(['container', 'run', '-d', '--name', 'one', ...flags, 'rootfs:/', 'sleep', '1000'])
  }

  await t.test('a container has the default profile, and what is executed in it later', async () => {
    await start()
    assert.match(profiles(), /^tscompose-default \(enforce\)$/m)
    const { stdout } = await machine.run([
      'container',
      'exec',
      'one',
      'cat',
      '/proc/self/attr/current',
      '/proc/1/attr/current',
    ])
    // The init is ours, and leaves the profile to the program.
    assert.equal(stdout, 'tscompose-default (enforce)\nunconfined\n')
    assert.equal(await inspected(), 'tscompose-default')
    assert.match(await machine.ok(['system', 'info']), /apparmor/)
  })

  // Everything else that would keep the container from it is taken away, so it is the profile that denies.
  const free = [
    '--cap-add',
    'SYS_ADMIN',
    ...['seccomp=unconfined', 'systempaths=unconfined'].flatMap(it => ['--security-opt', it]),
  ]
  const attempts = {
    'a mount': 'mount -t tmpfs none /mnt && echo done',
    'a setting of the kernel': 'cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness && echo done',
    'a device of sysfs': 'echo add > /sys/devices/virtual/mem/null/uevent && echo done',
  }
  for (const [what, script] of Object.entries(attempts))
    await t.test(`${what} is denied by the profile, and by nothing else`, async () => {
      const mounts = ['-v', '/sys:/sys']
      // Refused with EACCES, mount(8) tries once more, read-only.
      assert.match(await inside(script, ...free, ...mounts), /[Pp]ermission denied|cannot mount none read-only/)
      assert.equal(await inside(script, ...free, ...mounts, ...apparmor('unconfined')), 'done')
    })

  await t.test('a profile of the user is the one that holds; privileged containers have none', async () => {
    const name = 'tscompose-test'
    const profile = `profile ${name} flags=(attach_disconnected) { capability, file, network, signal, deny /tmp/denied w, }`
    const load = (flag: string) => spawnSync('/sbin/apparmor_parser', [flag, '--skip-cache'], { input: profile })
    assert.equal(load('--replace').status, 0)
    try {
      assert.equal(await inside(current, ...apparmor(name)), `${name} (enforce)`)
      assert.match(
        await inside('echo x > /tmp/allowed; echo x > /tmp/denied', ...apparmor(name)),
        /denied: Permission denied$/,
      )
      await start(...apparmor(name))
      assert.equal(await inspected(), name)
      await machine.ok(['container', 'rm', '-f', 'one'])
    } finally {
      load('--remove')
    }
    assert.match(await inside(current, ...apparmor(name)), /AppArmor profile tscompose-test/)
    assert.equal(await inside(current, ...apparmor('docker-default')), 'tscompose-default (enforce)')
    assert.equal(await inside(current, ...apparmor('unconfined')), 'unconfined')
    assert.equal(await inside(current, '--privileged'), 'unconfined')
  })

  await t.test('what a build runs has the default profile, too', async () => {
    const cwd = await machine.project('build', {
      Dockerfile: 'FROM scratch\nCOPY busybox /busybox\nRUN ["/busybox", "cat", "/proc/self/attr/current"]\n',
    })
    copyFileSync(busybox, join(cwd, 'busybox'))
    const { code, stderr } = await machine.run(['image', 'build', '--progress=plain', '.'], { cwd })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /tscompose-default \(enforce\)/)
  })
})
