import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newMachine, skip } from './machine.ts'

const yaml = `
services:
  tool:
    image: rootfs:/
    use_api_socket: true
    command: [sh, -c, 'docker ps --format {{.Names}}; cat "$$DOCKER_CONFIG/config.json"']
  own:
    image: rootfs:/
    use_api_socket: true
    environment: {DOCKER_CONFIG: /elsewhere}
    command: [sh, -c, 'test -S /var/run/docker.sock && echo "$$DOCKER_CONFIG"']
  other:
    image: rootfs:/
    command: [sh, -c, 'echo "$$DOCKER_CONFIG|"; ls /run/secrets/docker 2>/dev/null']
`

test('use_api_socket hands the engine and the logins of the user to a service', { skip }, async t => {
  const machine = await newMachine(t)
  const auths = { 'registry.example': { auth: Buffer.from('ann:secret').toString('base64') } }
  const cwd = await machine.project('socket', { 'compose.yaml': yaml, 'docker/config.json': JSON.stringify({ auths }) })
  const run = (service: string) =>
    machine.ok(['up', '--no-log-prefix', '--menu=false', service], { cwd, env: { DOCKER_CONFIG: `${cwd}/docker` } })
  const [, name, ...lines] = (await run('tool')).split('\n')
  assert.equal(name, 'socket-tool-1')
  const config = lines.slice(0, lines.indexOf('}') + 1).join('\n')
  assert.deepEqual(JSON.parse(config), { auths })
  assert.match(await run('own'), /^\/elsewhere$/m)
  assert.match(await run('other'), /^\|$/m)
  const env = { DOCKER_CONFIG: `${cwd}/docker` }
  const shown = await machine.ok(['run', '--rm', 'tool', 'docker', 'ps', '--format', '{{.Names}}'], { cwd, env })
  assert.match(shown, /^socket-tool-run-/)
  await machine.ok(['down'], { cwd })
})
