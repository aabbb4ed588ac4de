import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { freePort, newMachine, skip } from './machine.ts'

test('the same file runs in several directories at once, on the same port, without an edit', { skip }, async t => {
  const machine = await newMachine(t)
  const port = await freePort()
  const yaml = `
name: shop
services:
  web:
    image: rootfs:/
    container_name: web
    command: [sh, -c, 'exec busybox nc -ll -p 80 -e /bin/cat /etc/marker']
    ports: ["${port}:80"]
    configs: [{source: marker, target: /etc/marker}]
  client:
    image: rootfs:/
    command: [sleep, '1000']
networks:
  default: {ipam: {config: [{subnet: 10.232.0.0/24}]}}
configs:
  marker: {file: ./marker}
`
  const folders = await Promise.all(
    ['one', 'two'].map(name =>
      machine.project(name, { 'compose.yaml': yaml, marker: `${name}\n`, '.env': 'TSCOMPOSE_ISOLATED=1\n' }),
    ),
  )
  for (const cwd of folders) machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
  const places = await Promise.all(
    folders.map(async cwd => {
      const { code, stderr, stdout } = await machine.run(['up', '-d'], { cwd })
      assert.equal(code, 0, stderr)
      assert.match(stderr, /the subnets of network .*default.* are chosen anew, since the project is isolated/)
      const variables = Object.fromEntries(
        (await machine.ok(['ports', '--env'], { cwd }))
          .trim()
          .split('\n')
          .map(line => line.split('=')),
      )
      assert.ok((stdout + stderr).includes(`${variables.WEB_HOST}:${port}`), 'up prints where the port is')
      assert.equal(await machine.ok(['port', 'web', '80'], { cwd }), `${variables.WEB_HOST}:${port}\n`)
      assert.equal(variables.WEB_PORT, String(port))
      for (const command of ['up -d', 'ps', 'config --quiet'])
        assert.doesNotMatch(
          (await machine.run(command.split(' '), { cwd })).stderr,
          /since the project is isolated/,
          'it is told once',
        )
      assert.match(variables.WEB_HOST ?? '', /^127\./)
      return variables.WEB_HOST ?? ''
    }),
  )
  const ask = (address = '') =>
    spawnSync('busybox', ['nc', '-w', '1', address, String(port)], { encoding: 'utf8' }).stdout
  assert.deepEqual(places.map(ask), ['one\n', 'two\n'])
  assert.equal(ask('127.0.0.1'), '', 'and nowhere else')
  const [one, two] = folders
  const inside = await machine.ok(['exec', '-T', 'client', 'busybox', 'nc', '-w', '1', 'web', '80'], { cwd: two ?? '' })
  assert.equal(inside, 'two\n', 'inside, names are those of the file')
  await machine.ok(['down', '-t', '0'], { cwd: one ?? '' })
  assert.deepEqual(places.map(ask), ['', 'two\n'])
  await machine.ok(['up', '-d'], { cwd: one ?? '' })
  assert.deepEqual(places.map(ask), ['one\n', 'two\n'], 'the address is the same again')
})
