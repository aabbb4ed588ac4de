import assert from 'node:assert/strict'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newMachine, skip } from './machine.ts'

/** Writes down how it is called, and answers as a provider. */
const program = `#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
  'compose metadata') echo '{"up": {"parameters": [{"name": "size", "required": true}]}, "down": {}, "stop": {}}' ;;
  *--size=0*) echo '{"type": "error", "message": "nothing that small"}' ;;
  *' up '*)
    echo '{"type": "info", "message": "warming up"}'
    echo '{"type": "debug", "message": "quietly"}'
    echo '{"type": "setenv", "message": "URL=there://db"}'
    echo '{"type": "rawsetenv", "message": "REGION=north"}' ;;
esac
`
const yaml = (size: number) => `
services:
  app:
    image: rootfs:/
    command: [sh, -c, 'echo $$DB_URL $$REGION $$OWN']
    environment: {OWN: mine}
    depends_on: [db]
  alone:
    image: rootfs:/
    command: [sh, -c, 'echo "$$REGION|"']
  db:
    provider: {type: e2e-provider, options: {size: ${size}, colour: red}}
  lost:
    provider: {type: no-such-provider}
    profiles: [lost]
`

test('a service with a provider is brought up and taken down by a program outside', { skip }, async t => {
  const machine = await newMachine(t)
  const calls = join(machine.dir, 'calls')
  const cwd = await machine.project('prov', { 'compose.yaml': yaml(3), 'bin/e2e-provider': program })
  chmodSync(join(cwd, 'bin/e2e-provider'), 0o755)
  const at = { cwd, env: { PATH: `${join(cwd, 'bin')}:${process.env.PATH}`, CALLS: calls } }
  machine.defer(() => machine.run(['-p', 'prov', 'down', '-t', '0'], at))

  await t.test('its variables reach those that depend on it', async () => {
    const { code, stdout, stderr } = await machine.run(['up'], at)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /app-1 +\| there:\/\/db north mine/)
    assert.match(stdout, /alone-1 +\| \|/)
    assert.match(stderr, / db Creating\n db warming up\n db Created\n/)
    assert.match(await machine.ok(['run', '--rm', 'app'], at), /^there:\/\/db north mine\n/)
    assert.match(await machine.ok(['ps', '-a', '--services'], at), /^alone\napp\n$/)
  })

  await t.test('stop and down are told to it, with the options that it knows', async () => {
    await machine.ok(['stop'], at)
    await machine.ok(['down'], at)
    const named = readFileSync(calls, 'utf8')
      .split('\n')
      .filter(line => line !== 'compose metadata')
    assert.equal(named[0], 'compose --project-name=prov up --size=3 db')
    assert.deepEqual(named.slice(-3), [
      'compose --project-name=prov stop db',
      'compose --project-name=prov down db',
      '',
    ])
  })

  await t.test('what fails is told at its place, and nothing is started', async () => {
    await machine.project('prov', { 'compose.yaml': yaml(0) })
    const failing = await machine.run(['up', '-d'], at)
    assert.equal(failing.code, 1)
    assert.match(failing.stderr, /compose\.yaml:\d+:\d+: service "db": nothing that small/)
    assert.equal(await machine.ok(['ps', '-aq'], at), '')
    const lost = await machine.run(['up', '-d', 'lost'], at)
    assert.match(lost.stderr, /provider "no-such-provider": executable file not found/)
  })
})
