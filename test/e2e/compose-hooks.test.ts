import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { newMachine, skip } from './machine.ts'

const yaml = `
services:
  web:
    image: rootfs:/
    command: sleep 1000
    environment: { WHO: service }
    stop_grace_period: 0s
    volumes: [data:/data]
    tmpfs: [/run/own]
    secrets: [{ source: token, target: token, uid: "1234", gid: "77", mode: 0400 }, plain]
    configs: [{ source: motd, target: /motd, mode: 0640 }]
    pre_start:
      - command: [sh, -c, 'echo first >> /data/log; echo "from $$WHO"; hostname > /data/host']
      - command: [sh, -c, 'echo second $$EXTRA >> /data/log; exit \${CODE:-0}']
        environment: { EXTRA: more }
    post_start:
      - command: [sh, -c, 'echo post >> /data/log']
      - command: [sh, -c, 'echo "as $$(id -u) in $$PWD"']
        user: "65534"
        working_dir: /tmp
    pre_stop:
      - command: [sh, -c, 'echo stopping >> /data/log; exit \${STOP:-0}']
volumes: { data: {} }
secrets: { token: { file: ./token }, plain: { file: ./token } }
configs: { motd: { content: hello } }
`

test('hooks run around the life of a service; secrets and configs have their owner and mode', { skip }, async t => {
  const machine = await newMachine(t)
  const cwd = await machine.project('hooks', { 'compose.yaml': yaml, token: 'secret\n' })
  machine.defer(() => machine.run(['down', '-v', '-t', '0'], { cwd }))
  const log = async () => (await machine.ok(['exec', 'web', 'cat', '/data/log'], { cwd })).trim().split('\n')

  await t.test('a pre_start hook that fails keeps the service from starting, and its container is kept', async () => {
    const { code, stderr, stdout } = await machine.run(['up', '-d'], { cwd, env: { CODE: '3' } })
    assert.equal(code, 1)
    assert.match(stderr, /service "web" pre_start\[1\] exited with code 3 \(hook container [0-9a-f]{12} retained/)
    assert.match(stdout, /web-1 -> +from service/)
    const containers = await machine.ok(['ps', '-a', '--format', '{{.Name}} {{.State}}'], { cwd })
    assert.deepEqual(containers.trim().split('\n').sort(), ['hooks-web-1 created', 'hooks-web-pre_start-1 exited'])
  })
  await t.test('on the next run they run again, in order and before the service, and leave nothing', async () => {
    assert.match(await machine.ok(['up', '-d'], { cwd }), /web-1 -> +as 65534 in \/tmp\n/)
    assert.deepEqual(await log(), ['first', 'second more', 'first', 'second more', 'post'])
    const containers = await machine.ok(['ps', '-a', '--format', '{{.Name}} {{.State}}'], { cwd })
    assert.equal(containers.trim(), 'hooks-web-1 running')
  })
  await t.test('a hook has a container of its own', async () => {
    const own = await machine.ok(['exec', 'web', 'hostname'], { cwd })
    assert.notEqual(await machine.ok(['exec', 'web', 'cat', '/data/host'], { cwd }), own)
  })
  await t.test('granted files have the owner and the mode asked for; a plain one is the file itself', async () => {
    const stat = await machine.ok(['exec', 'web', 'stat', '-c', '%u:%g %a', '/run/secrets/token', '/motd'], { cwd })
    assert.equal(stat, '1234:77 400\n0:0 640\n')
    assert.equal(await machine.ok(['exec', 'web', 'cat', '/run/secrets/token'], { cwd }), 'secret\n')
    await writeFile(join(cwd, 'token'), 'changed\n')
    assert.equal(await machine.ok(['exec', 'web', 'cat', '/run/secrets/plain'], { cwd }), 'changed\n')
    assert.equal(await machine.ok(['exec', 'web', 'cat', '/run/secrets/token'], { cwd }), 'secret\n')
  })
  await t.test('restart runs pre_stop and post_start', async () => {
    await machine.ok(['restart'], { cwd })
    assert.deepEqual((await log()).slice(-2), ['stopping', 'post'])
  })
  await t.test('a pre_stop hook that fails makes the command fail', async () => {
    const { code, stderr } = await machine.run(['stop'], { cwd, env: { STOP: '4' } })
    assert.equal(code, 1)
    assert.match(stderr, /hooks-web-1 hook exited with status 4/)
  })
  await t.test('run has the code of its program, whether that lives to see its hooks or not', async () => {
    const run = async (...command: string[]) =>
      await machine.run(['run', '--rm', '--no-deps', 'web', ...command], { cwd })
    assert.deepEqual({ ...(await run('true')), stdout: '', stderr: '' }, { code: 0, stdout: '', stderr: '' })
    const long = await run(
      'sh',
      '-c',
      'until grep -q post /data/mark; do sleep 0.05; grep post /data/log > /data/mark; done; exit 7',
    )
    assert.equal(long.code, 7)
  })
  await t.test('external secrets are refused by name', async () => {
    const text = 'services: { web: { image: "rootfs:/", secrets: [away] } }\nsecrets: { away: { external: true } }\n'
    const other = await machine.project('away', { 'compose.yaml': text })
    const { code, stderr } = await machine.run(['up', '-d'], { cwd: other })
    await machine.run(['down'], { cwd: other })
    assert.equal(code, 1)
    assert.match(stderr, /unsupported external secret away/)
  })
})
