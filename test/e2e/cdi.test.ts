import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newMachine, skip } from './machine.ts'

test('devices that a specification describes come into containers', { skip }, async t => {
  const machine = await newMachine(t)
  const directory = join(machine.dir, 'cdi')
  mkdirSync(directory)
  writeFileSync(machine.env.TSCOMPOSE_CONFIG ?? '', JSON.stringify({ 'cdi-spec-dirs': [directory] }))
  const library = join(machine.dir, 'library')
  writeFileSync(library, 'of the vendor\n')
  const describe = (name: string, kind: string, containerEdits: object) =>
    writeFileSync(
      join(directory, name),
      JSON.stringify({ cdiVersion: '0.7.0', kind, devices: [{ name: 'all', containerEdits }] }),
    )
  describe('box.json', 'vendor.com/box', {
    env: ['VENDOR=box'],
    deviceNodes: [
      { path: '/dev/vendor/sink', hostPath: '/dev/null', permissions: 'w' },
      { path: '/dev/fuse', hostPath: '/dev/fuse', fileMode: 0o600 },
    ],
    mounts: [{ hostPath: library, containerPath: '/usr/lib/vendor', options: ['ro', 'nosuid', 'nodev', 'bind'] }],
    additionalGids: [4711],
  })
  describe('gpu.json', 'nvidia.com/gpu', { env: ['GPUS=all'] })
  describe('hook.json', 'vendor.com/hook', { hooks: [{ hookName: 'createContainer', path: '/bin/true' }] })
  const script = `echo "$VENDOR"; id -G; cat /usr/lib/vendor; stat -c '%t:%T %a' /dev/vendor/sink /dev/fuse
    echo x > /dev/vendor/sink && echo written; grep ' /usr/lib/vendor ' /proc/self/mountinfo | cut -d ' ' -f 6
    (: < /dev/fuse) 2>/dev/null && echo opened; tr '\\0' '\\n' < /proc/1/environ | grep VENDOR`
  const expected =
    /^box\n.*\b4711\b.*\nof the vendor\n1:3 666\na:e5 600\nwritten\nro,nosuid,nodev\S*\nopened\nVENDOR=box\n$/

  await t.test('by their names, in a command and in a file', async () => {
    const run = ['container', 'run', '--rm', '--device', 'vendor.com/box=all', 'rootfs:/', 'sh', '-c', script]
    assert.match(await machine.ok(run), expected)
    const yaml = `services:\n  a:\n    image: rootfs:/\n    devices: [vendor.com/box=all]\n    command: ${JSON.stringify(['sh', '-c', script.replaceAll('$', '$$$$')])}\n`
    const cwd = await machine.project('named', { 'compose.yaml': yaml })
    assert.match(await machine.ok(['run', '--rm', 'a'], { cwd }), expected)
    await machine.ok(['down'], { cwd })
  })

  await t.test('graphics processors by gpus, reservations and --gpus', async () => {
    const devices = '{deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}'
    const common = `image: "rootfs:/", command: [sh, -c, 'echo gpus=$$GPUS']}`
    const yaml = `services:\n  a: {gpus: all, ${common}\n  b: ${devices}, ${common}\n`
    const cwd = await machine.project('graphics', { 'compose.yaml': yaml })
    const shown = await machine.ok(['up', '--menu=false'], { cwd })
    assert.match(shown, /a-1 +\| gpus=all/)
    assert.match(shown, /b-1 +\| gpus=all/)
    await machine.ok(['down'], { cwd })
    const run = ['container', 'run', '--rm', '--gpus', 'all', 'rootfs:/', 'sh', '-c', 'echo $GPUS']
    assert.equal(await machine.ok(run), 'all\n')
  })

  await t.test(
    'what is not there, or wants a program run on the host, is refused before anything is made',
    async () => {
      const run = (...args: string[]) => machine.run(['container', 'run', ...args, 'rootfs:/', 'true'])
      const missing = await run('--device', 'vendor.com/box=1')
      assert.match(missing.stderr, /unresolvable CDI devices vendor\.com\/box=1 \[ENGINE_CDI_DEVICE_UNKNOWN\]/)
      assert.match(missing.stderr, /have nvidia\.com\/gpu=all, vendor\.com\/box=all, vendor\.com\/hook=all/)
      assert.match((await run('--gpus', 'driver=amd,count=1')).stderr, /could not select device driver "amd"/)
      assert.match((await run('--device', 'vendor.com/hook=all')).stderr, /hooks of CDI device vendor\.com\/hook=all/)
      assert.equal(await machine.ok(['container', 'ls', '-aq']), '')
    },
  )
})
